"""sonik_upsert: records in, checked whole, rehearsed by default, with a receipt for each."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, Field, JsonValue

from sonik.errors import InvalidInput, OutOfTime
from sonik.ingest.receipts import Problem, Receipt
from sonik.ingest.upsert import Upsert, Upserted
from sonik.retrieval.trace import new_trace_id
from sonik.types import JsonValue as Value
from sonik.types import Scope
from tools.arguments import DETAILED_TOKENS, Arguments, Listed, Name, text
from tools.consent import Call, Confirmed
from tools.rendering import Rendered, fitted
from tools.results import MOST_LISTED, Result, shortened

if TYPE_CHECKING:
    from sonik.engine import Engine

MOST = 100
MOST_CHARACTERS = 1_000_000
WAIT_SECONDS = 20.0
# Which receipts are kept longest where there is no room for all.
_WEIGHT = {"refused": 0, "updated": 1, "created": 2, "unchanged": 3}


class UpsertArguments(Arguments):
    """Arguments of sonik_upsert."""

    records: Annotated[list[dict[str, JsonValue]], Listed, Field(max_length=MOST)] = Field(
        description="kind, name, source_id, its fields or attributes, relations"
    )
    source: Annotated[str, text(least=1, most=100)] = Field(description="system they are from")
    source_cursor: Annotated[str, text(most=1_000)] | None = Field(
        None, description="returned as last_cursor by the next call"
    )
    dry_run: bool = True
    partial: bool = Field(False, description="fields left out stay as they are")
    idempotency_key: Annotated[str, text(least=1)] | None = None
    wait_for: Literal["committed", "projected"] = "committed"
    confirm_token: Annotated[str, text(least=1, most=100)] | None = None


class ReceiptLine(BaseModel):
    """What became of a record; `index` counts from 0."""

    index: int
    outcome: str
    ref: str | None = None
    name: Name | None = None
    decided_by: str | None = None
    changes: dict[str, JsonValue] | None = None
    problems: list[Problem] | None = None
    notes: list[str] | None = None


class UpsertResult(Result):
    """The receipts, in order, and how many there are of each outcome."""

    dry_run: bool
    counts: dict[str, int]
    receipts: list[ReceiptLine]
    last_cursor: str | None = None
    takes_away: list[str] | None = None
    confirm_token: str | None = None


async def sonik_upsert(engine: "Engine", scope: Scope, arguments: UpsertArguments) -> Rendered[UpsertResult]:
    """Write records; each gets a receipt: created, updated, unchanged, or refused by field and reason.

    Rehearses unless dry_run is false. The good ones are written as one transaction; a repeated idempotency_key
    returns its first receipts. What cancels events or removes relations is written only with the confirm_token that
    the first try returns. Role: ingest.
    Example: {"source": "agenda", "records": [{"kind": "artist", "name": "Los Ríos", "instagram": "@losrios"}]}.
    """
    _check_size(arguments.records)
    call = Call(
        tool="sonik_upsert", arguments=arguments.model_dump(mode="json", exclude={"confirm_token"}), scope=scope,
        key=engine.consent_key, now=engine.clock.now(),
    )  # fmt: skip
    token = arguments.confirm_token
    told = Upsert(
        source=arguments.source, cursor=arguments.source_cursor, dry_run=arguments.dry_run, partial=arguments.partial,
        idempotency_key=arguments.idempotency_key, careful=True,
        consent=Confirmed(call=call, token=token) if token else None,
    )  # fmt: skip
    done = await engine.upsert(arguments.records, told=told, scope=scope)
    notes = [*_said(done, arguments), *(await _waited(engine, done, arguments))]
    result = UpsertResult(
        trace_id=new_trace_id(), as_of=engine.as_of(scope), dry_run=arguments.dry_run, counts=done.intake.counts,
        receipts=[_line(receipt) for receipt in done.intake.receipts], last_cursor=done.last_cursor,
        takes_away=_few(done.losses.said) or None, confirm_token=call.token(done.losses) if done.held_back else None,
        notes=notes or None,
    )  # fmt: skip
    rendered = fitted(result, _smaller, budget=DETAILED_TOKENS, text=_text)
    return replace(rendered, question=_question(done) if done.held_back else None)


def _said(done: Upserted, arguments: UpsertArguments) -> list[str]:
    if arguments.dry_run:
        return ["Nothing was written: dry_run."]
    if done.held_back:
        return ["Nothing was written. Show takes_away to the user; on a yes repeat the call with confirm_token."]
    return []


async def _waited(engine: "Engine", done: Upserted, arguments: UpsertArguments) -> list[str]:
    """Wait until what was written is projected, if that is asked for; return what to say of it."""
    if arguments.wait_for != "projected" or arguments.dry_run or done.held_back:
        return []
    try:
        await engine.wait_projected(done.intake, seconds=WAIT_SECONDS)
    except OutOfTime as error:
        # What is written stays written: its receipts must reach the caller.
        return [f"Written, not projected yet. {error}"]
    return []


def _question(done: Upserted) -> str:
    return f"This delivery {', '.join(_few(done.losses.said))}. Write it?"


def _few(said: Sequence[str]) -> list[str]:
    more = [f"{len(said) - MOST_LISTED} more"] if len(said) > MOST_LISTED else []
    return [*said[:MOST_LISTED], *more]


def _check_size(records: list[dict[str, JsonValue]]) -> None:
    if len(str(records)) > MOST_CHARACTERS:
        step = "Send fewer records at once."
        raise InvalidInput(f"Over {MOST_CHARACTERS:,} characters of records.", next_step=step, field="records")


def _line(receipt: Receipt) -> ReceiptLine:
    return ReceiptLine(
        index=receipt.line - 1, outcome=receipt.outcome, ref=receipt.ref,
        name=shortened(receipt.name) if receipt.name and receipt.outcome == "refused" else None,
        decided_by=shortened(receipt.decided_by) if receipt.decided_by else None,
        changes={name: _shown(value) for name, value in receipt.changes.items()} or None,
        problems=list(receipt.problems) or None, notes=[shortened(note, limit=200) for note in receipt.notes] or None,
    )  # fmt: skip


def _shown(value: Value) -> JsonValue:
    """Return a value with its texts cut short."""
    if isinstance(value, str):
        return shortened(value)
    if isinstance(value, list):
        return [_shown(item) for item in value[:10]]
    if isinstance(value, dict):
        return {name: _shown(inner) for name, inner in value.items()}
    return value


def _smaller(result: UpsertResult) -> Iterator[UpsertResult]:
    """Yield the result with the names of changed fields only, without reasons why it is who, and then ever fewer."""
    step = "Send fewer records at once to see them."
    notes = result.notes or []
    named = [line.model_copy(update={"changes": _names(line)}) for line in result.receipts]
    cut = {"truncated": True, "notes": [*notes, f"Cut to fit: changed values. {step}"]}
    yield result.model_copy(update={"receipts": named, **cut})
    bare = [line.model_copy(update={"changes": None, "decided_by": None, "notes": None}) for line in named]
    cut["notes"] = [*notes, f"Cut to fit: changes, notes, decided_by. {step}"]
    yield result.model_copy(update={"receipts": bare, **cut})
    weighed = sorted(bare, key=lambda line: (_WEIGHT[line.outcome], line.index))
    for kept in range(len(bare) * 3 // 4, 0, -1):
        shown = sorted(weighed[:kept], key=lambda line: line.index)
        cut["notes"] = [*notes, f"Cut to fit: {len(bare) - kept} receipts, refused ones last. {step}"]
        yield result.model_copy(update={"receipts": shown, **cut})


def _names(line: ReceiptLine) -> dict[str, JsonValue] | None:
    return {"fields": list[JsonValue](line.changes)} if line.changes else None


def _text(result: UpsertResult) -> str:
    counts = ", ".join(f"{count} {outcome}" for outcome, count in result.counts.items() if count)
    first = "dry run: " if result.dry_run else "not written: " if result.confirm_token else ""
    return f"{first}{counts or 'no records'}"
