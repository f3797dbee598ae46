"""The door to LanceDB: imported quietly here, opened by address, and its errors told in our terms."""
# ruff: noqa: E402 - what the driver is to find when it is imported comes before it

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

from sonik.errors import Conflict, InvalidInput, OutOfTime, StoreUnavailable
from sonik.stores.unrun import leave_unrun

# Read once, when the native library loads; it would warn on stderr about our own queries.
os.environ.setdefault("LANCEDB_LOG", "error")
# Clients of a catalogue over HTTP, which nobody here asks and every start would wait for.
leave_unrun("lance_namespace_urllib3_client")

import lancedb
from lancedb import AsyncConnection, AsyncTable
from lancedb.expr import Expr, col, lit
from lancedb.index import FTS, Bitmap, BTree, IvfFlat, IvfRq
from lancedb.query import AsyncVectorQuery, FullTextOperator, MultiMatchQuery

__all__ = [
    "FTS",
    "AsyncConnection",
    "AsyncTable",
    "AsyncVectorQuery",
    "BTree",
    "Bitmap",
    "Expr",
    "FullTextOperator",
    "IvfFlat",
    "IvfRq",
    "MultiMatchQuery",
    "alone",
    "col",
    "conflicting",
    "connect",
    "latest",
    "lit",
    "translated",
    "vanished",
]

# The driver's own limits are several gigabytes.
INDEX_CACHE_BYTES = 128 * 2**20
METADATA_CACHE_BYTES = 64 * 2**20
_DOWN_STEP = "Run `sonik doctor`; `sonik sync rebuild --sink vectors` makes the vectors anew."
# The driver raises ValueError for these too, though no value is to blame.
_UNAVAILABLE = ("was not found", "INVERTED index", "Failed to connect")


async def connect(uri: str, *, refresh_seconds: float) -> AsyncConnection:
    """Connect to a folder or an object store; other processes' writes are seen after `refresh_seconds`."""
    # A relative path that begins with "db" would be taken for the name of a cloud database.
    address = uri if "://" in uri else str(Path(uri).expanduser().absolute())
    caches = lancedb.Session(index_cache_size_bytes=INDEX_CACHE_BYTES, metadata_cache_size_bytes=METADATA_CACHE_BYTES)
    seen_after = timedelta(seconds=refresh_seconds)
    return await lancedb.connect_async(address, read_consistency_interval=seen_after, session=caches)


@asynccontextmanager
async def alone(connection: AsyncConnection) -> AsyncIterator[None]:
    """Keep other processes from making a table meanwhile; in an object store this is left to its one writer.

    The driver looks first and then overwrites: of two that make a table at once, the later empties the earlier's.
    """
    if "://" in connection.uri:
        yield
        return
    descriptor = os.open(Path(connection.uri) / "making.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        await asyncio.to_thread(fcntl.flock, descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


async def latest(table: AsyncTable) -> None:
    """Go over to the newest version now, without waiting for the refresh."""
    await table.checkout_latest()  # type: ignore[no-untyped-call]


@contextmanager
def translated() -> Iterator[None]:
    """Turn driver errors into ours, once."""
    try:
        yield
    except ValueError as error:
        if any(sign in str(error) for sign in _UNAVAILABLE):
            raise StoreUnavailable("The vector table is not ready.", next_step=_DOWN_STEP) from error
        detail = str(error).splitlines()[0][:200]
        raise InvalidInput(f"LanceDB refused a value: {detail}.", next_step="Correct the value.") from error
    except RuntimeError as error:
        raise _failure(error) from error
    except OSError as error:
        raise StoreUnavailable("LanceDB cannot read or write its files.", next_step=_DOWN_STEP) from error


def vanished(error: RuntimeError) -> bool:
    """Say whether a file went away under an open handle, as when another process compacts the table."""
    return "Not found:" in str(error)


def conflicting(error: RuntimeError) -> bool:
    """Say whether another process committed first."""
    return "commit conflict" in str(error).lower() or "Incompatible transaction" in str(error)


def _failure(error: RuntimeError) -> OutOfTime | Conflict | StoreUnavailable:
    if "timed out" in str(error) or "Query timeout" in str(error):
        return OutOfTime("LanceDB ran out of time.", next_step="Narrow the filter, or ask again.")
    if conflicting(error):
        return Conflict("Another process wrote the vectors first.", next_step="Try again.")
    return StoreUnavailable("LanceDB does not answer.", next_step=_DOWN_STEP)
