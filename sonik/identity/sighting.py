"""What one source says of one entity at one moment: its identifiers and its facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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

    def of(self, organisation: str | None) -> "Source":
        """Return the source as an organisation's own: two organisations may call theirs the same."""
        if organisation is None or not self.code:
            return self
        return replace(self, code=f"{self.code}@{organisation.replace('%', '%25').replace('@', '%40')}")


class Key(NamedTuple):
    """An identifier: its scheme and its normalised value."""

    scheme: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """One entity as one record shows it. `mention` marks a passing remark, which never overrules a record.

    `keys` are all its strong keys in the order they decide: authorities, the source's own id, then derived keys.
    `sought` are those it may be found by: what the platform tells of an organisation's is told by that one's own
    source, and also found by what the source is to the platform, `shared_as`. `digest` tells its record from others,
    whatever their time, and `dated` that the record itself tells its time.
    """

    kind: str
    name: str
    source: Source
    observed_at: datetime
    authorities: tuple[Key, ...] = ()
    source_id: str | None = None
    home_key: str | None = None
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
    shared_as: str | None = None
    keys: tuple[Key, ...] = field(init=False)
    sought: tuple[Key, ...] = field(init=False)

    def __post_init__(self) -> None:
        own = self._own(self.source.code)
        derived = () if self.event_key is None else (Key("event_key", self.event_key),)
        object.__setattr__(self, "keys", (*self.authorities, *own, *derived))
        found_by = self.keys
        if self.shared_as is not None:
            both = (key for pair in zip(own, self._own(self.shared_as), strict=True) for key in pair)
            found_by = (*self.authorities, *both, *derived)
        object.__setattr__(self, "sought", found_by)

    def _own(self, code: str) -> list[Key]:
        said = (("source:", self.source_id), ("home:", self.home_key), ("name:", self.name_key))
        return [Key(scheme + code, value) for scheme, value in said if value is not None]

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
