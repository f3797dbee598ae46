"""sonik_recall: notes, outcomes and decisions of earlier sessions."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from sonik.memory.notes import VERTEX_OF
from sonik.memory.recall import Memory, Sought
from sonik.retrieval.question import LONGEST_QUERY
from sonik.retrieval.trace import new_trace_id
from sonik.types import Scope
from tools.arguments import Listed, Name, Reading, one_of, text
from tools.rendering import Rendered, fitted
from tools.results import Partial, SourceText, lacking, shortened

if TYPE_CHECKING:
    from sonik.engine import Engine

BRIEF_TEXT = 300
MOST = 50


class RecallArguments(Reading):
    """Arguments of sonik_recall."""

    query: Annotated[str, text(most=LONGEST_QUERY)] = ""
    session_id: Name | None = None
    kinds: Annotated[list[Annotated[Name, one_of(*VERTEX_OF)]], Listed, Field(max_length=4)] = Field([])
    limit: int = Field(8, ge=1, le=MOST)


class MemoryLine(BaseModel):
    """A note as its writer left it."""

    ref: str
    kind: str
    text: SourceText
    at: str
    session: str | None = None
    verdict: str | None = None
    trace_id: str | None = None


class RecallResult(Partial):
    """Notes, the best fitting first."""

    memories: list[MemoryLine]


async def sonik_recall(engine: "Engine", scope: Scope, arguments: RecallArguments) -> Rendered[RecallResult]:
    """Find notes of earlier sessions by text, session or kind; without a query the newest.

    Example: {"query": "salsa en Quito", "kinds": ["blocker"]}.
    """
    sought = Sought(
        query=arguments.query, session_id=arguments.session_id, kinds=tuple(arguments.kinds), limit=arguments.limit
    )
    found = await engine.recall(sought, scope=scope)
    notes = lacking(found.missing)
    detailed = arguments.response_format == "detailed"
    result = RecallResult(
        trace_id=new_trace_id(), as_of=engine.as_of(scope),
        memories=[_line(memory, limit=None if detailed else BRIEF_TEXT) for memory in found.memories],
        missing=list(found.missing) or None,
        notes=notes + ([] if found.memories else ["Nothing was noted of this. Try other words, or no query."]) or None,
    )  # fmt: skip
    return fitted(result, _fewer, budget=arguments.budget_tokens, text=_text)


def _line(memory: Memory, *, limit: int | None) -> MemoryLine:
    told = memory.text if limit is None else shortened(memory.text, limit=limit)
    return MemoryLine(
        ref=memory.ref, kind=memory.kind, text=SourceText(source_text=told), at=f"{memory.at:%Y-%m-%d %H:%M}Z",
        session=shortened(memory.session) if memory.session else None, verdict=memory.verdict,
        trace_id=memory.trace_id,
    )  # fmt: skip


def _fewer(result: RecallResult) -> Iterator[RecallResult]:
    for kept in range(len(result.memories) - 1, 0, -1):
        yield result.model_copy(update={"memories": result.memories[:kept], "truncated": True})
    cut = [line.model_copy(update={"text": _brief(line)}) for line in result.memories[:1]]
    yield result.model_copy(update={"memories": cut, "truncated": True})


def _brief(line: MemoryLine) -> SourceText:
    return SourceText(source_text=shortened(line.text.source_text, limit=BRIEF_TEXT))


def _text(result: RecallResult) -> str:
    return "\n".join(f"- {line.kind} {line.ref}, {line.at}" for line in result.memories)
