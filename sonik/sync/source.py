"""The outbox as a source of dirty keys: what must be read again, and up to where."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from uuid import UUID

from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.truth.rows import Position

SQL = queries("sync")
BATCH = 500
PAGE = 1_000  # of a rebuild
NOWHERE = UUID(int=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dirty:
    """Entities and edges whose current rows a sink must take over.

    `through` is the place this brings it to. Where `complete`, every key comes by, so none need be looked for.
    """

    entities: tuple[UUID, ...] = ()
    relationships: tuple[UUID, ...] = ()
    through: Position | None = None
    complete: bool = False

    def __len__(self) -> int:
        return len(self.entities) + len(self.relationships)

    def single(self) -> "list[Dirty]":
        """Return one batch per key, to find the one that fails."""
        return [Dirty(entities=(key,)) for key in self.entities] + [
            Dirty(relationships=(key,)) for key in self.relationships
        ]


class Sink(Protocol):
    """Something truth is projected into. Applying the same keys twice changes nothing."""

    @property
    def name(self) -> str:
        """Its name in reports and commands."""
        ...

    def steady(self) -> "AbstractAsyncContextManager[Sink]":
        """Yield the sink for a run of batches; if its store restarts meanwhile, every later call fails."""
        ...

    async def cursor(self) -> Position | None:
        """Return how far it is, or None when it is empty and must be rebuilt."""
        ...

    async def advance(self, position: Position) -> None:
        """Remember how far it is; called after `apply`."""
        ...

    async def apply(self, dirty: Dirty) -> None:
        """Take over the current rows of these keys; rows that are gone are removed."""
        ...

    async def clear(self) -> None:
        """Empty it, ready for a rebuild."""
        ...

    async def tidy(self) -> None:
        """Do its housekeeping, while nothing is waiting."""
        ...

    async def secure(self) -> Position | None:
        """Make what it has outlive a crash of its store; return how far that goes, None if it did not work."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class _OutboxRow:
    txid: int
    seq: int
    aggregatetype: str
    aggregateid: str


class _Key(NamedTuple):
    id: UUID


class Outbox:
    """Reads the outbox; knows nothing of sinks."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres

    async def after(self, position: Position, *, limit: int = BATCH) -> Dirty | None:
        """Return the next dirty keys, collapsed, or None when there are none that are safe to take.

        Rows of other aggregates are left to those who read the outbox for them.
        """
        async with self._postgres.writing() as session:
            params = {"txid": position.txid, "seq": position.seq, "limit": limit}
            rows = await session.fetch(_OutboxRow, SQL["dirty"], params)
        if not rows:
            return None
        keys: dict[str, dict[UUID, None]] = {"entity": {}, "relationship": {}}
        for row in rows:
            keys[row.aggregatetype][UUID(row.aggregateid)] = None
        return Dirty(
            entities=tuple(keys["entity"]),
            relationships=tuple(keys["relationship"]),
            through=Position(txid=rows[-1].txid, seq=rows[-1].seq),
        )

    async def holds_all_after(self, position: Position) -> bool:
        """Say whether nothing after this place was pruned, and truth itself has come as far."""
        async with self._postgres.writing() as session:
            row = (await session.rows(SQL["bounds"]))[0]
        pruned = (int(str(row["pruned_txid"])), int(str(row["pruned_seq"])))
        return pruned <= (position.txid, position.seq) and position.txid <= int(str(row["next_txid"]))

    async def horizon(self) -> Position:
        """Return a place such that everything before it is committed and visible."""
        async with self._postgres.writing() as session:
            return (await session.fetch(Position, SQL["horizon"]))[0]

    async def page(self, query: str, after: UUID, *, limit: int = PAGE) -> tuple[UUID, ...]:
        """Return the next page of all keys, for a rebuild."""
        async with self._postgres.writing() as session:
            rows = await session.fetch(_Key, SQL[query], {"after": after, "limit": limit})
        return tuple(row.id for row in rows)
