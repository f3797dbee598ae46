"""What the semantic cache is worth: questions answered twice that should be, and should not be, and how fast."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter

from pydantic_core import to_json
from scipy.stats import binomtest

from eval.pairs import Pair, near_duplicates, paraphrases
from eval.significance import Estimate
from eval.tables import Sheet, percent
from sonik.engine import Engine
from sonik.errors import StoreUnavailable
from sonik.identity.sighting import Source
from sonik.ingest.files import rows_of
from sonik.ingest.intake import Delivery
from sonik.ingest.samples import medellin
from sonik.retrieval.answer import Answer
from sonik.retrieval.kept import KeptAnswers
from sonik.retrieval.question import Question
from sonik.settings import Settings
from sonik.types import Scope

SATURDAY = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)  # 15:00 in Medellín
READER = Scope()
REPEATS = 15
PATIENCE_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """How many of some pairs were answered from the cache, and the share with its exact 95 % interval."""

    hits: int
    pairs: int

    @property
    def share(self) -> Estimate:
        """Return the share (Clopper-Pearson)."""
        interval = binomtest(self.hits, self.pairs).proportion_ci()
        return Estimate(mean=self.hits / self.pairs, low=float(interval.low), high=float(interval.high))


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheFigures:
    """`valid`: the same in other words, and answered from the cache; `false`: a slot differs, and answered so too.

    Medians in milliseconds: a whole exact hit, a semantic hit beside the embedding, and a search.
    """

    valid: Rate
    false: Rate
    exact_ms: float
    semantic_ms: float
    missed_ms: float

    def sheet(self) -> Sheet:
        """Return them as a table."""
        rows = [
            ("valid hits", _rate(self.valid), _interval(self.valid)),
            ("false hits", _rate(self.false), _interval(self.false)),
            ("exact hit, ms", f"{self.exact_ms:.2f}", ""),
            ("semantic hit beside the embedding, ms", f"{self.semantic_ms:.2f}", ""),
            ("search, ms", f"{self.missed_ms:.2f}", ""),
        ]
        return Sheet(title="The semantic cache", head=("figure", "found", "95 % interval"), rows=tuple(rows))

    def json(self) -> str:
        """Return them as JSON."""
        shares = {"valid_hit_rate": asdict(self.valid.share), "false_hit_rate": asdict(self.false.share)}
        return to_json({**asdict(self), **shares}, indent=1).decode() + "\n"


async def measure(home: Path, *, watch: Callable[[], None] = lambda: None) -> CacheFigures:
    """Ask the pairs through the shipped engine over the sample market, in a data directory of its own.

    Raises:
        StoreUnavailable: the cache does not answer, so that there is nothing to measure.
    """
    settings = Settings(home=home, now=SATURDAY, market="medellin", cache="on")
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(Engine.open(settings))
        if engine.kept is None or await engine.kept.cache.count() is None:
            raise StoreUnavailable("The cache does not answer.", next_step="Run `sonik doctor`.")
        await _fill(engine)
        valid = await _hits(engine, engine.kept, paraphrases(), watch=watch)
        false = await _hits(engine, engine.kept, near_duplicates(), watch=watch)
        exact, semantic, missed = await _latencies(engine, engine.kept)
    return CacheFigures(valid=valid, false=false, exact_ms=exact, semantic_ms=semantic, missed_ms=missed)


def way_of(answer: Answer) -> str:
    """Return how an answer came from the cache: "exact", "semantic", or "" where it did not."""
    notes = [step.note for step in answer.trace.steps if step.name == "cache"]
    return next((note for note in notes if note != "miss"), "")


async def _fill(engine: Engine) -> None:
    delivery = Delivery(source=Source(code=medellin.SOURCE), scope=Scope(role="ingest"))
    await engine.ingest(rows_of(medellin.records(SATURDAY)), delivery=delivery)
    await engine.wait_projected(seconds=PATIENCE_SECONDS)


async def _hits(engine: Engine, kept: KeptAnswers, pairs: Sequence[Pair], *, watch: Callable[[], None]) -> Rate:
    """Ask each pair of an empty cache, and count the second questions that got the first one's answer."""
    hits = 0
    for pair in pairs:
        await kept.clear()
        await engine.search(pair.first, scope=READER)
        hits += way_of(await engine.search(pair.second, scope=READER)) != ""
        watch()
    return Rate(hits=hits, pairs=len(pairs))


async def _latencies(engine: Engine, kept: KeptAnswers) -> tuple[float, float, float]:
    """Return the medians of an exact hit, of a semantic one beside the embedding, and of a search."""
    exact: list[float] = []
    semantic: list[float] = []
    missed: list[float] = []
    for pair in paraphrases():
        await kept.clear()
        missed.append(await _timed(engine, pair.first))
        exact += [await _timed(engine, pair.first) for _ in range(REPEATS)]
        for _ in range(REPEATS):
            answer = await engine.search(pair.second, scope=READER)
            if way_of(answer) == "semantic":
                semantic.append(sum(step.ms for step in answer.trace.steps))
    return _median(exact), _median(semantic), _median(missed)


async def _timed(engine: Engine, question: Question) -> float:
    started = perf_counter()
    await engine.search(question, scope=READER)
    return (perf_counter() - started) * 1000


def _median(values: Iterable[float]) -> float:
    found = list(values)
    return median(found) if found else float("nan")


def _rate(rate: Rate) -> str:
    return f"{rate.hits} of {rate.pairs}"


def _interval(rate: Rate) -> str:
    share = rate.share
    return f"{percent(share.mean)} % ({percent(share.low)} to {percent(share.high)})"
