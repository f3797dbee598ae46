"""`python -m tests.bench`: measure, print a table, write build/bench.json. A number never makes it fail."""

import asyncio
import logging
import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from sonik.types import JsonObject
from tests.bench import report
from tests.bench.homes import ROOT, Homes, homes
from tests.bench.ingesting import ingesting
from tests.bench.probe import Probe, probe
from tests.bench.projecting import projecting
from tests.bench.searching import searching
from tests.bench.serving import serving
from tests.bench.starting import attach, cold_start, first_run, warm_start

Section = Callable[[Homes], Awaitable[JsonObject]]

# The lag comes last, because it writes into the home the others read.
SECTIONS: Mapping[str, Section] = {
    "first_run": first_run,
    "ingest": ingesting,
    "search": searching,
    "serving": serving,
    "cold_start": cold_start,
    "warm_start": warm_start,
    "attach": attach,
    "lag": projecting,
}
WIDTH = 110
RESULT = ROOT / "build" / "bench.json"
PAGE = ROOT / "docs" / "benchmarks.md"


async def measure(names: Sequence[str], progress: Progress) -> JsonObject:
    """Run sections one after the other and return all they measured."""
    measured: JsonObject = report.stamp()
    probes: dict[str, Probe] = {}
    task = progress.add_task("", total=len(names) + 1)
    async with homes() as places:
        if set(names) - {"first_run", "ingest"}:
            progress.update(task, description="filling a home")
            await places.filled()
        progress.advance(task)
        for name in names:
            progress.update(task, description=name.replace("_", " "))
            before = probe()
            measured |= await SECTIONS[name](places)
            after = probe()
            probes[name] = Probe(
                loop_ms=max(before.loop_ms, after.loop_ms), matmul_ms=max(before.matmul_ms, after.matmul_ms)
            )
            progress.advance(task)
    return {**measured, "calibration": report.calibration(probes), "goals": report.goals(measured)}


def main() -> None:
    """Measure and tell."""
    asked = _arguments()
    # What is set for the user's own Sonik must not change what is measured.
    for name in [name for name in os.environ if name.startswith("SONIK_")]:
        del os.environ[name]
    logging.basicConfig(level=logging.ERROR)
    # Ended from outside, it still stops what it started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console()
    if not console.is_terminal:
        # Eighty columns, which rich assumes, cut off what tells whether a goal was reached.
        console.width = WIDTH
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            measured = asyncio.run(measure(asked.only or list(SECTIONS), progress))
    except KeyboardInterrupt:
        sys.exit(130)
    console.print(report.shown(measured))
    report.write_json(measured, asked.out)
    console.print(f"written: {asked.out.name}", highlight=False)
    if asked.write_docs:
        PAGE.write_text(report.page(measured), encoding="utf-8")
        console.print(f"written: {PAGE.relative_to(ROOT)}", highlight=False)


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.bench", description="Measure Sonik on this machine.")
    parser.add_argument("--only", nargs="+", choices=list(SECTIONS), metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--out", type=Path, default=RESULT, help="where the result goes, build/bench.json unless said")
    parser.add_argument("--write-docs", action="store_true", help="also write docs/benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
