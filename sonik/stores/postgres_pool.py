"""Connections to PostgreSQL: lent from a pool, and hung up on where the server stays silent."""

import asyncio
import math
import os
import select
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolClosed, PoolTimeout
from pydantic_core import from_json

from sonik.stores.breaker import Breaker, Sign

Row = dict[str, object]
Pool = AsyncConnectionPool[psycopg.AsyncConnection[Row]]

# Of its own accord the pool would come to try once in minutes.
RECONNECT_SECONDS = 4.0
# The server stops a statement itself; only one that cannot is hung up on.
SPARE_SECONDS = 1.0
# Shutting down, crashed, starting up, or gone in the middle of a connection; others speak of the login or the question.
_AWAY = ("57P01", "57P02", "57P03", "08")


class Silence(psycopg.OperationalError):
    """The server has not answered for so long that the connection was closed."""


def sign(error: BaseException | None) -> Sign | None:
    """Return what an error of the driver says of the server."""
    if isinstance(error, PoolTimeout | Silence):
        return "late"
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) or isinstance(error, PoolClosed):
        return None
    return "away" if error.sqlstate is None or error.sqlstate.startswith(_AWAY) else None


def pool(dsn: str, *, size: int, seconds: float, breaker: Breaker, options: str = "", bounded: bool = False) -> Pool:
    """Return a pool that is not open yet and tells a breaker how its connecting goes.

    Where it is `bounded`, neither a statement nor a silence takes longer than about `seconds`.
    """
    known = conninfo_to_dict(dsn)
    if bounded:
        options = f"{options} -c statement_timeout={int(seconds * 1000)}"
    if options:
        dsn = make_conninfo(dsn, options=f"{known.get('options') or ''} {options}".strip())
    patience = known.get("connect_timeout") or max(2, math.ceil(seconds))
    return AsyncConnectionPool(
        dsn,
        connection_class=_kind(breaker, silence_seconds=seconds + SPARE_SECONDS if bounded else None),
        kwargs={"row_factory": dict_row, "prepare_threshold": 0, "connect_timeout": patience},
        min_size=1,
        max_size=size,
        timeout=seconds,
        reconnect_timeout=RECONNECT_SECONDS,
        open=False,
        configure=_read_json_fast,
        check=_confirm,
        name="sonik",
    )


def _kind(breaker: Breaker, *, silence_seconds: float | None) -> type[psycopg.AsyncConnection[Row]]:
    """Return the connections of a pool."""

    class Connection(psycopg.AsyncConnection[Row]):
        @classmethod
        async def connect(cls, conninfo: str = "", **kwargs: Any) -> Any:
            try:
                return await super().connect(conninfo, **kwargs)
            except psycopg.Error as error:
                breaker.noted(error, told="PostgreSQL does not answer.")
                raise

        async def wait(self, *args: Any, **kwargs: Any) -> Any:
            if silence_seconds is None:
                return await super().wait(*args, **kwargs)
            async with _hung_up(self, after=silence_seconds):
                return await super().wait(*args, **kwargs)

    return Connection


@asynccontextmanager
async def _hung_up(connection: psycopg.AsyncConnection[Row], *, after: float) -> AsyncIterator[None]:
    """Close the line after some seconds: the driver would ask a server that is silent to cancel, and wait for it."""
    hung_up = False

    def hang_up() -> None:
        nonlocal hung_up
        hung_up = True
        with socket.socket(fileno=os.dup(connection.pgconn.socket)) as line:
            line.shutdown(socket.SHUT_RDWR)

    timer = asyncio.get_running_loop().call_later(after, hang_up)
    try:
        yield
    except psycopg.OperationalError as error:
        if hung_up:
            raise Silence(f"no answer in {after:g} s") from error
        raise
    finally:
        timer.cancel()


async def _read_json_fast(connection: psycopg.AsyncConnection[Row]) -> None:
    # A batch reads thousands of small jsonb values, and the standard library first guesses the encoding of each.
    set_json_loads(from_json, connection)


async def _confirm(connection: psycopg.AsyncConnection[Row]) -> None:
    """Raise if a connection of the pool went away.

    The server's end of one that did is closed, and that shows without asking, which would take as long as a query.
    """
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    if poll.poll(0):
        await AsyncConnectionPool.check_connection(connection)
