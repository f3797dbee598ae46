"""The commands, and the one place where an error becomes an exit code."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from eval import baselines, budget, catalog, learning_report
from eval.clients.command import clients
from eval.compare import SHOWN, compare
from eval.conformance.command import conformance
from eval.kept import measure
from eval.learning import Plan
from eval.publish import publish, publish_budget
from eval.published import published
from eval.result import Report, read_report, write_whole
from eval.run import Order, commit_of, run
from eval.settings import EvalSettings
from eval.summary import summarize
from eval.systems.catalog import SYSTEMS, find
from eval.systems.system import Workshop
from eval.tables import agreement, compared, console, sheets
from sonik.errors import InvalidInput, SonikError
from sonik.settings import Settings
from sonik.stores.embedding import open_embedder

app = typer.Typer(
    name="python -m eval", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
    help="What Sonik's retrieval is worth, against its plain alternatives.",
)  # fmt: skip

Data = Annotated[Path | None, typer.Option(help="Folder whose subfolders are sets; SONIK_EVAL_DATA unless given.")]

Work = Annotated[Path | None, typer.Option(help="Folder for vectors and stores; SONIK_EVAL_WORK unless given.")]


@app.command("run")
def run_command(
    dataset: Annotated[str, typer.Option(help="Name of a set, or a folder with corpus.jsonl and queries.jsonl.")],
    system: Annotated[str, typer.Option(help=", ".join(entry.name for entry in SYSTEMS))],
    out: Annotated[Path, typer.Option(help="Where the result goes; an interrupted run goes on beside it.")],
    limit: Annotated[int | None, typer.Option(help="Only the first questions.")] = None,
    data: Data = None,
    work: Work = None,
    restart: Annotated[bool, typer.Option(help="Forget what an interrupted run has left.")] = False,
) -> None:
    """Run one system on one set: --dataset hotpotqa_300 --system bm25 --out build/bm25.json."""
    if dataset == learning_report.DATASET:
        if not learning_report.reported(learning_plan(system, limit), out=out, commit=commit_of()):
            raise typer.Exit(1)
        return
    settings = EvalSettings()
    order = Order(
        dataset=catalog.load(dataset, data=data or settings.data, limit=limit),
        entry=find(system), out=out, commit=commit_of(), restart=restart,
    )  # fmt: skip
    _tell(_run(order, _workshop(work)))


@app.command("compare")
def compare_command(
    ours: Annotated[Path, typer.Argument(help="The result of a run.")],
    theirs: Annotated[Path, typer.Argument(help="The result to compare it with.")],
    metric: Annotated[list[str] | None, typer.Option(help="A metric; give it again for another.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only questions of this kind.")] = None,
) -> None:
    """Compare two runs question by question, with interval and p."""
    first, second = read_report(ours), read_report(theirs)
    lines = compare(first, second, metrics=metric or SHOWN, kind=kind)
    console().print(compared(_name(first, ours), _name(second, theirs), lines).rich())


@app.command("report")
def report_command(
    files: Annotated[list[Path], typer.Argument(help="Results of runs.")],
    out: Annotated[Path, typer.Option(help="Folder for report.json, report.md and plots.")],
    data: Data = None,
) -> None:
    """Put runs side by side: tables here, and JSON, Markdown and plots in a folder."""
    reports = [read_report(path) for path in files]
    folder = data or EvalSettings().data
    beside = [
        one for name in dict.fromkeys(report.dataset for report in reports) for one in published(name, data=folder)
    ]
    summary = summarize(reports, published=beside)
    shown = console()
    for sheet in sheets(summary):
        shown.print(sheet.rich())
    for path in publish(summary, out):
        typer.echo(f"written: {path}")


@app.command("baselines")
def baselines_command(
    out: Annotated[Path, typer.Option(help="Folder for the results.")], data: Data = None, work: Work = None
) -> None:
    """Run every baseline on every public set and check that it scores what it should."""
    workshop = _workshop(work)
    asked = baselines.orders(data=data or EvalSettings().data, out=out, commit=commit_of())
    checked = list(baselines.check(asked, lambda order: _run(order, workshop)))
    console().print(agreement(checked).rich())
    if not all(one.agrees for one in checked):
        raise typer.Exit(1)


@app.command("budget")
def budget_command(
    dataset: Annotated[list[str], typer.Option(help="A set; give it again for another.")],
    out: Annotated[Path, typer.Option(help="Folder for the results, budget.md and the plot.")],
    edges: Annotated[list[int] | None, typer.Option(min=50, max=20_000, help="A budget; again for another.")] = None,
    data: Data = None,
    work: Work = None,
) -> None:
    """Ask Sonik within several edge budgets: quality and time against the edges a question may fetch."""
    workshop = _workshop(work)
    sets = [catalog.load(name, data=data or EvalSettings().data) for name in dataset]
    found = list(
        budget.points(
            sets, edges or budget.BUDGETS, out=out, commit=commit_of(), measure=lambda order: _run(order, workshop)
        )
    )
    console().print(budget.sheet(found).rich())
    for path in publish_budget(found, out):
        typer.echo(f"written: {path}")


@app.command("cache")
def cache_command(
    out: Annotated[Path | None, typer.Option(help="Where the figures go as JSON.")] = None, work: Work = None
) -> None:
    """Ask near-duplicates of the cache: valid hits, false hits, latencies."""
    figures = asyncio.run(measure((work or EvalSettings().work) / "homes" / "cache"))
    console().print(figures.sheet().rich())
    if out is not None:
        write_whole(out, figures.json())
    if figures.false.hits:
        raise typer.Exit(1)


app.command()(conformance)
app.command()(clients)


@app.command("list")
def list_command(data: Data = None) -> None:
    """List the sets and the systems there are."""
    folder = data or EvalSettings().data
    for name in (*catalog.names(folder), learning_report.DATASET):
        typer.echo(f"set     {name}")
    for entry in SYSTEMS:
        typer.echo(f"system  {entry.name}: {entry.about}")


def learning_plan(system: str, asks: int | None) -> Plan:
    """Return the plan of a replay, which only Sonik can be asked to do.

    Raises:
        InvalidInput: another system was named.
    """
    if system != "sonik":
        step = "Use --system sonik: it is asked with plain, learned, shuffled and popular weights."
        raise InvalidInput(f"Learning cannot be replayed on '{system[:80]}'.", next_step=step, field="system")
    return Plan() if asks is None else replace(Plan(), asks=asks)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; errors are one sentence and a next step on stderr."""
    try:
        app(arguments)
    except SonikError as error:
        typer.secho(error.code, fg="red", err=True, nl=False)
        typer.echo(f": {error.message}", err=True)
        typer.echo(error.next_step, err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def _workshop(work: Path | None) -> Workshop:
    return Workshop(folder=work or EvalSettings().work, embedder=open_embedder(Settings()))


def _run(order: Order, workshop: Workshop) -> Report:
    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        title = f"{order.entry.name} on {order.dataset.name}"
        task = progress.add_task(title, total=len(order.dataset.queries))
        return asyncio.run(
            run(order, workshop=workshop, watch=lambda done: progress.update(task, completed=done))
        )  # fmt: skip


def _tell(report: Report) -> None:
    shown = "  ".join(f"{name} {value:.3f}" for name, value in report.metrics.items())
    typer.echo(f"{report.system} on {report.dataset}: {len(report.per_query)} questions")
    typer.echo(shown)
    latency = report.latency_ms
    typer.echo(f"p50 {latency.p50:g} ms  p95 {latency.p95:g} ms  indexed in {report.index_s:g} s")


def _name(report: Report, path: Path) -> str:
    return f"{report.system} ({path.stem})"
