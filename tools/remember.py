"""sonik_remember: what came of an answer, and notes for later."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from sonik.learning.verdicts import REWARDS
from sonik.memory.notes import LONGEST_TEXT, MOST_REFS, Told
from sonik.retrieval.refs import LONGEST_REF
from sonik.retrieval.trace import new_trace_id
from sonik.types import Scope
from tools.arguments import Arguments, Listed, Name, one_of, text
from tools.rendering import Rendered
from tools.results import Result

if TYPE_CHECKING:
    from sonik.engine import Engine

Ref = Annotated[str, text(least=1, most=LONGEST_REF)]
Note = Annotated[str, text(most=LONGEST_TEXT)]


class RememberArguments(Arguments):
    """Arguments of sonik_remember."""

    kind: Literal["outcome", "note", "blocker", "decision"]
    text: Note = ""
    trace_id: Name | None = None
    verdict: Annotated[Name | None, one_of(*REWARDS)] = None
    refs: Annotated[list[Ref], Listed, Field(max_length=MOST_REFS)] = Field([])
    session_id: Name | None = None


class RememberResult(Result):
    """What was kept."""

    outcome: str
    ref: str | None = None


async def sonik_remember(engine: "Engine", scope: Scope, arguments: RememberArguments) -> Rendered[RememberResult]:
    """Say what came of an answer (outcome: trace_id, verdict), which teaches the graph, or keep a note for later.

    A trace is judged once; refs are the hits meant, without them all.
    Example: {"kind": "outcome", "trace_id": "4f1c2a9b", "verdict": "useful", "refs": ["sala-uno"]}.
    """
    told = Told(
        kind=arguments.kind, text=arguments.text, trace_id=arguments.trace_id, verdict=arguments.verdict,
        refs=tuple(arguments.refs), session_id=arguments.session_id,
    )  # fmt: skip
    kept = await engine.notebook.remember(told, scope=scope)
    notes = ["The verdict counts with the next run of learning."] if kept.judged else None
    result = RememberResult(
        trace_id=arguments.trace_id or new_trace_id(), as_of=engine.as_of(scope), outcome=kept.outcome, ref=kept.ref,
        notes=notes,
    )  # fmt: skip
    return Rendered(result=result, text=f"{kept.outcome}{f': {kept.ref}' if kept.ref else ''}")
