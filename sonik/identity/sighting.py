"""What one source says of one entity at one moment: its identifiers and its facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sonik.truth.rows import Tenancy
from sonik.types import JsonValue

# Outside authorities in the order they are believed.
AUTHORITIES = ("google_place_id", "instagram", "domain", "market")
MENTION_CONFIDENCE = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where a statement comes from; `trust` is 0-100, and more trusted sources win a field."""

    code: str
    trust: int = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """An identifier: its scheme and its normalised value."""

    scheme: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """One entity as one record shows it. `mention` marks a passing remark, which never overrules a record."""

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
    tenancy: Tenancy = field(default_factory=Tenancy)

    @property
    def keys(self) -> tuple[Key, ...]:
        """All strong keys in the order they decide: authorities, the source's own id, then derived keys."""
        keys = list(self.authorities)
        if self.source_id is not None:
            keys.append(Key(scheme=f"source:{self.source.code}", value=self.source_id))
        if self.name_key is not None:
            keys.append(Key(scheme=f"name:{self.source.code}", value=self.name_key))
        if self.event_key is not None:
            keys.append(Key(scheme="event_key", value=self.event_key))
        return tuple(keys)

    @property
    def confidence(self) -> float:
        """How sure this sighting's facts are: a passing mention half as much as a record."""
        return MENTION_CONFIDENCE if self.mention else 1.0
