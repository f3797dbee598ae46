"""Whatever is killed, the next attach finds its data and nothing stale."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from sonik.errors import MissingBinary, OutOfTime
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.stores.embedded import EmbeddedSet, locks
from sonik.stores.embedded.binaries import postgres_binaries
from sonik.stores.embedded.places import places
from sonik.stores.embedded.postgres import DRAFT_PREFIX, PID_FILE, PostgresServer
from sonik.stores.embedded.redis import RedisServer
from sonik.stores.embedded.server import Server, stop
from sonik.stores.embedded.waiting import Deadline
from tests.fix_embedded import Visitor

pytestmark = pytest.mark.anyio


def write(share: EmbeddedSet, value: str) -> None:
    """Write one value into each server, as durable as each promises."""
    with psycopg.connect(share.postgres_dsn("sonik")) as connection:
        connection.execute("create table if not exists note (value text)")
        connection.execute("insert into note values (%s)", [value])
    with redis.Redis(unix_socket_path=str(share.redis_socket)) as client:
        client.execute_command("GRAPH.QUERY", "notes", f"CREATE (:Note {{value: '{value}'}})")
        client.save()


def read(share: EmbeddedSet) -> tuple[list[str], list[str]]:
    """Return what PostgreSQL and the graph hold."""
    with psycopg.connect(share.postgres_dsn("sonik")) as connection:
        rows = [str(row[0]) for row in connection.execute("select value from note order by 1")]
    with redis.Redis(unix_socket_path=str(share.redis_socket), decode_responses=True) as client:
        found = client.execute_command("GRAPH.RO_QUERY", "notes", "MATCH (n:Note) RETURN n.value ORDER BY n.value")
    return rows, [row[0] for row in found[1]]


@pytest.mark.parametrize("victim", ["postgres", "redis"])
async def test_a_killed_server_is_started_again_with_its_data(embedded_settings: Settings, victim: str) -> None:
    share = await embedded.attach(embedded_settings)
    write(share, "kept")
    os.kill(share.pids[victim], signal.SIGKILL)
    again = await embedded.attach(embedded_settings)
    assert again.started_servers == {victim}
    assert {name for name, pid in again.pids.items() if pid == share.pids[name]} == {"postgres", "redis"} - {victim}
    assert read(again) == (["kept"], ["kept"])
    await embedded.close(again)
    await embedded.close(share)


async def test_everything_killed_at_once_leaves_nothing_stale(
    embedded_settings: Settings, send_visitor: Callable[[], Visitor]
) -> None:
    share = await embedded.attach(embedded_settings)
    write(share, "kept")
    visitor = send_visitor()
    visitor.joined()
    for pid in share.pids.values():
        os.kill(pid, signal.SIGKILL)
    visitor.kill()
    await embedded.close(share)
    again = await embedded.attach(embedded_settings)
    assert again.started_servers == {"postgres", "redis"}
    assert read(again) == (["kept"], ["kept"])
    await embedded.close(again)
    assert list(places(embedded_settings.home).clients.iterdir()) == []


@pytest.mark.parametrize("server", ["postgres", "redis"])
async def test_a_server_that_heeds_no_request_to_stop_is_made_to_and_keeps_its_data(
    embedded_settings: Settings, server: str
) -> None:
    share = await embedded.attach(embedded_settings)
    write(share, "kept")
    here = places(embedded_settings.home)
    made: Server = PostgresServer(settings=embedded_settings, places=here)
    if server == "redis":
        made = RedisServer(settings=embedded_settings, places=here)
    # Stopped like this it takes no signal but the last.
    os.kill(share.pids[server], signal.SIGSTOP)
    assert await asyncio.to_thread(stop, made, deadline=Deadline(0.2), urgent_seconds=5)
    assert not locks.is_held(made.room / locks.SERVER_LOCK)
    again = await embedded.attach(embedded_settings)
    assert again.started_servers == {server}
    assert read(again) == (["kept"], ["kept"])
    await embedded.close(again)
    await embedded.close(share)


async def test_a_killed_client_no_longer_counts(
    embedded_settings: Settings, send_visitor: Callable[[], Visitor]
) -> None:
    visitor = send_visitor()
    joined = visitor.joined()
    visitor.kill()
    assert embedded.status(embedded_settings).clients == ()
    share = await embedded.attach(embedded_settings)
    assert (share.started, share.pids) == (False, joined.pids)
    assert embedded.status(embedded_settings).clients == (os.getpid(),)
    await embedded.close(share)
    assert not any(server.running for server in embedded.status(embedded_settings).servers)


async def test_a_stopped_server_saves_its_graph(embedded_settings: Settings) -> None:
    share = await embedded.attach(embedded_settings)
    with redis.Redis(unix_socket_path=str(share.redis_socket)) as client:
        client.set("unsaved", "value")
    await embedded.close(share)
    share = await embedded.attach(embedded_settings)
    with redis.Redis(unix_socket_path=str(share.redis_socket)) as client:
        assert client.get("unsaved") == b"value"
    await embedded.close(share)


@pytest.fixture
def bystander(embedded_settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """A program that has nothing to do with PostgreSQL, under the account that owns its data."""
    asyncio.run(_once(embedded_settings))
    owner = data_of(embedded_settings).stat().st_uid
    with subprocess.Popen(["sleep", "60"], user=owner if os.geteuid() == 0 else None) as process:
        yield process
        process.kill()


async def test_a_process_number_taken_by_another_program_does_not_block_postgres(
    embedded_settings: Settings, bystander: subprocess.Popen[bytes]
) -> None:
    data = data_of(embedded_settings)
    (data / PID_FILE).write_text(f"{bystander.pid}\n{data}\n")
    share = await embedded.attach(embedded_settings)
    assert share.started_servers == {"postgres", "redis"}
    await embedded.close(share)
    assert bystander.poll() is None


def test_a_kill_in_the_middle_of_initdb_leaves_nothing_half_made(tmp_path: Path) -> None:
    home = tmp_path / "new home"
    real = Settings(home=home)
    victim = Visitor(real.model_copy(update={"pg_bin": stuck_binaries(tmp_path / "bin", real)}))
    initdb = int((tmp_path / "bin" / "half-way").read_text())  # a pipe: opens when half the work is done
    victim.kill()
    os.kill(initdb, signal.SIGKILL)
    room = places(home).postgres
    assert [path.name[: len(DRAFT_PREFIX)] for path in room.iterdir() if path.is_dir()] == [DRAFT_PREFIX]
    next_one = Visitor(real)
    assert next_one.joined().started == ["postgres"]  # the Redis of the killed process lives on
    next_one.close()
    assert [path.name for path in room.iterdir() if path.is_dir()] == ["18"]


def stuck_binaries(directory: Path, settings: Settings) -> Path:
    """Make PostgreSQL binaries whose initdb stops half-way, after saying its process number into a pipe."""
    directory.mkdir()
    os.mkfifo(directory / "half-way")
    scripts = {
        "postgres": f'exec {postgres_binaries(settings).postgres} "$@"',
        "initdb": """for word; do case "$word" in --pgdata=*) data="${word#--pgdata=}";; esac; done
