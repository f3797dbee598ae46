"""Sonik itself: the shipped engine over its real stores, with a home and a collection of its own for each set."""

import hashlib
import shutil
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from pydantic import BaseModel, ValidationError

import sonik
from eval.dataset import Corpus, Frozen
from eval.result import write_whole
from eval.systems.dense import CACHE
from eval.systems.system import System, Workshop
from eval.systems.vector_cache import Remembering
from eval.systems.world import take_in_world
from sonik.engine import Engine
from sonik.errors import InvalidInput
from sonik.identity.sighting import Source
from sonik.ingest.intake import Delivery
from sonik.ingest.receipts import Intake
from sonik.ingest.rows import Row
from sonik.retrieval.ablation import Part
from sonik.retrieval.question import Question
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.types import JsonObject, Scope

KINDS = ("passage",)
LENS = "knowledge"
SOURCE = Source(code="eval")
PATIENCE_SECONDS = 3600.0
STATE = "eval.json"
# Code that decides what the stores hold; when it changes, a set is taken in anew.
WRITING = ("ontology.py", "sql", "stores", "truth", "identity", "ingest", "knowledge", "sync", "retrieval/phrases.py")


class _State(BaseModel):
    """What a home holds, how long it took, and of a world which thing each entity is; written when all is there."""

    holds: str
    seconds: float
    things: dict[str, str]


class SonikSystem:
    """Searches through the engine; each passage of a set is a document under the passage's own id."""

    def __init__(
        self, workshop: Workshop, *, stack: AsyncExitStack, without: Collection[Part] = (), triples: bool = False,
        budget: int | None = None,
    ) -> None:  # fmt: skip
        """Say where homes are; the engine is opened when there is a set, and closed by `stack`.

        With `triples`, what a language model read in the passages is taken in beside them. `budget` is the most edges
        a question may fetch, in place of what the settings say.
        """
        self._without = tuple(without)
        self._triples = triples
        self._budgets = _budgets(budget)
        self._folder = workshop.folder
        self._embedder = Remembering(workshop.embedder, path=workshop.folder / CACHE)
        self._stack = stack
        self._engine: Engine | None = None
        self._scope = Scope()
        self._is_world = False
        self._things: dict[str, str] = {}

    @property
    def settings(self) -> JsonObject:
        """What of Sonik's settings a ranking depends on."""
        told: JsonObject = {"embedder": self._embedder.model, **self._budgets}
        return {**told, "without": list(self._without)} if self._without else told

    async def index(self, corpus: Corpus) -> float:
        """Open the home of a set, and take the set in unless it is there whole."""
        told = corpus if self._triples else replace(corpus, extractions={})
        home = self._folder / "homes" / (f"{corpus.name}-triples" if told.extractions else corpus.name)
        settings = _embedded(home, corpus.world, self._budgets)
        self._scope = Scope(collection=corpus.name)
        holds = f"{told.digest} {self._embedder.model} {_code()}"
        state = _read(home / STATE)
        if state is None or state.holds != holds:
            await embedded.down(settings, force=True)
            shutil.rmtree(home, ignore_errors=True)
            state = None
        self._engine = await self._stack.enter_async_context(
            Engine.open(settings, embedder=self._embedder, without=self._without)
        )
        if state is None:
            state = await self._take_in(told, self._engine, holds=holds)
            write_whole(home / STATE, state.model_dump_json() + "\n")
        self._is_world, self._things = corpus.world is not None, state.things
        return state.seconds

    async def search(self, question: str, k: int) -> list[str]:
        """Return the hits by the ids they have in the set; what the set does not know keeps its place."""
        if self._engine is None:
            return []
        asked = Question(query=question, limit=k) if self._is_world else _over_documents(question, k)
        answer = await self._engine.search(asked, scope=self._scope)
        if self._is_world:
            return [self._things.get(str(hit.card.id), f"{hit.card.kind}/{hit.card.ref}") for hit in answer.hits]
        return [str(hit.card.metadata["external_id"]) for hit in answer.hits]

    async def _take_in(self, corpus: Corpus, engine: Engine, *, holds: str) -> _State:
        started = perf_counter()
        scope = Scope(role="ingest", collection=corpus.name)
        if corpus.world is not None:
            intake, things = await take_in_world(engine, corpus.world, scope=scope)
        else:
            intake, things = await _take_in_documents(engine, corpus, scope=scope), {}
        await engine.wait_projected(intake, seconds=PATIENCE_SECONDS)
        seconds = perf_counter() - started + self._embedder.spared_seconds
        return _State(holds=holds, seconds=seconds, things=things)


@asynccontextmanager
async def open_sonik(
    workshop: Workshop, *, without: Collection[Part] = (), triples: bool = False, budget: int | None = None
) -> AsyncIterator[System]:
    """Yield Sonik, all of it or without some parts; its servers stop at the end, its homes stay in the work folder."""
    async with AsyncExitStack() as stack:
        yield SonikSystem(workshop, stack=stack, without=without, triples=triples, budget=budget)


def _budgets(edges: int | None) -> dict[str, int]:
    settings = Settings()
    return {
        "edge_budget": edges or settings.edge_budget, "passage_edge_budget": edges or settings.passage_edge_budget,
    }  # fmt: skip


def _embedded(home: Path, world: Frozen | None, budgets: Mapping[str, int]) -> Settings:
    """Return the settings of a home, whatever servers the environment names: no set is written into those.

    Nothing is kept: what is measured is how an answer is found.
    """
    now = world.now if world else None
    return Settings(
        home=home, now=now, cache="off", postgres_url=None, falkordb_url=None, redis_url=None, lancedb_uri=None,
        edge_budget=budgets["edge_budget"], passage_edge_budget=budgets["passage_edge_budget"],
    )  # fmt: skip


def _over_documents(question: str, k: int) -> Question:
    return Question(query=question, kinds=KINDS, lens=LENS, limit=k)


async def _take_in_documents(engine: Engine, corpus: Corpus, *, scope: Scope) -> Intake:
    """Take passages in as documents.

    Raises:
        InvalidInput: one of them is refused.
    """
    rows = [
        Row(line=line, content={"id": passage.id, "title": passage.title, "text": passage.text})
        for line, passage in enumerate(corpus.passages, start=1)
    ]
    triples = [
        Row(line=line, content={"passage_id": key, "entities": [*one.entities], "triples": [[*t] for t in one.triples]})
        for line, (key, one) in enumerate(corpus.extractions.items(), start=1)
    ]
    intake = await engine.ingest_documents(rows, delivery=Delivery(source=SOURCE, scope=scope), triples=triples)
    refused = next((receipt for receipt in intake.receipts if receipt.outcome == "refused"), None)
    if refused is not None:
        told = "; ".join(f"{problem.field}: {problem.reason}" for problem in refused.problems)
        message = f"Sonik refuses passage {refused.line} of the corpus: {told}."
        raise InvalidInput(message, next_step="Correct the passage.", field="dataset")
    return intake


def _read(path: Path) -> _State | None:
    try:
        return _State.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _code() -> str:
    """Return a hash of the code that decides what the stores hold."""
    found = hashlib.sha256()
    for name in WRITING:
        place = Path(sonik.__file__).parent / name
        files = sorted(path for path in place.rglob("*") if path.suffix in {".py", ".sql"}) or [place]
        for path in (path for path in files if path.is_file()):
            found.update(path.read_bytes())
    return found.hexdigest()[:16]
