"""Ask a fleet over HTTP and the engine alone, kill stores under load, end the fleet amid writes; print what came of it.

The load is bounded in clients and seconds, and everything listens on this machine's own address.
"""

import asyncio
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sonik.access.api_key import NewKey
from sonik.engine import Engine
from sonik.settings import Settings
from sonik.types import JsonObject, Scope
from tests.bench import report
from tests.bench.homes import ROOT, Homes
from tests.bench.proofs import write_proof
from tests.bench.scale import fill
from tests.fix_http import Served, serving
from tests.load.alone import measure, settings_of
from tests.load.calls import Asking
from tests.load.ending import ending
from tests.load.laps import Laps, drive
from tests.load.outage import outage
from tests.load.wire import connections

KEYS = 8
KILLERS = 8
# What is measured is how many calls a fleet answers, not how many it would let through.
UNBOUNDED = {
    "SONIK_HTTP_RATE_PER_MINUTE": "0", "SONIK_HTTP_ORG_RATE_PER_MINUTE": "0", "SONIK_HTTP_CONCURRENCY": "0",
    "SONIK_HTTP_FAILURES_PER_MINUTE": "0",
}  # fmt: skip
TOLD = """\
Of twenty calls six are searches by name, four by description, four listings, three entities and three walks; names are
drawn by Zipf's law from 2,000, so that some questions come again, and the answer cache is on. Each client waits for its
answer before it asks again. `engine alone` are as many processes as the fleet has workers, with the clients shared
among them as tasks that call the tools without a protocol; both runs have the same cores, and the fleet shares them
with the clients' own process. `failed` counts every call that did not bring a result.

A store is killed with SIGKILL while clients go on asking; `degraded` answers came without it and say so, and
`whole after` is when the last answer came that failed or lacked something.
"""


async def run(*, clients: int, seconds: float, workers: int, entities: int, said: Console) -> JsonObject:
    """Measure everything over one home."""
    homes = Homes(folder=Path(tempfile.mkdtemp(prefix="sonik-load-")))
    try:
        settings = settings_of(homes.new().home)
        said.print(f"filling a home with {entities:,} entities")
        filled = await fill(settings, entities)
        tokens, writing = await _keys(settings)
        said.print(f"engine alone, {workers} processes, {clients} tasks, {seconds:.0f} s")
        alone = await measure(
            settings.home, processes=workers, tasks=clients // workers, seconds=seconds, entities=entities
        )
        environment = {**UNBOUNDED, "SONIK_NOW": str(settings.now), "SONIK_MARKET": str(settings.market)}
        with serving(settings.home, workers=workers, **environment) as served:
            said.print(f"{workers} workers over HTTP, {clients} clients, {seconds:.0f} s")
            fleet = await _asked(served, tokens, clients=clients, seconds=seconds, entities=entities)
            outages = []
            for store in ("Redis", "PostgreSQL"):
                said.print(f"killing {store} while {KILLERS} clients ask")
                asking = Asking(entities=entities)
                async with connections(served.port, tokens, clients=KILLERS) as some:
                    seen = await outage(store, settings, some, [asking.calls(seed) for seed in range(KILLERS)])
                outages.append(seen.told())
            said.print("ending the fleet while clients write")
            async with connections(served.port, [writing], clients=KILLERS) as some:
                ended = await ending(settings, some, end=lambda: served.ended(within=60))
        share = round(fleet.per_second / alone.per_second, 3)
        return {
            **report.stamp(), "records": filled["records"], "alone": alone.told(), "fleet": fleet.told(),
            "share_of_engine": share, "outages": list(outages), "ending": ended,
        }  # fmt: skip
    finally:
        await homes.clear()


async def _asked(served: Served, tokens: Sequence[str], *, clients: int, seconds: float, entities: int) -> Laps:
    asking = Asking(entities=entities)
    async with connections(served.port, list(tokens), clients=clients) as some:
        asked = [(one.ask, asking.calls(number)) for number, one in enumerate(some)]
        await drive(list(islice(asked, 4)), seconds=min(5.0, seconds))
        return await drive(asked, seconds=seconds)


async def _keys(settings: Settings) -> tuple[list[str], str]:
    """Make the keys of readers, and one that may write."""
    async with Engine.open(settings, project=False) as engine:
        ops = Scope(role="ops")
        made = [
            await engine.keys.create(NewKey(name=f"load {number}", role="reader"), scope=ops) for number in range(KEYS)
        ]
        writing, _ = await engine.keys.create(NewKey(name="writing", role="ingest"), scope=ops)
    return [token for token, _ in made], writing


def main() -> None:
    """Read the command line, measure, print, and leave with 1 where a bound does not hold."""
    parser = ArgumentParser(prog="python -m tests.load", description="Ask a fleet of workers as many clients at once.")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--entities", type=int, default=10_000)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "load.json")
    parser.add_argument("--write-docs", action="store_true", help="also write the page of the docs")
    asked = parser.parse_args()
    said = Console(stderr=True, highlight=False)
    measured = asyncio.run(
        run(clients=asked.clients, seconds=asked.seconds, workers=asked.workers, entities=asked.entities, said=said)
    )
    report.write_json(measured, asked.out)
    tables = [_loads(measured), _outages(measured)]
    for table in tables:
        Console().print(table)
    if asked.write_docs:
        write_proof("load", title="Many clients at once", tables=tables, told=TOLD)
    sys.exit(0 if _holds(measured) else 1)


def _holds(measured: JsonObject) -> bool:
    fleet, ended, outages = measured["fleet"], measured["ending"], measured["outages"]
    assert isinstance(fleet, dict)
    assert isinstance(ended, dict)
    assert isinstance(outages, list)
    recovered = all(isinstance(one, dict) and float(str(one["whole_after_s"])) <= 10 for one in outages)
    return fleet["failed"] == 0 and ended["lost"] == 0 and recovered and float(str(measured["share_of_engine"])) >= 0.6


def _loads(measured: JsonObject) -> Table:
    table = Table(title=str(measured["commit"]))
    for column in ("", "calls", "calls/s", "p50, ms", "p95, ms", "failed"):
        table.add_column(column, justify="right" if column else "left")
    for label, name in (("engine alone", "alone"), ("over HTTP", "fleet")):
        laps = measured[name]
        assert isinstance(laps, dict)
        table.add_row(label, *(str(laps[key]) for key in ("calls", "calls_per_s", "p50_ms", "p95_ms", "failed")))
    table.caption = f"throughput over HTTP: {float(str(measured['share_of_engine'])):.0%} of the engine alone"
    return table


def _outages(measured: JsonObject) -> Table:
    table = Table(title="Killed under load")
    for column in ("store", "calls", "degraded", "failed", "whole after, s"):
        table.add_column(column, justify="right" if column != "store" else "left")
    outages, ended = measured["outages"], measured["ending"]
    assert isinstance(outages, list)
    assert isinstance(ended, dict)
    for one in outages:
        assert isinstance(one, dict)
        table.add_row(*(str(one[key]) for key in ("store", "calls", "degraded", "failed", "whole_after_s")))
    table.add_row("the fleet, by SIGTERM", f"{ended['acknowledged']} writes", "", f"{ended['lost']} lost", "")
    return table


if __name__ == "__main__":
    main()
