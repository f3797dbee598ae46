"""What a question did, step by step, and its way into the traversal log in batches."""

import asyncio
import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime

from sonik.clock import Clock
from sonik.errors import SonikError
from sonik.sql import queries
from sonik.stores.postgres import Postgres, jsonb
from sonik.types import Scope, Step, Trace

logger = logging.getLogger(__name__)

SQL = queries("retrieval")
BATCH = 100
FLUSH_SECONDS = 2.0
MOST_WAITING = 5_000
QUERY_LIMIT = 500


def new_trace_id() -> str:
    """Return a fresh trace id: 16 hex digits."""
    return secrets.token_hex(8)


@dataclass(kw_only=True, slots=True)
class _Open:
    rows: int = 0
    note: str = ""


@dataclass(kw_only=True, slots=True)
class Timer:
    """Collects steps: ``with timer.step("seeds") as step: …; step.rows = n``."""

    steps: list[Step] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[_Open]:
        """Time a block; the block may set `rows` and `note`."""
        started = time.perf_counter()
        opened = _Open()
        try:
            yield opened
        finally:
            took = (time.perf_counter() - started) * 1000
            self.steps.append(Step(name=name, ms=round(took, 2), rows=opened.rows, note=opened.note))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    trace: Trace
    scope: Scope
    lens: str
    hits: int
    at: datetime


class TraversalLog:
    """Gathers traces and writes them off the path of the answer; a full disk or a lost store never hurts a caller."""

    def __init__(self, *, postgres: Postgres, clock: Clock) -> None:
        self._postgres = postgres
        self._clock = clock
        self._waiting: list[_Entry] = []
        self._full = asyncio.Event()

    def add(self, trace: Trace, *, scope: Scope, lens: str, hits: int) -> None:
        """Note a trace, to be written with the next batch."""
        if len(self._waiting) >= MOST_WAITING:
            return
        self._waiting.append(_Entry(trace=trace, scope=scope, lens=lens, hits=hits, at=self._clock.now()))
        if len(self._waiting) >= BATCH:
            self._full.set()

    async def run(self) -> None:
        """Write batches until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_SECONDS):
                    await self._full.wait()
            self._full.clear()
            await self.flush()
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise asyncio.CancelledError

    async def flush(self) -> None:
        """Write what is waiting; if truth does not answer, keep it for the next time."""
        batch, self._waiting = self._waiting, []
        if not batch:
            return
        try:
            # Losing the last second of a log in a power cut is fine; waiting for the disk is not.
            async with self._postgres.writing(durable=False) as session:
                await session.execute(SQL["log_traversal"], {"rows": jsonb([_row(entry) for entry in batch])})
        except SonikError as error:
            logger.warning("the traversal log could not be written", extra={"error": str(error)})
            self._waiting = (batch + self._waiting)[:MOST_WAITING]


def _row(entry: _Entry) -> dict[str, object]:
    return {
        "trace_id": entry.trace.trace_id, "at": entry.at, "actor": entry.scope.actor,
        "owner_org": entry.scope.organisation, "collection": entry.scope.collection, "lens": entry.lens,
        "query": entry.trace.query.replace("\x00", "")[:QUERY_LIMIT], "hits": entry.hits,
        "understood": entry.trace.understood, "steps": [asdict(step) for step in entry.trace.steps],
        "edges": [asdict(edge) for edge in entry.trace.edges],
    }  # fmt: skip
