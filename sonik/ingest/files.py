"""Read JSONL and CSV files into numbered typed records; a broken line becomes a refused receipt, never a stop."""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from sonik.errors import InvalidInput
from sonik.ingest.legends import Legends
from sonik.ingest.mapping import FieldMapping, apply
from sonik.ingest.receipts import Problem, Receipt
from sonik.ingest.records import AnyRecord
from sonik.types import JsonObject

RECORD: TypeAdapter[AnyRecord] = TypeAdapter(AnyRecord)
MAX_LINE_BYTES = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of a file: its number (from 1), and its content or why it has none."""

    line: int
    content: JsonObject | None
    problem: str = ""


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a .jsonl, .ndjson or .csv file.

    Raises:
        InvalidInput: the file is not there or of another type.
    """
    if not path.is_file():
        raise InvalidInput(f"There is no file {path}.", next_step="Check the path.", field="file")
    readers = {".jsonl": _jsonl, ".ndjson": _jsonl, ".csv": _csv}
    if path.suffix.lower() not in readers:
        raise InvalidInput(f"{path.name} is no .jsonl or .csv file.", next_step="Convert it first.", field="file")
    return readers[path.suffix.lower()](path)


def to_record(row: Row, *, mapping: FieldMapping | None, legends: Legends) -> AnyRecord | Receipt:
    """Return the row's typed record, or the receipt that says why there is none."""
    if row.content is None:
        return Receipt(line=row.line, outcome="refused", problems=(Problem(field="line", reason=row.problem),))
    try:
        return RECORD.validate_python(apply(mapping, row.content, legends=legends) if mapping else row.content)
    except ValidationError as error:
        name = row.content.get("name") or row.content.get("title")
        problems = tuple(_problem(detail["loc"], detail["msg"]) for detail in error.errors(include_url=False))
        shown = name[:80] if isinstance(name, str) else None
        return Receipt(line=row.line, outcome="refused", name=shown, problems=problems)
    except InvalidInput as error:
        return Receipt(
            line=row.line, outcome="refused", problems=(Problem(field=error.field or "", reason=str(error)),)
        )


def rows_of(records: Iterable[JsonObject]) -> Iterator[Row]:
    """Number records that are already in memory."""
    for line, content in enumerate(records, start=1):
        yield Row(line=line, content=content)


def _problem(location: tuple[int | str, ...], message: str) -> Problem:
    # The first part of a location is the discriminator's value, which is no field.
    path = location[1:] if len(location) > 1 else location
    return Problem(field=".".join(map(str, path)) or "kind", reason=message)


def _jsonl(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        for line, raw in enumerate(file, start=1):
            if raw.strip():
                yield _parsed(line, raw)


def _parsed(line: int, raw: bytes) -> Row:
    if len(raw) > MAX_LINE_BYTES:
        return Row(line=line, content=None, problem=f"longer than {MAX_LINE_BYTES:,} bytes")
    try:
        content = json.loads(raw, parse_constant=_no_constant)
    except UnicodeDecodeError:
        return Row(line=line, content=None, problem="not UTF-8")
    except (ValueError, RecursionError) as error:
        return Row(line=line, content=None, problem=f"not JSON: {error}")
    if not isinstance(content, dict):
        return Row(line=line, content=None, problem=f"a JSON object is wanted, this is a {type(content).__name__}")
    return Row(line=line, content=content)


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is not a number JSON knows")


def _csv(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.DictReader(file, strict=False)
        try:
            for row in reader:
                extra = row.pop(None, None)
                if extra:
                    yield Row(line=reader.line_num, content=None, problem=f"{len(extra)} more cells than the header")
                else:
                    yield Row(line=reader.line_num, content={str(key): value for key, value in row.items()})
        except csv.Error as error:
            yield Row(line=reader.line_num, content=None, problem=f"not CSV: {error}")
