"""JSON documents: one list of records, or an object with such a list inside."""

import json
from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from sonik.errors import InvalidInput
from sonik.identity.names import clean_text
from sonik.ingest.paths import look_up
from sonik.ingest.receipts import MAX_SHOWN
from sonik.ingest.rows import FileForm, Row
from sonik.types import JsonObject, JsonValue

MAX_DOCUMENT_BYTES = 200_000_000


def read_document(path: Path, form: FileForm) -> Iterator[Row]:
    """Return the records of a JSON document, numbered from 1.

    Raises:
        InvalidInput: it is not JSON, too large to be read at once, or has no list where `form.records` points.
    """
    content = load_document(path, form.encoding)
    found = look_up(content, form.records) if form.records else content
    if not isinstance(found, list):
        where = f"no list at '{clean_text(form.records, max_length=MAX_SHOWN)}'" if form.records else "no list"
        step = f"`sonik ingest {quote(path.name)} --inspect` looks for the list of records inside."
        raise InvalidInput(f"{path.name} is JSON, but {where}.", next_step=step, field="file")
    return _numbered(found)


def load_document(path: Path, encoding: str) -> JsonValue:
    """Return the content of a JSON document.

    Raises:
        InvalidInput: it is not JSON, or too large to be read at once.
    """
    step = "Mend it, or write one record a line (.jsonl): then a broken one takes no other with it."
    if path.stat().st_size > MAX_DOCUMENT_BYTES:
        problem = f"{path.name} is larger than {MAX_DOCUMENT_BYTES // 1_000_000:,} MB."
        raise InvalidInput(problem, next_step="Write one record a line (.jsonl).", field="file")
    try:
        content: JsonValue = json.loads(path.read_bytes().decode(encoding).removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        problem = f"{path.name} is not {encoding.upper()} at byte {error.start:,}."
        raise InvalidInput(problem, next_step=step, field="file") from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{path.name} is not JSON: {error}.", next_step=step, field="file") from error
    return content


def _numbered(records: list[JsonValue]) -> Iterator[Row]:
    for number, content in enumerate(records, start=1):
        yield object_row(number, content)


def object_row(line: int, content: object) -> Row:
    """Return a row of what JSON held, which must be an object."""
    if not isinstance(content, dict):
        return Row(line=line, content=None, problem=f"a JSON object is wanted, this is a {type(content).__name__}")
    record: JsonObject = content
    return Row(line=line, content=record)
