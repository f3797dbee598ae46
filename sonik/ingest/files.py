"""Read JSONL, JSON and CSV files into numbered typed records; a broken line is refused, and takes no other with it."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from sonik.errors import InvalidInput, did_you_mean
from sonik.identity.names import clean_line
from sonik.ingest.documents import object_row, read_document
from sonik.ingest.exports import read_export
from sonik.ingest.legends import Legends
from sonik.ingest.mapping import FieldMapping, apply, mapped_name
from sonik.ingest.receipts import MAX_SHOWN, Problem, Receipt
from sonik.ingest.records import AnyRecord, Mention, Relation
from sonik.ingest.rows import FileForm, Row, form_of
from sonik.ingest.tables import read_table
from sonik.types import JsonObject, JsonValue

__all__ = ["Row", "read_rows", "rows_of", "to_record"]

RECORD: TypeAdapter[AnyRecord] = TypeAdapter(AnyRecord)
MODELS: tuple[type[BaseModel], ...] = get_args(get_args(AnyRecord)[0])
MODEL_OF = {kind: model for model in MODELS for kind in get_args(model.model_fields["kind"].annotation)}
KINDS = tuple(MODEL_OF)
MAX_LINE_BYTES = 1_000_000


def read_rows(path: Path, form: FileForm | None = None, *, mapping: FieldMapping | None = None) -> Iterator[Row]:
    """Return the rows of a file, read as they are asked for; without a `form` its name says how it is written.

    A mapping says how its source's files are written, and of several tables which rows are wanted.

    Raises:
        InvalidInput: the file is not there, of another type, no JSON document, or a table without a usable header.
    """
    if not path.is_file():
        raise InvalidInput(f"There is no file {path}.", next_step="Check the path.", field="file")
    if mapping is not None and mapping.system:
        return map(_exported, read_export(path, mapping))
    form = form or (mapping.form if mapping is not None else None) or form_of(path)
    rows = _rows(path, form)
    return _wanted(rows, mapping) if mapping is not None and mapping.tables else rows


def _rows(path: Path, form: FileForm) -> Iterator[Row]:
    if form.format == "csv":
        return read_table(path, form)
    if form.format == "json":
        return read_document(path, form)
    return _jsonl(path, form.encoding)


def _exported(item: tuple[int, str, JsonValue]) -> Row:
    number, table, content = item
    return replace(object_row(number, content), table=table)


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
    mapping = mapping.table(row.table) if mapping else None
    try:
        return RECORD.validate_python(apply(mapping, row.content, legends=legends) if mapping else row.content)
    except ValidationError as error:
        problems = tuple(_problem(detail) for detail in error.errors(include_url=False))
    except InvalidInput as error:
        problems = (Problem(field=error.field or "record", reason=str(error)),)
    name = mapped_name(mapping, row.content) if mapping else row.content.get("name") or row.content.get("title")
    shown = clean_line(name, max_length=MAX_SHOWN) if isinstance(name, str) else None
    return Receipt(line=row.line, outcome="refused", name=shown, problems=problems)


def rows_of(records: Iterable[JsonObject]) -> Iterator[Row]:
    """Number records that are already in memory."""
    for line, content in enumerate(records, start=1):
        yield Row(line=line, content=content)


def _problem(detail: ErrorDetails) -> Problem:
    # The first part of a location is the discriminator's value, which is no field.
    path = [str(part) for part in detail["loc"][1:]]
    field = clean_line(".".join(path), max_length=MAX_SHOWN)
    if detail["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        given = str(detail.get("ctx", {}).get("tag", ""))
        return Problem(field="kind", reason=f"Not a kind that can be taken in. {did_you_mean(given, list(KINDS))}")
    if detail["type"] == "extra_forbidden":
        return Problem(field=field, reason=f"Unknown field. {did_you_mean(path[-1], _fields_beside(detail['loc']))}")
    reason = detail["msg"].removeprefix("Value error, ")
    if detail["type"].startswith("datetime") and isinstance(given := detail["input"], str):
        reason += f": '{given[:MAX_SHOWN]}'"
    return Problem(field=field or "record", reason=clean_line(reason, max_length=300))


def _fields_beside(location: tuple[int | str, ...]) -> list[str]:
    """Return the fields that are known where an unknown one stood."""
    kind, *path = (str(part) for part in location)
    inside = MODEL_OF[kind]
    if path[0] == "relations":
        inside = Mention if "target" in path else Relation
    elif len(path) > 1:
        inside = Mention
    return list(inside.model_fields)


def _jsonl(path: Path, encoding: str) -> Iterator[Row]:
    with path.open("rb") as file:
        for line, raw in enumerate(_lines(file), start=1):
            if raw.strip():
                yield _parsed(line, raw, encoding=encoding)


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield lines; of one that is too long no more is kept than shows it."""
    while raw := file.readline(MAX_LINE_BYTES + 2):
        rest = raw
        while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
            rest = file.readline(MAX_LINE_BYTES + 2)
        yield raw


def _parsed(line: int, raw: bytes, *, encoding: str) -> Row:
    if len(raw.rstrip()) > MAX_LINE_BYTES:
        return Row(line=line, content=None, problem=f"longer than {MAX_LINE_BYTES:,} bytes")
    try:
        content = json.loads(raw.decode(encoding).removeprefix("\ufeff"), parse_constant=_no_constant)
    except UnicodeDecodeError:
        return Row(line=line, content=None, problem=f"not {encoding.upper()}")
    except (ValueError, RecursionError) as error:
        return Row(line=line, content=None, problem=f"not JSON: {error}")
    return object_row(line, content)


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a number JSON knows")
