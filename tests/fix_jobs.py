"""Jobs of the tests' own, done by workers that the test drives."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from sonik.jobs.job import Handler, Job, Order, Run, Step
from sonik.jobs.queue import enqueue, look_up
from sonik.jobs.schedule import Every
from sonik.jobs.worker import Worker
from sonik.stores.postgres import Session
from sonik.types import JsonObject, Scope
from tests.fix_truth import Truth

ASKER = Scope(role="ingest", user="asker")
Work = Callable[[Run], Awaitable[None]]


@dataclass(kw_only=True)
class Office:
    """A truth with jobs; `diary` tells what was done, in order."""

    truth: Truth
    diary: list[str] = field(default_factory=list)

    async def order(
        self, name: str = "errand", *, key: str | None = None, most_attempts: int = 3, scope: Scope = ASKER
    ) -> UUID:
        """Put a job in."""
        order = Order(name=name, scope=scope, key=key, most_attempts=most_attempts)
        async with self.truth.postgres.writing() as session:
            job_id, _ = await enqueue(session, order, clock=self.truth.clock)
        return job_id

    def worker(
        self, work: Work, *, undo: Sequence[str] = (), name: str = "errand", schedule: Sequence[Every] = ()
    ) -> Worker:  # fmt: skip
        """Return a worker at the present moment that does jobs of one name."""
        handler = Handler(work=work, undo=dict.fromkeys(undo, self.take_back))
        return Worker(
            postgres=self.truth.postgres, handlers={name: handler}, clock=self.truth.clock, schedule=schedule
        )  # fmt: skip

    async def job(self, job_id: UUID) -> Job:
        """Look at a job."""
        return await look_up(self.truth.postgres, str(job_id), scope=ASKER)

    def doing(self, what: str) -> Callable[[Step], Awaitable[JsonObject]]:
        """Return an action that writes into the diary."""

        async def act(step: Step) -> JsonObject:
            self.diary.append(what)
            step.progress(done=len(self.diary), total=3)
            return {"what": what}

        return act

    async def take_back(self, session: Session, result: JsonObject) -> None:
        """Undo an action of `doing`."""
        await session.execute("select 1")
        self.diary.append(f"not {result['what']}")


@pytest.fixture
def office(truth: Truth) -> Office:
    """A truth where nothing is to be done yet."""
    return Office(truth=truth)
