"""sonik_traverse: a named pattern, walked from one entity."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from sonik.ontology import GRAPHS
from sonik.retrieval.lenses import LENSES
from sonik.retrieval.patterns import MOST_HOPS, PATTERNS
from sonik.retrieval.refs import LONGEST_REF
from sonik.retrieval.traversal import Findings, Found, Traversal
from sonik.types import Scope
from tools import cursors
from tools.arguments import Listed, Moment, Name, Paged, one_of, text
from tools.rendering import Rendered, packed
from tools.results import (
    MOST_LISTED,
    GraphQuery,
    Named,
    PathStep,
    Reached,
    TraverseResult,
    entry,
    lacking,
    markdown,
    quoted,
    shortened,
)

if TYPE_CHECKING:
    from sonik.engine import Engine

QUERIED = (*GRAPHS, "vectors")
ARROWS = {True: ">", False: "<"}


class TraverseArguments(Paged):
    """Arguments of sonik_traverse."""

    start: Annotated[str, text(least=1, most=LONGEST_REF)]
    pattern: Annotated[Name, one_of(*PATTERNS)]
    lens: Annotated[Name, one_of(*LENSES)] | None = None
    graphs: Annotated[list[Annotated[Name, one_of(*GRAPHS)]], Listed, Field(max_length=3)] = Field([])
    max_hops: int | None = Field(None, ge=1, le=MOST_HOPS)
    min_confidence: float = Field(0.0, ge=0, le=1, allow_inf_nan=False)
    as_of: Moment | None = None


async def sonik_traverse(engine: "Engine", scope: Scope, arguments: TraverseArguments) -> Rendered[TraverseResult]:
    """Walk from one entity along a named pattern; each hit has its path and score.

    For "who plays at X", "what is like X", "which change touched the pages of X" (impact).
    Example: {"start": "nebula", "pattern": "similar"}.
    """
    binding = arguments.model_dump(mode="json", exclude={"cursor", "max_tokens", "response_format"})
    offset = cursors.decode(arguments.cursor, binding=binding, scope=scope, key=engine.cursor_key)
    asked = Traversal(
        start=arguments.start, pattern=arguments.pattern, lens=arguments.lens, graphs=tuple(arguments.graphs),
        max_hops=arguments.max_hops, min_confidence=arguments.min_confidence, as_of=arguments.as_of,
        limit=arguments.limit, offset=offset,
    )  # fmt: skip
    findings = await engine.traverse(asked, scope=scope)
    detailed = arguments.response_format == "detailed"
    result = TraverseResult(
        trace_id=findings.trace.trace_id, as_of=engine.as_of(scope, arguments.as_of),
        start=Named(name=shortened(findings.start.name), ref=findings.start.ref), lens=findings.lens,
        missing=list(findings.trace.missing) or None, total=findings.total, hits=[], queries=_queries(findings),
        notes=_notes(findings) or None,
    )  # fmt: skip
    entries = [_reached(findings, hit, detailed=detailed) for hit in findings.hits]
    page = packed(result, "hits", entries, budget=arguments.budget_tokens)
    # What the caller may not see is passed over, so places are counted and not hits.
    following = findings.hits[len(page.shown)].place if page.left_out else offset + arguments.limit
    more = following < findings.total
    cursor = cursors.encode(following, binding=binding, scope=scope, key=engine.cursor_key) if more else None
    title = f"{findings.total} from {quoted(findings.start.name)} by {findings.pattern}"
    return page.rendered(next_cursor=cursor, truncated=more, text=markdown(title, page.shown))


def _reached(findings: Findings, hit: Found, *, detailed: bool) -> Reached:
    words = [quoted(findings.start.name)]
    for step in hit.path:
        words += [f"{ARROWS[step.outgoing]}{step.type} {step.weight:.2f}", quoted(step.end.name)]
    steps = [
        PathStep(
            edge=step.type, direction="out" if step.outgoing else "in", weight=round(step.weight, 4), graph=step.graph,
            ref=step.end.ref, name=shortened(step.end.name),
        )
        for step in hit.path
    ]  # fmt: skip
    shown = entry(hit.card, detailed=detailed)
    return Reached(
        **{**dict(shown), "score": hit.score}, path=" ".join(words), steps=steps if detailed else None
    )  # fmt: skip


def _queries(findings: Findings) -> list[GraphQuery]:
    steps = [step for step in findings.trace.steps if step.name in QUERIED]
    return [GraphQuery(graph=step.name, ms=step.ms, rows=step.rows, walked=step.note) for step in steps]


def _notes(findings: Findings) -> list[str]:
    notes = [
        f"{quoted(other.name)} is also {other.kind} {other.ref}." for other in findings.namesakes[:MOST_LISTED]
    ]  # fmt: skip
    notes += lacking(findings.trace.missing)
    if findings.cut:
        notes.append("Not every edge was followed: of each vertex the strongest were taken.")
    if not findings.total:
        notes.append("Nothing there. Try another pattern, a lower min_confidence, or sonik_get_entity.")
    return notes
