"""What is asked most, counted by normalised text, and which edges have learned most."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sonik.clock import Clock
from sonik.learning.trails import NamedEdge, named_edges
from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.types import Scope

SQL = queries("learning")
# So many more edges are looked at than are shown, for the caller may not see all of them.
SPARE = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class TopQuery:
    """A question in its latest wording: how often it was asked, by how many, and what came of it."""

    query: str
    asks: int
    askers: int
    empty: int
    praised: int
    refused: int
    last_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Repetition:
    """How much of what is asked was asked before: the most an exact cache could answer."""

    asks: int
    distinct: int

    @property
    def share(self) -> float:
        """The share of asks whose words had come before."""
        return (self.asks - self.distinct) / self.asks if self.asks else 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Taught:
    """What an edge has learned through a lens, and by how much use."""

    edge: NamedEdge
    lens: str
    learned: float
    traversals: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Lesson:
    eid: UUID
    lens: str
    learned: float
    traversals: int


async def top_queries(postgres: Postgres, *, scope: Scope, clock: Clock, days: int, limit: int) -> list[TopQuery]:
    """Return what was asked most in the last days."""
    params = {"since": clock.now() - timedelta(days=days), "collection": scope.collection, "limit": limit}
    async with postgres.reading(scope) as session:
        return await session.fetch(TopQuery, SQL["top_queries"], params)


async def repetition(postgres: Postgres, *, scope: Scope, clock: Clock, days: int) -> Repetition:
    """Return how much was asked again in the last days."""
    params = {"since": clock.now() - timedelta(days=days), "collection": scope.collection}
    async with postgres.reading(scope) as session:
        return (await session.fetch(Repetition, SQL["repetition"], params))[0]


async def most_taught(postgres: Postgres, *, scope: Scope, limit: int) -> list[Taught]:
    """Return the edges whose weights use has changed most, as far as the caller may see them."""
    params = {"collection": scope.collection, "limit": limit * SPARE}
    async with postgres.writing() as session:
        lessons = await session.fetch(_Lesson, SQL["most_taught"], params)
    named = await named_edges(postgres, (one.eid for one in lessons), scope=scope)
    seen = [
        Taught(edge=named[one.eid], lens=one.lens, learned=one.learned, traversals=one.traversals)
        for one in lessons
        if one.eid in named
    ]
    return seen[:limit]
