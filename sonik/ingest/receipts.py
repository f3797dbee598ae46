"""What became of each record: a receipt a person or an agent can act on."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from sonik.truth.rows import Position
from sonik.types import JsonObject, JsonValue

MAX_SHOWN = 80

Outcome = Literal["created", "updated", "unchanged", "refused"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Why a record was refused: the field and the reason, with what to do."""

    field: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """The fate of one record. `line` counts from 1; `changes` maps a field to what it was and what it is now."""

    line: int
    outcome: Outcome
    ref: str | None = None
    entity_id: str | None = None
    name: str | None = None
    decided_by: str | None = None
    changes: JsonObject = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    def as_json(self) -> JsonObject:
        """Return the receipt as plain data, without empty fields."""
        problems: list[JsonValue] = [{"field": p.field, "reason": p.reason} for p in self.problems]
        full: JsonObject = {
            "line": self.line, "outcome": self.outcome, "ref": self.ref, "entity_id": self.entity_id,
            "name": self.name, "decided_by": self.decided_by, "changes": self.changes, "problems": problems,
            "notes": list(self.notes),
        }  # fmt: skip
        return {key: value for key, value in full.items() if value not in (None, {}, [])}

    @classmethod
    def from_json(cls, stored: JsonObject) -> "Receipt":
        """Return the receipt that `as_json` wrote."""
        lists: dict[str, object] = {
            "problems": tuple(_stored_problem(row) for row in _listed(stored, "problems")),
            "notes": tuple(_listed(stored, "notes")),
        }
        return cls(**{**stored, **lists})  # type: ignore[arg-type] # the fields came as JSON


@dataclass(frozen=True, kw_only=True, slots=True)
class Intake:
    """The fate of a whole delivery. `position` can be waited for until every sink shows it."""

    receipts: tuple[Receipt, ...]
    position: Position = field(default_factory=Position)
    dry_run: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """How many records had each outcome."""
        counted = Counter(receipt.outcome for receipt in self.receipts)
        return {outcome: counted[outcome] for outcome in ("created", "updated", "unchanged", "refused")}


def merge(intakes: Iterable[Intake]) -> Intake:
    """Join the parts of one delivery."""
    parts = list(intakes)
    return Intake(
        receipts=tuple(receipt for part in parts for receipt in part.receipts),
        position=max((part.position for part in parts), key=lambda p: (p.txid, p.seq), default=Position()),
        dry_run=any(part.dry_run for part in parts),
    )


def _stored_problem(row: JsonValue) -> Problem:
    return Problem(**row) if isinstance(row, dict) else Problem(field="", reason=str(row))  # type: ignore[arg-type]


def _listed(stored: JsonObject, name: str) -> list[JsonValue]:
    found = stored.get(name)
    return found if isinstance(found, list) else []
