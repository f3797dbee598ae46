"""The room's door: verdicts in, runs of the write-back and their taking back, and how learning stands."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sonik.clock import Clock
from sonik.errors import Conflict, InvalidInput, NotFound
from sonik.jobs import queue
from sonik.jobs.job import Handler, Job, Order, Run, Step
from sonik.jobs.worker import Worker
from sonik.learning.log import TraversalLog
from sonik.learning.verdicts import Judged, judge
from sonik.learning.writeback import NAME, WriteBack
from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.truth.unit import Purpose, unit_of_work
from sonik.types import JsonObject, Scope

SQL = queries("learning")
REVERT = "learning.revert"
LOOK_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class LearningRun:
    """A run that drew evidence: how much of it, over how many edges, and when it was taken back, if it was."""

    id: UUID
    at: datetime
    actor: str
    reverted_at: datetime | None
    edges: int
    walks: int
    verdicts: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How learning stands: what waits, what is known, what was lost, and the latest runs."""

    traces_waiting: int
    verdicts_waiting: int
    traces_lost: int
    edges_raised: int
    edges_lowered: int
    edges_to_weigh: int
    runs: tuple[LearningRun, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Learner:
    """Learning over one truth. `cap` is the most that one organisation can move an edge."""

    postgres: Postgres
    clock: Clock
    log: TraversalLog
    cap: float

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """How its jobs are done."""
        return {NAME: self._writeback.handler, REVERT: Handler(work=self._revert)}

    @property
    def _writeback(self) -> WriteBack:
        return WriteBack(postgres=self.postgres, clock=self.clock, cap=self.cap)

    async def judge(self, trace_id: str, verdict: str, *, refs: Sequence[UUID] = (), scope: Scope) -> Judged:
        """Put a verdict on a trace of the caller's organisation.

        Raises:
            NotFound: there is no such trace, or it is another organisation's.
            InvalidInput: the verdict is unknown, a ref was no hit, or the trace was judged otherwise before.
        """
        await self.log.flush()
        request: JsonObject = {"trace_id": trace_id, "verdict": verdict}
        async with unit_of_work(
            self.postgres, purpose=Purpose(action="learn.judge", scope=scope, request=request), clock=self.clock
        ) as unit:
            judged = await judge(unit.session, trace_id, verdict, refs=refs, scope=scope, clock=self.clock)
            await unit.audit(request)
        return judged

    async def run(self, *, scope: Scope) -> Job:
        """Learn from everything that was logged by now, as a job; return it done."""
        await self.log.flush()
        return await self._done(Order(name=NAME, scope=scope), action="learn.run")

    async def revert(self, run_id: str, *, scope: Scope) -> Job:
        """Take back what a run has taught, as a job; return it done.

        Raises:
            NotFound: there is no such run.
            Conflict: it was taken back before.
        """
        run = await self._find(run_id)
        if run.reverted_at is not None:
            raise Conflict(f"Run {run.id} was taken back already.", next_step="See `sonik learn status`.")
        order = Order(name=REVERT, scope=scope, arguments={"run": str(run.id)}, key=f"{REVERT}:{run.id}")
        return await self._done(order, action="learn.revert")

    async def status(self, *, limit: int = 10) -> Standing:
        """Return how learning stands."""
        async with self.postgres.writing() as session:
            (row,) = await session.rows(SQL["standing"])
            runs = await session.fetch(LearningRun, SQL["runs"], {"id": None, "limit": limit})
        return Standing(runs=tuple(runs), **{name: int(str(value)) for name, value in row.items()})

    async def _find(self, run_id: str) -> LearningRun:
        try:
            wanted = UUID(run_id)
        except ValueError:
            raise InvalidInput(
                f"'{run_id[:40]}' is no id of a run.", next_step="`sonik learn status` lists them.", field="run"
            ) from None
        async with self.postgres.writing() as session:
            found = await session.fetch(LearningRun, SQL["runs"], {"id": wanted, "limit": 1})
        if not found:
            raise NotFound(f"No run {wanted} has taught anything.", next_step="`sonik learn status` lists them.")
        return found[0]

    async def _done(self, order: Order, *, action: str) -> Job:
        """Put a job in and see it done, here or by the worker that took it first."""
        scope = order.scope
        async with unit_of_work(
            self.postgres, purpose=Purpose(action=action, scope=scope, adds=False), clock=self.clock
        ) as unit:
            job_id, _ = await queue.enqueue(unit.session, order, clock=self.clock)
            await unit.audit({"job": str(job_id), **order.arguments})
        worker = Worker(postgres=self.postgres, handlers=self.handlers, clock=self.clock)
        while True:
            await worker.drain()
            job = await queue.look_up(self.postgres, str(job_id), scope=scope)
            if job.finished_at is not None or job.status == "queued":
                return job
            await asyncio.sleep(LOOK_SECONDS)

    async def _revert(self, run: Run) -> None:
        async def mark(step: Step) -> JsonObject:
            reverted = {"run": run.job.arguments["run"], "now": self.clock.now(), "actor": run.job.actor}
            await step.session.execute(SQL["revert_run"], reverted)
            return {"edges": await step.session.execute(SQL["mark_unweighed"], {"run": reverted["run"]})}

        await run.step("mark", mark)
        await self._writeback.weigh(run)
