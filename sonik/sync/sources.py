"""How far every source system is: its cursor, when it last told something, and what went wrong since."""

from dataclasses import dataclass
from datetime import datetime

from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.types import Scope

SQL = queries("sync")


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceState:
    """A source as truth knows it; `error` is the code its last job ended with, if it failed."""

    source: str
    cursor: str | None
    told_at: datetime | None
    entities: int
    error: str | None


async def read_sources(postgres: Postgres, *, scope: Scope) -> list[SourceState]:
    """Return the sources of a collection, the one that told something last first."""
    async with postgres.writing() as session:
        return await session.fetch(SourceState, SQL["source_states"], {"collection": scope.collection})
