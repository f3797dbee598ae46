"""Rows gathered off the way of an answer, in bounded number, and written in batches now and then."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import islice
from typing import Generic, TypeVar

from sonik.errors import InvalidInput, SonikError

logger = logging.getLogger(__name__)

T = TypeVar("T")
Rows = tuple[T, ...]


class Gathering(Generic[T]):
    """Gathers rows of a log; neither a full room nor a store that is away fails or slows whoever adds one.

    What finds no room, and what the store refuses, is counted as `lost`, and the count is written with the next batch.
    A row that is refused costs none of its neighbours.
    """

    def __init__(self, log: str, *, batch: int, seconds: float, most_waiting: int) -> None:
        """Gather for a log of this name: a batch is written when it is full, and else every so many seconds."""
        self.lost = 0
        self._log = log
        self._batch = batch
        self._seconds = seconds
        self._most_waiting = most_waiting
        self._waiting: deque[T] = deque()
        self._full = asyncio.Event()
        self._writing = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, row: T) -> None:
        """Keep a row, to be written with the next batch."""
        if len(self._waiting) >= self._most_waiting:
            self.lost += 1
            return
        self._waiting.append(row)
        if len(self._waiting) >= self._batch:
            self._full.set()

    async def run(self, flush: Callable[[], Awaitable[None]]) -> None:
        """Flush whenever enough is gathered or the time has passed, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):
                    await self._full.wait()
            self._full.clear()
            await flush()
            # A cancellation that came with the timeout was taken for it.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise asyncio.CancelledError

    async def flush(self, write: Callable[[Rows[T], int], Awaitable[None]]) -> None:
        """Write what is waiting, and how much was lost; if the store does not answer, keep it for the next time."""
        async with self._writing:
            size = self._batch
            while self._waiting or self.lost:
                rows, lost = tuple(islice(self._waiting, size)), self.lost
                try:
                    await write(rows, lost)
                except InvalidInput as error:
                    if len(rows) > 1:
                        size = 1  # to find the one that is refused
                        continue
                    if not rows:
                        self._tell("a log cannot be told what it lost", error)
                        return
                    self.lost += 1
                    size = self._batch
                    self._tell("a row of a log was refused", error)
                except SonikError as error:
                    self._tell("a log could not be written", error)
                    return
                else:
                    self.lost -= lost
                # Only now: whoever is cancelled meanwhile has lost nothing.
                for _ in rows:
                    self._waiting.popleft()

    def _tell(self, message: str, error: SonikError) -> None:
        facts = {"log": self._log, "error": str(error), "waiting": len(self._waiting), "lost": self.lost}
        logger.warning(message, extra=facts)
