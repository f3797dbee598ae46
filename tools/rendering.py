"""From a typed result to what goes out: structured data and a short text, together within the token budget."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

from sonik.retrieval.pack import cost, count_tokens, fit
from sonik.types import JsonObject
from tools.results import Entry, Result, brief, markdown

R = TypeVar("R", bound=Result)
# Room for the cursor and the text's first line, which are known only after packing.
SPARE_TOKENS = 80


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered(Generic[R]):
    """A result, and the text for clients that show text only.

    Where nothing was done for want of a person's word, `question` asks for it; `confirm_token` in the result stands
    for a yes.
    """

    result: R
    text: str
    question: str | None = None

    def structured(self) -> JsonObject:
        """Return the result as JSON, without empty fields."""
        return dumped(self.result)

    @property
    def tokens(self) -> int:
        """What the result costs its reader, text and data together."""
        return cost(self.structured()) + count_tokens(self.text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[R]):
    """The entries that fit."""

    result: R
    field: str
    shown: list[Entry]
    left_out: int

    def rendered(self, *, next_cursor: str | None, truncated: bool, text: str) -> Rendered[R]:
        """Return the whole result with its page."""
        update = {self.field: self.shown, "next_cursor": next_cursor, "truncated": truncated}
        return Rendered(result=self.result.model_copy(update=update), text=text)


def packed(result: R, field: str, entries: Sequence[Entry], *, budget: int) -> Page[R]:
    """Keep the leading entries that fit into the budget beside everything else the result says.

    One is always kept: where there is no room for it, the result's extras go, and then its own details.
    """
    needed = _price(entries[0]) if entries else 0
    if needed > _left(result, budget):
        result = result.model_copy(update=result.EXTRAS)
    left = _left(result, budget)
    kept, left_out = fit(entries, budget=left, price=_price)
    if needed > left:
        kept = [brief(shown) for shown in kept]
    return Page(result=result, field=field, shown=kept, left_out=left_out)


def fitted(result: R, smaller: Callable[[R], Iterable[R]], *, budget: int, text: Callable[[R], str]) -> Rendered[R]:
    """Return the result, or the first of its ever smaller versions that fits; the smallest one in any case."""
    rendered = Rendered(result=result, text=text(result))
    if rendered.tokens <= budget:
        return rendered
    for version in smaller(result):
        rendered = Rendered(result=version, text=text(version))
        if rendered.tokens <= budget:
            break
    return rendered


def dumped(model: BaseModel) -> JsonObject:
    """Return a model as JSON, without empty fields."""
    data: JsonObject = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    return data


def _left(result: Result, budget: int) -> int:
    return budget - cost(dumped(result)) - SPARE_TOKENS


def _price(shown: Entry) -> int:
    return cost(dumped(shown)) + count_tokens(markdown("", [shown]))
