"""Commands that write: ingest files and the sample market."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from server.cli.running import leave_worker, with_engine
from sonik.errors import InvalidInput
from sonik.identity.sighting import Source
from sonik.ingest.files import Row, read_rows, rows_of
from sonik.ingest.intake import Delivery
from sonik.ingest.mapping import FieldMapping, load_mapping
from sonik.ingest.receipts import Intake
from sonik.ingest.samples import medellin
from sonik.settings import Settings

if TYPE_CHECKING:
    from sonik.engine import Engine

SAMPLE_TRUST = 50
WAIT_SECONDS = 600.0


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command()(ingest)


def ingest(
    file: Annotated[str, typer.Argument(help="A .jsonl or .csv file, or 'sample' for the Medellín sample market.")],
    mapping: Annotated[str | None, typer.Option(help="A mapping .toml, or the name of one that ships.")] = None,
    source: Annotated[str | None, typer.Option(help="Source name for records that need no mapping.")] = None,
    trust: Annotated[int, typer.Option(min=0, max=100, help="How far that source is trusted.")] = 50,
    dry_run: Annotated[bool, typer.Option(help="Say what would happen; write nothing.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait until graph and vectors show it.")] = True,
    key: Annotated[str | None, typer.Option(help="Idempotency key: a repeat returns the same receipts.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every receipt, one JSON object a line.")] = False,
    background: Annotated[bool, typer.Option(help="Print the id of a job that does it, and return.")] = False,
) -> None:  # fmt: skip
    """Take records in: every line gets a receipt (created, updated, unchanged, refused and why)."""
    settings = Settings()
    rows, chosen, origin = _delivery(file, mapping, source, trust, settings)
    scope = settings.scope()
    delivery = Delivery(source=origin, scope=scope, dry_run=dry_run, idempotency_key=key)
    if background:
        return _put_off(rows, chosen, delivery, settings, as_json=as_json)
    intake = with_engine(
        lambda engine: _take(engine, rows, chosen, delivery, wait=wait and not dry_run, quiet=as_json),
        project=wait and not dry_run,
        settings=settings,
    )
    _report(intake, as_json=as_json)
    if intake.counts["refused"]:
        raise typer.Exit(1)
    return None


def _put_off(
    rows: list[Row], mapping: FieldMapping | None, delivery: Delivery, settings: Settings, *, as_json: bool
) -> None:
    """Keep the records as a job, and leave a worker behind that does it."""
    if delivery.dry_run:
        step = "Leave out --background: a dry run is over at once."
        raise InvalidInput("A dry run is not done in the background.", next_step=step, field="background")
    job_id = with_engine(
        lambda engine: engine.ingest_later(rows, delivery=delivery, mapping=mapping), settings=settings
    )  # fmt: skip
    leave_worker(settings)
    if as_json:
        typer.echo(json.dumps({"job_id": str(job_id), "rows": len(rows)}))
    else:
        typer.echo(f"{len(rows)} records will be taken in by job {job_id}; `sonik job {job_id}` shows how far it is.")


def _delivery(
    file: str, mapping: str | None, source: str | None, trust: int, settings: Settings
) -> tuple[list[Row], FieldMapping | None, Source]:
    if file == "sample":
        now = settings.now or datetime.now(UTC)
        return list(rows_of(medellin.records(now))), None, Source(code=medellin.SOURCE, trust=SAMPLE_TRUST)
    rows = list(read_rows(Path(file)))
    if mapping is not None:
        chosen = load_mapping(mapping)
        return rows, chosen, chosen.source
    if source is None:
        raise InvalidInput(
            "Whose records are these?",
            next_step="Pass --source NAME, or --mapping FILE for foreign columns.",
            field="source",
        )
    return rows, None, Source(code=source, trust=trust)


async def _take(
    engine: "Engine", rows: list[Row], mapping: FieldMapping | None, delivery: Delivery, *, wait: bool, quiet: bool
) -> Intake:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as progress:
        reading = progress.add_task("taking in", total=len(rows))
        intake = await engine.ingest(
            rows, delivery=delivery, mapping=mapping, watch=lambda count: progress.advance(reading, count)
        )
        if wait:
            showing = progress.add_task("projecting", total=None)
            watching = asyncio.create_task(_watch(engine, progress, showing))
            try:
                await engine.wait_projected(intake, seconds=WAIT_SECONDS)
            finally:
                watching.cancel()
            progress.update(showing, total=1, completed=1)
    return intake


async def _watch(engine: "Engine", progress: Progress, task: object) -> None:
    while True:
        report = await engine.sync_report()
        behind = max((state.behind for state in report.sinks), default=0)
        progress.update(task, description=f"projecting, {behind} behind")  # type: ignore[arg-type]
        await asyncio.sleep(0.5)


def _report(intake: Intake, *, as_json: bool) -> None:
    if as_json:
        for receipt in intake.receipts:
            typer.echo(json.dumps(receipt.as_json(), ensure_ascii=False))
        return
    console = Console()
    title = "dry run: nothing was written" if intake.dry_run else "taken in"
    console.print(f"{title}: " + ", ".join(f"{count} {outcome}" for outcome, count in intake.counts.items()))
    refused = [receipt for receipt in intake.receipts if receipt.outcome == "refused"]
    if refused:
        table = Table("line", "name", "field", "reason")
        for receipt in refused[:20]:
            for problem in receipt.problems:
                cells = (str(receipt.line), receipt.name or "", problem.field, problem.reason)
                table.add_row(*map(Text, cells))
        console.print(table)
        if len(refused) > 20:
            console.print(f"and {len(refused) - 20} more; --json shows all")
