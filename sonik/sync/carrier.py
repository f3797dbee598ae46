"""Carries dirty keys to one sink: batch after batch, from its cursor on, or everything when it must begin anew."""

import asyncio
import gc
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from sonik.errors import Conflict, InvalidInput
from sonik.sql import queries
from sonik.stores.cancellation import heed_cancellation
from sonik.stores.postgres import Postgres
from sonik.sync.source import NOWHERE, Dirty, Outbox, Sink
from sonik.truth.rows import Position

logger = logging.getLogger(__name__)

SQL = queries("sync")
ATTEMPTS = 3
SIDE_BY_SIDE = 2


@dataclass(kw_only=True, slots=True)
class Progress:
    """What a run has done so far, for people who watch it."""

    applied: dict[str, int] = field(default_factory=dict)
    rebuilt: dict[str, int] = field(default_factory=dict)


class Carrier:
    """Applies changes to a sink held steady, and keeps the books about it in truth."""

    def __init__(self, *, postgres: Postgres, progress: Progress) -> None:
        self._postgres = postgres
        self._progress = progress
        self._outbox = Outbox(postgres)

    async def drain(self, sink: Sink) -> None:
        """Apply batches until nothing safe is left.

        Raises:
            Conflict: the sink is not whole though it was just rebuilt; somebody empties it.
        """
        rebuilt = False
        while True:
            heed_cancellation()
            cursor = await sink.cursor()
            if cursor is None or not await self._outbox.holds_all_after(cursor):
                if rebuilt:
                    raise Conflict(f"Sink {sink.name} is empty again right after a rebuild.", next_step="Try later.")
                await self.rebuild(sink)
                rebuilt = True
                continue
            dirty = await self._outbox.after(cursor)
            if dirty is None or dirty.through is None:
                return
            await self._apply(sink, dirty)
            await self._advance(sink, dirty.through)

    async def rebuild(self, sink: Sink) -> None:
        """Empty a sink and fill it from truth; changes made meanwhile follow through the outbox."""
        logger.info("a sink is filled from truth", extra={"sink": sink.name})
        await self.tell(sink, "rebuilding")
        async with self._postgres.writing() as session:
            await session.execute(SQL["forget_dead_letters"], {"sink": sink.name})
        start = await self._outbox.horizon()
        await sink.clear()
        self._progress.rebuilt[sink.name] = 0
        with _older_objects_left_alone():
            await self._refill(sink, (Dirty(entities=page, complete=True) async for page in self._pages("entity_page")))
            edges = self._pages("relationship_page")
            await self._refill(sink, (Dirty(relationships=page, complete=True) async for page in edges))
        await self._advance(sink, start)
        await sink.tidy()

    async def tell(self, sink: Sink, status: str, *, error: str | None = None) -> None:
        """Write down how a sink is doing."""
        async with self._postgres.writing() as session:
            await session.execute(SQL["record_status"], {"sink": sink.name, "status": status, "error": error})

    async def _pages(self, query: str) -> AsyncIterator[tuple[UUID, ...]]:
        after: UUID = NOWHERE
        while page := await self._outbox.page(query, after):
            heed_cancellation()
            yield page
            after = page[-1]

    async def _refill(self, sink: Sink, pages: AsyncIterator[Dirty]) -> None:
        """Apply pages side by side: one is read and made ready while another is being written."""
        running: deque[asyncio.Task[None]] = deque()
        try:
            async for page in pages:
                if len(running) == SIDE_BY_SIDE:
                    await running[0]
                    running.popleft()
                running.append(asyncio.create_task(self._apply(sink, page)))
                self._progress.rebuilt[sink.name] += len(page)
            await asyncio.gather(*running)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def _apply(self, sink: Sink, dirty: Dirty) -> None:
        try:
            await sink.apply(dirty)
        except InvalidInput:
            logger.warning("a batch failed, applying its keys one by one", extra={"sink": sink.name})
            for single in dirty.single():
                await self._apply_single(sink, single)
        self._progress.applied[sink.name] = self._progress.applied.get(sink.name, 0) + len(dirty)

    async def _apply_single(self, sink: Sink, single: Dirty) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await sink.apply(single)
            except InvalidInput as error:
                if attempt == ATTEMPTS:
                    await self._bury(sink, single, error)
            else:
                return

    async def _bury(self, sink: Sink, single: Dirty, error: InvalidInput) -> None:
        kind = "entity" if single.entities else "relationship"
        key = (single.entities or single.relationships)[0]
        params = {"sink": sink.name, "aggregatetype": kind, "aggregateid": str(key), "error": str(error)[:500]}
        async with self._postgres.writing() as session:
            await session.execute(SQL["bury"], {**params, "attempts": ATTEMPTS})
        logger.error("a change could not be applied and is now a dead letter", extra=params)

    async def _advance(self, sink: Sink, position: Position) -> None:
        await sink.advance(position)
        params = {"sink": sink.name, "txid": position.txid, "seq": position.seq, "status": "idle", "error": None}
        # A place that is lost in a crash is reached once more by applying the same rows.
        async with self._postgres.writing(durable=False) as session:
            await session.execute(SQL["record"], params)
            await session.execute(SQL["announce"])


@contextmanager
def _older_objects_left_alone() -> Iterator[None]:
    """Keep the garbage collector from what is there by now.

    Millions of rows pass by, and every so many of them it would look through all that stays: a third of the time.
    """
    if gc.get_freeze_count():
        yield
        return
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
