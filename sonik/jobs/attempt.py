"""One try at a job by the worker that holds it: its steps, and the undoing of them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from sonik.clock import Clock
from sonik.errors import Conflict, NotFound
from sonik.jobs.job import Action, Claimed, Handler, Status
from sonik.sql import queries
from sonik.stores.postgres import Postgres, Session, jsonb
from sonik.types import JsonObject

SQL = queries("jobs")


class LostJob(Conflict):
    """Another worker has taken the job over; what this one had open is undone by the database."""


class CancelWanted(Exception):
    """Somebody wants the job cancelled."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Recorded:
    key: str
    result: JsonObject
    undone: bool


@dataclass(kw_only=True, slots=True)
class _OpenStep:
    """A step while it is being done."""

    session: Session
    job_id: UUID
    done: int
    total: int | None
    summary: JsonObject

    async def part(self, number: int) -> bytes:
        """Return one part of the job's input.

        Raises:
            NotFound: there is no such part.
        """
        rows = await self.session.rows(SQL["part"], {"id": self.job_id, "part": number})
        content = rows[0]["content"] if rows else None
        if not isinstance(content, bytes):
            raise NotFound(f"The job has no part {number}.", next_step="Put it in again.")
        return content

    def progress(self, *, done: int, total: int | None = None) -> None:
        """Say how far the job will be once this step stands."""
        self.done = done
        self.total = self.total if total is None else total

    def summarise(self, summary: JsonObject) -> None:
        """Say what the job has brought about once this step stands."""
        self.summary = summary


class Attempt:
    """One try. Every step is a transaction that first makes sure that the job is still held."""

    def __init__(self, postgres: Postgres, job: Claimed, *, clock: Clock) -> None:
        self.job = job
        self._postgres = postgres
        self._clock = clock
        self._results: dict[str, JsonObject] = {}

    async def prepare(self) -> None:
        """Read which steps earlier tries have recorded."""
        self._results = {step.key: step.result for step in await self._recorded() if not step.undone}

    async def step(self, key: str, action: Action) -> JsonObject:
        """Do a step and record it in the same transaction; one that was recorded before is not done again."""
        if key in self._results:
            return self._results[key]
        job = self.job
        async with self._held("running") as session:
            step = _OpenStep(session=session, job_id=job.id, done=job.done, total=job.total, summary=job.summary)
            result = await action(step)
            record = {"id": job.id, "key": key, "result": jsonb(result), "now": self._clock.now()}
            await session.execute(SQL["record_step"], record)
            told = {"done": step.done, "total": step.total, "summary": jsonb(step.summary)}
            await session.execute(SQL["advance"], {"id": job.id, **told})
        self._results[key] = result
        self.job = replace(job, attempts=1, done=step.done, total=step.total, summary=step.summary)
        return result

    async def parts(self) -> tuple[int, ...]:
        """Return the numbers of the parts of its input."""
        async with self._postgres.writing() as session:
            rows = await session.rows(SQL["parts"], {"id": self.job.id})
        return tuple(int(str(row["part"])) for row in rows)

    async def undo(self, handler: Handler) -> None:
        """Take the recorded steps back that can be, the last one first, each in a transaction of its own."""
        for step in reversed(await self._recorded()):
            take_back = handler.undo.get(step.key.partition(":")[0])
            if take_back is None or step.undone:
                continue
            async with self._held("undoing") as session:
                await take_back(session, step.result)
                await session.execute(
                    SQL["record_undone"], {"id": self.job.id, "key": step.key, "now": self._clock.now()}
                )

    async def _recorded(self) -> Sequence[_Recorded]:
        async with self._postgres.writing() as session:
            return await session.fetch(_Recorded, SQL["steps"], {"id": self.job.id})

    @asynccontextmanager
    async def _held(self, status: Status) -> AsyncIterator[Session]:
        """Open a transaction in which nobody else can take the job over or cancel it."""
        params = {"id": self.job.id, "fence": self.job.fence, "status": status}
        async with self._postgres.writing() as session:
            rows = await session.rows(SQL["hold"], params)
            if not rows:
                raise LostJob("Another worker has this job now.")
            if rows[0]["cancelling"] and status == "running":
                raise CancelWanted
            yield session
