"""Stores without an engine around them, so that a test drives the projection step by step."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import LiteralString
from uuid import UUID, uuid4

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray

from sonik.clock import Clock
from sonik.identity.sighting import Source
from sonik.ingest.files import rows_of
from sonik.ingest.intake import Delivery
from sonik.ingest.receipts import Intake
from sonik.ingest.stream import ingest
from sonik.ontology import GRAPHS
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.stores.embedded import EmbeddedSet
from sonik.stores.embedding import Embedder, open_embedder
from sonik.stores.graph import Graphs
from sonik.stores.graph_wire import Value
from sonik.stores.postgres import Postgres
from sonik.stores.vectors import TextFilter, Vectors
from sonik.sync.carrier import Carrier, Progress
from sonik.sync.drift import compare
from sonik.sync.graph_sink import GraphSink
from sonik.sync.projector import Projector
from sonik.sync.source import Sink
from sonik.sync.vector_sink import VectorSink
from sonik.truth.migrate import migrate
from sonik.types import JsonObject, Scope
from tests.fix_redis import RedisServer

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
INGEST = Scope(role="ingest")
TOUCH = """
    with told as (select id from unified.entities where name = any(%(names)s))
    insert into unified.outbox (aggregatetype, aggregateid, type)
    select 'entity', id::text, 'upsert' from told
    union all
    select 'relationship', eid::text, 'upsert' from unified.relationships
    where src in (select id from told) or dst in (select id from told)
"""
Contents = dict[str, list[list[Value]]]


class CountingEmbedder:
    """The real embedder, which remembers the texts it was given."""

    def __init__(self, inner: Embedder) -> None:
        self.inner = inner
        self.texts: list[str] = []

    @property
    def model(self) -> str:
        return self.inner.model

    @property
    def dimension(self) -> int:
        return self.inner.dimension

    async def warm(self) -> None:
        await self.inner.warm()

    async def documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts += texts
        return await self.inner.documents(texts)

    async def question(self, text: str) -> NDArray[np.float32]:
        return await self.inner.question(text)


@dataclass(kw_only=True)
class Stores:
    """A fresh database, fresh graphs and a fresh folder."""

    owner: str
    postgres: Postgres
    graphs: Graphs
    vectors: Vectors
    embedder: Embedder
    clock: Clock = field(default_factory=lambda: Clock.frozen(NOW))
    progress: Progress = field(default_factory=Progress)

    @property
    def graph_sink(self) -> GraphSink:
        return GraphSink(postgres=self.postgres, graphs=self.graphs)

    @property
    def vector_sink(self) -> VectorSink:
        return VectorSink(postgres=self.postgres, vectors=self.vectors, embedder=self.embedder)

    @property
    def sinks(self) -> tuple[Sink, ...]:
        return (self.graph_sink, self.vector_sink)

    @property
    def projector(self) -> Projector:
        return Projector(postgres=self.postgres, sinks=self.sinks)

    async def ingest(self, *records: JsonObject, source: str = "test", trust: int = 50) -> Intake:
        """Take records in; nothing is projected yet."""
        delivery = Delivery(source=Source(code=source, trust=trust), scope=INGEST)
        intake = await ingest(self.postgres, rows_of(records), delivery=delivery, clock=self.clock)
        assert {receipt.outcome for receipt in intake.receipts} <= {"created", "updated", "unchanged"}
        return intake

    def at(self, moment: datetime) -> "Stores":
        """Return the same stores at another moment."""
        return replace(self, clock=Clock.frozen(moment))

    async def drain(self, *sinks: Sink) -> Progress:
        """Bring the sinks up to date, as a projector would; return what was done."""
        progress = Progress()
        for sink in sinks or self.sinks:
            async with sink.steady() as steady:
                await Carrier(postgres=self.postgres, progress=progress).drain(steady)
        return progress

    async def project(self, *records: JsonObject) -> Intake:
        """Take records in and bring the sinks up to date."""
        intake = await self.ingest(*records)
        await self.drain()
        return intake

    async def contents(self) -> Contents:
        """Return everything in the graphs, and the id, version and vector of every row of text."""
        found: Contents = {}
        for graph in GRAPHS:
            found[graph] = await self.graphs.read(
                graph, "MATCH (n:Entity) RETURN n.id, labels(n), properties(n) ORDER BY n.id"
            )
            found[f"{graph} edges"] = await self.graphs.read(
                graph, "MATCH (a)-[r]->(b) RETURN r.eid, type(r), a.id, b.id, properties(r) ORDER BY r.eid"
            )
        versions = sorted((await self.vectors.versions()).items())
        vectors = await self.vectors.vectors_of([key for key, _ in versions])
        found["texts"] = [[key, version, *map(float, vectors[key])] for key, version in versions]
        return found

    async def disagreements(self) -> list[str]:
        """Return the names of the stores that do not agree with truth."""
        compared = await compare(postgres=self.postgres, graphs=self.graphs, vectors=self.vectors)
        return [one.store for one in compared if not one.agrees]

    async def matching(self, text: str, *, scope: Scope | None = None) -> set[str]:
        """Return the ids whose words match."""
        where = TextFilter(scope=scope or Scope())
        return {match.id for match in await self.vectors.matching(text, language="es", where=where, limit=50)}

    def truth(self, query: LiteralString, params: Mapping[str, object] | None = None) -> list[tuple[object, ...]]:
        """Ask truth as its owner."""
        with psycopg.connect(self.owner) as connection:
            return connection.execute(query, params).fetchall()

    def touch(self, *names: str) -> None:
        """Tell the sinks of entities with these names and of the edges at them, as a unit of work would."""
        self.change_truth(TOUCH, {"names": list(names)})

    def change_truth(self, query: LiteralString, params: Mapping[str, object] | None = None) -> None:
        """Change truth as its owner, past the unit of work."""
        with psycopg.connect(self.owner) as connection:
            connection.execute(query, params)


@pytest.fixture(scope="session")
async def servers(anyio_backend: str) -> AsyncIterator[EmbeddedSet]:
    """One running set of servers for all who bring their own database and graph names."""
    del anyio_backend
    folder = Path(tempfile.mkdtemp(prefix="sonik-sync-"))
    share = await embedded.attach(Settings(home=folder))
    yield share
    await embedded.close(share)
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """One real embedder: its model takes a while to load."""
    return open_embedder(Settings())


@pytest.fixture
async def stores(servers: EmbeddedSet, embedder: Embedder, tmp_path: Path) -> AsyncIterator[Stores]:
    """Fresh stores on the shared servers."""
    async with opened_stores(servers, tmp_path, graph=str(servers.redis_socket), embedder=embedder) as opened:
        yield opened


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A graph server of one's own, to be killed."""
    with RedisServer() as server:
        yield server


