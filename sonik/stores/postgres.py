"""PostgreSQL: a writer pool, and a reader pool that cannot bypass row security."""

import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import LiteralString, Self, TypeVar

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import AsyncRowFactory, RowMaker, class_row, dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout
from pydantic_core import to_json

from sonik.errors import Conflict, DiskFull, InvalidInput, OutOfTime, StoreUnavailable
from sonik.sql import name_of
from sonik.stores.breaker import Breaker
from sonik.stores.disk import Room
from sonik.stores.postgres_pool import Pool, pool, sign
from sonik.types import Scope
from sonik.watch import Part, during

logger = logging.getLogger(__name__)

T = TypeVar("T")
Row = dict[str, object]
Params = Mapping[str, object]

_SCOPE = (
    "select set_config('sonik.collection', %(collection)s, true), set_config('sonik.role', %(role)s, true), "
    "set_config('sonik.org', %(org)s, true)"
)
# Planning a card under row security takes 3 ms, running it 0.5 ms: plan once for each connection. Workers take 10 ms to
# start, longer than any of these queries, and stand in the generic plan of some even where they have nothing to do.
READER_OPTIONS = (
    "-c default_transaction_read_only=on -c plan_cache_mode=force_generic_plan -c jit=off "
    "-c max_parallel_workers_per_gather=0"
)
_DOWN = "PostgreSQL does not answer."
_DOWN_STEP = "Run `sonik doctor`; embedded servers start again with the next command."


