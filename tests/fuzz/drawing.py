"""Examples of a strategy, drawn at once: what hypothesis keeps of them goes as soon as they are drawn."""

from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

T = TypeVar("T")


def examples(strategy: st.SearchStrategy[T], count: int, *, number: int) -> list[T]:
    """Return so many examples, or fewer where there are no more; the same for the same number."""
    drawn: list[T] = []
    # The first is always the simplest there is.
    decided = settings(
        max_examples=count + 1, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip

    @seed(number)
    @decided
    @given(strategy)
    def draw(one: T) -> None:
        drawn.append(one)

    draw()
    return drawn[1:] or drawn
