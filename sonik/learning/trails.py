"""Edges by name: what a reader may see of the edges that learning speaks of."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.types import Scope

SQL = queries("learning")


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedEdge:
    """An edge and its ends by name."""

    eid: UUID
    src: str
    type: str
    dst: str
    evidence: float

    def __str__(self) -> str:
        return f"{self.src} {self.type} {self.dst}"


async def named_edges(postgres: Postgres, eids: Iterable[UUID], *, scope: Scope) -> dict[UUID, NamedEdge]:
    """Return the edges that this caller may see, by id."""
    async with postgres.reading(scope) as session:
        found = await session.fetch(NamedEdge, SQL["named_edges"], {"eids": list(eids)})
    return {edge.eid: edge for edge in found}
