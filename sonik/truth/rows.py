"""Rows of the truth as frozen values, and the set of changes a unit of work writes."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sonik.types import JsonObject, JsonValue, Visibility


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenancy:
    """Whose row it is and who may read it."""

    collection: str = "live"
    owner_org: str | None = None
    visibility: Visibility = "public"


@dataclass(frozen=True, kw_only=True, slots=True)
class EntityRow:
    """An entity as it stands: `metadata` holds the winning values that have no column of their own."""

    id: UUID
    entity_type: str
    name: str
    slug: str
    canonical_id: str | None
    claim_status: str
    claimed_by: str | None
    market: str | None
    metadata: JsonObject
    version: int
    owner_org: str | None
    visibility: Visibility
    collection: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FactRow:
    """A current fact: what one source says of one attribute."""

    id: int
    entity_id: UUID
    attribute: str
    value: JsonValue
    source: str
    trust: int
    confidence: float
    observed_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentifierRow:
    """A current strong identifier and its holder."""

    scheme: str
    value: str
    entity_type: str
    entity_id: UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class RelationshipRow:
    """A current edge; `sources` are those that still assert it."""

    eid: UUID
    src: UUID
    dst: UUID
    type: str
    base_weight: float
    confidence: float
    source: str
    sources: list[str]
    timestamp: datetime
    properties: JsonObject


@dataclass(frozen=True, kw_only=True, slots=True)
class AliasRow:
    """A folded name an entity already goes by."""

    entity_id: UUID
    folded: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """A place in the outbox; positions are ordered."""

    txid: int = 0
    seq: int = 0

    def reached_by(self, other: "Position") -> bool:
        """Say whether a cursor at `other` has passed this place."""
        return (other.txid, other.seq) >= (self.txid, self.seq)


Record = dict[str, object]


@dataclass(kw_only=True, slots=True)
class Changes:
    """Everything one unit of work writes, as rows for the bulk statements of truth.sql."""

    sources: list[Record] = field(default_factory=list)
    new_entities: list[Record] = field(default_factory=list)
    changed_entities: list[Record] = field(default_factory=list)
    extensions: dict[str, list[Record]] = field(default_factory=dict)
    closed_identifiers: list[Record] = field(default_factory=list)
    new_identifiers: list[Record] = field(default_factory=list)
    new_aliases: list[Record] = field(default_factory=list)
    closed_facts: list[int] = field(default_factory=list)
    new_facts: list[Record] = field(default_factory=list)
    new_relationships: list[Record] = field(default_factory=list)
    changed_relationships: list[Record] = field(default_factory=list)
    closed_relationships: list[RelationshipRow] = field(default_factory=list)
    touched: set[UUID] = field(default_factory=set)
    renamed: set[UUID] = field(default_factory=set)
