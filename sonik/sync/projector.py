"""The projector: one lease holder carries outbox rows to every sink, each at its own pace."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress

from sonik.errors import Conflict, SonikError, StoreUnavailable
from sonik.sql import queries
from sonik.stores.cancellation import heed_cancellation
from sonik.stores.postgres import Lease, Postgres
from sonik.sync.carrier import Carrier, Progress
from sonik.sync.checkpoint import checkpoint
from sonik.sync.herald import Herald
from sonik.sync.source import Sink
from sonik.truth.rows import Position

logger = logging.getLogger(__name__)

SQL = queries("sync")
LEASE = "sonik.projector"
IDLE_SECONDS = 1.0
RETRY_SECONDS = 0.5
TIDY_SECONDS = 5.0
SNAPSHOT_SECONDS = 30.0


class Projector:
    """Carries changes on. Start it with `run`; stop it by cancelling the task."""

    def __init__(self, *, postgres: Postgres, sinks: Sequence[Sink], herald: Herald | None = None) -> None:
        self.progress = Progress()
        self._postgres = postgres
        self._herald = herald
        self._news = asyncio.Event()
        self._sinks = sinks
        self._carrier = Carrier(postgres=postgres, progress=self.progress)
        self._wake = {sink.name: asyncio.Event() for sink in sinks}

    async def run(self) -> None:
        """Wait for the lease, then project until cancelled; a lost store is waited for."""
        while True:
            heed_cancellation()
            with suppress(SonikError):
                lease = await self._postgres.lease(LEASE)
                if lease is not None:
                    await self._lead(lease)
            await asyncio.sleep(RETRY_SECONDS)

    async def rebuild_once(self, sink: Sink) -> int:
        """Hold the lease, rebuild a sink, and return the rows projected.

        Raises:
            Conflict: a projector is at work, here or in another process.
        """
        lease = await self._postgres.lease(LEASE)
        if lease is None:
            raise Conflict(
                "A projector is at work and holds the lease.",
                next_step="Stop it (`sonik serve`, `sonik sync run`) first.",
            )
        try:
            async with sink.steady() as steady:
                await self._carrier.rebuild(steady)
                await self._carrier.drain(steady)
        finally:
            await lease.release()
        return self.progress.rebuilt[sink.name]

    async def checkpoint(self) -> None:
        """Save the graphs, then delete the outbox rows that every sink has for good."""
        await checkpoint(self._postgres, self._sinks)

    async def _lead(self, lease: Lease) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen())
                tasks.create_task(self._snapshots())
                if self._herald is not None:
                    self._herald.forget()
                    tasks.create_task(self._tell_news(self._herald))
                for sink in self._sinks:
                    tasks.create_task(self._follow(sink))
                # Not a task too: until Python 3.13 a group that fails while it only waits leaves its owner cancelled.
                await self._keep_lease(lease)
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
                    for event in (*self._wake.values(), self._news):
                        event.set()
        finally:
            await listener.close()

    async def _keep_lease(self, lease: Lease) -> None:
        while True:
            heed_cancellation()
            await asyncio.sleep(IDLE_SECONDS)
            if not await lease.alive():
                raise StoreUnavailable("The projector's lease is gone.")

    async def _follow(self, sink: Sink) -> None:
        """Keep one sink up to date; while its store is away the other sinks go on."""
        tidied = -TIDY_SECONDS  # whoever projected last may have had no time for it
        failure = ""
        while True:
            heed_cancellation()
            self._wake[sink.name].clear()
            try:
                async with sink.steady() as steady:
                    await self._carrier.drain(steady)
                now = asyncio.get_running_loop().time()
                if now - tidied > TIDY_SECONDS:
                    await sink.tidy()
                    tidied = now
            except SonikError as error:
                failure = await self._report(sink, error, before=failure)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if failure:
                await self._carrier.tell(sink, "idle")
                failure = ""
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS):
                    await self._wake[sink.name].wait()

    async def _report(self, sink: Sink, error: SonikError, *, before: str) -> str:
        """Say once that a sink fails, in the log and in its state; return what was said."""
        said = str(error)
        if said != before:
            logger.warning("a sink fails, trying again", extra={"sink": sink.name, "error": said})
            await self._carrier.tell(sink, "failed", error=said)
        return said

    async def _tell_news(self, herald: Herald) -> None:
        """Tell at once what is committed: what is listed is read from truth, and waits for no sink."""
        while True:
            heed_cancellation()
            self._news.clear()
            try:
                await herald.tell()
            except SonikError as error:
                logger.warning("no news can be told, trying again", extra={"error": str(error)})
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS):
                    await self._news.wait()

    async def _snapshots(self) -> None:
        while True:
            heed_cancellation()
            await asyncio.sleep(SNAPSHOT_SECONDS)
            try:
                await self.checkpoint()
            except SonikError as error:
                logger.warning("no snapshot, the outbox is kept", extra={"error": str(error)})


async def wait_until_projected(postgres: Postgres, position: Position, *, sinks: Sequence[str], seconds: float) -> bool:
    """Wait until every named sink has passed `position`; say whether it did in time."""
    if position == Position():
        return True
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    try:
        async with asyncio.timeout_at(deadline):
            listener = await postgres.listen("sonik_applied")
            try:
                while not await _reached(postgres, position, sinks):
                    if loop.time() >= deadline:  # a swallowed cancellation would wait on
                        return False
                    await listener.wait(timeout_seconds=IDLE_SECONDS)
            finally:
                await listener.close()
    except TimeoutError:
        return False
    return True


async def last_change(postgres: Postgres) -> Position:
    """Return the place of the newest change that is committed; changes of open transactions may stand before it."""
    async with postgres.writing() as session:
        found = await session.fetch(Position, SQL["last_change"])
    return found[0] if found else Position()


async def _reached(postgres: Postgres, position: Position, sinks: Sequence[str]) -> bool:
    async with postgres.writing() as session:
        rows = {row["sink"]: row for row in await session.rows(SQL["state"])}
    places = [rows.get(sink) for sink in sinks]
    return all(
        row is not None and position.reached_by(Position(txid=int(str(row["txid"])), seq=int(str(row["seq"]))))
        for row in places
    )
