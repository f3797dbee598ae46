"""What a search takes, step by step, and what of it is Sonik's own: against the same store calls without Sonik."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import perf_counter, process_time

from sonik.engine import Engine
from sonik.retrieval.question import Question
from sonik.types import JsonObject, JsonValue, Trace
from tests.bench.bare import BareClient
from tests.bench.homes import READER, Homes
from tests.bench.questions import QUESTIONS
from tests.bench.recording import Recording, record
from tests.bench.spread import median, spread, without_gc

WARM_UP_ROUNDS = 2
ROUNDS = 8


@dataclass(kw_only=True, slots=True)
class Laps:
    """Wall and CPU milliseconds of the same work, again and again."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    async def add(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do the work and note what it took."""
        started, burnt = perf_counter(), process_time()
        await work()
        self.wall.append((perf_counter() - started) * 1000)
        self.cpu.append((process_time() - burnt) * 1000)


@dataclass(kw_only=True, slots=True)
class Contest:
    """Sonik and the bare client, asked the same in turns."""

    engine: Engine
    bare: BareClient
    whole: Laps = field(default_factory=Laps)
    replayed: Laps = field(default_factory=Laps)
    stages: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    async def ask(self, query: str, recording: Recording, *, bare_first: bool) -> None:
        """Time both; whoever comes second finds the stores' caches warm, so they take turns."""
        if bare_first:
            await self.replayed.add(lambda: self.bare.replay(recording))
        await self.whole.add(lambda: self._search(query))
        if not bare_first:
            await self.replayed.add(lambda: self.bare.replay(recording))

    async def _search(self, query: str) -> None:
        answer = await self.engine.search(Question(query=query), scope=READER)
        self._note(answer.trace)

    def _note(self, trace: Trace) -> None:
        taken: dict[str, float] = defaultdict(float)
        for step in trace.steps:
            taken[step.name] += step.ms
        for name, ms in taken.items():
            self.stages[name].append(ms)


async def searching(homes: Homes) -> JsonObject:
    """Ask every question in rounds, question by question with its bare calls."""
    filling = await homes.filled()
    async with Engine.open(filling.settings) as engine, BareClient.open(engine, filling.settings) as bare:
        recordings = {query: await _recorded(engine, bare, query) for query in QUESTIONS}
        for _ in range(WARM_UP_ROUNDS):
            await _round(Contest(engine=engine, bare=bare), recordings, bare_first=False)
        contest = Contest(engine=engine, bare=bare)
        for turn in range(ROUNDS):
            await _round(contest, recordings, bare_first=turn % 2 == 1)
    return {
        "search_ms": {**spread(contest.whole.wall), "stages": _medians(contest.stages)},
        "bare_ms": spread(contest.replayed.wall),
        "engine_ratio": round(median(contest.whole.wall, digits=4) / median(contest.replayed.wall, digits=4), 3),
        "own_cpu_ms": _difference(contest.whole.cpu, contest.replayed.cpu),
        "search_cpu_ms": median(contest.whole.cpu),
        "bare_cpu_ms": median(contest.replayed.cpu),
        "questions": len(QUESTIONS),
        "records": filling.records,
        "project_records_per_s": filling.projected_per_s,
    }


async def _recorded(engine: Engine, bare: BareClient, query: str) -> Recording:
    """Record a search and make sure that the bare calls bring the same rows."""
    recording = await record(engine, query)
    found = await bare.replay(recording)
    if found != recording.found:
        raise RuntimeError(f"the bare calls of {query!r} bring {found} rows, the search {recording.found}")
    return recording


async def _round(contest: Contest, recordings: dict[str, Recording], *, bare_first: bool) -> None:
    with without_gc():
        for query, recording in recordings.items():
            await contest.ask(query, recording, bare_first=bare_first)


def _medians(stages: dict[str, list[float]]) -> dict[str, JsonValue]:
    return {name: median(taken) for name, taken in stages.items()}


def _difference(whole: list[float], bare: list[float]) -> float:
    return median([mine - theirs for mine, theirs in zip(whole, bare, strict=True)])
