"""The composition root: opens the stores, wires the rooms together, closes them. It only delegates."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from sonik.access.keys import Keys
from sonik.access.passwords import Passwords
from sonik.access.people import People
from sonik.access.sessions import Sessions
from sonik.audit import sealing
from sonik.audit.auditor import Auditor
from sonik.audit.log import CallLog
from sonik.clock import Clock
from sonik.errors import InvalidInput, OutOfTime, did_you_mean
from sonik.growth.organiser import Organiser
from sonik.ingest import background
from sonik.ingest.background import BackgroundIngest
from sonik.ingest.files import Row
from sonik.ingest.identify import Candidate, Identified, identify
from sonik.ingest.intake import Delivery
from sonik.ingest.mapping import FieldMapping
from sonik.ingest.receipts import Intake
from sonik.ingest.stream import Watcher, ingest
from sonik.ingest.upsert import Upsert, Upserted, upsert
from sonik.jobs import retention
from sonik.jobs.desk import Jobs
from sonik.jobs.job import Handler
from sonik.jobs.retention import DAILY, Retention
from sonik.jobs.worker import Worker
from sonik.knowledge.delivery import ingest_documents
from sonik.learning import writeback
from sonik.learning.insights import Insights
from sonik.learning.learner import Learner
from sonik.learning.log import TraversalLog
from sonik.memory.notes import Notebook
from sonik.memory.recall import Recalled, Sought, recall
from sonik.open_stores import OpenStores, open_stores
from sonik.retrieval.ablation import Part, ablated
from sonik.retrieval.answer import Answer
from sonik.retrieval.bridge import Bridge
from sonik.retrieval.describe import Described, Describer
from sonik.retrieval.entity import Portrait, portray
from sonik.retrieval.kept import KeptAnswers
from sonik.retrieval.lenses import lens, permitted
from sonik.retrieval.listing import Lister, Programme, Wish
from sonik.retrieval.missing import SparedTexts
from sonik.retrieval.passages import PassageSearcher
from sonik.retrieval.quality import Quality, read_quality
from sonik.retrieval.question import Question
from sonik.retrieval.redaction import contact_free, seen
from sonik.retrieval.refs import refs_starting
from sonik.retrieval.search import Searcher
from sonik.retrieval.seeds import Sources
from sonik.retrieval.traversal import Findings, Traversal
from sonik.retrieval.traverse import Traverser
from sonik.retrieval.vocabulary import Vocabulary
from sonik.settings import Settings
from sonik.stores.cancellation import cancelled, settled
from sonik.stores.embedding import Embedder, open_embedder
from sonik.stores.health import health
from sonik.sync.carrier import Progress
from sonik.sync.drift import Comparison, compare
from sonik.sync.graph_sink import GraphSink
from sonik.sync.herald import Herald
from sonik.sync.projected import Projected
from sonik.sync.projector import Projector, last_change, wait_until_projected
from sonik.sync.source import Sink
from sonik.sync.sources import SourceState, read_sources
from sonik.sync.state import Lags, SyncReport, read_lags, read_report, retry_dead_letters
from sonik.sync.vector_sink import VectorSink
from sonik.types import JsonObject, Scope

logger = logging.getLogger(__name__)

SCHEDULE = (DAILY, writeback.HOURLY, sealing.HOURLY)


class Engine:
    """Everything Sonik can do, over one set of open stores. Use `async with Engine.open(settings) as engine`."""

    def __init__(
        self, *, settings: Settings, stores: OpenStores, without: Collection[Part] = (), clock: Clock | None = None,
        calls: CallLog | None = None,
    ) -> None:  # fmt: skip
        postgres, graphs, vectors, embedder = stores.postgres, stores.graphs, stores.vectors, stores.embedder
        legends, cache = stores.legends, stores.cache
        clock = clock or Clock.frozen(settings.now)
        self.settings = settings
        self.clock = clock
        self.vocabulary = vocabulary = Vocabulary(markets=tuple(legends.markets.values()), genres=legends.genres)
        self._legends = legends
        self.buckets = stores.buckets
        self.signals = stores.signals
        self.cursor_key = settings.key_for("cursor")
        self.consent_key = settings.key_for("consent")
        self.keys = Keys(postgres=postgres, clock=clock)
        self._passwords = passwords = Passwords()
        self.people = People(postgres=postgres, clock=clock, passwords=passwords)
        self.sessions = Sessions.of(settings, postgres=postgres, clock=clock, passwords=passwords)
        self.calls = CallLog(clock=clock) if calls is None else calls
        self.auditor = Auditor.of(settings, postgres=postgres, clock=clock)
        self.log = TraversalLog(postgres=postgres, clock=clock)
        self.learner = Learner(postgres=postgres, clock=clock, log=self.log, cap=settings.learning_cap)
        self.insights = Insights(postgres=postgres, clock=clock, log=self.log)
        self.organiser = Organiser(postgres=postgres, clock=clock, log=self.log, traces_days=settings.keep_traces_days)
        self.notebook = Notebook(postgres=postgres, clock=clock, log=self.log, legends=legends)
        self._postgres = postgres
        self._graphs = graphs
        self._vectors = vectors
        self._cache = cache
        self._sinks: dict[str, Sink] = {
            "graph": GraphSink(postgres=postgres, graphs=graphs),
            "vectors": VectorSink(postgres=postgres, vectors=vectors, embedder=embedder),
        }
        herald = Herald(postgres=postgres, signals=stores.signals, clock=clock)
        self._projector = Projector(postgres=postgres, sinks=tuple(self._sinks.values()), herald=herald)
        worker = Worker(postgres=postgres, handlers=self._handlers(), clock=clock, schedule=SCHEDULE)
        self.jobs = Jobs(postgres=postgres, clock=clock, worker=worker)
        self.kept = None if cache is None or without else KeptAnswers(
            cache=cache, postgres=postgres, clock=clock, projected=Projected(graphs=stores.walked, vectors=vectors),
            ttl_seconds=settings.cache_ttl_seconds,
        )  # fmt: skip
        self._lister = Lister(
            postgres=postgres, vocabulary=vocabulary, clock=clock, log=self.log, default_market=settings.market
        )
        sources = Sources(postgres=postgres, vectors=stores.searched, embedder=embedder)
        sources, walked, read = ablated(sources, stores.walked, without)
        self._searcher = Searcher(
            sources=sources, graphs=walked, vocabulary=vocabulary, clock=clock, log=self.log,
            edge_budget=settings.edge_budget, default_market=settings.market, kept=self.kept, read=read,
        )  # fmt: skip
        self._passages = PassageSearcher(
            sources=sources, graphs=walked, clock=clock, log=self.log, edge_budget=settings.passage_edge_budget
        )
        self._describer = Describer(postgres=postgres, vocabulary=vocabulary, clock=clock)
        self._zones = {slug: market.zone for slug, market in legends.markets.items()}
        self._traverser = Traverser(
            postgres=postgres, graphs=stores.walked, bridge=Bridge(vectors=SparedTexts(stores.searched)), clock=clock,
            log=self.log, zones=self._zones, edge_budget=settings.edge_budget,
        )  # fmt: skip

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Settings, *, project: bool = True, work: bool = False, replace_vectors: bool = False,
        embedder: Embedder | None = None, without: Collection[Part] = (), clock: Clock | None = None,
        calls: CallLog | None = None,
    ) -> AsyncIterator["Engine"]:  # fmt: skip
        """Open all stores, starting embedded servers where no address is set; close them on the way out.

        Args:
            settings: where the stores are and how they behave.
            project: carry changes on in the background, whenever no other process does.
            work: do jobs in the background, beside the other processes that do.
            replace_vectors: begin the vectors anew even if another model made them.
            embedder: your own in place of the one the settings name.
            without: parts that searches do without, to measure what they are worth.
            clock: your own in place of the system's, or of the moment that the settings name.
            calls: where calls are noted, if they are before it is open.
        """
        async with AsyncExitStack() as stack:
            embedder = embedder or open_embedder(settings)
            warming = asyncio.create_task(embedder.warm())
            stack.push_async_callback(settled, warming)
            opening = open_stores(settings, embedder=embedder, replace_vectors=replace_vectors)
            stores = await stack.enter_async_context(opening)
            engine = cls(settings=settings, stores=stores, without=without, clock=clock, calls=calls)
            stack.push_async_callback(engine.log.flush)
            stack.push_async_callback(engine.calls.flush, stores.postgres)
            stack.push_async_callback(engine.keys.close)
            stack.callback(engine._passwords.close)
            running = [engine.log.run(), engine.calls.run(stores.postgres)]
            running += [engine._projector.run()] if project else []
            running += [engine.jobs.work()] if work else []
            for coroutine in running:
                task = asyncio.create_task(coroutine)
                task.add_done_callback(_tell)
                stack.push_async_callback(cancelled, task)
            await warming
            yield engine

    async def health(self) -> dict[str, bool]:
        """Say of every store whether it can be read."""
        return await health(self._postgres, self._graphs, self._vectors, self._cache)

    async def search(self, question: Question, *, scope: Scope) -> Answer:
        """Answer a question in words, as far as the lens shows it."""
        through = permitted(lens(question.lens), scope)
        over_documents = await self._passages.is_asked(question, scope=scope)
        searcher = self._passages if over_documents else self._searcher
        return seen(await searcher.search(question, scope=scope), through=through, scope=scope)

    async def whats_on(self, wish: Wish, *, scope: Scope) -> Programme:
        """List the events of a window."""
        return await self._lister.whats_on(wish, scope=scope)

    async def evening(self, market: str, *, scope: Scope) -> str:
        """Return a digest of what a caller sees of tonight in a market: another one if anything of it is another."""
        return await self._lister.evening(market, scope=scope)

    async def entity(
        self, ref: str, *, include: Collection[str], scope: Scope, as_of: datetime | None = None
    ) -> Portrait:
        """Return one entity with the sections asked for, now or as of a moment."""
        scope = replace(scope, as_of=as_of or scope.as_of)
        portrait = await portray(
            self._postgres, ref, include=include, scope=scope, clock=self.clock, zones=self._zones
        )  # fmt: skip
        return contact_free(portrait, scope=scope)

    async def traverse(self, asked: Traversal, *, scope: Scope) -> Findings:
        """Walk a named pattern from one entity."""
        return await self._traverser.traverse(asked, scope=scope)

    async def recall(self, sought: Sought, *, scope: Scope) -> Recalled:
        """Return notes of earlier sessions."""
        return await recall(self._searcher.sources, sought, scope=scope)

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

    async def ingest_documents(
        self, rows: Iterable[Row], *, delivery: Delivery, triples: Iterable[Row] = (), watch: Watcher | None = None
    ) -> Intake:
        """Take documents into the knowledge graph, with what was extracted from them, and return a receipt for each."""
        return await ingest_documents(
            self._postgres, rows, delivery=delivery, clock=self.clock, triples=triples, watch=watch
        )

    async def ingest_later(
        self, rows: Iterable[Row], *, delivery: Delivery, mapping: FieldMapping | None = None
    ) -> UUID:
        """Keep records to be taken in by a job, and return its id; a worker here or elsewhere does it."""
        return await background.submit(self._postgres, rows, delivery=delivery, clock=self.clock, mapping=mapping)

    async def upsert(self, records: Sequence[JsonObject], *, told: Upsert, scope: Scope) -> Upserted:
        """Take a few records in at once, with the cursor of their source; rehearsed unless told otherwise."""
        return await upsert(self._postgres, records, told=told, scope=scope, clock=self.clock)

    async def resolve(self, candidates: Sequence[Candidate], *, scope: Scope) -> list[Identified]:
        """Say who each candidate is, as ingest would settle it; nothing is written."""
        return await identify(self._postgres, candidates, scope=scope, legends=self._legends, clock=self.clock)

    async def wait_projected(self, intake: Intake | None = None, *, seconds: float) -> None:
        """Wait until every sink shows what an intake wrote, or all that is written by now.

        Raises:
            OutOfTime: it takes longer than `seconds`.
        """
        sinks = tuple(self._sinks)
        position = intake.position if intake else await last_change(self._postgres)
        if not await wait_until_projected(self._postgres, position, sinks=sinks, seconds=seconds):
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
        rows = await self._projector.rebuild_once(self._sinks[sink])
        if self.kept is not None:
            await self.kept.clear()  # truth itself may be another: one that was restored counts on from where it was
        return rows

    def _handlers(self) -> dict[str, Handler]:
        """Return how each kind of job is done."""
        return {
            background.NAME: BackgroundIngest(postgres=self._postgres, clock=self.clock).handler,
            sealing.NAME: self.auditor.handler,
            retention.NAME: Retention.of(self.settings, clock=self.clock).handler,
            **self.learner.handlers,
        }

    @property
    def progress(self) -> Progress:
        """What this process's projector has done."""
        return self._projector.progress

    async def sync_report(self) -> SyncReport:
        """Return how far every sink is."""
        return await read_report(self._postgres, tuple(self._sinks.values()))

    async def source_states(self, *, scope: Scope) -> list[SourceState]:
        """Return how far every source of the caller's collection is."""
        return await read_sources(self._postgres, scope=scope)

    async def quality(self, *, scope: Scope) -> Quality:
        """Return how good the data is that the caller may see."""
        return await read_quality(self._postgres, scope=scope, clock=self.clock)

    async def lags(self) -> Lags:
        """Return how far every sink is behind, as truth knows it."""
        return await read_lags(self._postgres)

    async def retry_dead_letters(self) -> int:
        """Put every dead letter back into the outbox."""
        return await retry_dead_letters(self._postgres)

    async def compare(self) -> list[Comparison]:
        """Compare every sink with truth, row by row."""
        return await compare(postgres=self._postgres, graphs=self._graphs, vectors=self._vectors)

    async def checkpoint(self) -> None:
        """Save the graph now, and prune what the snapshot covers."""
        await self._projector.checkpoint()


def _tell(task: "asyncio.Task[None]") -> None:
    """Say at once that background work ended by an error: it is raised only when the engine closes."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.critical("background work has ended", exc_info=error)
