"""`sonik audit`: what was called and written by whom, and whether the log of it still is what was sealed."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Column, Table
from rich.text import Text

from server.cli.running import with_engine
from sonik.audit.auditor import MOST_SHOWN, Entry, Sought
from sonik.audit.checking import Checked
from sonik.errors import InvalidInput
from sonik.settings import Settings

if TYPE_CHECKING:
    from sonik.engine import Engine

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = typer.Typer(no_args_is_help=True)


@app.command()
def show(
    trace: Annotated[str | None, typer.Option(help="A trace_id, as results tell it.")] = None,
    since: Annotated[str | None, typer.Option(help="From this moment on (ISO 8601; UTC unless it says).")] = None,
    caller: Annotated[
        str | None, typer.Option(help="A user's or organisation's name, its reference, or the prefix of a key.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_SHOWN, help="Most rows.")] = 50,
    as_json: Json = False,
) -> None:
    """Show who called and wrote what, the newest first; people are told by salted references."""
    sought = Sought(trace=trace, since=_moment(since), caller=caller, limit=limit)
    scope = Settings().scope()
    entries = with_engine(lambda engine: engine.auditor.entries(sought, scope=scope))
    if as_json:
        typer.echo(json.dumps([asdict(entry) for entry in entries], default=str, ensure_ascii=False, indent=2))
    else:
        _print_entries(entries)


@app.command()
def seal() -> None:
    """Seal what was logged up to now; a job does so every hour."""
    scope = Settings().scope()
    rows = with_engine(lambda engine: engine.auditor.seal(scope=scope))
    typer.echo(f"{rows} rows sealed.")


@app.command()
def verify(
    head: Annotated[
        str | None, typer.Option(help="A head noted earlier: the chain must still lead through it.")
    ] = None,
    first: Annotated[
        int, typer.Option("--from", min=1, help="The seal to begin with, to go on where one stopped.")
    ] = 1,
    as_json: Json = False,
) -> None:
    """Check every row against its seal, and every seal against the one before (exit code 1 if one does not hold)."""
    scope = Settings().scope()
    reached = first - 1

    async def look(engine: "Engine") -> Checked:
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("seals")

            def watch(done: int, total: int) -> None:
                nonlocal reached
                reached = done
                progress.update(task, completed=done, total=total)

            return await engine.auditor.check(scope=scope, head=head, first=first, watch=watch)

    try:
        checked = with_engine(look)
    except KeyboardInterrupt:
        typer.echo(f"Stopped: `--from {reached + 1}` goes on.", err=True)
        raise
    if as_json:
        typer.echo(json.dumps({**asdict(checked), "holds": checked.holds}, default=str, indent=2))
    else:
        _print_checked(checked)
    if not checked.holds:
        raise typer.Exit(1)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        step = "Write it like 2026-11-21 or 2026-11-21T20:00."
        raise InvalidInput(f"'{text[:40]}' is no moment.", next_step=step, field="since") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _print_entries(entries: Sequence[Entry]) -> None:
    columns = [Column(title, no_wrap=title in {"at (UTC)", "trace"}) for title in ("at (UTC)", "what", "outcome")]
    table = Table(*columns, Column("ms", justify="right"), "role", "caller", "organisation", "key", "trace")
    for entry in entries:
        what = entry.action if entry.target is None else f"{entry.action} {entry.target}"
        cells = (
            f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}", what, entry.outcome,
            "" if entry.ms is None else f"{entry.ms:.1f}", entry.role, entry.caller, entry.organisation or "",
            entry.key or "", entry.trace,
        )  # fmt: skip
        table.add_row(*map(Text, cells))
    Console().print(table)


def _print_checked(checked: Checked) -> None:
    console = Console()
    table = Table("seals", "rows", "forgotten seals", "marked seals", "not sealed yet", "breaks", "verdict")
    counts = (checked.seals, checked.rows, checked.forgotten, checked.marked, checked.unsealed, checked.broken)
    table.add_row(*map(str, counts), "[green]holds[/green]" if checked.holds else "[red]BROKEN[/red]")
    console.print(table)
    if checked.breaks:
        told = Table("seal", "what is wrong")
        for found in checked.breaks:
            told.add_row(str(found.seal), Text(found.what))
        console.print(told)
    if checked.head is not None:
        typer.echo(f"head: {checked.head}")
