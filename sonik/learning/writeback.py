"""The write-back: traces and verdicts become evidence, and evidence becomes what edges have learned, step by step.

Each step is one transaction that moves its place in the log together with what it drew from it, so that a run that is
killed goes on where it stopped, and a second run over the same log finds nothing left.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from sonik.clock import Clock
from sonik.ingest.stream import Within
from sonik.jobs.job import Action, Handler, Run, Step
from sonik.jobs.schedule import Every
from sonik.learning.verdicts import REWARDS
from sonik.learning.voices import ORGANISATION_CAP, Voice, learned
from sonik.sql import queries
from sonik.stores.postgres import Postgres, jsonb
from sonik.sync.weights import HALF_LIFE_DAYS
from sonik.truth.rows import Changes, Position
from sonik.truth.unit import Purpose, unit_of_work
from sonik.types import JsonObject
from sonik.watch import counted

SQL = queries("learning")
NAME = "learning"
HOURLY = Every(name=NAME, seconds=3600)
BATCH = 500
STREAMS = ("traces", "verdicts")


@dataclass(frozen=True, kw_only=True, slots=True)
class Lesson:
    """What an edge has learned through a lens, as truth keeps it."""

    eid: UUID
    lens: str
    learned: float
    traversals: int
    rewards: float
    last_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class WriteBack:
    """Does the jobs that learn. `cap` is the most that one organisation can move an edge."""

    postgres: Postgres
    clock: Clock
    cap: float = ORGANISATION_CAP
    batch: int = BATCH

    @property
    def handler(self) -> Handler:
        """How the worker calls it."""
        return Handler(work=self.work)

    async def work(self, run: Run) -> None:
        """Take in every new trace and verdict, then weigh every edge that has new evidence or has faded."""
        for stream in STREAMS:
            await _repeated(run, stream, partial(self._draw, run, stream))
        await run.step("mark", partial(self._mark, run))
        await self.weigh(run)

    async def weigh(self, run: Run) -> None:
        """Weigh every edge that waits for it."""
        await _repeated(run, "weigh", partial(self._weigh, run))

    async def _draw(self, run: Run, stream: str, step: Step) -> JsonObject:
        """Draw evidence from the next batch of a stream, and move its place on."""
        (place,) = await step.session.fetch(Position, SQL["place"], {"stream": stream})
        start = {"txid": place.txid, "seq": place.seq}
        (found,) = await step.session.rows(SQL[f"next_{stream}"], {**start, "limit": self.batch})
        rows = int(str(found["rows"]))
        if rows:
            begun = {"run": run.job.id, "now": self.clock.now(), "actor": run.job.actor}
            await step.session.execute(SQL["begin_run"], begun)
            batch = {**start, "to_txid": found["txid"], "to_seq": found["seq"], "run": run.job.id}
            await step.session.execute(SQL[f"learn_{stream}"], {**batch, "rewards": jsonb(REWARDS)})
            moved = {"stream": stream, "txid": found["txid"], "seq": found["seq"]}
            await step.session.execute(SQL["move_place"], moved)
        _count(run, step, stream, rows)
        return {"more": rows == self.batch}

    async def _mark(self, run: Run, step: Step) -> JsonObject:
        return {"edges": await step.session.execute(SQL["mark_unweighed"], {"run": run.job.id})}

    async def _weigh(self, run: Run, step: Step) -> JsonObject:
        """Weigh the next edges, and send those that changed on to the graphs."""
        today = self.clock.now().astimezone(UTC).date()
        limits = {"today": today, "limit": self.batch}
        before = await step.session.fetch(Lesson, SQL["unweighed"], limits)
        if not before:
            _count(run, step, "edges", 0)
            return {"more": False}
        asked = {"eids": [known.eid for known in before], "lenses": [known.lens for known in before]}
        faded_to = {"today": today, "half_life": HALF_LIFE_DAYS}
        voices = await step.session.fetch(Voice, SQL["voices"], {**asked, **faded_to})
        lessons = self._lessons(before, voices)
        changes = Changes(relearned={after.eid for known, after in zip(before, lessons, strict=True) if after != known})
        purpose = Purpose(action="learn", scope=run.job.scope, adds=False)
        async with unit_of_work(Within(step.session), purpose=purpose, clock=self.clock) as unit:
            rows = [asdict(lesson) for lesson in lessons]
            await unit.session.execute(SQL["put_lessons"], {"rows": jsonb(rows), "today": today})
            await unit.save(changes)
            await unit.audit({"job": str(run.job.id), "edges": len(changes.relearned)})
        _count(run, step, "edges", len(changes.relearned))
        counted("weights_learned", len(changes.relearned))
        return {"more": len(before) == self.batch}

    def _lessons(self, before: Sequence[Lesson], voices: Sequence[Voice]) -> list[Lesson]:
        heard: dict[tuple[UUID, str], list[Voice]] = defaultdict(list)
        for voice in voices:
            heard[voice.eid, voice.lens].append(voice)
        return [_lesson(known, heard[known.eid, known.lens], cap=self.cap) for known in before]


async def _repeated(run: Run, name: str, action: Action) -> None:
    """Do a step again and again, until it says that there is no more."""
    number = 0
    while (await run.step(f"{name}:{number}", action))["more"]:
        number += 1


def _count(run: Run, step: Step, name: str, more: int) -> None:
    step.progress(done=run.job.done + more)
    step.summarise({**run.job.summary, name: int(str(run.job.summary.get(name, 0))) + more})


def _lesson(known: Lesson, voices: Sequence[Voice], *, cap: float) -> Lesson:
    return Lesson(
        eid=known.eid, lens=known.lens, learned=learned(voices, cap=cap),
        traversals=sum(voice.walks for voice in voices), rewards=round(sum(voice.rewards for voice in voices), 4),
        last_at=max((voice.last_at for voice in voices), default=None),
    )  # fmt: skip
