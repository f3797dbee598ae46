"""Sonik itself: the shipped engine over its real stores, with a home and a collection of its own for each set."""

import hashlib
import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Literal, Protocol

from pydantic import BaseModel, ValidationError

import sonik
from eval.dataset import Corpus
from eval.result import write_whole
from eval.systems.dense import CACHE
from eval.systems.system import Entry, System, Workshop
from eval.systems.vector_cache import Remembering
from sonik.errors import InvalidInput
from sonik.identity.sighting import Source
from sonik.ingest.intake import Delivery
from sonik.ingest.receipts import Intake
from sonik.ingest.rows import Row
from sonik.retrieval.answer import Answer
from sonik.retrieval.question import Question
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.stores.embedding import Embedder
from sonik.types import JsonObject, Scope

Part = Literal["graph", "text", "weights", "understanding"]
PARTS: tuple[Part, ...] = ("graph", "text", "weights", "understanding")
"""What an ablation leaves out, one at a time."""

KINDS = ("passage",)
LENS = "knowledge"
SOURCE = Source(code="eval")
PATIENCE_SECONDS = 3600.0
STATE = "eval.json"
# Code that decides what the stores hold; when it changes, a set is taken in anew.
WRITING = ("ontology.py", "sql", "stores", "truth", "identity", "ingest", "knowledge", "sync", "retrieval/phrases.py")


class DocumentEngine(Protocol):
    """What of the engine a set of documents needs."""

    async def ingest_documents(self, rows: Iterable[Row], *, delivery: Delivery) -> Intake:
        """Take documents in and return a receipt for each."""

    async def wait_projected(self, intake: Intake, *, seconds: float) -> None:
        """Wait until every sink shows what an intake wrote."""

    async def search(self, question: Question, *, scope: Scope) -> Answer:
        """Answer a question with ranked hits."""


class Opener(Protocol):
    """Opens the engine over a home, with some of its parts left out."""

    def __call__(
        self, settings: Settings, *, embedder: Embedder, without: tuple[Part, ...]
    ) -> AbstractAsyncContextManager[DocumentEngine]:
        """Return the engine, to be entered."""


class _State(BaseModel):
    """What a home holds, and how long it took; it is written when a set is whole."""

    holds: str
    seconds: float


class SonikSystem:
    """Searches through the engine; each passage of a set is a document under the passage's own id."""

    def __init__(
        self, workshop: Workshop, opener: Opener, *, stack: AsyncExitStack, without: tuple[Part, ...] = ()
    ) -> None:
        """Say how the engine is opened and what of it is left out; `stack` closes it."""
        self._folder = workshop.folder
        self._embedder = Remembering(workshop.embedder, path=workshop.folder / CACHE)
        self._opener = opener
        self._stack = stack
        self._without = without
        self._engine: DocumentEngine | None = None
        self._scope = Scope()

    @property
    def settings(self) -> JsonObject:
        """What of Sonik's settings a ranking depends on."""
        return {
            "embedder": self._embedder.model,
            "edge_budget": Settings().edge_budget,
            "without": ", ".join(self._without),
        }

    async def index(self, corpus: Corpus) -> float:
        """Open the home of a set, and take the set in unless it is there whole."""
        home = self._folder / "homes" / corpus.name
        settings = Settings(home=home, collection=corpus.name)
        self._scope = Scope(collection=corpus.name)
        holds = f"{corpus.digest} {self._embedder.model} {_code()}"
        state = _read(home / STATE)
        if state is None or state.holds != holds:
            await embedded.down(Settings(home=home), force=True)
            shutil.rmtree(home, ignore_errors=True)
            state = None
        opening = self._opener(settings, embedder=self._embedder, without=self._without)
        self._engine = await self._stack.enter_async_context(opening)
        if state is None:
            state = _State(holds=holds, seconds=await self._take_in(corpus, self._engine))
            write_whole(home / STATE, state.model_dump_json() + "\n")
        return state.seconds

    async def search(self, question: str, k: int) -> list[str]:
        """Return the passages among the hits, by the ids they have in the set."""
        if self._engine is None:
            return []
        asked = Question(query=question, kinds=KINDS, lens=LENS, limit=k)
        answer = await self._engine.search(asked, scope=self._scope)
        return [str(hit.card.metadata["external_id"]) for hit in answer.hits]

    async def _take_in(self, corpus: Corpus, engine: DocumentEngine) -> float:
        rows = [
            Row(line=line, content={"id": passage.id, "title": passage.title, "text": passage.text})
            for line, passage in enumerate(corpus.passages, start=1)
        ]
        started = perf_counter()
        scope = Scope(role="ingest", collection=corpus.name)
        intake = await engine.ingest_documents(rows, delivery=Delivery(source=SOURCE, scope=scope))
        _check(intake)
        await engine.wait_projected(intake, seconds=PATIENCE_SECONDS)
        return perf_counter() - started + self._embedder.spared_seconds


def entries(opener: Opener) -> tuple[Entry, ...]:
    """Return Sonik and its ablations."""
    whole = Entry(name="sonik", about="the engine as it is shipped", open=partial(_open, opener, ()))
    return (
        whole,
        *(
            Entry(name=f"sonik-no-{part}", about=f"the engine without its {part}", open=partial(_open, opener, (part,)))
            for part in PARTS
        ),
    )


@asynccontextmanager
async def _open(opener: Opener, without: tuple[Part, ...], workshop: Workshop) -> AsyncIterator[System]:
    async with AsyncExitStack() as stack:
        yield SonikSystem(workshop, opener, stack=stack, without=without)


def _check(intake: Intake) -> None:
    refused = next((receipt for receipt in intake.receipts if receipt.outcome == "refused"), None)
    if refused is not None:
        told = "; ".join(f"{problem.field}: {problem.reason}" for problem in refused.problems)
        message = f"Sonik refuses passage {refused.line} of the corpus: {told}."
        raise InvalidInput(message, next_step="Correct the passage.", field="dataset")


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
