"""FalkorDB: three named graphs, written in small batches and read with the read-only call."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

import redis.asyncio as redis
from falkordb.asyncio.graph import AsyncGraph
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, RedisError, ResponseError

from sonik import ontology
from sonik.cypher import queries
from sonik.errors import InvalidInput, OutOfTime, StoreUnavailable
from sonik.ontology import BASE_LABEL, CURSOR_LABEL, GRAPHS, SCHEMA_LABEL, Graph

logger = logging.getLogger(__name__)

CYPHER = queries("graph")
Value = str | int | float | bool | None | list["Value"]
Params = Mapping[str, object]
_DOWN = "FalkorDB does not answer."
_DOWN_STEP = "Run `sonik doctor`; embedded servers start again with the next command."


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Turn driver errors into ours, once."""
    try:
        yield
    except BusyLoadingError as error:
        raise StoreUnavailable("FalkorDB is still loading.", next_step="Try again in a moment.") from error
    except ResponseError as error:
        if "timed out" in str(error):
            raise OutOfTime("The graph query ran out of time.", next_step="Ask for fewer hops.") from error
        raise InvalidInput(f"FalkorDB refused a query: {str(error)[:200]}", next_step="Report this.") from error
    except (RedisError, OSError) as error:
        raise StoreUnavailable(_DOWN, next_step=_DOWN_STEP) from error


class Graphs:
    """The graphs of one FalkorDB. Query texts are ours; values are parameters; labels come from the ontology."""

    def __init__(self, address: str, *, timeout_seconds: float, prefix: str = "", pool_size: int = 16) -> None:
        """Connect lazily to a socket path or a redis:// address; `prefix` keeps test graphs apart."""
        self._timeout_ms = int(timeout_seconds * 1000)
        self._prefix = prefix
        self._pool = _pool(address, timeout_seconds, pool_size)
        self._redis = redis.Redis(connection_pool=self._pool)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._redis.aclose()
        await self._pool.aclose()

    async def prepare(self) -> None:
        """Register each graph's vocabulary and indexes once, and wait until the indexes answer."""
        for graph in GRAPHS:
            if not await self._indexed(graph):
                await self._register(graph)
            await self._settle(graph)

    async def read(self, graph: Graph, query: str, params: Params | None = None) -> list[list[Value]]:
        """Run a read-only query and return its rows."""
        async with translated():
            handle = self._graph(graph)
            result = await handle.ro_query(query, _clean(params), timeout=self._timeout_ms)
            rows: list[list[Value]] = result.result_set
            return rows

    async def write(self, graph: Graph, query: str, params: Params | None = None) -> None:
        """Run a write query."""
        async with translated():
            await self._graph(graph).query(query, _clean(params))

    async def drop(self, graph: Graph) -> None:
        """Delete a graph with all it holds, if it is there."""
        async with translated():
            await self._redis.delete(self._prefix + graph)

    async def snapshot(self) -> bool:
        """Start a background snapshot; False if one is already running."""
        async with translated():
            state = await self._redis.info("persistence")
            if state["rdb_bgsave_in_progress"]:
                return False
            await self._redis.bgsave()
            return True

    async def snapshot_done(self) -> bool:
        """Wait for the running snapshot; say whether it went well."""
        async with translated():
            while True:
                state = await self._redis.info("persistence")
                if not state["rdb_bgsave_in_progress"]:
                    return bool(state["rdb_last_bgsave_status"] == "ok")
                await asyncio.sleep(0.05)

    async def run_id(self) -> str:
        """Return the server's run id, which changes with every start."""
        async with translated():
            return str((await self._redis.info("server"))["run_id"])

    async def _indexed(self, graph: Graph) -> bool:
        """Say whether the graph has its indexes; a graph that is not there has none."""
        if not await self._redis_exists(graph):
            return False
        rows = await self.read(graph, CYPHER["indexes"])
        have = {str(row[0]) for row in rows}
        return {BASE_LABEL, CURSOR_LABEL, *ontology.edge_names(graph)} <= have

    def _graph(self, graph: Graph) -> AsyncGraph:
        # The client class probes for a cluster with a blocking connection of its own; a graph needs only commands.
        return AsyncGraph(self._redis, self._prefix + graph)

    async def _redis_exists(self, graph: Graph) -> bool:
        async with translated():
            return bool(await self._redis.exists(self._prefix + graph))

    async def _register(self, graph: Graph) -> None:
        names = ontology.property_names(graph)
        assignments = ", ".join(f"n.{name} = 'x'" for name in names)
        await self.write(graph, CYPHER["register"].replace("{assignments}", assignments))
        for label in (BASE_LABEL, CURSOR_LABEL, SCHEMA_LABEL, *ontology.labels(graph)):
            await self.write(graph, CYPHER["register_label"].replace("{label}", label))
        async with translated():
            handle = self._graph(graph)
            await _create(handle.create_node_range_index(BASE_LABEL, "id"))
            await _create(handle.create_node_range_index(CURSOR_LABEL, "sink"))
            for name in ontology.edge_names(graph):
                await handle.query(CYPHER["register_edge"].replace("{type}", name))
                await _create(handle.create_edge_range_index(name, "eid"))

    async def _settle(self, graph: Graph) -> None:
        """Wait until every index is built: a query before that scans, or fails."""
        for _ in range(600):
            rows = await self.read(graph, CYPHER["indexes"])
            if all(str(row[2]) == "OPERATIONAL" for row in rows):
                return
            await asyncio.sleep(0.05)
        raise OutOfTime(f"The indexes of graph {graph} are not ready after 30 s.", next_step="Run `sonik doctor`.")


async def _create(pending: object) -> None:
    try:
        await pending  # type: ignore[misc]
    except ResponseError as error:
        if "already indexed" not in str(error):
            raise


def _clean(params: Params | None) -> dict[str, object]:
    return {name: _without_nul(value) for name, value in (params or {}).items()}


def _without_nul(value: object) -> object:
    """A NUL byte in a parameter breaks the query text it is inlined into."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, Mapping):
        return {key: _without_nul(inner) for key, inner in value.items()}
    if isinstance(value, Sequence):
        return [_without_nul(inner) for inner in value]
    return value


def _pool(address: str, timeout_seconds: float, size: int) -> redis.BlockingConnectionPool:
    common: dict[str, Any] = {
        "max_connections": size,
        "timeout": timeout_seconds,
        "decode_responses": True,
        # redis-py would sleep through its default retries for seconds while the server is down.
        "retry": Retry(NoBackoff(), 0),
        "socket_timeout": timeout_seconds + 1,
        "socket_connect_timeout": 1.0,
    }
    if "://" in address:
        return redis.BlockingConnectionPool.from_url(address, **common)
    return redis.BlockingConnectionPool(connection_class=redis.UnixDomainSocketConnection, path=address, **common)
