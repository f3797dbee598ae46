"""Jobs that come round: one for each span of time, whoever looks first puts it in."""

from collections.abc import Sequence
from dataclasses import dataclass

from sonik.clock import Clock
from sonik.jobs.job import Order
from sonik.jobs.queue import enqueue
from sonik.stores.postgres import Postgres
from sonik.types import Scope

SCHEDULER = Scope(role="staff", user="schedule")


@dataclass(frozen=True, kw_only=True, slots=True)
class Every:
    """A job without arguments that is to be done once in each span of so many seconds."""

    name: str
    seconds: int


class Schedule:
    """Puts jobs in as their time comes. A span that nobody was there for is left out."""

    def __init__(self, *, postgres: Postgres, entries: Sequence[Every], clock: Clock) -> None:
        self._postgres = postgres
        self._entries = entries
        self._clock = clock
        self._seen: dict[str, int] = {}

    async def look(self) -> None:
        """Put in what is due and was not put in yet, here or by another process."""
        now = self._clock.now().timestamp()
        for entry in self._entries:
            span = int(now // entry.seconds)
            if self._seen.get(entry.name) == span:
                continue
            order = Order(name=entry.name, scope=SCHEDULER, key=f"{entry.name}@{span * entry.seconds}")
            async with self._postgres.writing() as session:
                await enqueue(session, order, clock=self._clock)
            self._seen[entry.name] = span
