"""How an unknown file is written: its encoding, its format, and what parts its columns."""

import codecs
import csv
import json
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from itertools import islice
from pathlib import Path
from shlex import quote
from typing import Final

from sonik.errors import InvalidInput
from sonik.ingest.documents import load_document
from sonik.ingest.rows import FileForm
from sonik.ingest.tables import SEPARATORS
from sonik.types import JsonObject, JsonValue

HEAD_BYTES: Final = 4_000_000
LINES: Final = 50
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DEEPEST: Final = 4


def sniff(path: Path) -> FileForm:
    """Return how a file is written, judged by its first megabytes.

    Raises:
        InvalidInput: it is not there, empty, no text, or JSON without a list of records.
    """
    if not path.is_file():
        raise InvalidInput(f"There is no file {path}.", next_step="Check the path.", field="file")
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    encoding = _encoding(head, path.name)
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head).removeprefix("\ufeff")
    if not text.strip():
        raise InvalidInput(f"{path.name} is empty.", next_step="Give a file with records in it.", field="file")
    if text.lstrip()[0] not in "{[":
        return FileForm(format="csv", encoding=encoding, separator=_separator(text))
    if _has_a_record_a_line(text, whole=len(head) < HEAD_BYTES):
        return _lines(path, encoding)
    content = load_document(path, encoding)
    return FileForm(format="json", encoding=encoding, records=_records_path(content, path.name))


def _encoding(head: bytes, name: str) -> str:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if b"\0" in head:
        step = "Sonik reads text: JSONL, JSON or CSV. Export a spreadsheet as CSV UTF-8, or unpack an archive first."
        raise InvalidInput(f"{name} is no text file.", next_step=step, field="file")
    text = codecs.getincrementaldecoder("utf-8")(errors="replace").decode(head)
    broken = text.count("\ufffd")
    # One broken line in a file of accents is a broken line; a file in which no accent is well is in another encoding.
    well = sum(not char.isascii() for char in text) - broken
    return "utf-8" if well >= broken else "cp1252"


def _lines(path: Path, encoding: str) -> FileForm:
    if encoding == "utf-16":
        step = f"Convert it first: iconv -f UTF-16 -t UTF-8 {quote(path.name)} > utf8.jsonl"
        raise InvalidInput(f"{path.name} holds JSON lines in UTF-16.", next_step=step, field="file")
    return FileForm(format="jsonl", encoding=encoding)


def _has_a_record_a_line(text: str, *, whole: bool) -> bool:
    """Say whether lines are records of their own, rather than pieces of one document; broken ones do not decide."""
    lines = [line for line in islice(_full_lines(text, whole=whole), LINES) if line.strip()]
    records = sum(_is_object(line) for line in lines)
    return records > len(lines) / 2 if len(lines) > 1 else bool(records) and not _holds_list(lines[0])


def _full_lines(text: str, *, whole: bool) -> Iterator[str]:
    lines = text.split("\n")
    return iter(lines if whole or len(lines) == 1 else lines[:-1])


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _holds_list(line: str) -> bool:
    """Say whether a single line is an export with its records inside, rather than a single record."""
    return any(_record_lists(json.loads(line)))


def _record_lists(content: JsonValue, path: str = "", depth: int = 0) -> Iterator[tuple[int, str]]:
    """Yield the length and path of every list of objects that is not inside another one."""
    if isinstance(content, list):
        if content and all(isinstance(item, dict) for item in content[:LINES]):
            yield len(content), path
    elif isinstance(content, dict) and depth < _DEEPEST:
        inner: JsonObject = content
        for key, value in inner.items():
            yield from _record_lists(value, f"{path}.{key}" if path else key, depth + 1)


def _records_path(content: JsonValue, name: str) -> str:
    if isinstance(content, list):
        return ""
    found = max(_record_lists(content), key=lambda known: known[0], default=None)
    if found is None:
        step = "Export a list of records, or write one record a line (.jsonl)."
        raise InvalidInput(f"{name} is JSON, but holds no list of records.", next_step=step, field="file")
    return found[1]


def _separator(text: str) -> str:
    """Return the sign that parts most lines into as many cells as the first line has."""
    return max(SEPARATORS, key=lambda sign: _evenness(text, sign))


def _evenness(text: str, separator: str) -> tuple[float, int]:
    try:
        rows = [cells for cells in islice(csv.reader(StringIO(text), delimiter=separator), LINES) if any(cells)]
    except csv.Error:
        return (0.0, 0)
    columns = len(rows[0]) if rows else 0
    if columns < 2:
        return (0.0, 0)
    return (Counter(len(cells) for cells in rows)[columns] / len(rows), columns)
