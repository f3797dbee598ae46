"""The client somebody would write by hand for the very same answers from the very same stores, and nothing around it.

What counts as minimal, so that the comparison is fair to both:

- The same queries with the same parameters in the same order, as recorded from one search; filters stand ready made.
- What does not wait for each other runs at once, as in Sonik: once the names are looked up and something is left to
  search for, the question is embedded while the matching texts are sought. The graph is walked hop by hop.
- PostgreSQL: one open connection in autocommit with the reader's own options and prepared statements; the scope is set
  once a question, as whoever shares a connection between callers must. No pool, no check, no transaction; tuples.
- FalkorDB: its official client, which parses the reply, on one open connection.
- LanceDB: its official client on the open table that Sonik uses, with its caches; rows as dictionaries.
- The embedder: the tokenizer and the network that Sonik has loaded, both in one hop to a thread.
- Nothing is understood, ranked, checked, dressed or logged.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import psycopg
import redis.asyncio as redis
from falkordb.asyncio.graph import AsyncGraph
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from sonik.engine import Engine
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.stores.addresses import READER
from sonik.stores.embedding import MiniLm
from sonik.stores.lance import AsyncTable, FullTextOperator, MultiMatchQuery
from sonik.stores.postgres import READER_OPTIONS
from sonik.stores.text_table import ALL_PARTITIONS, REFINE_FACTOR
from sonik.stores.texts import Vector
from sonik.stores.vectors import BOOSTS
from tests.bench.recording import Call, Near, Recording, Rows, Walk, Words

SET_SCOPE = (
    "select set_config('sonik.collection', 'live', false), set_config('sonik.role', 'reader', false), "
    "set_config('sonik.org', '', false)"
)
GRAPH_TIMEOUT_MS = 5000


@dataclass(frozen=True, kw_only=True, slots=True)
class BareClient:
    """Open connections to the stores of one home."""

    connection: psycopg.AsyncConnection
    graphs: redis.Redis
    table: AsyncTable
    embedder: MiniLm

    @classmethod
    @asynccontextmanager
    async def open(cls, engine: Engine, settings: Settings) -> AsyncIterator["BareClient"]:
        """Connect beside an open engine, and take its table and its loaded model for use."""
        embedder = engine._searcher.sources.embedder
        if not isinstance(embedder, MiniLm):
            raise TypeError("the bench compares with the default embedder")
        async with AsyncExitStack() as stack:
            share = await embedded.attach(settings)
            stack.push_async_callback(embedded.close, share)
            connection = await psycopg.AsyncConnection.connect(
                _as_reader(share.postgres_dsn(READER)), autocommit=True, prepare_threshold=0
            )
            stack.push_async_callback(connection.close)
            graphs = redis.Redis(unix_socket_path=str(share.redis_socket), decode_responses=True)
            stack.push_async_callback(graphs.aclose)
            table = (await engine._vectors._reach()).table
            yield cls(connection=connection, graphs=graphs, table=table, embedder=embedder)

    async def replay(self, recording: Recording) -> list[int]:
        """Ask everything again; return how many rows each call brought."""
        vector: asyncio.Task[Vector] | None = None
        await self.connection.execute(SET_SCOPE)
        found: list[int] = []
        for texts, calls in groupby(recording.calls, key=lambda call: isinstance(call, Near | Words)):
            if texts and recording.embedded is not None:
                vector = vector or asyncio.create_task(self._embed(recording.embedded))
            if texts:
                found += await asyncio.gather(*(self._text(call, vector) for call in calls))
            else:
                found += [await self._ask(call) for call in calls]
        return found

    async def _embed(self, text: str) -> Vector:
        network = self.embedder._network.get()

        def embed() -> Vector:
            vector: Vector = network.embed(network.tokenize([text]))[0]
            return vector

        return await asyncio.to_thread(embed)

    async def _ask(self, call: Call) -> int:
        if isinstance(call, Rows):
            cursor = await self.connection.execute(call.query, call.params)
            return len(await cursor.fetchall())
        if isinstance(call, Walk):
            graph = AsyncGraph(self.graphs, call.graph)
            result = await graph.ro_query(call.query, dict(call.params or {}), timeout=GRAPH_TIMEOUT_MS)
            return len(result.result_set)
        raise TypeError(f"{type(call).__name__} is no call that waits for the one before")

    async def _text(self, call: Call, vector: "asyncio.Task[Vector] | None") -> int:
        if isinstance(call, Words):
            return len(await self._matching(call))
        if isinstance(call, Near) and vector is not None:
            return len(await self._nearest(call, await vector))
        raise TypeError("only a question that was embedded has neighbours")

    async def _nearest(self, call: Near, vector: Vector) -> Sequence[object]:
        query = self.table.query().nearest_to(np.asarray(vector)).distance_type("cosine").where(call.where)
        query = query.nprobes(ALL_PARTITIONS).refine_factor(REFINE_FACTOR)
        return await query.select(["id", "kind", "_distance"]).limit(call.limit).to_list()

    async def _matching(self, call: Words) -> Sequence[object]:
        columns = [f"text_{call.language}", "name"]
        words = MultiMatchQuery(call.text, columns, boosts=BOOSTS, operator=FullTextOperator.OR)
        query = self.table.query().nearest_to_text(words).where(call.where)
        return await query.select(["id", "kind", "_score"]).limit(call.limit).to_list()


def _as_reader(dsn: str) -> str:
    known = conninfo_to_dict(dsn).get("options") or ""
    return make_conninfo(dsn, options=f"{known} {READER_OPTIONS}".strip())
