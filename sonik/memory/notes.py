"""Notes of agents: untrusted text, kept under the tenancy of who wrote it, together with a verdict or not at all."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sonik.clock import Clock
from sonik.errors import InvalidInput
from sonik.identity.names import clean_text
from sonik.identity.sighting import Source
from sonik.ingest.batch import Numbered
from sonik.ingest.files import rows_of, to_record
from sonik.ingest.intake import Delivery, take_in
from sonik.ingest.legends import Legends
from sonik.ingest.receipts import Intake, Receipt
from sonik.ingest.stream import Within
from sonik.learning.log import TraversalLog
from sonik.learning.verdicts import judge
from sonik.retrieval.refs import find_ref
from sonik.stores.postgres import Postgres, Session
from sonik.truth.unit import Purpose, unit_of_work
from sonik.types import JsonObject, JsonValue, Scope

NoteKind = Literal["note", "outcome", "blocker", "decision"]
# A blocker is a note of that kind: the ontology knows no vertex of its own for it.
VERTEX_OF: Mapping[str, str] = {"note": "note", "outcome": "outcome", "blocker": "note", "decision": "decision"}
SOURCE = Source(code="agent", trust=30)
SCHEME = f"source:{SOURCE.code}"
TITLE_LENGTH = 80
LONGEST_TEXT = 2_000
MOST_REFS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What an agent wants remembered. An outcome has a verdict on a trace, and may do without a text."""

    kind: NoteKind
    text: str = ""
    trace_id: str | None = None
    verdict: str | None = None
    refs: tuple[str, ...] = ()
    session_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Remembered:
    """What was kept: the ref of the note, if there was a text, and whether a verdict was counted."""

    ref: str | None
    outcome: str
    judged: bool
    intake: Intake | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Notebook:
    """Where notes are kept."""

    postgres: Postgres
    clock: Clock
    log: TraversalLog
    legends: Legends

    async def remember(self, told: Told, *, scope: Scope) -> Remembered:
        """Keep a note, and count its verdict, as one unit of work; the same note again changes nothing.

        Raises:
            InvalidInput: something is missing or too much, the verdict is unknown or was given before.
            NotFound: there is no such trace of the caller's, or nobody has a ref.
        """
        text = clean_text(told.text, max_length=LONGEST_TEXT)
        _check(told, text)
        await self.log.flush()
        found = [await find_ref(self.postgres, ref, scope=scope, field="refs") for ref in told.refs]
        purpose = Purpose(action="remember", scope=scope, request={"kind": told.kind, "trace_id": told.trace_id})
        intake: Intake | None = None
        async with unit_of_work(self.postgres, purpose=purpose, clock=self.clock) as unit:
            if told.verdict is not None and told.trace_id is not None:
                ids = [one.id for one in found]
                await judge(unit.session, told.trace_id, told.verdict, refs=ids, scope=scope, clock=self.clock)
            if text:
                intake = await self._keep(unit.session, told, text, scope=scope)
            # Of a trace that was judged we know that it is one; what else stands there is the caller's text.
            judged = {"trace_id": told.trace_id, "verdict": told.verdict} if told.verdict else {}
            await unit.audit({"kind": told.kind, **judged})
        receipt = intake.receipts[-1] if intake else None
        return Remembered(
            ref=receipt.ref if receipt else None, outcome=receipt.outcome if receipt else "judged",
            judged=told.verdict is not None, intake=intake,
        )  # fmt: skip

    async def _keep(self, session: Session, told: Told, text: str, *, scope: Scope) -> Intake:
        numbered: list[Numbered] = []
        for row in rows_of(_records(told, text, scope=scope)):
            record = to_record(row, mapping=None, legends=self.legends)
            if isinstance(record, Receipt):
                raise _refusal(record)
            numbered.append((row.line, record))
        delivery = Delivery(source=SOURCE, scope=scope)
        intake = await take_in(Within(session), numbered, delivery=delivery, legends=self.legends, clock=self.clock)
        refused = next((receipt for receipt in intake.receipts if receipt.problems), None)
        if refused is not None:
            raise _refusal(refused)
        return intake


def _refusal(receipt: Receipt) -> InvalidInput:
    problem = receipt.problems[0]
    return InvalidInput(f"{problem.field}: {problem.reason}.", next_step="Say it otherwise.", field="text")


def _check(told: Told, text: str) -> None:
    """Refuse what could not be kept or counted as it is meant, before anything is written."""
    if told.kind == "outcome" and (told.trace_id is None or told.verdict is None):
        step = "Pass the trace_id of the answer and verdict: useful, partial, wrong or dead_end."
        missing = "trace_id" if told.trace_id is None else "verdict"
        raise InvalidInput("An outcome says what came of a trace.", next_step=step, field=missing)
    if told.kind != "outcome" and told.verdict is not None:
        raise InvalidInput("Only an outcome has a verdict.", next_step="Use kind outcome.", field="verdict")
    if told.kind != "outcome" and not text:
        raise InvalidInput("There is nothing to remember.", next_step="Pass text.", field="text")
    if len(told.refs) > MOST_REFS:
        raise InvalidInput(f"Over {MOST_REFS} refs.", next_step="Name those that matter most.", field="refs")


def _records(told: Told, text: str, *, scope: Scope) -> list[JsonObject]:
    """Return the note as a record, after that of its session, if it has one."""
    vertex = VERTEX_OF[told.kind]
    known: dict[str, dict[str, str | None]] = {
        "note": {"kind": told.kind}, "decision": {"trace_id": told.trace_id},
        "outcome": {"verdict": told.verdict, "trace_id": told.trace_id},
    }  # fmt: skip
    attributes: JsonObject = {name: value for name, value in known[vertex].items() if value is not None}
    about = f"\n\nAbout: {', '.join(told.refs)}" if told.refs else ""
    tenancy: JsonObject = {"visibility": visibility(scope), "owner_org": scope.organisation}
    note: JsonObject = {
        "kind": vertex, "name": _title(text), "source_id": _key(told, text, scope=scope), "attributes": attributes,
        "description": text + about, **tenancy,
    }  # fmt: skip
    if told.session_id is None:
        return [note]
    session: JsonObject = {"name": told.session_id, "source_id": session_key(told.session_id, scope=scope)}
    inside: JsonValue = {"type": "IN_SESSION", "target_kind": "session", "target": session}
    return [{"kind": "session", **session, **tenancy}, {**note, "relations": [inside]}]


def visibility(scope: Scope) -> str:
    """Return who may read what a caller notes: the organisation, or everyone where there is none to keep it to."""
    if scope.organisation is not None:
        return "org"
    return "staff" if scope.role == "staff" else "public"


def session_key(session_id: str, *, scope: Scope) -> str:
    """Return what tells a session apart: organisations may use the same names."""
    return _hashed(scope.organisation, session_id)


def _key(told: Told, text: str, *, scope: Scope) -> str:
    return _hashed(scope.organisation, scope.actor, told.kind, text, told.trace_id, told.session_id, *told.refs)


def _hashed(*parts: str | None) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]


def _title(text: str) -> str:
    first = text.splitlines()[0]
    return first if len(first) <= TITLE_LENGTH else first[: TITLE_LENGTH - 1].rstrip() + "…"
