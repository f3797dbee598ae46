"""The projector: one lease holder carries outbox rows to every sink, each at its own pace."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from sonik.errors import Conflict, SonikError, StoreUnavailable
from sonik.sql import queries
from sonik.stores.graph import Graphs
from sonik.stores.postgres import Lease, Postgres
from sonik.sync.source import NOWHERE, Dirty, Outbox, Sink
from sonik.truth.rows import Position

logger = logging.getLogger(__name__)

SQL = queries("sync")
LEASE = "sonik.projector"
ATTEMPTS = 3
IDLE_SECONDS = 1.0
RETRY_SECONDS = 0.5
TIDY_SECONDS = 5.0
SNAPSHOT_SECONDS = 30.0


@dataclass(kw_only=True, slots=True)
class Progress:
    """What a run has done so far, for people who watch it."""

    applied: dict[str, int] = field(default_factory=dict)
    rebuilt: dict[str, int] = field(default_factory=dict)


class Projector:
    """Carries changes on. Start it with `run`; stop it by cancelling the task."""

    def __init__(self, *, postgres: Postgres, graphs: Graphs, sinks: Sequence[Sink]) -> None:
        self.progress = Progress()
        self._postgres = postgres
        self._graphs = graphs
        self._sinks = sinks
        self._outbox = Outbox(postgres)
        self._wake = {sink.name: asyncio.Event() for sink in sinks}

    async def run(self) -> None:
        """Wait for the lease, then project until cancelled; a lost store is waited for."""
        while True:
            _heed_cancellation()
            with suppress(SonikError):
                lease = await self._postgres.lease(LEASE)
                if lease is not None:
                    await self._lead(lease)
            await asyncio.sleep(RETRY_SECONDS)

    async def rebuild_once(self, sink: Sink) -> int:
        """Hold the lease, rebuild a sink, and return the rows projected.

        Raises:
            Conflict: another process keeps projecting.
        """
        lease = await self._postgres.lease(LEASE)
        if lease is None:
            raise Conflict(
                "Another process holds the projector's lease.",
                next_step="Stop it (`sonik serve`, `sonik sync run`) first.",
            )
        try:
            await self._rebuild(sink)
            await self._drain(sink)
        finally:
            await lease.release()
        return self.progress.rebuilt[sink.name]

    async def _rebuild(self, sink: Sink) -> None:
        """Empty a sink and fill it from truth; changes made meanwhile follow through the outbox."""
        await self._status(sink, "rebuilding")
        start = await self._outbox.horizon()
        await sink.clear()
        self.progress.rebuilt[sink.name] = 0
        for query, kind in (("entity_page", "entities"), ("relationship_page", "relationships")):
            after: UUID = NOWHERE
            while page := await self._outbox.page(query, after):
                dirty = Dirty(entities=page) if kind == "entities" else Dirty(relationships=page)
                await self._apply(sink, dirty)
                self.progress.rebuilt[sink.name] += len(page)
                after = page[-1]
        await self._advance(sink, start)
        await sink.tidy()

    async def _lead(self, lease: Lease) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen())
                tasks.create_task(self._keep_lease(lease))
                tasks.create_task(self._snapshots())
                for sink in self._sinks:
                    tasks.create_task(self._follow(sink))
        except* SonikError as group:
            logger.warning("the projector stumbled, trying again", extra={"error": str(group.exceptions[0])})
        finally:
            with suppress(StoreUnavailable):
                await lease.release()

    async def _listen(self) -> None:
        listener = await self._postgres.listen("sonik_outbox")
        try:
            while True:
                if await listener.wait(timeout_seconds=IDLE_SECONDS * 10):
                    for event in self._wake.values():
                        event.set()
        finally:
            await listener.close()

    async def _keep_lease(self, lease: Lease) -> None:
        while True:
            _heed_cancellation()
            await asyncio.sleep(IDLE_SECONDS)
            if not await lease.alive():
                raise StoreUnavailable("The projector's lease is gone.")

    async def _follow(self, sink: Sink) -> None:
        tidied = asyncio.get_running_loop().time()
        while True:
            _heed_cancellation()
            self._wake[sink.name].clear()
            await self._drain(sink)
            now = asyncio.get_running_loop().time()
            if now - tidied > TIDY_SECONDS:
                await sink.tidy()
                tidied = now
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS):
                    await self._wake[sink.name].wait()

    async def _drain(self, sink: Sink) -> None:
        """Apply batches until nothing safe is left. The cursor is read each time: a restarted Redis may be behind."""
        while True:
            _heed_cancellation()
            cursor = await sink.cursor()
            if cursor is None or not await self._kept(cursor):
                await self._rebuild(sink)
                continue
            dirty = await self._outbox.after(cursor)
            if dirty is None or dirty.through is None:
                return
            await self._apply(sink, dirty)
            await self._advance(sink, dirty.through)

    async def _apply(self, sink: Sink, dirty: Dirty) -> None:
        try:
            await sink.apply(dirty)
        except SonikError as error:
            if error.retryable:
                raise
            logger.warning("a batch failed, applying its keys one by one", extra={"sink": sink.name})
            for single in dirty.single():
                await self._apply_single(sink, single)
        self.progress.applied[sink.name] = self.progress.applied.get(sink.name, 0) + len(dirty)

    async def _apply_single(self, sink: Sink, single: Dirty) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await sink.apply(single)
            except SonikError as error:
                if error.retryable:
                    raise
                if attempt == ATTEMPTS:
                    await self._bury(sink, single, error)
            else:
                return

    async def _bury(self, sink: Sink, single: Dirty, error: SonikError) -> None:
        kind = "entity" if single.entities else "relationship"
        key = (single.entities or single.relationships)[0]
        params = {"sink": sink.name, "aggregatetype": kind, "aggregateid": str(key), "error": str(error)[:500]}
        async with self._postgres.writing() as session:
            await session.execute(SQL["bury"], {**params, "attempts": ATTEMPTS})
        logger.error("a change could not be applied and is now a dead letter", extra=params)

    async def _advance(self, sink: Sink, position: Position) -> None:
        await sink.advance(position)
        params = {"sink": sink.name, "txid": position.txid, "seq": position.seq, "status": "idle", "error": None}
        async with self._postgres.writing() as session:
            await session.execute(SQL["record"], params)
            await session.execute(SQL["announce"])

    async def _status(self, sink: Sink, status: str) -> None:
        async with self._postgres.writing() as session:
            await session.execute(SQL["record_status"], {"sink": sink.name, "status": status, "error": None})

    async def _kept(self, cursor: Position) -> bool:
        """Say whether the outbox still holds everything after this cursor."""
        async with self._postgres.writing() as session:
            rows = await session.rows(SQL["state"])
        pruned = max(((int(str(r["pruned_txid"])), int(str(r["pruned_seq"]))) for r in rows), default=(0, 0))
        return (cursor.txid, cursor.seq) >= pruned

    async def _snapshots(self) -> None:
        """From time to time save the graph, and prune what a finished snapshot covers."""
        covered: Position | None = None
        while True:
            _heed_cancellation()
            await asyncio.sleep(SNAPSHOT_SECONDS)
            covered = await self.checkpoint(covered)

    async def checkpoint(self, covered: Position | None = None) -> Position | None:
        """Save the graph if it moved on, then delete the outbox rows that every sink has for good."""
        graph = next(sink for sink in self._sinks if sink.name == "graph")
        cursor = await graph.cursor()
        if cursor is None or cursor == covered or not await self._graphs.snapshot():
            return covered
        if not await self._graphs.snapshot_done():
            logger.error("the graph's snapshot failed; the outbox is kept")
            return covered
        await self._prune(cursor)
        return cursor

    async def _prune(self, covered: Position) -> None:
        cursors = [await sink.cursor() for sink in self._sinks if sink.name != "graph"]
        places = [covered, *(cursor or Position() for cursor in cursors)]
        safe = min(places, key=lambda p: (p.txid, p.seq))
        params = {"sink": "graph", "txid": safe.txid, "seq": safe.seq}
        async with self._postgres.writing() as session:
            await session.execute(SQL["prune"], params)
            await session.execute(SQL["record_pruned"], params)
            await session.execute(SQL["record_covered"], params)


def _heed_cancellation() -> None:
    """Until Python 3.12 asyncio.wait_for, which the pool uses, can swallow a cancellation: look for one that was."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def wait_until_projected(postgres: Postgres, position: Position, *, sinks: Sequence[str], seconds: float) -> bool:
    """Wait until every named sink has passed `position`; say whether it did in time."""
    if position == Position():
        return True
    listener = await postgres.listen("sonik_applied")
    try:
        async with asyncio.timeout(seconds):
            while not await _reached(postgres, position, sinks):
                await listener.wait(timeout_seconds=IDLE_SECONDS)
        return True
    except TimeoutError:
        return False
    finally:
        await listener.close()


async def _reached(postgres: Postgres, position: Position, sinks: Sequence[str]) -> bool:
    async with postgres.writing() as session:
        rows = {row["sink"]: row for row in await session.rows(SQL["state"])}
    places = [rows.get(sink) for sink in sinks]
    return all(
        row is not None and position.reached_by(Position(txid=int(str(row["txid"])), seq=int(str(row["seq"]))))
        for row in places
    )
