"""`sonik learn`: what use teaches, run now, shown, and taken back."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from server.cli.running import with_engine
from sonik.settings import Settings

if TYPE_CHECKING:
    from sonik.engine import Engine
    from sonik.jobs.job import Job
    from sonik.learning.learner import Standing

PROJECTED_SECONDS = 60.0

RunId = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, as `sonik learn status` lists it.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = typer.Typer(no_args_is_help=True)


@app.command()
def run(as_json: Json = False) -> None:
    """Learn from all that was logged and judged by now; a running server does so once an hour."""
    scope = Settings().scope()

    async def learn(engine: "Engine") -> "Job":
        return await _settled(engine, await engine.learner.run(scope=scope))

    _print(with_engine(learn, project=True), as_json=as_json)


@app.command()
def revert(run_id: RunId, as_json: Json = False) -> None:
    """Take back what a run has taught; what other runs have taught stays."""
    scope = Settings().scope()

    async def take_back(engine: "Engine") -> "Job":
        return await _settled(engine, await engine.learner.revert(run_id, scope=scope))

    _print(with_engine(take_back, project=True), as_json=as_json)


@app.command()
def status(
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many runs at most.")] = 10, as_json: Json = False
) -> None:
    """Show what waits to be learned from, what has been learned, and the latest runs."""
    found = with_engine(lambda engine: engine.learner.status(limit=limit))
    if as_json:
        typer.echo(json.dumps(asdict(found), default=str, indent=2))
    else:
        _print_standing(found)


async def _settled(engine: "Engine", job: "Job") -> "Job":
    """Wait until the graph shows what a job has taught."""
    if job.status == "succeeded":
        await engine.wait_projected(seconds=PROJECTED_SECONDS)
    return job


def _print(job: "Job", *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(job), default=str, ensure_ascii=False, indent=2))
    else:
        counts = ", ".join(f"{count} {name}" for name, count in job.summary.items()) or "nothing new"
        typer.echo(f"{job.name} {job.id}: {job.status}, {counts}")
        if job.error:
            typer.echo(f"{job.error['code']}: {job.error['message']}\n{job.error['next_step']}")
    if job.status == "failed":
        raise typer.Exit(1)


def _print_standing(found: "Standing") -> None:
    console = Console()
    console.print(
        f"{found.traces_waiting} traces and {found.verdicts_waiting} verdicts wait; {found.edges_raised} edges are "
        f"raised, {found.edges_lowered} lowered; {found.traces_lost} traces were lost."
    )
    table = Table("run", "at", "by", "edges", "walks", "verdicts", "taken back")
    for one in found.runs:
        table.add_row(
            str(one.id), f"{one.at:%Y-%m-%d %H:%M} UTC", one.actor, str(one.edges), str(one.walks),
            f"{one.verdicts:.1f}", f"{one.reverted_at:%Y-%m-%d %H:%M} UTC" if one.reverted_at else "",
        )  # fmt: skip
    if found.runs:
        console.print(table)
