"""Read JSONL and CSV files into numbered typed records; a broken line becomes a refused receipt, never a stop."""

import csv
import json
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from sonik.errors import InvalidInput, did_you_mean
from sonik.identity.names import clean_text
from sonik.ingest.exports import read_export
from sonik.ingest.legends import Legends
from sonik.ingest.mapping import FieldMapping, Sheet, apply
from sonik.ingest.receipts import MAX_SHOWN, Problem, Receipt
from sonik.ingest.records import AnyRecord, Mention, Relation
from sonik.types import JsonObject, JsonValue

RECORD: TypeAdapter[AnyRecord] = TypeAdapter(AnyRecord)
MODELS: tuple[type[BaseModel], ...] = get_args(get_args(AnyRecord)[0])
MODEL_OF = {kind: model for model in MODELS for kind in get_args(model.model_fields["kind"].annotation)}
KINDS = tuple(MODEL_OF)
MAX_LINE_BYTES = 1_000_000
NOT_TEXT = "not UTF-8"
NO_OBJECT = "a JSON object is wanted, this is a {}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of a file: its number (from 1), and its content or why it has none."""

    line: int
    content: JsonObject | None
    problem: str = ""
    table: str = ""


def read_rows(path: Path, *, mapping: FieldMapping | None = None) -> Iterator[Row]:
    """Return the rows of a .jsonl, .ndjson or .csv file, read as they are asked for.

    A mapping says how a CSV is written, which system an export is of, and which rows of several tables are wanted.

    Raises:
        InvalidInput: the file is not there, of another type, or a CSV without a usable header.
    """
    if not path.is_file():
        raise InvalidInput(f"There is no file {path}.", next_step="Check the path.", field="file")
    if mapping is not None and mapping.system:
        return map(_exported, read_export(path, mapping))
    rows = _rows(path, mapping.sheet if mapping is not None else Sheet())
    return _wanted(rows, mapping) if mapping is not None and mapping.tables else rows


def _rows(path: Path, sheet: Sheet) -> Iterator[Row]:
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return _csv(path, _header(path, sheet), sheet)
    if suffix in {".jsonl", ".ndjson"}:
        return _jsonl(path)
    raise InvalidInput(f"{path.name} is no .jsonl or .csv file.", next_step="Convert it first.", field="file")


def _exported(item: tuple[int, str, JsonValue]) -> Row:
    number, table, content = item
    if isinstance(content, dict):
        return Row(line=number, content=content, table=table)
    return Row(line=number, content=None, problem=NO_OBJECT.format(type(content).__name__), table=table)


def _wanted(rows: Iterator[Row], mapping: FieldMapping) -> Iterator[Row]:
    """Yield the rows that a table of the mapping takes, each with the table's name."""
    for row in rows:
        table = mapping.choose(row.content)
        if table is not None:
            yield replace(row, table=table.name)


def to_record(row: Row, *, mapping: FieldMapping | None, legends: Legends) -> AnyRecord | Receipt:
    """Return the row's typed record, or the receipt that says why there is none."""
    if row.content is None:
        return Receipt(line=row.line, outcome="refused", problems=(Problem(field="line", reason=row.problem),))
    try:
        content = apply(mapping.table(row.table), row.content, legends=legends) if mapping else row.content
        return RECORD.validate_python(content)
    except ValidationError as error:
        problems = tuple(_problem(detail) for detail in error.errors(include_url=False, include_input=False))
    except InvalidInput as error:
        problems = (Problem(field=error.field or "record", reason=str(error)),)
    name = row.content.get("name") or row.content.get("title")
    shown = clean_text(name, max_length=MAX_SHOWN) if isinstance(name, str) else None
    return Receipt(line=row.line, outcome="refused", name=shown, problems=problems)


def rows_of(records: Iterable[JsonObject]) -> Iterator[Row]:
    """Number records that are already in memory."""
    for line, content in enumerate(records, start=1):
        yield Row(line=line, content=content)