mkdir "$data/base" "$data/global"
echo 18 > "$data/PG_VERSION"
echo $$ > "${0%/*}/half-way"
exec sleep 60""",
    }
    for name, body in scripts.items():
        (directory / name).write_text(f"#!/bin/sh\n{body}\n")
    for path in directory.iterdir():
        path.chmod(0o777)
    return directory


async def test_a_start_that_takes_too_long_is_given_up_cleanly(tmp_path: Path) -> None:
    hasty = Settings(home=tmp_path / "home", start_timeout_seconds=0.05)
    with pytest.raises(OutOfTime, match=r"0\.05 s"):
        await embedded.attach(hasty)
    patient = Settings(home=tmp_path / "home")
    assert not any(server.running for server in embedded.status(patient).servers)
    share = await embedded.attach(patient)
    assert share.started
    await embedded.close(share)


async def test_a_failed_start_takes_the_other_server_down_again(embedded_settings: Settings, tmp_path: Path) -> None:
    no_library = tmp_path / "falkordb.so"
    no_library.write_text("not a library")
    no_library.chmod(0o755)
    with pytest.raises(MissingBinary, match="cannot load"):
        await embedded.attach(embedded_settings.model_copy(update={"falkordb_module": no_library}))
    assert not any(server.running for server in embedded.status(embedded_settings).servers)
    assert embedded.status(embedded_settings).clients == ()


def data_of(settings: Settings) -> Path:
    return places(settings.home).postgres / "18"


async def _once(settings: Settings) -> None:
    await embedded.close(await embedded.attach(settings))
