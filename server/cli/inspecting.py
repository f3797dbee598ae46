"""`sonik ingest FILE --inspect`: look at an unknown file, propose a mapping, and write nothing."""

import json
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sonik.errors import InvalidInput
from sonik.ingest.inspection.preview import Reason
from sonik.ingest.inspection.report import Inspection, inspect
from sonik.ingest.legends import shipped_legends
from sonik.ingest.mapping import load_mapping


def show(file: str, *, mapping: str | None, save: Path | None, sample: int, as_json: bool) -> None:
    """Inspect a file and print what was found; ends with 1 when nothing of it would be taken."""
    if save is not None and mapping is not None:
        step = "Leave --mapping out to get a new proposal, or --save-mapping to try the one you have."
        raise InvalidInput("There is a mapping already.", next_step=step, field="save_mapping")
    if save is not None and save.exists():
        raise InvalidInput(f"{save} is there already.", next_step="Choose another name.", field="save_mapping")
    chosen = load_mapping(mapping) if mapping else None
    found = inspect(Path(file), legends=shipped_legends(), now=datetime.now(UTC), mapping=chosen, limit=sample)
    if save is not None and found.mapping is not None:
        _save(save, found.mapping)
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
    else:
        _print(found, file=file, tried=mapping, saved=save)
    if not found.usable:
        raise typer.Exit(1)


def _save(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        step = "Choose a folder that is there and can be written to."
        raise InvalidInput(
            f"{path} cannot be written: {error.strerror}.", next_step=step, field="save_mapping"
        ) from error


def _print(found: Inspection, *, file: str, tried: str | None, saved: Path | None) -> None:
    console = Console()
    form = ", ".join(f"{value!r}" if key == "separator" else value for key, value in found.form.as_table().items())
    extent = "all" if found.complete else "the first"
    console.print(f"{found.file}: {form}; {extent} {found.rows} rows read. No store was touched.", highlight=False)
    if tried is None:
        _print_columns(console, found)
    if found.mapping is not None and saved is None:
        typer.echo(f"\n{found.mapping}")
    _print_preview(console, found)
    for hint in found.hints:
        typer.echo(f"! {hint}")
    typer.echo(_next(file, tried=tried, saved=saved))


def _print_columns(console: Console, found: Inspection) -> None:
    sure = f" (confidence {found.confidence:.2f})" if found.confidence is not None else ""
    table = Table(title=f"read as {found.kind} records{sure}", title_justify="left")
    for title in ("column", "filled", "taken for", "confidence", "example"):
        table.add_column(title, justify="right" if title in {"filled", "confidence"} else "left", overflow="fold")
    for column in found.columns:
        confidence = f"{column.confidence:.2f}" if column.confidence is not None else ""
        cells = (column.column, str(column.filled), column.field or "", confidence, column.example)
        table.add_row(*map(Text, cells))
    console.print(table)


def _print_preview(console: Console, found: Inspection) -> None:
    preview = found.preview
    typer.echo(f"With this mapping: {preview.taken} would be taken, {preview.refused} refused.")
    for title, reasons in (("refused for", preview.reasons), ("noted", preview.notes)):
        if reasons:
            console.print(_reasons(title, reasons))
    if preview.records:
        typer.echo(f"The first: {json.dumps(preview.records[0], ensure_ascii=False)}")


def _reasons(title: str, reasons: list[Reason]) -> Table:
    table = Table("rows", "field", title, "lines")
    for reason in reasons[:20]:
        more = ", …" if reason.count > len(reason.lines) else ""
        lines = ", ".join(map(str, reason.lines)) + more
        table.add_row(*map(Text, (str(reason.count), reason.field, reason.reason, lines)))
    return table


def _next(file: str, *, tried: str | None, saved: Path | None) -> str:
    file = quote(file)
    if tried is not None:
        return f"Next: sonik ingest {file} --mapping {quote(tried)} --dry-run"
    if saved is not None:
        again = f"sonik ingest {file} --inspect --mapping {quote(str(saved))}"
        return f"Saved as {saved}. Next: look at every line of it, then {again}"
    return "Next: --save-mapping FILE.toml saves the mapping; look at it and try it with --mapping FILE.toml."
