"""The room's door: jobs are looked up, listed, cancelled and tried again, and done."""

from collections.abc import Sequence
from dataclasses import dataclass

from sonik.clock import Clock
from sonik.jobs import queue
from sonik.jobs.job import Job
from sonik.jobs.worker import Worker
from sonik.stores.postgres import Postgres
from sonik.types import Scope


@dataclass(frozen=True, kw_only=True, slots=True)
class Jobs:
    """The jobs of one truth, and the worker that does them in this process."""

    postgres: Postgres
    clock: Clock
    worker: Worker

    async def look_up(self, job_id: str, *, scope: Scope) -> Job:
        """Return a job this caller may see."""
        return await queue.look_up(self.postgres, job_id, scope=scope)

    async def listed(self, *, scope: Scope, status: str | None = None, limit: int = 20) -> Sequence[Job]:
        """Return the newest jobs this caller may see."""
        return await queue.list_jobs(self.postgres, scope=scope, status=status, limit=limit)

    async def cancel(self, job_id: str, *, scope: Scope) -> Job:
        """Cancel a job, and undo of it what can be undone."""
        return await queue.cancel(self.postgres, job_id, scope=scope, clock=self.clock)

    async def retry(self, job_id: str, *, scope: Scope) -> Job:
        """Try a failed job again, from where it stopped."""
        return await queue.retry(self.postgres, job_id, scope=scope, clock=self.clock)

    async def work(self, *, until_idle: bool = False) -> None:
        """Do jobs until cancelled, or until none waits or is at work."""
        await (self.worker.run_until_idle() if until_idle else self.worker.run())

    async def work_off(self) -> None:
        """Do every job whose time has come, and return."""
        await self.worker.drain()
