"""Look at an unknown file: what it holds, a mapping for it, and what would become of its rows. No store is touched."""

import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

from sonik.errors import InvalidInput
from sonik.identity.names import slugify
from sonik.ingest.files import read_rows
from sonik.ingest.inspection.columns import Column, survey
from sonik.ingest.inspection.draft import Draft, draft
from sonik.ingest.inspection.preview import Preview, preview
from sonik.ingest.inspection.proposal import Guess
from sonik.ingest.inspection.sniffing import sniff
from sonik.ingest.inspection.toml_text import mapping_text
from sonik.ingest.legends import Legends
from sonik.ingest.mapping import DEFAULT_TRUST, FieldMapping, parse_mapping
from sonik.ingest.rows import FileForm, Row
from sonik.types import JsonObject, JsonValue

SAMPLE: Final = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class ColumnReport:
    """A column: how many of the rows read fill it, an example, and the field it was taken for, if any."""

    column: str
    filled: int
    example: str
    field: str | None = None
    confidence: float | None = None
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspection:
    """What was found out about a file. `mapping` is TOML to save, unless the caller brought a mapping."""

    file: str
    form: FileForm
    rows: int
    complete: bool
    kind: str
    confidence: float | None
    columns: tuple[ColumnReport, ...]
    mapping: str | None
    preview: Preview
    hints: tuple[str, ...]

    @property
    def usable(self) -> bool:
        """Whether anything would be taken."""
        return self.preview.taken > 0

    def as_json(self) -> JsonObject:
        """Return the inspection as plain data."""
        told: JsonObject = asdict(self)
        return told | {"form": dict[str, JsonValue](self.form.as_table())}


def inspect(
    path: Path, *, legends: Legends, now: datetime, mapping: FieldMapping | None = None, limit: int = SAMPLE
) -> Inspection:
    """Read the first rows of a file; propose a mapping, unless there is one, and try it on those rows.

    Raises:
        InvalidInput: the file is not there, no text, or holds no readable record.
    """
    form = _form(path, mapping)
    rows = list(islice(read_rows(path, form, mapping=mapping), limit + 1))
    complete, rows = len(rows) <= limit, rows[:limit]
    columns = survey(_contents(rows, path))
    made = draft(columns, legends=legends)
    text = None if mapping else _text(made, path, form)
    tried = mapping or parse_mapping(tomllib.loads(text or ""))
    guesses = [] if mapping else made.guesses
    return Inspection(
        file=path.name, form=form, rows=len(rows), complete=complete, kind=tried.kind or made.kind,
        confidence=None if mapping else made.confidence, columns=tuple(_reports(columns, guesses)), mapping=text,
        preview=preview(rows, mapping=tried, legends=legends, now=now), hints=() if mapping else tuple(made.hints),
    )  # fmt: skip


def _form(path: Path, mapping: FieldMapping | None) -> FileForm:
    if mapping is None or (mapping.form is None and not mapping.system):
        return sniff(path)
    # A system's export is read by what the mapping says of the system.
    return mapping.form or FileForm(format="json")


def _contents(rows: list[Row], path: Path) -> list[JsonObject]:
    """Return what could be read.

    Raises:
        InvalidInput: nothing could.
    """
    contents = [row.content for row in rows if row.content is not None]
    if contents:
        return contents
    if not rows:
        raise InvalidInput(f"{path.name} holds no record.", next_step="Give a file with rows in it.", field="file")
    step = "Look at that line in an editor: each line must be one JSON object, or a row of a CSV table."
    problem = f"None of {len(rows)} lines of {path.name} can be read; line {rows[0].line}: {rows[0].problem}."
    raise InvalidInput(problem, next_step=step, field="file")


def _text(made: Draft, path: Path, form: FileForm) -> str:
    comments = {guess.field: f"{guess.confidence:.2f}, e.g. {guess.column.example}" for guess in reversed(made.guesses)}
    for subject in ("lineup", "promoters"):
        comments.setdefault(subject, comments.get(f"{subject}.name", ""))
    return mapping_text(
        source=slugify(path.stem), trust=DEFAULT_TRUST, kind=made.kind, form=form, fields=made.fields, comments=comments
    )


def _reports(columns: list[Column], guesses: list[Guess]) -> Iterator[ColumnReport]:
    by_column = {guess.column.path: guess for guess in guesses}
    for column in columns:
        guess = by_column.get(column.path)
        yield ColumnReport(
            column=column.path, filled=column.rows, example=column.example, field=guess.field if guess else None,
            confidence=guess.confidence if guess else None, why=guess.why if guess else "",
        )  # fmt: skip
