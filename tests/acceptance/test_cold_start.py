"""A start while stores are away: Sonik takes questions, says what is missing, and is whole when they are back."""

import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path

import anyio
import pytest
from mcp import Client

from sonik.engine import Engine
from sonik.errors import OutOfTime
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.stores.embedded import EmbeddedSet
from tests.fix_engine import deliver
from tests.fix_http import Served, a_token, connected, serving
from tests.fix_mcp import Json, data_of
from tests.fix_outage import FailingModel, Frail
from tests.fix_truth import artist, event, venue

pytestmark = pytest.mark.anyio

PATIENCE_SECONDS = 30
POLL_SECONDS = 0.05
NIGHT = (venue("v1"), artist("a1"), event("e1", lineup=[{"name": "Los Titiribí", "source_id": "a1"}]))
ASKED = {"query": "un lugar tranquilo como el Teatro Lido para bailar con amigos"}
NIGHTS = {"market": "medellin", "when": "2026-11-28"}
WALK = {"start": "teatro-lido", "pattern": "artists_at_venue"}


@contextmanager
def without_folder(folder: Path) -> Iterator[None]:
    """Have a file where a folder is, and give the folder back."""
    folder.mkdir(exist_ok=True)
    folder.rename(folder.with_suffix(".away"))
    folder.write_text("not mounted", encoding="utf-8")
    try:
        yield
    finally:
        folder.unlink()
        folder.with_suffix(".away").rename(folder)


@contextmanager
def hanging(pid: int) -> Iterator[None]:
    """Stop a process, and let it go on."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest.fixture
async def share(settings: Settings) -> AsyncIterator[EmbeddedSet]:
    """Running servers whose truth holds a night that nobody has projected."""
    async with Engine.open(settings, project=False) as engine:
        await deliver(engine, *NIGHT)
        share = await embedded.attach(settings)
    yield share
    await embedded.close(share)


def named(share: EmbeddedSet, *, falkordb: Path, lance: Path) -> dict[str, str]:
    """Return the environment of a server over services that somebody else keeps running."""
    host = str(share.postgres_socket.parent).replace("/", "%2F")
    return {
        "SONIK_POSTGRES_URL": f"postgresql://sonik@{host}/sonik", "SONIK_FALKORDB_URL": f"unix://{falkordb}",
        "SONIK_LANCEDB_URI": str(lance),
    }  # fmt: skip


def wait_missing(served: Served, *stores: str) -> None:
    """Wait until a server that takes questions says that it does without these stores."""
    ends, told = time.monotonic() + PATIENCE_SECONDS, None
    while told != {"ready": True, "missing": list(stores)}:
        assert time.monotonic() < ends, (told, served.log())
        time.sleep(POLL_SECONDS)
        told = served.ask("GET", "/ready").json()


async def walked(client: Client) -> Json:
    """Walk until the walk leads somewhere."""
    with anyio.fail_after(PATIENCE_SECONDS):
        while True:
            result = await client.call_tool("sonik_traverse", WALK)
            if not result.is_error and data_of(result)["hits"]:
                return data_of(result)
            await anyio.sleep(POLL_SECONDS)


async def test_a_server_over_services_starts_without_graph_and_texts_and_becomes_whole(share: EmbeddedSet) -> None:
    falkordb, volume = share.home / "falkordb.sock", share.home / "volume"
    environment = named(share, falkordb=falkordb, lance=volume / "texts")
    with ExitStack() as running:
        with without_folder(volume):
            served = running.enter_context(serving(share.home / "elsewhere", workers=1, **environment))
            wait_missing(served, "graph", "vectors", "cache")
            health = served.ask("GET", "/health").json()
            assert (health["status"], health["stores"]["postgres"]) == ("ill", "reads")
            async with connected(served, token=a_token()) as client:
                assert data_of(await client.call_tool("sonik_whats_on", NIGHTS))["events"]
                assert data_of(await client.call_tool("sonik_search", ASKED))["missing"] == ["graph", "texts"]
        falkordb.symlink_to(share.redis_socket)
        wait_missing(served)
        async with connected(served, token=a_token()) as client:
            assert [hit["ref"] for hit in (await walked(client))["hits"]] == ["los-titiribi"]


async def test_an_embedded_redis_that_hangs_is_waited_for_so_long_and_no_longer(share: EmbeddedSet) -> None:
    hasty = share.settings.model_copy(update={"start_timeout_seconds": 2.0, "store_timeout_seconds": 1.0})
    async with AsyncExitStack() as running:
        with hanging(share.pids["redis"]):
            frail = Frail(engine=await running.enter_async_context(Engine.open(hasty)), model=FailingModel())
            assert (await frail.engine.health())["graph"] is False
            assert (await frail.ask("sonik_search", **ASKED))["missing"] == ["graph"]
        await frail.engine.wait_projected(seconds=PATIENCE_SECONDS)
        assert (await frail.whole("sonik_traverse", **WALK))["total"] == 1


async def test_without_postgresql_nothing_opens_and_the_next_try_does(share: EmbeddedSet) -> None:
    hasty = share.settings.model_copy(update={"start_timeout_seconds": 1.0})
    with hanging(share.pids["postgres"]), pytest.raises(OutOfTime, match="PostgreSQL runs and has not answered"):
        async with Engine.open(hasty):
            pass
    async with Engine.open(share.settings) as engine:
        assert (await engine.health())["postgres"]
