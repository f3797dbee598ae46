"""The log of calls: gathered off the way of the answer, in bounded number, and written in batches."""

import json
from functools import partial
from typing import TYPE_CHECKING

from sonik.audit.call import Call
from sonik.clock import Clock
from sonik.correlation import correlation_id
from sonik.sql import queries
from sonik.stores.gathering import Gathering

if TYPE_CHECKING:
    from sonik.stores.postgres import Postgres

SQL = queries("truth")
BATCH = 500
FLUSH_SECONDS = 1.0
MOST_WAITING = 20_000


class CallLog:
    """Gathers calls; neither a full log nor a database that is away fails or slows a call.

    What finds no room is counted, and the count is written where the calls would have been.
    """

    def __init__(self, *, clock: Clock, most_waiting: int = MOST_WAITING) -> None:
        self._clock = clock
        self._calls: Gathering[Call] = Gathering(
            "audit", batch=BATCH, seconds=FLUSH_SECONDS, most_waiting=most_waiting
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def lost(self) -> int:
        """How many calls found no room or were refused, and the log has not been told yet."""
        return self._calls.lost

    def add(self, call: Call) -> None:
        """Note a call, to be written with the next batch."""
        self._calls.add(call)

    async def run(self, postgres: "Postgres") -> None:
        """Write batches until cancelled."""
        await self._calls.run(partial(self.flush, postgres))

    async def flush(self, postgres: "Postgres") -> None:
        """Write what is waiting; if truth does not answer, keep it for the next time."""
        await self._calls.flush(partial(self._write, postgres))

    async def _write(self, postgres: "Postgres", batch: tuple[Call, ...], lost: int) -> None:
        # Losing the last second of calls in a power cut is fine; waiting for the disk is not.
        async with postgres.writing(durable=False) as session:
            if batch:
                rows = json.dumps([call.row() for call in batch])
                await session.execute(SQL["append_calls"], {"rows": rows})
            if lost:
                told = {"action": "audit.lost", "details": json.dumps({"calls": lost})}
                note = {"now": self._clock.now(), "correlation_id": correlation_id(), **told}
                await session.execute(SQL["append_note"], note)
