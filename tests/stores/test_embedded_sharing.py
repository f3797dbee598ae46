"""Several processes share one set of servers, and the last one out stops them."""

import asyncio
from collections.abc import Callable

import pytest

from sonik.errors import InvalidInput
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.stores.embedded import locks
from sonik.stores.embedded.places import places
from tests.fix_embedded import Visitor

pytestmark = pytest.mark.anyio


def running(settings: Settings) -> dict[str, bool]:
    return {server.name: server.running for server in embedded.status(settings).servers}


BOTH = {"PostgreSQL": True, "Redis": True}
NEITHER = {"PostgreSQL": False, "Redis": False}


def test_processes_that_attach_at_once_share_one_set(
    embedded_settings: Settings, send_visitor: Callable[[], Visitor]
) -> None:
    visitors = [send_visitor() for _ in range(4)]
    joined = [one.joined() for one in visitors]
    assert len({tuple(sorted(got.pids.items())) for got in joined}) == 1
    assert sorted(got.started for got in joined) == [[], [], [], ["postgres", "redis"]]
    assert embedded.status(embedded_settings).clients == tuple(sorted(got.pid for got in joined))
    for one in visitors:
        one.close()
    assert running(embedded_settings) == NEITHER


async def test_the_second_process_attaches_to_the_running_set(
    embedded_settings: Settings, send_visitor: Callable[[], Visitor]
) -> None:
    share = await embedded.attach(embedded_settings)
    second = send_visitor()
    got = second.joined()
    second.close()
    assert (got.started, got.pids, got.search) == ([], share.pids, share.search)
    assert running(embedded_settings) == BOTH
    await embedded.close(share)


async def test_the_last_one_out_stops_the_servers_and_removes_their_sockets(embedded_settings: Settings) -> None:
    first = await embedded.attach(embedded_settings)
    last = await embedded.attach(embedded_settings)
    assert (first.started, last.started) == (True, False)
    await embedded.close(first)
    assert running(embedded_settings) == BOTH
    await embedded.close(last)
    assert running(embedded_settings) == NEITHER
    assert not last.redis_socket.exists()
    assert not last.postgres_socket.exists()


async def test_closing_twice_is_harmless_to_others(embedded_settings: Settings) -> None:
    first = await embedded.attach(embedded_settings)
    second = await embedded.attach(embedded_settings)
    await embedded.close(first)
    await embedded.close(first)
    assert running(embedded_settings) == BOTH
    await embedded.close(second)


async def test_kept_servers_outlive_their_last_client_until_down(embedded_settings: Settings) -> None:
    embedded.keep(embedded_settings.home)
    share = await embedded.attach(embedded_settings)
    await embedded.close(share)
    assert running(embedded_settings) == BOTH
    assert embedded.status(embedded_settings).kept
    assert await embedded.down(embedded_settings) == ("PostgreSQL", "Redis")
    assert running(embedded_settings) == NEITHER
    assert not embedded.status(embedded_settings).kept


async def test_released_servers_stop_with_their_last_client(embedded_settings: Settings) -> None:
    embedded.keep(embedded_settings.home)
    share = await embedded.attach(embedded_settings)
    embedded.release(embedded_settings.home)
    await embedded.close(share)
    assert running(embedded_settings) == NEITHER


async def test_a_setting_leaves_the_servers_running(embedded_settings: Settings) -> None:
    staying = embedded_settings.model_copy(update={"keep_servers": True})
    await embedded.close(await embedded.attach(staying))
    assert running(embedded_settings) == BOTH
    await embedded.down(embedded_settings)


async def test_down_names_the_processes_it_would_cut_off(
    embedded_settings: Settings, send_visitor: Callable[[], Visitor]
) -> None:
    other = send_visitor().joined()
    with pytest.raises(InvalidInput, match=f"1 other processes use the embedded servers: {other.pid}"):
        await embedded.down(embedded_settings)
    assert running(embedded_settings) == BOTH
    assert await embedded.down(embedded_settings, force=True) == ("PostgreSQL", "Redis")
    assert running(embedded_settings) == NEITHER


async def test_down_is_content_when_nothing_runs(embedded_settings: Settings) -> None:
    assert await embedded.down(embedded_settings) == ()
    assert (
        await embedded.down(embedded_settings.model_copy(update={"home": embedded_settings.home / "never made"})) == ()
    )


async def test_a_server_without_its_record_is_joined_not_started_again(embedded_settings: Settings) -> None:
    share = await embedded.attach(embedded_settings)
    rooms = (places(embedded_settings.home).postgres, places(embedded_settings.home).redis)
    for room in rooms:
        locks.forget_record(room)
    second = await embedded.attach(embedded_settings)
    assert (second.started, second.pids) == (False, share.pids)
    records = [locks.read_record(room) for room in rooms]
    assert [record.pid for record in records if record] == [share.pids["postgres"], share.pids["redis"]]
    await embedded.close(second)
    await embedded.close(share)


async def test_status_tells_what_runs_and_who_uses_it(
    embedded_settings: Settings, send_visitor: Callable[[], Visitor]
) -> None:
    other = send_visitor().joined()
    now = embedded.status(embedded_settings)
    assert now.clients == (other.pid,)
    assert now.search
    assert [server.pid for server in now.servers] == [other.pids["postgres"], other.pids["redis"]]
    assert [str(server.version).split(".")[0] for server in now.servers] == ["18", "8"]
    assert all(server.answers and server.data_bytes > 0 and server.socket.is_socket() for server in now.servers)
    assert all(server.uptime_seconds is not None for server in now.servers)


def test_a_cancelled_attach_leaves_nothing_running(embedded_settings: Settings) -> None:
    async def start_and_give_up() -> None:
        attaching = asyncio.create_task(embedded.attach(embedded_settings))
        await asyncio.sleep(0)  # let it begin
        attaching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attaching

    asyncio.run(start_and_give_up())  # waits for its threads
    assert running(embedded_settings) == NEITHER
    assert embedded.status(embedded_settings).clients == ()


async def test_nothing_listens_on_the_network(embedded_settings: Settings) -> None:
    share = await embedded.attach(embedded_settings)
    for pid in share.pids.values():
        assert _tcp_ports(pid) == set()
    await embedded.close(share)


def _tcp_ports(pid: int) -> set[int]:
    psutil = pytest.importorskip("psutil")
    return {one.laddr.port for one in psutil.Process(pid).net_connections("inet")}
