"""The log of calls: gathered off the way of the answer, in bounded number, and written in batches."""

import asyncio
import json
import logging
from collections import deque
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from sonik.audit.call import Call
from sonik.clock import Clock
from sonik.correlation import correlation_id
from sonik.errors import InvalidInput, SonikError
from sonik.sql import queries
from sonik.stores.turns import in_turns

if TYPE_CHECKING:
    from sonik.stores.postgres import Postgres

logger = logging.getLogger(__name__)

SQL = queries("truth")
BATCH = 500
FLUSH_SECONDS = 1.0
MOST_WAITING = 20_000


class CallLog:
    """Gathers calls; neither a full log nor a database that is away fails or slows a call.

    What finds no room is counted, and the count is written where the calls would have been.
    """

    def __init__(self, *, clock: Clock, most_waiting: int = MOST_WAITING) -> None:
        self.lost = 0
        self._clock = clock
        self._most_waiting = most_waiting
        self._waiting: deque[Call] = deque()
        self._full = asyncio.Event()
        self._writing = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, call: Call) -> None:
        """Note a call, to be written with the next batch."""
        if len(self._waiting) >= self._most_waiting:
            self.lost += 1
            return
        self._waiting.append(call)
        if len(self._waiting) == BATCH:
            self._full.set()

    async def run(self, postgres: "Postgres") -> None:
        """Write batches until cancelled."""
        await in_turns(partial(self.flush, postgres), full=self._full, seconds=FLUSH_SECONDS)

    async def flush(self, postgres: "Postgres") -> None:
        """Write what is waiting; if truth does not answer, keep it for the next time."""
        async with self._writing:
            while self._waiting or self.lost:
                batch, lost = tuple(islice(self._waiting, BATCH)), self.lost
                try:
                    await self._write(postgres, batch, lost=lost)
                except InvalidInput as error:
                    self.lost += len(batch)
                    logger.error("truth refused calls of the audit log", extra={"error": str(error), "lost": self.lost})
                    if not batch:
                        return
                except SonikError as error:
                    facts = {"error": str(error), "waiting": len(self._waiting), "lost": self.lost}
                    logger.warning("the audit log could not be written", extra=facts)
                    return
                else:
                    self.lost -= lost
                # Only now: whoever is cancelled meanwhile has lost nothing.
                for _ in batch:
                    self._waiting.popleft()

    async def _write(self, postgres: "Postgres", batch: tuple[Call, ...], *, lost: int) -> None:
        # Losing the last second of calls in a power cut is fine; waiting for the disk is not.
        async with postgres.writing(durable=False) as session:
            if batch:
                rows = json.dumps([call.row() for call in batch])
                await session.execute(SQL["append_calls"], {"rows": rows})
            if lost:
                told = {"action": "audit.lost", "details": json.dumps({"calls": lost})}
                note = {"now": self._clock.now(), "correlation_id": correlation_id(), **told}
                await session.execute(SQL["append_note"], note)
