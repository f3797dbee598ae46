"""How long until the first answer: of a new home, of stores that are down, of stores that run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

from mcp import Client

from sonik.engine import Engine
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.types import JsonObject
from tests.bench.homes import Homes, server, stop
from tests.bench.spread import median

CALL_SECONDS = 60
FIRST_RUNS = 3
STARTS = 5
QUESTION = "jazz en vivo"


async def first_run(homes: Homes) -> JsonObject:
    """Time a server in a new home, with initdb, migrations, graphs and table."""
    taken = []
    for _ in range(FIRST_RUNS):
        settings = homes.new()
        taken.append(await first_answer(settings))
        await stop(settings)
    return {"first_run_s": median(taken)}


async def cold_start(homes: Homes) -> JsonObject:
    """Time a server in a filled home whose stores are down."""
    settings = (await homes.filled()).settings
    taken = []
    for _ in range(STARTS):
        await stop(settings)
        taken.append(await first_answer(settings))
    return {"cold_start_s": median(taken)}


async def warm_start(homes: Homes) -> JsonObject:
    """Time another server while the stores run, as after `sonik up`."""
    settings = (await homes.filled()).settings
    async with running(settings):
        return {"serve_start_s": median([await first_answer(settings) for _ in range(STARTS)])}


async def attach(homes: Homes) -> JsonObject:
    """Time joining the running servers, and opening a whole engine on them, in a process that has done it before."""
    settings = (await homes.filled()).settings
    async with running(settings):
        opened = [await _opened(settings) for _ in range(1 + STARTS)][1:]
        joined = [await _joined(settings) for _ in range(STARTS)]
    return {"attach_s": median(opened, digits=3), "join_servers_s": median(joined, digits=3)}


async def first_answer(settings: Settings) -> float:
    """Return the seconds from starting a server process to the result of its first tool call over stdio."""
    started = perf_counter()
    async with Client(server(settings), read_timeout_seconds=CALL_SECONDS) as client:
        result = await client.call_tool("sonik_search", {"query": QUESTION})
        taken = perf_counter() - started
    if result.is_error:
        raise RuntimeError(f"the first call failed: {result.content}")
    return taken


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[None]:
    """Keep the servers of a home running meanwhile."""
    share = await embedded.attach(settings)
    try:
        yield
    finally:
        await embedded.close(share)


async def _opened(settings: Settings) -> float:
    started = perf_counter()
    async with Engine.open(settings):
        return perf_counter() - started


async def _joined(settings: Settings) -> float:
    started = perf_counter()
    share = await embedded.attach(settings)
    taken = perf_counter() - started
    await embedded.close(share)
    return taken
