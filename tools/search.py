"""sonik_search: an open question, answered with ranked, sourced hits."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from sonik.ontology import SEARCHABLE_KINDS
from sonik.retrieval.answer import Answer
from sonik.retrieval.lenses import LENSES
from sonik.retrieval.question import LONGEST_QUERY, Question
from sonik.types import Near, Scope
from tools import cursors
from tools.arguments import Listed, Name, Paged, Place, one_of, text
from tools.rendering import Rendered, packed
from tools.results import MOST_LISTED, SearchResult, entry, lacking, markdown, shortened, slots, trace_out

if TYPE_CHECKING:
    from sonik.engine import Engine


class SearchArguments(Paged):
    """Arguments of sonik_search."""

    query: Annotated[str, text(least=1, most=LONGEST_QUERY)]
    kinds: Annotated[list[Annotated[Name, one_of(*SEARCHABLE_KINDS)]], Listed, Field(max_length=10)] = Field([])
    market: Name | None = Field(None, description="slug or name")
    when: Name | None = Field(None, description="tonight, this_weekend, 2026-12-05, date/date or words")
    near: Place | None = None
    lens: Annotated[Name, one_of(*LENSES)] | None = None
    explain: bool = False


async def sonik_search(engine: "Engine", scope: Scope, arguments: SearchArguments) -> Rendered[SearchResult]:
    """Answer a question about events, venues, artists, people; dates, genres, prices and names in it are understood.

    To list what is on use sonik_whats_on. Example: {"query": "quién toca en El Azulejo Jazz esta semana"}.
    """
    binding = arguments.model_dump(mode="json", exclude={"cursor", "max_tokens", "response_format", "explain"})
    offset = cursors.decode(arguments.cursor, binding=binding, scope=scope, key=engine.cursor_key)
    near = Near(**arguments.near.model_dump()) if arguments.near else None
    question = Question(
        query=arguments.query, kinds=tuple(arguments.kinds), market=arguments.market, when=arguments.when, near=near,
        lens=arguments.lens, limit=arguments.limit, offset=offset,
    )  # fmt: skip
    answer = await engine.search(question, scope=scope)
    detailed = arguments.response_format == "detailed"
    result = SearchResult(
        trace_id=answer.trace.trace_id, as_of=engine.as_of(scope), understood=slots(answer.trace.understood), hits=[],
        trace=trace_out(answer.trace) if arguments.explain else None, notes=_notes(answer) or None,
        missing=list(answer.trace.missing) or None,
    )  # fmt: skip
    entries = [entry(hit.card, detailed=detailed, hit=hit) for hit in answer.hits]
    page = packed(result, "hits", entries, budget=arguments.budget_tokens)
    following = offset + len(page.shown)
    more = answer.more or page.left_out > 0
    cursor = cursors.encode(following, binding=binding, scope=scope, key=engine.cursor_key) if more else None
    return page.rendered(next_cursor=cursor, truncated=more, text=markdown(f"{len(page.shown)} hits", page.shown))


def _notes(answer: Answer) -> list[str]:
    notes = lacking(answer.trace.missing)
    if not answer.hits and notes:
        return [*notes, "Nothing found otherwise; ask again in a while."]
    if not answer.hits:
        return ["Nothing found. Try other words, a wider `when`, or sonik_whats_on for the market."]
    return notes + [f"Nothing fits '{shortened(it)}'; these are without it." for it in answer.dropped[:MOST_LISTED]]
