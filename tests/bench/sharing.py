"""`python -m tests.bench.sharing`: what a search takes while an ingest job runs in the same server, or beside it."""

import asyncio
import sys
from argparse import ArgumentParser
from contextlib import suppress
from time import perf_counter, thread_time

from rich.console import Console
from rich.table import Table

from sonik.engine import Engine
from sonik.identity.sighting import Source
from sonik.ingest.files import rows_of
from sonik.ingest.intake import Delivery
from sonik.ingest.samples import medellin
from sonik.retrieval.question import Question
from sonik.settings import Settings
from tests.bench.homes import INGEST, NOW, READER, ROOT, deliver, environment, homes
from tests.bench.probe import probe
from tests.bench.questions import QUESTIONS
from tests.bench.spread import median, p95
from tests.bench.synthetic import market

WARM_UP = 20
ALONE = 100
LOOK_SECONDS = 0.25
ENDED = ("succeeded", "failed")


def main() -> None:
    """Measure and print a table."""
    parser = ArgumentParser(prog="python -m tests.bench.sharing", description=__doc__)
    parser.add_argument("--events", type=int, default=3000, help="how many events a job takes in")
    asyncio.run(_measure(parser.parse_args().events))


async def _measure(events: int) -> None:
    table = Table("while", "searches", "p50 ms", "p95 ms", "longest ms", "loop held, CPU ms", "records/s")
    async with homes() as made:
        settings = made.new()
        async with Engine.open(settings) as engine:
            await deliver(engine, medellin.records(NOW), source=medellin.SOURCE)
            await _searches(engine, count=WARM_UP)
            table.add_row("nothing else", *_cells(*await _searches(engine, count=ALONE)), "")
            for seed, beside in enumerate(("a job in the server", "a job beside it"), start=1):
                table.add_row(beside, *await _beside(engine, settings, seed, events, within=seed == 1))
    Console().print(f"calibration probe: {probe().loop_ms} ms")
    Console().print(table)


async def _beside(engine: Engine, settings: Settings, seed: int, events: int, *, within: bool) -> list[str]:
    records = list(market(seed, events=events))
    delivery = Delivery(source=Source(code=f"bench-{seed}"), scope=INGEST)
    job_id = str(await engine.ingest_later(rows_of(records), delivery=delivery))
    started = perf_counter()
    working = asyncio.create_task(engine.jobs.work() if within else _other_process(settings))
    done = asyncio.create_task(_ended(engine, job_id))
    taken, held = await _searches(engine, until=done)
    rate = len(records) / (perf_counter() - started)
    working.cancel()
    with suppress(asyncio.CancelledError):
        await working
    return [*_cells(taken, held), f"{rate:.0f}"]


async def _other_process(settings: Settings) -> None:
    command = [sys.executable, "-m", "server.cli", "job", "work"]
    process = await asyncio.create_subprocess_exec(*command, env=environment(settings), cwd=ROOT)
    try:
        await process.wait()
    finally:
        process.terminate()
        await process.wait()


async def _ended(engine: Engine, job_id: str) -> None:
    while (await engine.jobs.look_up(job_id, scope=INGEST)).status not in ENDED:  # noqa: ASYNC110 - nobody tells when it ends
        await asyncio.sleep(LOOK_SECONDS)


async def _searches(
    engine: Engine, *, count: int = 0, until: asyncio.Task[None] | None = None
) -> tuple[list[float], float]:
    """Search one after the other; return what each took, and the most CPU time the loop was held for meanwhile."""
    taken: list[float] = []
    watch = _Watch()
    watching = asyncio.create_task(watch.run())
    while len(taken) < count or (until is not None and not until.done()):
        started = perf_counter()
        await engine.search(Question(query=QUESTIONS[len(taken) % len(QUESTIONS)]), scope=READER)
        taken.append((perf_counter() - started) * 1000)
    watching.cancel()
    return taken, watch.longest_ms


class _Watch:
    """Asks again and again for its turn, and notes the most CPU time that others took in between.

    CPU time, because on a busy machine the wall clock tells of other processes.
    """

    def __init__(self) -> None:
        self.longest_ms = 0.0

    async def run(self) -> None:
        while True:
            started = thread_time()
            await asyncio.sleep(0.001)
            self.longest_ms = max(self.longest_ms, (thread_time() - started) * 1000)


def _cells(taken: list[float], held: float) -> list[str]:
    return [str(len(taken)), f"{median(taken)}", f"{p95(taken)}", f"{max(taken):.0f}", f"{held:.0f}"]


if __name__ == "__main__":
    main()
