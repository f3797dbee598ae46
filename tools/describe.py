"""sonik_describe: what Sonik is made of."""

from typing import TYPE_CHECKING, Annotated

from sonik.retrieval.describe import TOPICS, Described
from sonik.retrieval.pack import cost, count_tokens, fit
from sonik.retrieval.trace import new_trace_id
from sonik.types import Scope
from tools import cursors
from tools.arguments import Cursor, Name, Reading, one_of
from tools.rendering import SPARE_TOKENS, Rendered, dumped
from tools.results import DescribeResult, Thing, shortened

if TYPE_CHECKING:
    from sonik.engine import Engine


class DescribeArguments(Reading):
    """Arguments of sonik_describe."""

    topic: Annotated[Name, one_of(*TOPICS)]
    name: Name | None = None
    cursor: Cursor = None


async def sonik_describe(engine: "Engine", scope: Scope, arguments: DescribeArguments) -> Rendered[DescribeResult]:
    """Explain what Sonik is made of: graph types, tables and their writers, statuses, lenses and patterns, markets.

    Example: {"topic": "lenses", "name": "impact"}.
    """
    binding = arguments.model_dump(mode="json", exclude={"cursor", "max_tokens", "response_format"})
    offset = cursors.decode(arguments.cursor, binding=binding, scope=scope, key=engine.cursor_key)
    told = await engine.describe(arguments.topic, arguments.name, scope=scope)
    detailed = arguments.response_format == "detailed" or arguments.name is not None
    result = DescribeResult(trace_id=new_trace_id(), as_of=engine.as_of(scope), topic=arguments.topic, items=[])
    things = [_thing(one, detailed=detailed) for one in told[offset:]]
    budget = arguments.budget_tokens - cost(dumped(result)) - SPARE_TOKENS
    if things and _price(things[0]) > budget:
        things = [thing.model_copy(update={"details": None}) for thing in things]
        result = result.model_copy(update={"notes": ["Details did not fit: raise max_tokens."]})
    shown, _ = fit(things, budget=budget, price=_price)
    following = offset + len(shown)
    more = following < len(told)
    cursor = cursors.encode(following, binding=binding, scope=scope, key=engine.cursor_key) if more else None
    update = {"items": shown, "truncated": more, "next_cursor": cursor}
    return Rendered(result=result.model_copy(update=update), text=_text(arguments.topic, shown))


def _thing(one: Described, *, detailed: bool) -> Thing:
    return Thing(
        name=one.name, about=shortened(one.about, limit=200), details=one.details or None if detailed else None
    )


def _price(thing: Thing) -> int:
    return cost(dumped(thing)) + count_tokens(thing.name) + 1


def _text(topic: str, shown: list[Thing]) -> str:
    return f"{topic}: " + ", ".join(thing.name for thing in shown)
