"""`sonik job`: work that goes on in the background."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text
from typer.core import TyperGroup

from server.cli.running import with_engine
from sonik.settings import Settings

if TYPE_CHECKING:
    from typer._click.core import Command, Context

    from sonik.engine import Engine
    from sonik.jobs.job import Job
    from sonik.types import Scope

T = TypeVar("T")
LOOK_SECONDS = 0.5

JobId = Annotated[str, typer.Argument(metavar="ID", help="A job's id, as `sonik ingest --background` prints it.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class ShowByDefault(TyperGroup):
    """`sonik job ID` is `sonik job show ID`."""

    def resolve_command(self, ctx: "Context", args: list[str]) -> "tuple[str | None, Command | None, list[str]]":
        """Take what is no command for an id."""
        return super().resolve_command(ctx, args if args[0] in self.commands else ["show", *args])


app = typer.Typer(no_args_is_help=True, cls=ShowByDefault)


@app.command()
def show(job_id: JobId, as_json: Json = False) -> None:
    """Show one job: its state, how far it is, what came of it; exit code 1 if it failed."""
    job = _with_scope(lambda engine, scope: engine.jobs.look_up(job_id, scope=scope))
    _print(job, as_json=as_json)
    if job.status == "failed":
        raise typer.Exit(1)


@app.command("list")
def list_jobs(
    status: Annotated[str | None, typer.Option(help="Only jobs in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many at most.")] = 20,
    as_json: Json = False,
) -> None:
    """List the newest jobs."""
    found = _with_scope(lambda engine, scope: engine.jobs.listed(scope=scope, status=status, limit=limit))
    if as_json:
        typer.echo(json.dumps([asdict(job) for job in found], default=str, ensure_ascii=False, indent=2))
        return
    table = Table(Column("job", no_wrap=True), "what", "state", "done", "tries", "asked by", "error")
    for job in found:
        error = job.error["message"] if job.error else ""
        cells = (str(job.id), job.name, _state(job), _done(job), str(job.attempts), job.actor, error)
        table.add_row(*map(Text, cells))
    Console().print(table)


@app.command()
def cancel(job_id: JobId, as_json: Json = False) -> None:
    """Cancel a job: one that waits at once, one at work before its next step; what can be undone is."""
    _print(_with_scope(lambda engine, scope: engine.jobs.cancel(job_id, scope=scope)), as_json=as_json)


@app.command()
def retry(job_id: JobId, as_json: Json = False) -> None:
    """Try a failed job again, from where it stopped."""
    _print(_with_scope(lambda engine, scope: engine.jobs.retry(job_id, scope=scope)), as_json=as_json)


@app.command()
def work(
    until_idle: Annotated[bool, typer.Option("--until-idle", help="Leave when no job is left.")] = False,
) -> None:
    """Do jobs, and project what they write, until stopped; a running server does so too."""

    async def go_on(engine: "Engine") -> None:
        await engine.jobs.work(until_idle=until_idle)
        while True:
            if not until_idle or await _shown(engine):
                return
            await asyncio.sleep(LOOK_SECONDS)

    with_engine(go_on, project=True)


def _with_scope(do: "Callable[[Engine, Scope], Awaitable[T]]") -> T:
    settings = Settings()
    return with_engine(lambda engine: do(engine, settings.scope()), settings=settings)


async def _shown(engine: "Engine") -> bool:
    """Say whether every sink shows what was written."""
    report = await engine.sync_report()
    return all(sink.cursor is not None and sink.behind == 0 for sink in report.sinks)


def _print(job: "Job", *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(asdict(job), default=str, ensure_ascii=False, indent=2))
        return
    console = Console()
    console.print(Text(f"{job.name} {job.id}: {_state(job)}, {_done(job)} done"))
    counts = [f"{count} {name}" for name, count in job.summary.items() if isinstance(count, int)]
    if counts:
        console.print(Text(", ".join(counts)))
    refusals = job.summary.get("refusals")
    for refusal in refusals if isinstance(refusals, list) else ():
        console.print(Text(json.dumps(refusal, ensure_ascii=False)))
    if job.error:
        console.print(Text(f"{job.error['code']}: {job.error['message']}\n{job.error['next_step']}"))


def _state(job: "Job") -> str:
    if job.cancelling and job.status == "running":
        return "running, to be cancelled"
    if job.status == "queued" and job.error:
        return f"queued, to be tried again at {job.run_at:%Y-%m-%d %H:%M:%S} UTC"
    return job.status


def _done(job: "Job") -> str:
    return f"{job.done}" if job.total is None else f"{job.done} of {job.total}"
