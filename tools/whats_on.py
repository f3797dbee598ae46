"""sonik_whats_on: the events of an evening, a weekend, a range."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from sonik.retrieval.listing import Wish
from sonik.types import Near, Scope
from tools import cursors
from tools.arguments import Listed, Name, Paged, Place, text
from tools.rendering import Rendered, packed
from tools.results import WhatsOnResult, entry, markdown

if TYPE_CHECKING:
    from sonik.engine import Engine


class WhatsOnArguments(Paged):
    """Arguments of sonik_whats_on."""

    when: Annotated[str, text(least=1)] = Field("tonight", description="as in sonik_search")
    market: Name | None = Field(None, description="slug or name; or pass near")
    near: Place | None = None
    genres: Annotated[list[Name], Listed, Field(max_length=10)] = Field([])
    price_max: float | None = Field(None, ge=0, le=1e12, allow_inf_nan=False)
    sort: Literal["time", "price"] = "time"


async def sonik_whats_on(engine: "Engine", scope: Scope, arguments: WhatsOnArguments) -> Rendered[WhatsOnResult]:
    """List what is on in a market or circle, in order of time or price, with the total.

    A night runs to 06:00. Cancelled and postponed events are left out.
    Example: {"when": "tonight", "market": "medellin", "genres": ["salsa"]}.
    """
    binding = arguments.model_dump(mode="json", exclude={"cursor", "max_tokens", "response_format"})
    offset = cursors.decode(arguments.cursor, binding=binding, scope=scope, key=engine.cursor_key)
    near = Near(**arguments.near.model_dump()) if arguments.near else None
    wish = Wish(
        when=arguments.when, market=arguments.market, near=near, genres=tuple(arguments.genres),
        price_max=arguments.price_max, sort=arguments.sort, limit=arguments.limit, offset=offset,
    )  # fmt: skip
    programme = await engine.whats_on(wish, scope=scope)
    result = WhatsOnResult(
        trace_id=programme.trace.trace_id, as_of=engine.as_of(scope), market=programme.market,
        from_=f"{programme.window.start.astimezone(programme.zone):%Y-%m-%d %H:%M}",
        to=f"{programme.window.end.astimezone(programme.zone):%Y-%m-%d %H:%M}", total=programme.total, events=[],
        notes=None if programme.total else ["Nothing on. Try a wider `when`, fewer genres, or another market."],
    )  # fmt: skip
    detailed = arguments.response_format == "detailed"
    entries = [entry(card, detailed=detailed) for card in programme.cards]
    page = packed(result, "events", entries, budget=arguments.budget_tokens)
    following = offset + len(page.shown)
    more = following < programme.total
    cursor = cursors.encode(following, binding=binding, scope=scope, key=engine.cursor_key) if more else None
    return page.rendered(
        next_cursor=cursor, truncated=more, text=markdown(f"{programme.total} events in all", page.shown)
    )
