"""What a mapping would take of some rows and what it would refuse, found out without any store."""

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sonik.ingest.files import to_record
from sonik.ingest.legends import Legends
from sonik.ingest.mapping import FieldMapping
from sonik.ingest.reading import Reader
from sonik.ingest.receipts import Problem, Receipt
from sonik.ingest.records import AnyRecord
from sonik.ingest.rows import Row
from sonik.ingest.statement import Refused
from sonik.types import JsonObject, JsonValue, Scope

LINES_SHOWN: Final = 5
RECORDS_SHOWN: Final = 3
# A reason often quotes the value; without it the reasons of many rows are one.
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"|«[^»]*»|\d+")


@dataclass(kw_only=True, slots=True)
class Reason:
    """Why rows would be refused: the field, the reason of the first of them, how many, and their first lines."""

    field: str
    reason: str
    count: int = 0
    lines: list[int] = dataclasses.field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class Preview:
    """What would become of the rows that were read."""

    taken: int = 0
    refused: int = 0
    reasons: list[Reason] = dataclasses.field(default_factory=list)
    notes: list[Reason] = dataclasses.field(default_factory=list)
    records: list[JsonObject] = dataclasses.field(default_factory=list)


def preview(rows: Iterable[Row], *, mapping: FieldMapping | None, legends: Legends, now: datetime) -> Preview:
    """Return what would be taken and refused; only what the database itself refuses is not seen."""
    found = _Counts()
    source = mapping.source if mapping is not None else None
    for row in rows:
        record = to_record(row, mapping=mapping, legends=legends)
        if isinstance(record, Receipt):
            found.refuse(row.line, record.problems)
        elif source is not None:
            reader = Reader(source=source, legends=legends, now=now, scope=Scope(role="ingest"), partial=False)
            found.read(record, reader, line=row.line)
    return found.preview()


class _Counts:
    def __init__(self) -> None:
        self._preview = Preview()
        self._reasons: dict[tuple[str, str], Reason] = {}
        self._notes: dict[tuple[str, str], Reason] = {}

    def refuse(self, line: int, problems: Iterable[Problem]) -> None:
        """Count a row that is refused."""
        self._preview.refused += 1
        for problem in problems:
            _count(self._reasons, problem.field, problem.reason, line)

    def read(self, record: AnyRecord, reader: Reader, *, line: int) -> None:
        """Count a record that is taken, or refused for what it says."""
        try:
            statement = reader.read(record, line=line)
        except Refused as error:
            self.refuse(line, error.problems)
            return
        self._preview.taken += 1
        for note in statement.notes:
            _count(self._notes, "", note, line)
        if len(self._preview.records) < RECORDS_SHOWN:
            self._preview.records.append(_brief(record))

    def preview(self) -> Preview:
        """Return everything counted, the most frequent first."""
        self._preview.reasons = sorted(self._reasons.values(), key=lambda reason: -reason.count)
        self._preview.notes = sorted(self._notes.values(), key=lambda reason: -reason.count)
        return self._preview


def _count(counts: dict[tuple[str, str], Reason], where: str, reason: str, line: int) -> None:
    known = counts.setdefault((where, _QUOTED.sub("", reason)), Reason(field=where, reason=reason))
    known.count += 1
    if len(known.lines) < LINES_SHOWN:
        known.lines.append(line)


def _brief(record: AnyRecord) -> JsonObject:
    """Return what a record says, without its longer texts."""
    said: JsonObject = record.model_dump(mode="json", exclude_unset=True)
    return {name: _cut(value) for name, value in said.items()}


def _cut(value: JsonValue) -> JsonValue:
    return f"{value[:79]}…" if isinstance(value, str) and len(value) > 80 else value
