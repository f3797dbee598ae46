"""The composition root: opens the stores, wires the rooms together, closes them. It only delegates."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sonik.clock import Clock
from sonik.errors import InvalidInput, Misconfigured, OutOfTime, did_you_mean
from sonik.ingest.files import Row
from sonik.ingest.intake import Delivery
from sonik.ingest.legends import load_legends
from sonik.ingest.mapping import FieldMapping
from sonik.ingest.receipts import Intake
from sonik.ingest.stream import Watcher, ingest
from sonik.retrieval.answer import Answer
from sonik.retrieval.bridge import Bridge
from sonik.retrieval.describe import Described, Describer
from sonik.retrieval.entity import Portrait, portray
from sonik.retrieval.lenses import lens, permitted
from sonik.retrieval.listing import Lister, Programme, Wish
from sonik.retrieval.question import Question
from sonik.retrieval.redaction import contact_free, seen
from sonik.retrieval.refs import refs_starting
from sonik.retrieval.search import Searcher
from sonik.retrieval.seeds import Sources
from sonik.retrieval.trace import TraversalLog
from sonik.retrieval.traversal import Findings, Traversal
from sonik.retrieval.traverse import Traverser
from sonik.retrieval.vocabulary import Vocabulary
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.stores.embedding import Embedder, open_embedder
from sonik.stores.graph import Graphs
from sonik.stores.postgres import Postgres, as_role
from sonik.stores.vectors import Vectors
from sonik.sync.carrier import Progress
from sonik.sync.drift import Comparison, compare
from sonik.sync.graph_sink import GraphSink
from sonik.sync.projector import Projector, wait_until_projected
from sonik.sync.source import Sink
from sonik.sync.state import SyncReport, read_report, retry_dead_letters
from sonik.sync.vector_sink import VectorSink
from sonik.truth.migrate import migrate
from sonik.types import Scope

logger = logging.getLogger(__name__)

WRITER = "sonik_writer"
READER = "sonik_reader"
OWNER = "sonik"


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """Where the servers are: PostgreSQL for each role, and the graph server (a socket path or redis://)."""

    owner: str
    writer: str
    reader: str
    graph: str


class Engine:
    """Everything Sonik can do, over one set of open stores. Use `async with Engine.open(settings) as engine`."""

    def __init__(
        self, *, settings: Settings, postgres: Postgres, graphs: Graphs, vectors: Vectors, embedder: Embedder,
        vocabulary: Vocabulary,
    ) -> None:  # fmt: skip
        clock = Clock.frozen(settings.now)
        self.settings = settings
        self.clock = clock
        self.vocabulary = vocabulary
        self.cursor_key = settings.cursor_key()
        self.log = TraversalLog(postgres=postgres, clock=clock)
        self._postgres = postgres
        self._graphs = graphs
        self._vectors = vectors
        self._sinks: dict[str, Sink] = {
            "graph": GraphSink(postgres=postgres, graphs=graphs, clock=clock),
            "vectors": VectorSink(postgres=postgres, vectors=vectors, embedder=embedder),
        }
        self._projector = Projector(postgres=postgres, sinks=tuple(self._sinks.values()))
        market = settings.market
        self._lister = Lister(
            postgres=postgres, vocabulary=vocabulary, clock=clock, log=self.log, default_market=market
        )
        self._searcher = Searcher(
            sources=Sources(postgres=postgres, vectors=vectors, embedder=embedder), graphs=graphs,
            vocabulary=vocabulary, clock=clock, log=self.log, edge_budget=settings.edge_budget, default_market=market,
        )  # fmt: skip
        self._describer = Describer(postgres=postgres, vocabulary=vocabulary, clock=clock)
        self._traverser = Traverser(
            postgres=postgres, graphs=graphs, bridge=Bridge(vectors=vectors), log=self.log,
            edge_budget=settings.edge_budget,
        )  # fmt: skip

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        settings: Settings,
        *,
        project: bool = True,
        replace_vectors: bool = False,
        embedder: Embedder | None = None,
    ) -> AsyncIterator["Engine"]:
        """Open all stores, starting embedded servers where no address is set; close them on the way out.

        Args:
            settings: where the stores are and how they behave.
            project: carry changes on in the background, whenever no other process does.
            replace_vectors: begin the vectors anew even if another model made them.
            embedder: your own in place of the one the settings name.
        """
        async with AsyncExitStack() as stack:
            embedder = embedder or open_embedder(settings)
            warming = asyncio.create_task(embedder.warm())
            stack.push_async_callback(_settled, warming)
            addresses = await _addresses(settings, stack)
            await migrate(addresses.owner)
            timeout = settings.store_timeout_seconds
            postgres = await stack.enter_async_context(
                Postgres(
                    writer=addresses.writer, reader=addresses.reader, pool_size=settings.pool_size,
                    timeout_seconds=timeout,
                )
            )  # fmt: skip
            graphs = await stack.enter_async_context(Graphs(addresses.graph, timeout_seconds=timeout))
            await graphs.prepare()
            vectors = await stack.enter_async_context(
                await Vectors.open(
                    settings.lance_path, model=embedder.model, dimension=embedder.dimension, replace=replace_vectors
                )
            )
            async with postgres.writing() as session:
                legends = await load_legends(session)
            engine = cls(
                settings=settings, postgres=postgres, graphs=graphs, vectors=vectors, embedder=embedder,
                vocabulary=Vocabulary(markets=tuple(legends.markets.values()), genres=legends.genres),
            )  # fmt: skip
            stack.push_async_callback(engine.log.flush)
            background = [engine.log.run(), *([engine._projector.run()] if project else [])]
            for work in background:
                task = asyncio.create_task(work)
                task.add_done_callback(_tell)
                stack.push_async_callback(_cancelled, task)
            await warming
            yield engine

    async def search(self, question: Question, *, scope: Scope) -> Answer:
        """Answer a question in words, as far as the lens shows it."""
        through = permitted(lens(question.lens), scope)
        return seen(await self._searcher.search(question, scope=scope), through=through, scope=scope)

    async def whats_on(self, wish: Wish, *, scope: Scope) -> Programme:
        """List the events of a window."""
        return await self._lister.whats_on(wish, scope=scope)

    async def entity(
        self, ref: str, *, include: Collection[str], scope: Scope, as_of: datetime | None = None
    ) -> Portrait:
        """Return one entity with the sections asked for, now or as of a moment."""
        scope = replace(scope, as_of=as_of or scope.as_of)
        portrait = await portray(self._postgres, ref, include=include, scope=scope, clock=self.clock)
        return contact_free(portrait, scope=scope)

    async def traverse(self, asked: Traversal, *, scope: Scope) -> Findings:
        """Walk a named pattern from one entity."""
        return await self._traverser.traverse(asked, scope=scope)

    async def describe(self, topic: str, name: str | None = None, *, scope: Scope) -> tuple[Described, ...]:
        """Tell what Sonik is made of."""
        return await self._describer.describe(topic, name, scope=scope)

    async def refs_starting(self, prefix: str, *, scope: Scope, limit: int = 20) -> list[str]:
        """Return the refs of entities one of whose names begins so."""
        return await refs_starting(self._postgres, prefix, scope=scope, limit=limit)

    def as_of(self, scope: Scope, moment: datetime | None = None) -> str:
        """Return the moment an answer speaks of, ISO 8601 in UTC to the second."""
        return (moment or scope.as_of or self.clock.now()).astimezone(UTC).isoformat(timespec="seconds")

    async def ingest(
        self, rows: Iterable[Row], *, delivery: Delivery, mapping: FieldMapping | None = None,
        watch: Watcher | None = None,
    ) -> Intake:  # fmt: skip
        """Take records in and return a receipt for each."""
        return await ingest(self._postgres, rows, delivery=delivery, clock=self.clock, mapping=mapping, watch=watch)

    async def wait_projected(self, intake: Intake, *, seconds: float) -> None:
        """Wait until every sink shows what an intake wrote.

        Raises:
            OutOfTime: it takes longer than `seconds`.
        """
        sinks = tuple(self._sinks)
        if not await wait_until_projected(self._postgres, intake.position, sinks=sinks, seconds=seconds):
            raise OutOfTime(
                f"The sinks are not there after {seconds:g} s; nothing is lost.",
                next_step="See `sonik sync status`; `sonik sync run` projects.",
            )
        await self._vectors.refresh()

    async def project(self) -> None:
        """Carry changes on until cancelled, whenever this process holds the lease."""
        await self._projector.run()

    async def rebuild(self, sink: str) -> int:
        """Empty a sink and fill it from truth; return how many rows were projected.

        Raises:
            InvalidInput: there is no such sink.
        """
        if sink not in self._sinks:
            hint = did_you_mean(sink, list(self._sinks))
            raise InvalidInput(f"Unknown sink '{sink[:40]}'.", next_step=hint, field="sink")
        return await self._projector.rebuild_once(self._sinks[sink])

    @property
    def progress(self) -> Progress:
        """What this process's projector has done."""
        return self._projector.progress

    async def sync_report(self) -> SyncReport:
        """Return how far every sink is."""
        return await read_report(self._postgres, tuple(self._sinks.values()))

    async def retry_dead_letters(self) -> int:
        """Put every dead letter back into the outbox."""
        return await retry_dead_letters(self._postgres)

    async def compare(self) -> list[Comparison]:
        """Compare every sink with truth, row by row."""
        return await compare(postgres=self._postgres, graphs=self._graphs, vectors=self._vectors)

    async def checkpoint(self) -> None:
        """Save the graph now, and prune what the snapshot covers."""
        await self._projector.checkpoint()


