"""The traversal log: what questions walked, gathered off the way of the answer and written in batches."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic_core import to_json

from sonik.clock import Clock
from sonik.identity.names import fold, strip_invisible
from sonik.sql import queries
from sonik.stores.gathering import Gathering
from sonik.stores.postgres import Postgres
from sonik.types import JsonObject, Scope, Trace

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
        self._postgres = postgres
        self._clock = clock
        self._entries: Gathering[_Entry] = Gathering(
            "traversals", batch=BATCH, seconds=FLUSH_SECONDS, most_waiting=MOST_WAITING
        )

    @property
    def lost(self) -> int:
        """How many traces found no room or were refused, and are not counted in truth yet."""
        return self._entries.lost

    def add(self, trace: Trace, *, scope: Scope, lens: str, hits: int) -> None:
        """Note a trace, to be written with the next batch."""
        self._entries.add(_Entry(trace=trace, scope=scope, lens=lens, hits=hits, at=self._clock.now()))

    async def run(self) -> None:
        """Write batches until cancelled."""
        await self._entries.run(self.flush)

    async def flush(self) -> None:
        """Write what is waiting; if truth does not answer, keep it for the next time."""
        await self._entries.flush(self._write)

    async def _write(self, batch: Sequence[_Entry], lost: int) -> None:
        # A hundred traces of fifty edges are half a megabyte; the loop answers others while they are written down.
        rows = await asyncio.to_thread(_encoded, batch)
        # Losing the last second of a log in a power cut is fine; waiting for the disk is not.
        async with self._postgres.writing(durable=False) as session:
            await session.execute(SQL["log_traversals"], {"rows": rows})
            if lost:
                await session.execute(SQL["count_lost"], {"lost": lost})


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
