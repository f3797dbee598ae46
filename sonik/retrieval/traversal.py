"""A walk as asked for, and what it finds: values only, so that a tool loads without what the walk needs."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sonik.retrieval.cards import Card
from sonik.types import Trace


@dataclass(frozen=True, kw_only=True, slots=True)
class Traversal:
    """A walk as asked for. Without a lens or graphs the pattern's own are taken."""

    start: str
    pattern: str
    lens: str | None = None
    graphs: tuple[str, ...] = ()
    max_hops: int | None = None
    min_confidence: float = 0.0
    as_of: datetime | None = None
    limit: int = 8
    offset: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Signpost:
    """As much of an entity as a way is told by."""

    id: UUID
    kind: str
    name: str
    ref: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PathStep:
    """An edge on the way to a hit, and the entity at its far end."""

    type: str
    outgoing: bool
    weight: float
    graph: str
    end: Signpost


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """An entity a pattern leads to, its score in [0, 1], its place among all, and the best way there."""

    card: Card
    score: float
    place: int
    path: tuple[PathStep, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """What a traversal returns; `total` counts all it leads to, `cut` that not every edge was followed."""

    start: Signpost
    namesakes: tuple[Signpost, ...]
    pattern: str
    lens: str
    hits: tuple[Found, ...]
    total: int
    cut: bool
    trace: Trace
