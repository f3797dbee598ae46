"""FalkorDB: three named graphs, written in small batches and read with the read-only call."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from copy import copy
from typing import Any, Self

import redis.asyncio as redis
from falkordb.asyncio.graph import AsyncGraph
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    BusyLoadingError,
    ClusterDownError,
    LockError,
    MasterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)

from sonik import ontology
from sonik.cypher import queries
from sonik.errors import InvalidInput, Misconfigured, OutOfTime, SonikError, StoreUnavailable
from sonik.ontology import BASE_LABEL, CURSOR_LABEL, GRAPHS, SCHEMA_LABEL, Graph
from sonik.stores.graph_wire import Params, Value, rows_of, with_params
from sonik.watch import Part, during

logger = logging.getLogger(__name__)

CYPHER = queries("graph")
_DOWN = "FalkorDB does not answer."
_DOWN_STEP = "Run `sonik doctor`; embedded servers start again with the next command."
# Answers that speak of the server's state, not of the query.
_UNWELL = (ClusterDownError, MasterDownError, OutOfMemoryError, ReadOnlyError, TryAgainError)
_UNWELL_PREFIXES = ("BUSY", "MISCONF", "NOREPLICAS")
_MAKING_SECONDS = 10.0


@asynccontextmanager
async def translated() -> AsyncIterator[None]:
    """Turn driver errors into ours, once."""
    try:
        yield
    except BusyLoadingError as error:
        raise StoreUnavailable("FalkorDB is still loading.", next_step="Try again in a moment.") from error
    except ResponseError as error:
        raise _refusal(error) from error
    except (UnicodeEncodeError, OverflowError) as error:
        raise InvalidInput(f"FalkorDB cannot hold a value: {error}.", next_step="Correct the value.") from error
    except (RedisError, OSError) as error:
        raise StoreUnavailable(_DOWN, next_step=_DOWN_STEP) from error


def _refusal(error: ResponseError) -> SonikError:
    said = str(error)[:200]
    if "timed out" in said:
        return OutOfTime("The graph query ran out of time.", next_step="Ask for fewer hops.")
    if "empty key" in said:
        return StoreUnavailable("The graph is not there yet.", next_step="Try again when the projector has made it.")
    if isinstance(error, _UNWELL) or said.startswith(_UNWELL_PREFIXES):
        return StoreUnavailable(f"FalkorDB cannot do this now: {said}", next_step="Run `sonik doctor`.")
    if isinstance(error, NoPermissionError) or "unknown command" in said:
        return Misconfigured(f"FalkorDB cannot do this: {said}", next_step="Check the module and the login's rights.")
    return InvalidInput(f"FalkorDB refused a query: {said}", next_step="Report this.")


class Graphs:
    """The graphs of one FalkorDB. Query texts are ours; values are parameters; labels come from the ontology."""

    def __init__(self, address: str, *, timeout_seconds: float, prefix: str = "", pool_size: int = 16) -> None:
        """Connect lazily to a socket path or a redis:// address; `prefix` keeps test graphs apart."""
        self._timeout_ms = int(timeout_seconds * 1000)
        self._prefix = prefix
        self._pool = _pool(address, timeout_seconds, pool_size)
        self._redis = redis.Redis(connection_pool=self._pool)
        self._settled = ""  # the run of the server whose indexes are known to be built
        self._steady = False
        self._lost = False
        self._prepared = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._redis.aclose()
        await self._pool.aclose()

    @asynccontextmanager
    async def steady(self) -> AsyncIterator["Graphs"]:
        """Yield the same graphs over one connection, which fails for good once the server was lost.

        The pool would connect again unnoticed, and what is written before a restart and after it would be taken for
        one piece, though the restart went back to a snapshot.
        """
        await self._settle_run()
        steady = copy(self)
        steady._steady = True
        steady._redis = redis.Redis(connection_pool=self._pool, single_connection_client=True)
        try:
            yield steady
        finally:
            await steady._redis.aclose()

    async def prepare(self) -> None:
        """Register each graph's vocabulary and indexes once, and wait until the indexes answer."""
        async with self._making():
            for graph in GRAPHS:
                if not await self._indexed(graph):
                    await self._register(graph)
                await self._settle(graph)
        self._prepared = True

    async def renew(self) -> None:
        """Make every graph anew: empty, with its vocabulary and indexes; one that is so already stays."""
        async with self._making():
            for graph in GRAPHS:
                if await self._indexed(graph) and not await self.read(graph, CYPHER["any_vertex"]):
                    continue
                if await self.exists(graph):
                    await self._settle(graph)  # FalkorDB may crash on a graph that goes while it is being indexed
                await self.drop(graph)
                await self._register(graph)
                await self._settle(graph)

    async def exists(self, graph: Graph) -> bool:
        """Say whether the graph is there."""
        async with self._asking():
            return bool(await self._redis.exists(self._prefix + graph))

    async def read(self, graph: Graph, query: str, params: Params | None = None) -> list[list[Value]]:
        """Run a read-only query and return its rows."""
        return await self._run("GRAPH.RO_QUERY", graph, query, params)

    async def write(self, graph: Graph, query: str, params: Params | None = None) -> list[list[Value]]:
        """Run a write query, which happens whole or not at all, and return its rows."""
        return await self._run("GRAPH.QUERY", graph, query, params)

    async def explain(self, graph: Graph, query: str, params: Params | None = None) -> str:
        """Return the execution plan of a query, one operation a line."""
        async with self._asking():
            return "\n".join(await self._command("GRAPH.EXPLAIN", graph, with_params(query, params)))

    async def drop(self, graph: Graph) -> None:
        """Delete a graph with all it holds, if it is there."""
        async with self._asking():
            await self._redis.delete(self._prefix + graph)

    async def snapshot(self) -> bool:
        """Save everything to disk; say whether that went well, False also while another snapshot is being written.

        Ask a steady connection: after a restart the server would speak well of a snapshot it never finished.
        """
        async with self._asking():
            try:
                await self._redis.bgsave()
            except ResponseError as error:
                if "in progress" not in str(error):
                    raise
                return False
            while True:
                state = await self._redis.info("persistence")
                if not state["rdb_bgsave_in_progress"]:
                    return bool(state["rdb_last_bgsave_status"] == "ok")
                await asyncio.sleep(0.05)

    async def run_id(self) -> str:
        """Return the server's run id, which changes with every start."""
        async with self._asking():
            return str((await self._redis.info("server"))["run_id"])

    async def _run(self, command: str, graph: Graph, query: str, params: Params | None) -> list[list[Value]]:
        """Run a query past the client class: reading many rows takes it longer than the server takes to find them."""
        async with self._asking():
            text = with_params(query, params)
            with during(Part(kind="store", name="graph", note=graph)) as part:
                answer = await self._command(command, graph, text, "--compact", "timeout", self._timeout_ms)
                rows = rows_of(answer)
                part.rows = len(rows)
        return rows

    async def _command(self, name: str, graph: Graph, *arguments: str | int) -> Any:
        return await self._redis.execute_command(name, self._prefix + graph, *arguments)  # type: ignore[no-untyped-call]

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        """Translate errors, and note on a steady connection when it no longer is the first one."""
        if self._lost:
            raise StoreUnavailable(_DOWN, next_step=_DOWN_STEP)
        try:
            async with translated():
                yield
        except InvalidInput:
            raise
        except BaseException:
            self._lost = self._steady
            raise

    @asynccontextmanager
    async def _making(self) -> AsyncIterator[None]:
        """Keep other processes from making or dropping graphs meanwhile."""
        lock = self._redis.lock(
            f"{self._prefix}sonik:making", timeout=_MAKING_SECONDS, blocking_timeout=2 * _MAKING_SECONDS, sleep=0.02
        )
        async with self._asking():
            if not await lock.acquire():
                raise OutOfTime("Another process is still making the graphs.", next_step="Try again in a moment.")
        try:
            yield
        finally:
            with suppress(SonikError, LockError):  # lost with the server, or emptied with it
                async with self._asking():
                    await lock.release()

    async def _indexed(self, graph: Graph) -> bool:
        """Say whether the graph has its indexes; a graph that is not there has none."""
        if not await self.exists(graph):
            return False
        rows = await self.read(graph, CYPHER["indexes"])
        have = {str(row[0]) for row in rows}
        return {BASE_LABEL, CURSOR_LABEL, *ontology.edge_names(graph)} <= have

    def _graph(self, graph: Graph) -> AsyncGraph:
        # The client class probes for a cluster with a blocking connection of its own; a graph needs only commands.
        return AsyncGraph(self._redis, self._prefix + graph)

    async def _register(self, graph: Graph) -> None:
        names = ontology.property_names(graph)
        assignments = ", ".join(f"n.{name} = 'x'" for name in names)
        await self.write(graph, CYPHER["register"].replace("{assignments}", assignments))
        for label in (BASE_LABEL, CURSOR_LABEL, SCHEMA_LABEL, *ontology.labels(graph)):
            await self.write(graph, CYPHER["register_label"].replace("{label}", label))
        async with self._asking():
            handle = self._graph(graph)
            await _create(handle.create_node_range_index(BASE_LABEL, "id"))
            await _create(handle.create_node_range_index(CURSOR_LABEL, "sink"))
            for name in ontology.edge_names(graph):
                await handle.query(CYPHER["register_edge"].replace("{type}", name))
                await _create(handle.create_edge_range_index(name, "eid"))

    async def _settle_run(self) -> None:
        """After a start of the server, wait until the indexes it loaded are built."""
        if not self._prepared:  # it was away when this process began
            await self.prepare()
        run = await self.run_id()
        if run != self._settled:
            for graph in GRAPHS:
                if await self.exists(graph):
                    await self._settle(graph)
            self._settled = run

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