async def _addresses(settings: Settings, stack: AsyncExitStack) -> Addresses:
    """Return the servers the settings name, or else those of the embedded set."""
    if settings.postgres_url and settings.falkordb_url:
        owner = settings.postgres_url.get_secret_value()
        named = settings.postgres_reader_url
        return Addresses(
            owner=owner,
            writer=as_role(owner, WRITER),
            reader=named.get_secret_value() if named else as_role(owner, READER),
            graph=settings.falkordb_url.get_secret_value(),
        )
    if settings.postgres_url or settings.falkordb_url:
        raise Misconfigured(
            "Only one of PostgreSQL and FalkorDB has an address.",
            next_step="Set both SONIK_POSTGRES_URL and SONIK_FALKORDB_URL, or neither for the embedded servers.",
        )
    share = await embedded.attach(settings)
    stack.push_async_callback(embedded.close, share)
    stack.push_async_callback(_cancelled, asyncio.create_task(embedded.watch(share)))
    owner, writer, reader = (share.postgres_dsn(role) for role in (OWNER, WRITER, READER))
    return Addresses(owner=owner, writer=writer, reader=reader, graph=str(share.redis_socket))


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _tell(task: "asyncio.Task[None]") -> None:
    """Say at once that background work ended by an error: it is raised only when the engine closes."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.critical("background work has ended", exc_info=error)


async def _settled(task: "asyncio.Task[None]") -> None:
    """Let a task that cannot be interrupted come to its end; its error was, or will be, told elsewhere."""
    await asyncio.wait([task])
