"""The services of docker-compose.yml, by their exact commands, environments and secrets, over servers that are here."""

import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from sonik.settings import Settings
from sonik.stores import embedded
from sonik.stores.embedded.binaries import redis_binaries
from tests.fix_compose import Machine, read_compose
from tests.fix_mcp import ANSWER_SECONDS, data_of

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

VENUE = {"kind": "venue", "name": "La Ceiba Sonora", "market": "medellin", "source_id": "v1"}
HOME = "/var/lib/sonik"
TERMINATED = 128 + 15


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
async def machine(new_settings: Settings, tmp_path: Path) -> AsyncIterator[Machine]:
    """Everything but ours runs: PostgreSQL as it is embedded, FalkorDB and Redis by the commands of their services."""
    share = await embedded.attach(new_settings)
    binaries = redis_binaries(new_settings)
    ports = {name: free_port() for name in ("server", "falkordb", "redis")}
    replaced = {
        "postgres:5432": str(share.postgres_socket.parent).replace("/", "%2F"),
        "falkordb:6379": f"127.0.0.1:{ports['falkordb']}",
        "redis:6379": f"127.0.0.1:{ports['redis']}",
        "8000": str(ports["server"]),
        "0.0.0.0": "127.0.0.1",  # noqa: S104 - it is replaced
        "/var/lib/falkordb/bin/falkordb.so": str(binaries.falkordb),
        "/var/lib/falkordb/data": str(tmp_path / "data"),
        "redis-server": str(binaries.server),
    }  # fmt: skip
    (tmp_path / "data").mkdir()
    made = Machine(folder=tmp_path / "machine", compose=read_compose(), replaced=replaced)
    made.prepare()
    with ExitStack() as stack:
        stack.callback(made.close)
        here = ("--bind", "127.0.0.1", "--port")
        made.start("falkordb", *here, str(ports["falkordb"]))
        # The image of Redis 8 adds its modules itself.
        search = [word for path in (binaries.search, binaries.json) if path for word in ("--loadmodule", str(path))]
        made.start("redis", *search, *here, str(ports["redis"]))
        yield made
    await embedded.close(share)


async def test_the_services_come_up_answer_and_go(machine: Machine) -> None:
    migrated = machine.run("migrate")
    assert migrated.returncode == 0, migrated.stderr
    for name in ("projector", "worker", "server"):
        machine.start(name)
    for name in ("projector", "worker", "server"):
        machine.become_well(name)

    made = machine.run("worker", "sonik", "keys", "create", "--name", "test", "--role", "staff", SONIK_ROLE="staff")
    token = made.stdout.strip()
    url = machine.told("http://127.0.0.1:8000/mcp")
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=ANSWER_SECONDS) as http,
        Client(streamable_http_client(url, http_client=http), read_timeout_seconds=ANSWER_SECONDS) as client,
    ):
        told = {"records": [VENUE], "source": "test", "dry_run": False, "wait_for": "projected"}
        assert data_of(await client.call_tool("sonik_upsert", told))["counts"]["created"] == 1
        found = data_of(await client.call_tool("sonik_search", {"query": "La Ceiba Sonora"}))
    assert [hit["ref"] for hit in found["hits"]] == ["la-ceiba-sonora"]

    assert machine.ended("server") == 0, machine.log("server")
    assert {machine.ended(name) for name in ("projector", "worker")} == {TERMINATED}
    assert {path.name for path in (machine.folder / "lib").iterdir()} == {"lancedb", "run"}


def test_the_home_of_a_container_is_written_to_where_that_is_allowed() -> None:
    server = read_compose().services["server"]
    mounted = [*(mount.partition(":")[2] for mount in server.volumes), *(one.partition(":")[0] for one in server.tmpfs)]
    assert {path for path in mounted if path.startswith(HOME)} == {f"{HOME}/lancedb", f"{HOME}/run"}
