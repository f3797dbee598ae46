"""What one source says of one entity at one moment: its identifiers and its facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sonik.identity.telling import Word
from sonik.truth.rows import Tenancy
from sonik.types import JsonValue

# Outside authorities, in the order they are believed: an organization is its domain before it is a profile.
AUTHORITIES = ("google_place_id", "instagram", "domain", "market")
AUTHORITIES_OF = {"organization": ("google_place_id", "domain", "instagram", "market")}
MENTION_CONFIDENCE = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where a statement comes from; `trust` is 0-100, and more trusted sources win a field."""

    code: str
    trust: int = 50


class Key(NamedTuple):
    """An identifier: its scheme and its normalised value."""

    scheme: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """One entity as one record shows it. `mention` marks a passing remark, which never overrules a record.

    `keys` are all its strong keys in the order they decide: authorities, the source's own id, then derived keys.
    `digest` tells its record from others, whatever their time, and `dated` that the record itself tells its time.
    """

    kind: str
    name: str
    source: Source
    observed_at: datetime
    authorities: tuple[Key, ...] = ()
    source_id: str | None = None
    name_key: str | None = None
    event_key: str | None = None
    weak: tuple[Key, ...] = ()
    facts: Mapping[str, JsonValue] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    url: str | None = None
    mention: bool = False
    partial: bool = False
    digest: str = ""
    dated: bool = False
    tenancy: Tenancy = field(default_factory=Tenancy)
    keys: tuple[Key, ...] = field(init=False)

    def __post_init__(self) -> None:
        own = (
            ("source:" + self.source.code, self.source_id),
            ("name:" + self.source.code, self.name_key),
            ("event_key", self.event_key),
        )
        derived = tuple(Key(scheme, value) for scheme, value in own if value is not None)
        object.__setattr__(self, "keys", self.authorities + derived)

    @property
    def word(self) -> Word:
        """What its source told by this record."""
        row = self.source_id or self.name_key or self.event_key or ""
        return Word(row=row, digest=self.digest, observed_at=self.observed_at, dated=self.dated)

    @property
    def confidence(self) -> float:
        """How sure this sighting's facts are: a passing mention half as much as a record."""
        return MENTION_CONFIDENCE if self.mention else 1.0


def authorities_of(kind: str) -> tuple[str, ...]:
    """Return the schemes of outside authorities in the order a kind's entities are believed to be them."""
    return AUTHORITIES_OF.get(kind, AUTHORITIES)
