"""Rows of the truth as frozen values, and the set of changes a unit of work writes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sonik.types import JsonObject, JsonValue, Scope, Visibility


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenancy:
    """Whose row it is and who may read it."""

    collection: str = "live"
    owner_org: str | None = None
    visibility: Visibility = "public"

    def reaches(self, other: "Tenancy") -> bool:
        """Say whether everyone who may read this may also read what is kept under `other`."""
        if other.visibility == "public" or self.visibility == "staff":
            return True
        return self.visibility == other.visibility == "org" and self.owner_org == other.owner_org

    @property
    def width(self) -> int:
        """How many may read: staff, an organisation, everybody."""
        return _WIDTH[self.visibility]


def widest(tenancies: Iterable[Tenancy]) -> Tenancy:
    """Return the tenancy that most may read; of equals the first."""
    return max(tenancies, key=lambda tenancy: tenancy.width)


def may_read(tenancy: Tenancy, scope: Scope) -> bool:
    """Say whether a caller who delivers may read what is kept so; one for the platform delivers for everybody."""
    if tenancy.visibility == "public" or scope.organisation is None or scope.role == "staff":
        return True
    return tenancy.visibility == "org" and tenancy.owner_org == scope.organisation


_WIDTH: dict[Visibility, int] = {"staff": 0, "org": 1, "public": 2}


@dataclass(kw_only=True, slots=True)
class TenantRow:
    """Base of rows that say who may read them. Nobody changes a row.

    They are not frozen, for a batch reads thousands, and making a frozen one takes three times as long.
    """

    owner_org: str | None
    visibility: Visibility
    collection: str

    @property
    def tenancy(self) -> Tenancy:
        """Whose row it is and who may read it."""
        return tenancy_of(self.collection, self.owner_org, self.visibility)


@lru_cache(maxsize=1024)
def tenancy_of(collection: str, owner_org: str | None, visibility: Visibility) -> Tenancy:
    """Return a tenancy: one object for the thousands of rows of a batch that are alike."""
    return Tenancy(collection=collection, owner_org=owner_org, visibility=visibility)


@dataclass(kw_only=True, slots=True)
class EntityRow(TenantRow):
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


@dataclass(kw_only=True, slots=True)
class FactRow(TenantRow):
    """A current fact: what one source says of one attribute."""

    id: int
    entity_id: UUID
    attribute: str
    value: JsonValue
    source: str
    trust: int
    confidence: float
    observed_at: datetime


@dataclass(kw_only=True, slots=True)
class IdentifierRow(TenantRow):
    """A current identifier, who stated it, and its holder."""

    scheme: str
    value: str
    entity_type: str
    entity_id: UUID
    is_strong: bool
    source: str
    observed_at: datetime | None
    entity_owner: str | None
    entity_visibility: Visibility

    @property
    def entity_tenancy(self) -> Tenancy:
        """Who may read the holder."""
        return tenancy_of(self.collection, self.entity_owner, self.entity_visibility)


@dataclass(kw_only=True, slots=True)
class RelationshipRow(TenantRow):
    """A current edge; `sources` are those that still assert it, `told_at_*` by the record of which of its ends."""

    eid: UUID
    src: UUID
    dst: UUID
    type: str
    base_weight: float
    confidence: float
    source: str
    sources: list[str]
    timestamp: datetime
    observed_at: datetime
    valid_from: datetime
    valid_to: datetime | None
    told_at_src: list[str]
    told_at_dst: list[str]
    properties: JsonObject


@dataclass(kw_only=True, slots=True)
class AliasRow(TenantRow):
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
class NewEdges:
    """New edges that are alike in all but their ends and properties: `kinds` are those of source and target.

    Each of `edges` tells its `src`, `dst` and `properties`, and its `eid` if that is given already; `told` are the
    columns they share.
    """

    type: str
    kinds: tuple[str, str]
    told: Record
    edges: list[Record]

    def record(self) -> Record:
        """Return them as one row of the bulk statement."""
        return {"type": self.type, **self.told, "edges": self.edges}


@dataclass(kw_only=True, slots=True)
class Changes:
    """Everything one unit of work writes, as rows for the bulk statements of truth.sql.

    A changed entity's row carries the `version` that was read: it is written only while that is still the current one.
    `relearned` are edges that have learned something, for the graphs to take over.
    """

    sources: list[Record] = field(default_factory=list)
    new_entities: list[Record] = field(default_factory=list)
    changed_entities: list[Record] = field(default_factory=list)
    extensions: dict[str, list[Record]] = field(default_factory=dict)
    closed_identifiers: list[Record] = field(default_factory=list)
    new_identifiers: list[Record] = field(default_factory=list)
    new_aliases: list[Record] = field(default_factory=list)
    tellings: list[Record] = field(default_factory=list)
    closed_facts: list[int] = field(default_factory=list)
    new_facts: list[Record] = field(default_factory=list)
    new_relationships: list[NewEdges] = field(default_factory=list)
    changed_relationships: list[Record] = field(default_factory=list)
    closed_relationships: list[RelationshipRow] = field(default_factory=list)
    touched: set[UUID] = field(default_factory=set)
    relearned: set[UUID] = field(default_factory=set)
