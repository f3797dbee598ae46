"""A server that dies under a running process is started again by it, whole; one that was stopped stays down."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from sonik.settings import Settings
from sonik.stores import embedded
from sonik.stores.embedded import WATCH_SECONDS, EmbeddedSet

pytestmark = pytest.mark.anyio

PIDS = {"PostgreSQL": "postgres", "Redis": "redis"}
BUSY = "select count(*) from generate_series(1, 3000000) as n where n % 7 = 0"


@asynccontextmanager
async def watched(settings: Settings) -> AsyncIterator[EmbeddedSet]:
    """Attach, and keep watch until the end."""
    share = await embedded.attach(settings)
    watch = asyncio.create_task(embedded.watch(share))
    yield share
    watch.cancel()
    await asyncio.wait([watch])
    await embedded.close(share)


def answering(settings: Settings) -> dict[str, int]:
    """Return the process of each server that answers."""
    return {PIDS[one.name]: one.pid for one in embedded.status(settings).servers if one.answers and one.pid}


async def all_up_without(settings: Settings, killed: set[int]) -> dict[str, int]:
    """Wait until both servers answer, as other processes than those killed."""
    async with asyncio.timeout(30):
        while True:
            up = await asyncio.to_thread(answering, settings)
            if len(up) == 2 and not killed & set(up.values()):
                return up
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("victims", [{"postgres"}, {"redis"}, {"postgres", "redis"}], ids=["postgres", "redis", "both"])
async def test_a_server_that_is_killed_is_started_again_alone(embedded_settings: Settings, victims: set[str]) -> None:
    async with watched(embedded_settings) as share:
        for _ in range(2):
            before = await all_up_without(embedded_settings, set())
            for victim in victims:
                os.kill(before[victim], signal.SIGKILL)
            after = await all_up_without(embedded_settings, {before[victim] for victim in victims})
            assert {name for name in after if after[name] == before[name]} == {"postgres", "redis"} - victims
        assert share.client.held


async def test_several_watchers_start_one_set(embedded_settings: Settings) -> None:
    async with watched(embedded_settings) as share, watched(embedded_settings), watched(embedded_settings):
        for pid in share.pids.values():
            os.kill(pid, signal.SIGKILL)
        up = await all_up_without(embedded_settings, set(share.pids.values()))
        assert await all_up_without(embedded_settings, set(share.pids.values())) == up


async def test_a_backend_that_outlives_its_postmaster_is_gone_before_the_next_one_starts(
    embedded_settings: Settings,
) -> None:
    async with watched(embedded_settings) as share:
        connection = await psycopg.AsyncConnection.connect(share.postgres_dsn("sonik"), autocommit=True)
        await connection.execute("create table kept as select 1 as one")
        busy = asyncio.create_task(connection.execute(BUSY))
        await asyncio.sleep(0)
        os.kill(share.pids["postgres"], signal.SIGKILL)
        await all_up_without(embedded_settings, {share.pids["postgres"]})
        assert busy.done()
        busy.exception()  # either way: it came to its end, or was cut off
        await connection.close()
        with psycopg.connect(share.postgres_dsn("sonik")) as again:
            assert again.execute("select one from kept").fetchall() == [(1,)]


async def test_what_was_stopped_on_purpose_stays_down(embedded_settings: Settings) -> None:
    share = await embedded.attach(embedded_settings)
    assert await embedded.down(embedded_settings, force=True) == ("PostgreSQL", "Redis")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(4 * WATCH_SECONDS):
            await embedded.watch(share)
    assert answering(embedded_settings) == {}
    await embedded.close(share)
