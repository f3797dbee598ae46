"""The worker: takes jobs whose time has come, does them, and settles how they ended."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from sonik.clock import Clock
from sonik.errors import SonikError
from sonik.jobs.attempt import Attempt, CancelWanted, LostJob
from sonik.jobs.job import Claimed, Failure, Handler
from sonik.jobs.schedule import Every, Schedule
from sonik.sql import queries
from sonik.stores.cancellation import heed_cancellation
from sonik.stores.postgres import Postgres, jsonb

logger = logging.getLogger(__name__)

SQL = queries("jobs")
SLOTS = 2
CANDIDATES = 20
IDLE_SECONDS = 1.0
RETRY_SECONDS = 0.5
FIRST_DELAY_SECONDS = 2.0
LONGEST_DELAY_SECONDS = 600.0
CRASHED = Failure(
    code="crashed", message="Its worker died each time it was tried.",
    next_step="The worker's log says more; `sonik job retry` tries again.",
)  # fmt: skip
NOT_UNDONE = Failure(
    code="not_undone", message="What it did could not be undone whole.",
    next_step="The worker's log says why; `sonik job retry` goes on from what was not undone.",
)  # fmt: skip


class Worker:
    """Does jobs. Start it with `run`; stop it by cancelling the task: jobs at work go back into the queue.

    A job at work is held by an advisory lock on a connection of its own, free again the moment the worker dies.
    """

    def __init__(
        self, *, postgres: Postgres, handlers: Mapping[str, Handler], clock: Clock, schedule: Sequence[Every] = ()
    ) -> None:
        self._postgres = postgres
        self._handlers = handlers
        self._clock = clock
        self._schedule = Schedule(postgres=postgres, entries=schedule, clock=clock)
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Do jobs until cancelled; a lost store is waited for."""
        while True:
            heed_cancellation()
            try:
                async with asyncio.TaskGroup() as tasks:
                    for _ in range(SLOTS):
                        tasks.create_task(self._serve())
                    # Not a task too: until Python 3.13 a group that only waits leaves its owner cancelled.
                    await self._listen()
            except* SonikError as group:
                logger.warning("the worker stumbled, trying again", extra={"error": str(group.exceptions[0])})
            await asyncio.sleep(RETRY_SECONDS)

    async def run_until_idle(self) -> None:
        """Do jobs until none waits or is at work, also not one that is to be tried again later."""
        working = asyncio.create_task(self.run())
        try:
            while True:
                if await self._found_idle():
                    return
                await asyncio.sleep(IDLE_SECONDS)
        finally:
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working

    async def drain(self) -> None:
        """Do every job whose time has come, one after the other, and those that are put in meanwhile."""
        await self._schedule.look()
        while await self.once():
            heed_cancellation()

    async def once(self) -> bool:
        """Take one job whose time has come and try it; say whether there was one."""
        for job_id in await self._due():
            lease = await self._postgres.lease(f"sonik.job.{job_id}")
            if lease is None:
                continue
            try:
                job = await self._claim(job_id)
                if job is not None:
                    await self._try(job)
                    return True
            finally:
                await lease.release()
        return False

    async def _found_idle(self) -> bool:
        with suppress(SonikError):  # without truth nobody knows, and `run` waits for it as well
            async with self._postgres.writing() as session:
                rows = await session.rows(SQL["open_jobs"], {"names": list(self._handlers)})
            return rows[0]["jobs"] == 0
        return False

    async def _serve(self) -> None:
        while True:
            heed_cancellation()
            self._wake.clear()
            await self._schedule.look()
            if await self.once():
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS):
                    await self._wake.wait()

    async def _listen(self) -> None:
        listener = await self._postgres.listen("sonik_jobs")
        try:
            while True:
                heed_cancellation()
                if await listener.wait(timeout_seconds=IDLE_SECONDS * 10):
                    self._wake.set()
        finally:
            await listener.close()

    async def _due(self) -> list[UUID]:
        params = {"names": list(self._handlers), "now": self._clock.now(), "limit": CANDIDATES}
        async with self._postgres.writing() as session:
            return [UUID(str(row["id"])) for row in await session.rows(SQL["due"], params)]

    async def _claim(self, job_id: UUID) -> Claimed | None:
        async with self._postgres.writing() as session:
            claimed = await session.fetch(Claimed, SQL["claim"], {"id": job_id, "now": self._clock.now()})
        return claimed[0] if claimed else None

    async def _try(self, job: Claimed) -> None:
        attempt = Attempt(self._postgres, job, clock=self._clock)
        # A task of its own: whatever it raises is looked at here and ends no worker.
        trying = asyncio.create_task(self._work(attempt))
        try:
            await asyncio.wait([trying])
            heed_cancellation()
        except asyncio.CancelledError:
            trying.cancel()
            await asyncio.gather(trying, return_exceptions=True)
            with suppress(SonikError):  # without truth it stays as it is, free for the next worker
                await self._settle("give_back", job)
            raise
        error = asyncio.CancelledError() if trying.cancelled() else trying.exception()
        if error is not None and not isinstance(error, LostJob):
            await self._stumble(attempt.job, error)

    async def _work(self, attempt: Attempt) -> None:
        """Do the job, or go on undoing it, and write down how it ended."""
        job, handler = attempt.job, self._handlers[attempt.job.name]
        exhausted = job.attempts > job.most_attempts
        if job.status == "undoing" and exhausted:
            await self._settle("finish", job, status="failed", error=jsonb(NOT_UNDONE.as_json()))
        elif job.status == "undoing":
            await self._undo(attempt, handler)
        elif exhausted:
            await self._give_up(attempt, handler, None if job.error else CRASHED)
        else:
            await attempt.prepare()
            await self._handle(attempt, handler)

    async def _handle(self, attempt: Attempt, handler: Handler) -> None:
        try:
            await handler.work(attempt)
        except CancelWanted:
            await self._give_up(attempt, handler, None)
        except SonikError as error:
            if isinstance(error, LostJob) or (error.retryable and attempt.job.attempts < attempt.job.most_attempts):
                raise
            await self._give_up(attempt, handler, Failure.of(error))
        else:
            await self._settle("finish", attempt.job, status="succeeded", error=None)

    async def _give_up(self, attempt: Attempt, handler: Handler, failure: Failure | None) -> None:
        """Undo what can be undone; without a failure of its own the job keeps the one it met before."""
        error = jsonb(failure.as_json()) if failure else None
        if not await self._settle("begin_undoing", attempt.job, error=error):
            raise LostJob("Another worker has this job now.")
        await self._undo(attempt, handler)

    async def _undo(self, attempt: Attempt, handler: Handler) -> None:
        await attempt.undo(handler)
        async with self._postgres.writing() as session:
            (outcome,) = await session.rows(SQL["outcome"], {"id": attempt.job.id})
        if outcome["cancelling"]:
            await self._settle("finish", attempt.job, status="cancelled", error=None)
        else:
            await self._settle("finish", attempt.job, status="failed", error=jsonb(outcome["error"]))

    async def _stumble(self, job: Claimed, error: BaseException) -> None:
        """Put the job back for a later try; when it has had its tries, the next worker to take it gives it up."""
        failure = Failure.of(error)
        facts = {"job": str(job.id), "handler": job.name, "attempt": job.attempts, "code": failure.code}
        if isinstance(error, SonikError):
            logger.warning("a job stumbled and will be tried again", extra=facts)
        else:
            logger.error("a job failed inside", extra=facts, exc_info=error)
        run_at = self._clock.now() + timedelta(seconds=delay_seconds(job.attempts))
        await self._settle("postpone", job, run_at=run_at, error=jsonb(failure.as_json()))

    async def _settle(self, query: str, job: Claimed, **params: object) -> bool:
        """Write how a try ended, unless another worker holds the job; say whether it was written."""
        whole = {"id": job.id, "fence": job.fence, "now": self._clock.now(), **params}
        async with self._postgres.writing() as session:
            written = await session.execute(SQL[query], whole)
            if written and params.get("status") in ("succeeded", "cancelled"):
                await session.execute(SQL["drop_inputs"], {"id": job.id})
        return written > 0


def delay_seconds(attempts: int) -> float:
    """Return how long a job waits after so many tries: twice as long each time, up to ten minutes."""
    return min(FIRST_DELAY_SECONDS * 2.0 ** min(attempts - 1, 30), LONGEST_DELAY_SECONDS)