def jsonb(value: object) -> Jsonb:
    """Wrap a value as a jsonb parameter; times, decimals and ids become strings."""
    return Jsonb(value, dumps=to_json)


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Turn driver errors into ours, once."""
    try:
        yield
    except (psycopg.errors.UniqueViolation, psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected) as e:
        raise Conflict("Another writer changed the same rows first.", next_step="Try again.") from e
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        detail = (error.diag.message_primary or str(error)).splitlines()[0]
        raise InvalidInput(f"PostgreSQL refused a value: {detail}.", next_step="Correct the value.") from error
    except psycopg.errors.DiskFull as error:
        step = "Free some space there, then try again."
        raise DiskFull("PostgreSQL's disk is full; nothing was written.", next_step=step) from error
    except psycopg.errors.QueryCanceled as error:
        raise OutOfTime("PostgreSQL took too long over this.", next_step="Ask for less at once.") from error
    except (psycopg.OperationalError, PoolTimeout, psycopg.InterfaceError) as error:
        raise StoreUnavailable(_DOWN, next_step=_DOWN_STEP) from error


@dataclass(frozen=True, slots=True)
class Session:
    """A connection inside one transaction. Queries are named texts; values are parameters."""

    connection: psycopg.AsyncConnection[Row]

    async def fetch(self, row_type: type[T], query: LiteralString, params: Params | None = None) -> list[T]:
        """Return all rows as `row_type`, whose fields are named like the columns."""
        with during(_part(query)) as part:
            async with self.connection.cursor(row_factory=_rows_as(row_type)) as cursor:
                await cursor.execute(query, params)
                found = await cursor.fetchall()
            part.rows = len(found)
        return found

    async def rows(self, query: LiteralString, params: Params | None = None) -> list[Row]:
        """Return all rows as dictionaries."""
        with during(_part(query)) as part:
            async with self.connection.cursor(row_factory=dict_row) as cursor:
                await cursor.execute(query, params)
                found = await cursor.fetchall()
            part.rows = len(found)
        return found

    async def execute(self, query: LiteralString, params: Params | None = None) -> int:
        """Run a statement and return how many rows it touched."""
        with during(_part(query)) as part:
            cursor = await self.connection.execute(query, params)
            part.rows = max(0, cursor.rowcount)
        return cursor.rowcount

    async def execute_all(self, statements: Iterable[tuple[LiteralString, Params]]) -> list[int]:
        """Run statements in order without waiting between them; return how many rows each touched.

        The next one is put together while the server is at work on the last; an error is raised at the end.
        """
        async with self.connection.pipeline():
            cursors = [await self.connection.execute(query, params) for query, params in statements]
        return [cursor.rowcount for cursor in cursors]

    async def execute_many(self, query: LiteralString, rows: Sequence[Params]) -> None:
        """Run a statement once per row, pipelined."""
        if rows:
            async with self.connection.cursor() as cursor:
                await cursor.executemany(query, rows)

    @asynccontextmanager
    async def nested(self) -> AsyncIterator["Session"]:
        """Open a savepoint: an error undoes what was done inside, and no more."""
        async with translated(), self.connection.transaction():
            yield self

    async def rollback(self) -> None:
        """Undo everything since the transaction began; the transaction ends quietly."""
        raise psycopg.Rollback


class Lease:
    """An advisory lock held by a connection of its own: it is free again the moment its holder dies."""

    def __init__(self, connection: psycopg.AsyncConnection[Row]) -> None:
        self._connection = connection

    async def alive(self) -> bool:
        """Say whether the connection, and with it the lease, still stands."""
        try:
            await self._connection.execute("select 1")
        except psycopg.Error:
            return False
        return True

    async def release(self) -> None:
        """Give the lease back."""
        await self._connection.close()


class Listener:
    """Notifications on some channels, on a connection of its own."""

    def __init__(self, connection: psycopg.AsyncConnection[Row]) -> None:
        self._connection = connection

    async def wait(self, *, timeout_seconds: float) -> bool:
        """Wait for a notification; say whether one came."""
        async with translated():
            came = False
            async for _ in self._connection.notifies(timeout=timeout_seconds, stop_after=1):
                came = True
            return came

    async def close(self) -> None:
        """Stop listening."""
        await self._connection.close()


class Postgres:
    """The truth's database: `writing()` for units of work, `reading(scope)` for everything shown to a caller."""

    def __init__(
        self, *, writer: str, reader: str, pool_size: int, timeout_seconds: float, room: Room | None = None
    ) -> None:  # fmt: skip
        self._writer_dsn = writer
        self._room = room
        self._breaker = Breaker("postgres", look=self._look, sign=sign)
        self._writer = pool(writer, size=pool_size, seconds=timeout_seconds, breaker=self._breaker)
        self._reader = pool(
            reader, size=pool_size, seconds=timeout_seconds, breaker=self._breaker, options=READER_OPTIONS,
            bounded=True,
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        async with translated():
            await self._writer.open(wait=True)
            await self._reader.open(wait=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._reader.close()
        await self._writer.close()

    def admit(self) -> None:
        """Refuse anything new when the disk is nearly full.

        Raises:
            DiskFull: there is less room than is to be kept free.
        """
        if self._room is not None:
            self._room.check()

    @asynccontextmanager
    async def writing(self, *, durable: bool = True) -> AsyncIterator[Session]:
        """Open a transaction of the writer role.

        One that is not `durable` does not wait for the disk: a crash within the next moment loses it as a whole, and
        nothing that was committed later stays without it.
        """
        async with self._transaction(self._writer) as connection:
            if not durable:
                await connection.execute("set local synchronous_commit = off")
            yield Session(connection)

    @asynccontextmanager
    async def reading(self, scope: Scope) -> AsyncIterator[Session]:
        """Open a read-only transaction that sees only what `scope` may see, enforced by row security."""
        settings = {"collection": scope.collection, "role": scope.role, "org": scope.organisation or ""}
        async with self._transaction(self._reader) as connection:
            await connection.execute(_SCOPE, settings)
            yield Session(connection)

    async def lease(self, name: str) -> Lease | None:
        """Take the named lease if it is free, else return None."""
        async with translated(), self._alone() as own:
            cursor = await own.connection.execute(
                "select pg_try_advisory_lock(hashtextextended(%s, 0)) as taken", (name,)
            )
            row = await cursor.fetchone()
            own.wanted = row is not None and bool(row["taken"])
            return Lease(own.connection) if own.wanted else None

    async def listen(self, *channels: LiteralString) -> Listener:
        """Listen on channels with a connection of its own."""
        async with translated(), self._alone() as own:
            for channel in channels:
                await own.connection.execute(psycopg.sql.SQL("listen {}").format(psycopg.sql.Identifier(channel)))
            own.wanted = True
            return Listener(own.connection)

    @asynccontextmanager
    async def _transaction(self, lent_by: Pool) -> AsyncIterator[psycopg.AsyncConnection[Row]]:
        """Open a transaction, unless PostgreSQL is known to be away."""
        async with (
            self._breaker.guarding(), translated(), lent_by.connection() as connection, connection.transaction()
        ):  # fmt: skip
            self._breaker.worked()
            yield connection

    async def _look(self) -> None:
        async with translated(), self._alone() as own:
            await own.connection.execute("select 1")

    @asynccontextmanager
    async def _alone(self) -> "AsyncIterator[_Own]":
        """Open a connection outside the pools; it is closed again unless it is wanted, also on cancellation."""
        own = _Own(await psycopg.AsyncConnection.connect(self._writer_dsn, autocommit=True, row_factory=dict_row))
        try:
            yield own
        finally:
            if not own.wanted:
                await own.connection.close()


@dataclass(slots=True)
class _Own:
    connection: psycopg.AsyncConnection[Row]
    wanted: bool = False


@asynccontextmanager
async def owner_session(dsn: str) -> AsyncIterator[Session]:
    """Connect as the schema's owner, for migrations; one transaction."""
    async with translated(), await psycopg.AsyncConnection.connect(dsn, row_factory=dict_row) as connection:
        yield Session(connection)


def as_role(dsn: str, role: str) -> str:
    """Return the connection string with every session switched to `role`."""
    return make_conninfo(dsn, options=f"-c role={role}")


def _part(query: str) -> Part:
    return Part(kind="store", name="postgres", note=name_of(query))


def _rows_as(row_type: type[T]) -> AsyncRowFactory[T]:
    """Return what makes rows of this type; a named tuple whose fields are the columns in order needs no names."""
    by_name = class_row(row_type)
    fields, make = getattr(row_type, "_fields", None), getattr(row_type, "_make", None)

    def factory(cursor: psycopg.AsyncCursor[object]) -> RowMaker[T]:
        columns = tuple(column.name for column in cursor.description or ())
        return make if make is not None and columns == fields else by_name(cursor)

    return factory
