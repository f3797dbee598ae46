"""Rows of a file before anyone knows what they mean, and how the file that holds them is written."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from sonik.errors import InvalidInput, did_you_mean
from sonik.types import JsonObject

Format = Literal["jsonl", "json", "csv"]
FORMATS: Final[dict[str, Format]] = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json", ".csv": "csv"}
TAB: Final = "\t"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One record of a file: its line (in a JSON document its number), and its content or why it has none.

    `table` is the one of a mapping's tables that takes it, where there are several.
    """

    line: int
    content: JsonObject | None
    problem: str = ""
    table: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileForm:
    """How a file is written; `records` is the path of the list inside a JSON document."""

    format: Format
    encoding: str = "utf-8"
    separator: str = ","
    records: str = ""

    def as_table(self) -> dict[str, str]:
        """Return what a mapping's ``[file]`` says: only what differs from plain UTF-8 with commas."""
        said = {"format": self.format, "encoding": self.encoding, "separator": self.separator, "records": self.records}
        usual = FileForm(format=self.format)
        return {key: value for key, value in said.items() if key == "format" or value != getattr(usual, key)}


def packed(rows: Iterable[Row]) -> bytes:
    """Return rows as they are kept and told apart.

    As ASCII, because rows may hold what PostgreSQL's own JSON cannot: zero characters and halves of surrogate pairs.
    """
    return json.dumps([asdict(row) for row in rows], separators=(",", ":")).encode("ascii")


def digest_of(rows: Iterable[Row]) -> str:
    """Return what tells these rows from all others."""
    return hashlib.sha256(packed(rows)).hexdigest()


def form_of(path: Path) -> FileForm:
    """Return the form that a file's name promises.

    Raises:
        InvalidInput: it promises none.
    """
    kind = FORMATS.get(path.suffix.lower())
    if kind is None:
        step = "If it is a table or JSON all the same, `sonik ingest FILE --inspect` finds out; else convert it first."
        raise InvalidInput(f"{path.name} is no .csv, .json or .jsonl file.", next_step=step, field="file")
    return FileForm(format=kind)


def form_from(table: Mapping[str, object]) -> FileForm:
    """Return the form that a mapping's ``[file]`` states.

    Raises:
        InvalidInput: it states something that is no form.
    """
    given = {key: str(value) for key, value in table.items()}
    if unknown := sorted(given.keys() - {"format", "encoding", "separator", "records"}):
        hint = did_you_mean(unknown[0], ["format", "encoding", "separator", "records"])
        raise InvalidInput(f"[file] does not know '{unknown[0][:40]}'.", next_step=hint, field="mapping")
    formats = list(get_args(Format))
    if given.get("format") not in formats:
        raise InvalidInput("[file] names no format.", next_step=f"Use one of {', '.join(formats)}.", field="mapping")
    if len(given.get("separator", ",")) != 1:
        raise InvalidInput("A separator is one character.", next_step='Such as ";" or "\\t".', field="mapping")
    _check_encoding(given.get("encoding", "utf-8"))
    return FileForm(**given)  # type: ignore[arg-type] # the format was just checked


def _check_encoding(name: str) -> None:
    try:
        known = bool("".encode(name) is not None)
    except (LookupError, ValueError):
        known = False
    if not known:
        step = "Use a name such as utf-8, cp1252 or utf-16."
        raise InvalidInput(f"No encoding is called '{name[:40]}'.", next_step=step, field="mapping")
