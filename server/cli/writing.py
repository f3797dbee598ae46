"""Commands that write: ingest files and the sample market."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from server.cli import inspecting
from server.cli.parcels import DOCS, Papers, Parcel, papers, parcels
from server.cli.running import leave_worker, with_engine
from sonik.errors import InvalidInput
from sonik.ingest.inspection.report import SAMPLE
from sonik.ingest.intake import Delivery
from sonik.ingest.receipts import Intake
from sonik.settings import Settings

if TYPE_CHECKING:
    from sonik.engine import Engine

WAIT_SECONDS = 600.0


def ingest(
    file: Annotated[
        str,
        typer.Argument(
            help="A .jsonl, .json or .csv file; 'sample' for the Medellín sample market, 'world' for three cities as "
            "five systems tell of them; 'docs' for documents."
        ),
    ],
    path: Annotated[
        str | None,
        typer.Argument(help="After 'docs': a file of records {id, title, text}, a text, or a folder of texts."),
    ] = None,
    mapping: Annotated[str | None, typer.Option(help="A mapping .toml, or the name of one that ships.")] = None,
    inspect: Annotated[
        bool, typer.Option("--inspect", help="Only look: propose a mapping, show what would be refused and why.")
    ] = False,
    save_mapping: Annotated[
        Path | None, typer.Option(help="With --inspect: save the proposed mapping as this file.")
    ] = None,
    sample: Annotated[int, typer.Option(min=1, help="With --inspect: how many rows to look at.")] = SAMPLE,
    source: Annotated[str | None, typer.Option(help="Source name for records that need no mapping.")] = None,
    trust: Annotated[int, typer.Option(min=0, max=100, help="How far that source is trusted.")] = 50,
    collection: Annotated[str | None, typer.Option(help="The collection it goes into.")] = None,
    triples: Annotated[
        Path | None, typer.Option(help="With docs: what was extracted, {passage_id, entities, triples} a line.")
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Say what would happen; write nothing.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait until graph and vectors show it.")] = True,
    key: Annotated[str | None, typer.Option(help="Idempotency key: a repeat returns the same receipts.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print every receipt, or the whole inspection, as JSON.")
    ] = False,
    background: Annotated[bool, typer.Option(help="Print the id of a job that does it, and return.")] = False,
) -> None:  # fmt: skip
    """Take records in: every line gets a receipt (created, updated, unchanged, refused and why)."""
    settings = Settings() if collection is None else Settings(collection=collection)
    if inspect:
        return inspecting.show(file, mapping=mapping, save=save_mapping, sample=sample, as_json=as_json)
    chosen = _chosen(file, path, mapping=mapping, triples=triples, source=source, trust=trust, now=settings.now)
    if background:
        return _put_off(chosen, settings, dry_run=dry_run, key=key, as_json=as_json)
    shows = wait and not dry_run
    intakes = with_engine(
        lambda engine: _take_all(engine, chosen, dry_run=dry_run, key=key, wait=shows, quiet=as_json),
        project=shows,
        settings=settings,
    )
    return _report_all(chosen, intakes, as_json=as_json)


def _report_all(chosen: Sequence[Parcel], intakes: Sequence[Intake], *, as_json: bool) -> None:
    """Say what became of each parcel, and end with an error if anything was refused."""
    for parcel, intake in zip(chosen, intakes, strict=True):
        _report(intake, name=parcel.name, as_json=as_json)
    if any(intake.counts["refused"] for intake in intakes):
        raise typer.Exit(1)


def _chosen(
    file: str, path: str | None, *, mapping: str | None, triples: Path | None, source: str | None, trust: int,
    now: datetime | None,
) -> Sequence[Parcel]:  # fmt: skip
    """Return what is to be taken in.

    Raises:
        InvalidInput: it cannot be read, or an argument for documents comes with something else.
    """
    if file == DOCS:
        return [papers(path, triples=triples, source=source, trust=trust)]
    if path is not None or triples is not None:
        step = "For documents: `sonik ingest docs PATH --triples FILE`."
        raise InvalidInput("One file is taken in at a time.", next_step=step, field="path")
    return parcels(file, mapping=mapping, source=source, trust=trust, now=now)


def _put_off(chosen: Sequence[Parcel], settings: Settings, *, dry_run: bool, key: str | None, as_json: bool) -> None:
    """Keep the records as a job, and leave a worker behind that does it."""
    if dry_run:
        step = "Leave out --background: a dry run is over at once."
        raise InvalidInput("A dry run is not done in the background.", next_step=step, field="background")
    if len(chosen) != 1:
        step = "Leave out --background: they are small."
        raise InvalidInput("Deliveries that build on each other are not done apart.", next_step=step, field="file")
    parcel = chosen[0]
    if isinstance(parcel, Papers):
        step = "Leave out --background: a delivery of documents that is cut short goes on where it stopped."
        raise InvalidInput("Documents are not taken in in the background.", next_step=step, field="background")
    delivery = Delivery(source=parcel.source, scope=settings.scope(), idempotency_key=key)
    job_id = with_engine(
        lambda engine: engine.ingest_later(parcel.rows, delivery=delivery, mapping=parcel.mapping), settings=settings
    )
    leave_worker(settings)
    count = len(parcel.rows)
    if as_json:
        typer.echo(json.dumps({"job_id": str(job_id), "rows": count}))
    else:
        typer.echo(f"{count} records will be taken in by job {job_id}; `sonik job {job_id}` shows how far it is.")


async def _take_all(
    engine: "Engine", chosen: Sequence[Parcel], *, dry_run: bool, key: str | None, wait: bool, quiet: bool
) -> list[Intake]:
    intakes = []
    for number, parcel in enumerate(chosen, start=1):
        own = f"{key}:{parcel.name}" if key and parcel.name else key
        scope = engine.settings.scope()
        delivery = Delivery(source=parcel.source, scope=scope, dry_run=dry_run, idempotency_key=own)
        last = number == len(chosen)
        intakes.append(await _take(engine, parcel, delivery, wait=wait and last, quiet=quiet))
    return intakes


async def _take(engine: "Engine", parcel: Parcel, delivery: Delivery, *, wait: bool, quiet: bool) -> Intake:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as progress:
        reading = progress.add_task("taking in", total=len(parcel.rows))
        intake = await parcel.take(engine, delivery, lambda count: progress.advance(reading, count))
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


def _report(intake: Intake, *, name: str, as_json: bool) -> None:
    if as_json:
        for receipt in intake.receipts:
            typer.echo(json.dumps(receipt.as_json(), ensure_ascii=False))
        return
    console = Console()
    title = "dry run: nothing was written" if intake.dry_run else "taken in"
    console.print(
        f"{name} {title}: ".lstrip() + ", ".join(f"{count} {outcome}" for outcome, count in intake.counts.items())
    )
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
