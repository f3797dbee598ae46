"""The traversal log: what questions walked, gathered off the way of the answer and written in batches."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic_core import to_json

from sonik.clock import Clock
from sonik.errors import InvalidInput, SonikError
from sonik.identity.names import fold, strip_invisible
from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.stores.turns import in_turns
from sonik.types import JsonObject, Scope, Trace

logger = logging.getLogger(__name__)

SQL = queries("learning")
BATCH = 100
FLUSH_SECONDS = 2.0
MOST_WAITING = 5_000
QUERY_LIMIT = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    trace: Trace
    scope: Scope
    lens: str
    hits: int
    at: datetime


class TraversalLog:
    """Gathers traces and writes them in batches; a full disk or a lost store never hurts a caller.

    What finds no room while truth does not answer is counted, and the count is written with the next batch.
    """

    def __init__(self, *, postgres: Postgres, clock: Clock) -> None:
        self.lost = 0
        self._postgres = postgres
        self._clock = clock
        self._waiting: list[_Entry] = []
        self._full = asyncio.Event()
        self._writing = asyncio.Lock()

    def add(self, trace: Trace, *, scope: Scope, lens: str, hits: int) -> None:
        """Note a trace, to be written with the next batch."""
        if len(self._waiting) >= MOST_WAITING:
            self.lost += 1
            return
        self._waiting.append(_Entry(trace=trace, scope=scope, lens=lens, hits=hits, at=self._clock.now()))
        if len(self._waiting) >= BATCH:
            self._full.set()

    async def run(self) -> None:
        """Write batches until cancelled."""
        await in_turns(self.flush, full=self._full, seconds=FLUSH_SECONDS)

    async def flush(self) -> None:
        """Write what is waiting; if truth does not answer, keep it for the next time."""
        async with self._writing:
            size = BATCH
            while self._waiting:
                batch = self._waiting[:size]
                try:
                    await self._write(batch, lost=self.lost)
                except InvalidInput as error:
                    if len(batch) > 1:
                        size = 1  # to find the one that truth refuses
                        continue
                    self.lost += 1
                    refused = {"trace": batch[0].trace.trace_id, "error": str(error)}
                    logger.warning("truth refused a trace of the log", extra=refused)
                except SonikError as error:
                    facts = {"error": str(error), "waiting": len(self._waiting), "lost": self.lost}
                    logger.warning("the traversal log could not be written", extra=facts)
                    return
                # Only now: whoever is cancelled meanwhile has lost nothing.
                del self._waiting[: len(batch)]

    async def _write(self, batch: Sequence[_Entry], *, lost: int) -> None:
        # A hundred traces of fifty edges are half a megabyte; the loop answers others while they are written down.
        rows = await asyncio.to_thread(_encoded, batch)
        # Losing the last second of a log in a power cut is fine; waiting for the disk is not.
        async with self._postgres.writing(durable=False) as session:
            await session.execute(SQL["log_traversals"], {"rows": rows})
            if lost:
                await session.execute(SQL["count_lost"], {"lost": lost})
        self.lost -= lost


def _encoded(batch: Sequence[_Entry]) -> str:
    return to_json([_row(entry) for entry in batch]).decode()


def _row(entry: _Entry) -> dict[str, object]:
    trace, scope = entry.trace, entry.scope
    query = strip_invisible(trace.query)[:QUERY_LIMIT]
    lacking: JsonObject = {"missing": list(trace.missing)} if trace.missing else {}
    return {
        "trace_id": trace.trace_id, "at": entry.at, "actor": scope.actor, "role": scope.role,
        "owner_org": scope.organisation, "collection": scope.collection, "lens": entry.lens, "query": query,
        "words": fold(query), "hits": entry.hits, "understood": {**trace.understood, **lacking}, "steps": trace.steps,
        "edges": trace.edges, "carried": trace.carried,
    }  # fmt: skip