def _problem(detail: ErrorDetails) -> Problem:
    # The first part of a location is the discriminator's value, which is no field.
    path = [str(part) for part in detail["loc"][1:]]
    field = clean_text(".".join(path), max_length=MAX_SHOWN)
    if detail["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        given = str(detail.get("ctx", {}).get("tag", ""))
        return Problem(field="kind", reason=f"Not a kind that can be taken in. {did_you_mean(given, list(KINDS))}")
    if detail["type"] == "extra_forbidden":
        return Problem(field=field, reason=f"Unknown field. {did_you_mean(path[-1], _fields_beside(detail['loc']))}")
    reason = clean_text(detail["msg"].removeprefix("Value error, "), max_length=300)
    return Problem(field=field or "record", reason=reason)


def _fields_beside(location: tuple[int | str, ...]) -> list[str]:
    """Return the fields that are known where an unknown one stood."""
    kind, *path = (str(part) for part in location)
    inside = MODEL_OF[kind]
    if path[0] == "relations":
        inside = Mention if "target" in path else Relation
    elif len(path) > 1:
        inside = Mention
    return list(inside.model_fields)


def _jsonl(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        for line, raw in enumerate(_lines(file), start=1):
            if raw.strip():
                yield _parsed(line, raw)


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield lines; of one that is too long no more is kept than shows it."""
    while raw := file.readline(MAX_LINE_BYTES + 2):
        rest = raw
        while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = file.readline(MAX_LINE_BYTES + 2)
        yield raw


def _parsed(line: int, raw: bytes) -> Row:
    if len(raw.rstrip()) > MAX_LINE_BYTES:
        return Row(line=line, content=None, problem=f"longer than {MAX_LINE_BYTES:,} bytes")
    try:
        content = json.loads(raw.decode("utf-8-sig"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        return Row(line=line, content=None, problem=NOT_TEXT)
    except (ValueError, RecursionError) as error:
        return Row(line=line, content=None, problem=f"not JSON: {error}")
    if not isinstance(content, dict):
        return Row(line=line, content=None, problem=NO_OBJECT.format(type(content).__name__))
    return Row(line=line, content=content)


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a number JSON knows")


def _header(path: Path, sheet: Sheet) -> list[str]:
    """Return the column names of a CSV file, which must be there, apart and separated by commas."""
    step = "Save it with commas between the columns and a header in the first line."
    with _open_csv(path, sheet) as file:
        try:
            header = next(csv.reader(file, delimiter=sheet.separator), [])
        except csv.Error as error:
            raise InvalidInput(f"{path.name} is not CSV: {error}.", next_step=step, field="file") from error
    columns = [column.strip() for column in header]
    shown = clean_text(",".join(columns), max_length=MAX_SHOWN)
    if not any(columns):
        raise InvalidInput(f"{path.name} has no header.", next_step=step, field="file")
    if len(columns) == 1 and any(separator in columns[0] for separator in ";\t|"):
        raise InvalidInput(f"{path.name} has one column, '{shown}'.", next_step=step, field="file")
    if len(set(columns)) < len(columns) or not all(columns):
        raise InvalidInput(f"Columns of {path.name} lack a name of their own: {shown}.", next_step=step, field="file")
    return columns


def _csv(path: Path, columns: list[str], sheet: Sheet) -> Iterator[Row]:
    """Yield one row a record; its line is the one it ends on. An empty cell says nothing."""
    with _open_csv(path, sheet) as file:
        reader = csv.reader(file, delimiter=sheet.separator)
        next(reader)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Row(line=reader.line_num, content=None, problem=f"not CSV: {error}")
                continue
            if any(cells):
                yield _csv_row(reader.line_num, columns, cells)


def _csv_row(line: int, columns: list[str], cells: list[str]) -> Row:
    if len(cells) > len(columns):
        return Row(line=line, content=None, problem=f"{len(cells) - len(columns)} more cells than the header")
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        return Row(line=line, content=None, problem=NOT_TEXT)
    content: JsonObject = {name: cell for name, cell in zip(columns, cells, strict=False) if cell.strip()}
    return Row(line=line, content=content)


def _open_csv(path: Path, sheet: Sheet) -> IO[str]:
    with path.open("rb") as file:
        marked = file.read(len(BOM_UTF8)) == BOM_UTF8
    # Broken bytes come through as lone surrogates, so that they refuse their own row and no other.
    encoding = "utf-8-sig" if marked else sheet.encoding
    return path.open(encoding=encoding, errors="surrogateescape", newline="")