@pytest.fixture
async def mortal(
    servers: EmbeddedSet, embedder: Embedder, tmp_path: Path, redis_server: RedisServer
) -> AsyncIterator[Stores]:
    """Fresh stores whose graph server may be killed."""
    async with opened_stores(servers, tmp_path, graph=redis_server.socket, embedder=embedder) as opened:
        yield opened


@asynccontextmanager
async def opened_stores(share: EmbeddedSet, folder: Path, *, graph: str, embedder: Embedder) -> AsyncIterator[Stores]:
    """Make a database and open everything over it."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(share.postgres_dsn("sonik"), autocommit=True) as connection:
        connection.execute(psycopg.sql.SQL("create database {}").format(psycopg.sql.Identifier(name)))
    owner, writer, reader = (
        share.postgres_dsn(role, database=name) for role in ("sonik", "sonik_writer", "sonik_reader")
    )
    await migrate(owner)
    lance = str(folder / "lance")
    async with (
        Postgres(writer=writer, reader=reader, pool_size=4, timeout_seconds=5) as postgres,
        Graphs(graph, timeout_seconds=5, prefix=f"{name}:") as graphs,
        await Vectors.open(lance, model=embedder.model, dimension=embedder.dimension) as vectors,
    ):
        await graphs.prepare()
        yield Stores(owner=owner, postgres=postgres, graphs=graphs, vectors=vectors, embedder=embedder)


def an_event(name: str, *, venue: str = "Casa Uno", hours: int = 2, **fields: object) -> JsonObject:
    """An event record that is known to its source by its name."""
    starts = NOW + timedelta(hours=hours)
    plain = {
        "kind": "event", "name": name, "source_id": name, "starts_at": starts.isoformat(), "market": "medellin",
        "venue": {"name": venue, "source_id": venue},
    }  # fmt: skip
    return {**plain, **fields}  # type: ignore[dict-item]


def a_venue(name: str, *, known_as: str | None = None, **fields: object) -> JsonObject:
    """A venue record."""
    plain = {"kind": "venue", "name": name, "source_id": known_as or name, "market": "medellin"}
    return {**plain, **fields}  # type: ignore[dict-item]


def entity_id(intake: Intake, line: int = 0) -> str:
    """Return the entity a record became."""
    found = intake.receipts[line].entity_id
    assert found is not None
    return str(UUID(found))
