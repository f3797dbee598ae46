"""`sonik sync`: the projector, its state, and whether the stores agree."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from server.cli.running import with_engine
from server.observing.log import configure_logging
from sonik.settings import Settings

if TYPE_CHECKING:
    from sonik.engine import Engine
    from sonik.sync.drift import Comparison
    from sonik.sync.state import SyncReport

app = typer.Typer(no_args_is_help=True)


@app.command()
def run() -> None:
    """Project changes until stopped; waits while another process does."""

    async def project(engine: "Engine") -> None:
        await engine.project()

    with_engine(project)


@app.command()
def status(
    check: Annotated[bool, typer.Option(help="Compare every row of graph and vectors with truth.")] = False,
    within: Annotated[
        float | None, typer.Option(min=0, help="Exit code 1 if a sink fails, or a change waits longer (s).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the state as JSON.")] = False,
) -> None:
    """Show how far every sink is; with --check, whether all stores agree (exit code 1 if not)."""

    async def look(engine: "Engine") -> "tuple[SyncReport, Sequence[Comparison]]":
        return await engine.sync_report(), await engine.compare() if check else []

    report, comparisons = with_engine(look)
    if as_json:
        found = {"sync": asdict(report), "check": [{**asdict(c), "agrees": c.agrees} for c in comparisons]}
        typer.echo(json.dumps(found, default=str, indent=2))
    else:
        _print(report, comparisons)
    if not all(comparison.agrees for comparison in comparisons) or (within is not None and _late(report, within)):
        raise typer.Exit(1)


@app.command()
def rebuild(sink: Annotated[str, typer.Option(help="The sink to fill again: graph or vectors.")]) -> None:
    """Empty a sink and fill it again from truth."""
    settings = Settings()
    configure_logging(settings)

    async def work() -> int:
        from sonik.engine import Engine

        async with Engine.open(settings, project=False, replace_vectors=sink == "vectors") as engine:
            return await engine.rebuild(sink)

    with Console(stderr=True).status(f"rebuilding {sink}"):
        rows = asyncio.run(work())
    typer.echo(f"{rows} rows projected into {sink}.")


@app.command()
def retry() -> None:
    """Put every dead letter back into the outbox."""
    count = with_engine(lambda engine: engine.retry_dead_letters())
    typer.echo(f"{count} changes will be tried again.")


def _late(report: "SyncReport", seconds: float) -> bool:
    return any(sink.error is not None or (sink.behind and sink.age_seconds > seconds) for sink in report.sinks)


def _print(report: "SyncReport", comparisons: "Sequence[Comparison]") -> None:
    table = Table("sink", "status", "behind", "oldest (s)", "error")
    for state in report.sinks:
        table.add_row(state.sink, state.status, str(state.behind), f"{state.age_seconds:.1f}", state.error or "")
    console = Console()
    console.print(table)
    if report.dead_letters:
        console.print(f"{len(report.dead_letters)} dead letters; `sonik sync retry` tries them again")
    if comparisons:
        table = Table("store", "agrees", "rows in truth", "rows in store", "hash of truth", "hash of store", "differs")
        for one in comparisons:
            differs = [
                *(f"missing {k}" for k in one.missing),
                *(f"extra {k}" for k in one.extra),
                *(f"stale {k}" for k in one.stale),
            ]
            table.add_row(
                one.store, "yes" if one.agrees else "NO", str(one.truth_rows), str(one.store_rows), one.truth_hash,
                one.store_hash, ", ".join(differs[:3]),
            )  # fmt: skip
        console.print(table)
