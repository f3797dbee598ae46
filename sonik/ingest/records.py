"""Typed records: what every reader hands on, whatever the source looked like.

A record speaks of one entity and may mention others (an event's venue, line-up and promoters).
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)

from sonik.types import Visibility

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
ShortText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000)]
Genre = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Price = Annotated[Decimal, Field(ge=0, le=Decimal("999999999999.99"), allow_inf_nan=False)]
YEARS = range(1900, 2200)
# Names and values are checked against the ontology once it is known what they belong to.
Described = Annotated[dict[str, JsonValue], Field(max_length=50)]
ThingKind = Literal[
    "campaign", "content", "channel", "ticket", "purchase", "community", "thread", "message", "summary", "topic",
    "location", "feature", "feature_flag", "code", "concept", "revenue", "sentiment", "document", "passage", "phrase",
    "session", "note", "outcome", "decision", "query",
]  # fmt: skip


def _within_reach(moment: datetime) -> datetime:
    """Refuse what is surely no date of ours; at the ends of the calendar no other time zone could be reached."""
    if moment.year not in YEARS:
        raise ValueError(f"the year {moment.year} is not between {YEARS.start} and {YEARS.stop - 1}")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_within_reach)]


class Part(BaseModel):
    """Base of everything in a record: unknown fields are refused, so that a typo is seen."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Mention(Part):
    """Another entity as this record names it; its kind follows from the place it stands in."""

    name: Name
    source_id: ShortText | None = None
    google_place_id: ShortText | None = None
    instagram: ShortText | None = None
    website: ShortText | None = None
    city: ShortText | None = None
    address: ShortText | None = None
    market: ShortText | None = None
    lat: Latitude | None = None
    lng: Longitude | None = None


class Relation(Part):
    """An edge between this record's entity and another one: from it (`out`) or to it (`in`).

    `timestamp` is when it came about; `valid_from` and `valid_to` say from when to when it holds.
    """

    type: str
    target_kind: str
    target: Mention
    direction: Literal["out", "in"] = "out"
    confidence: float = Field(1.0, ge=0, le=1, allow_inf_nan=False)
    properties: Described = {}
    timestamp: Moment | None = None
    valid_from: Moment | None = None
    valid_to: Moment | None = None

    @model_validator(mode="after")
    def _order(self) -> "Relation":
        if self.valid_from is not None and self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValueError("valid_to is before valid_from")
        return self


class Record(Part):
    """What all kinds share."""

    name: Name
    source_id: ShortText | None = None
    aliases: tuple[Name, ...] = Field((), max_length=100)
    description: LongText | None = None
    language: Literal["es", "pt", "en"] | None = None
    url: ShortText | None = None
    image_url: ShortText | None = None
    observed_at: Moment | None = None
    owner_org: ShortText | None = None
    visibility: Visibility = "public"
    relations: tuple[Relation, ...] = Field((), max_length=1000)


class VenueRecord(Record):
    """A place where events happen."""

    kind: Literal["venue"] = "venue"
    google_place_id: ShortText | None = None
    instagram: ShortText | None = None
    website: ShortText | None = None
    email: ShortText | None = None
    phone: ShortText | None = None
    address: ShortText | None = None
    city: ShortText | None = None
    market: ShortText | None = None
    lat: Latitude | None = None
    lng: Longitude | None = None
    capacity: int | None = Field(None, ge=0, le=1_000_000)
    genres: tuple[Genre, ...] = Field((), max_length=50)


class ArtistRecord(Record):
    """Someone who performs."""

    kind: Literal["artist"] = "artist"
    instagram: ShortText | None = None
    website: ShortText | None = None
    genres: tuple[Genre, ...] = Field((), max_length=50)
    city: ShortText | None = None


class OrganizationRecord(Record):
    """A promoter, an organiser, a company."""

    kind: Literal["organization"] = "organization"
    google_place_id: ShortText | None = None
    instagram: ShortText | None = None
    website: ShortText | None = None
    email: ShortText | None = None
    phone: ShortText | None = None
    org_type: ShortText | None = None
    city: ShortText | None = None


class PersonRecord(Record):
    """A person; readable by staff only unless the record says otherwise."""

    kind: Literal["person"] = "person"
    instagram: ShortText | None = None
    emails: tuple[ShortText, ...] = Field((), max_length=20)
    phones: tuple[ShortText, ...] = Field((), max_length=20)
    person_type: ShortText | None = None
    visibility: Visibility = "staff"


class BrandRecord(Record):
    """A brand that sponsors or presents."""

    kind: Literal["brand"] = "brand"
    instagram: ShortText | None = None
    website: ShortText | None = None


class EventRecord(Record):
    """Something that is on: when, where, who and for how much. Prices are in `currency`."""

    kind: Literal["event"] = "event"
    starts_at: Moment
    ends_at: Moment | None = None
    all_day: bool = False
    status: Literal["scheduled", "cancelled", "postponed", "moved", "sold_out"] = "scheduled"
    market: ShortText | None = None
    venue: Mention | None = None
    lineup: tuple[Mention, ...] = Field((), max_length=1000)
    promoters: tuple[Mention, ...] = Field((), max_length=100)
    genres: tuple[Genre, ...] = Field((), max_length=50)
    price_min: Price | None = None
    price_max: Price | None = None
    currency: Currency | None = None
    is_free: bool | None = None
    ticket_url: ShortText | None = None

    @model_validator(mode="after")
    def _order(self) -> "EventRecord":
        if self.ends_at is not None and self.ends_at < self.starts_at:
            raise ValueError("ends_at is before starts_at")
        if self.price_min is not None and self.price_max is not None and self.price_max < self.price_min:
            raise ValueError("price_max is below price_min")
        return self


class ThingRecord(Record):
    """Anything else the ontology knows; `attributes` are the properties of its vertex type.

    What people buy and write is readable by staff only unless the record says otherwise.
    """

    kind: ThingKind
    attributes: Described = {}


AnyRecord = Annotated[
    VenueRecord | ArtistRecord | OrganizationRecord | PersonRecord | BrandRecord | EventRecord | ThingRecord,
    Field(discriminator="kind"),
]
