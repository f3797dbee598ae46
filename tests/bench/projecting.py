"""How long after its commit a record is in graph and vectors, one record at a time."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

from sonik.engine import Engine
from sonik.settings import Settings
from sonik.types import JsonObject
from tests.bench.homes import ROOT, Homes, deliver, environment
from tests.bench.spread import spread, without_gc
from tests.bench.synthetic import night

WARM_UP = 5
SAMPLES = 40
PAUSE_SECONDS = 0.05
LOOK_AGAIN_SECONDS = 0.002
LATEST_SECONDS = 30
STOP_SECONDS = 15
VERTEX = "MATCH (n:Entity {id: $id}) RETURN n.id"


async def projecting(homes: Homes) -> JsonObject:
    """Measure with the projector in a process of its own, as a fleet has it, then in the writer's."""
    settings = (await homes.filled()).settings
    async with Engine.open(settings, project=False) as engine, projector(settings):
        apart, seen = await _lags(engine, "aparte")
    async with Engine.open(settings) as engine:
        together, _ = await _lags(engine, "junto")
    return {
        "projection_lag_ms": spread(apart),
        "projection_seen_ms": spread(seen),
        "projection_lag_same_process_ms": spread(together),
    }


@asynccontextmanager
async def projector(settings: Settings) -> AsyncIterator[None]:
    """Run `sonik sync run` meanwhile."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "server.cli", "sync", "run", env=environment(settings), cwd=ROOT
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        try:
            await asyncio.wait_for(process.wait(), timeout=STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _lags(engine: Engine, tag: str) -> tuple[list[float], list[float]]:
    """Return the milliseconds from each commit until it is projected, and until the writer reads it back."""
    projected, seen = [], []
    with without_gc():
        for turn in range(WARM_UP + SAMPLES):
            intake = await deliver(engine, [night(tag, turn)], source="sample-medellin")
            started = perf_counter()
            await engine.wait_projected(intake, seconds=LATEST_SECONDS)
            projected.append((perf_counter() - started) * 1000)
            await _read_back(engine, str(intake.receipts[0].entity_id))
            seen.append((perf_counter() - started) * 1000)
            # Writers of single records leave the projector time to fall asleep.
            await asyncio.sleep(PAUSE_SECONDS)
    return projected[WARM_UP:], seen[WARM_UP:]


async def _read_back(engine: Engine, key: str) -> None:
    """Wait until this process's own handles see the row: the graph's server does at once, a LanceDB table may not."""
    vectors, graphs = engine._vectors, engine._graphs
    async with asyncio.timeout(LATEST_SECONDS):
        while not (await vectors.vectors_of([key]) and await graphs.read("operations", VERTEX, {"id": key})):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
