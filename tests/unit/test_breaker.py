"""A breaker opens for what is away and not for what is late once, looks again by itself, and lets one look be made."""

import asyncio
from dataclasses import dataclass, field

import pytest

from sonik.errors import InvalidInput, OutOfTime, SonikError, StoreUnavailable
from sonik.stores.breaker import OPEN_SECONDS, Breaker, Sign

pytestmark = pytest.mark.anyio


@dataclass(kw_only=True)
class Store:
    """Something that can be away or late, and how often it was asked."""

    fault: Exception | None = None
    asked: int = 0
    looked: int = 0
    now: float = 0.0
    breaker: Breaker = field(init=False)

    def __post_init__(self) -> None:
        self.breaker = Breaker("graph", look=self.look, sign=sign, monotonic=lambda: self.now)

    async def look(self) -> None:
        self.looked += 1
        await asyncio.sleep(0)
        if self.fault:
            raise StoreUnavailable("Nobody is there.")

    async def ask(self) -> str:
        """Return what came of a call."""
        try:
            async with self.breaker.guarding():
                self.asked += 1
                await asyncio.sleep(0)
                if isinstance(self.fault, SonikError):
                    raise self.fault
                if self.fault:
                    raise StoreUnavailable("Nobody is there.", next_step="Look.") from self.fault
        except SonikError as error:
            return error.next_step
        return "answered"


def sign(error: BaseException | None) -> Sign | None:
    if isinstance(error, TimeoutError):
        return "late"
    return "away" if isinstance(error, ConnectionError) else None


async def test_after_one_failure_nobody_asks_and_all_are_told_when_to_come_again() -> None:
    store = Store(fault=ConnectionError())
    told = [await store.ask() for _ in range(4)]
    assert (told, store.asked) == (["Try again in 1 s."] * 4, 1)


async def test_three_late_calls_in_a_row_open_it_and_one_that_works_between_counts_anew() -> None:
    store = Store()
    for fault in (TimeoutError(), TimeoutError(), None, TimeoutError(), TimeoutError()):
        store.fault = fault
        await store.ask()
    store.fault = None
    assert await store.ask() == "answered"
    store.fault = TimeoutError()
    assert [await store.ask() for _ in range(4)] == ["Look.", "Look.", "Try again in 1 s.", "Try again in 1 s."]
    assert store.asked == 9


@pytest.mark.parametrize(
    "fault", [InvalidInput("No.", next_step="Look."), OutOfTime("Long.", next_step="Look."), ValueError("another's")]
)
async def test_what_says_nothing_of_the_store_leaves_it_closed(fault: Exception) -> None:
    store = Store(fault=fault)
    assert [await store.ask() for _ in range(4)] == ["Look."] * 4
    assert store.asked == 4


async def test_one_look_for_all_callers_tells_that_it_is_back() -> None:
    store = Store(fault=ConnectionError())
    await store.ask()
    store.now += OPEN_SECONDS
    assert await asyncio.gather(*(store.ask() for _ in range(5))) == ["Try again in 1 s."] * 5
    assert (store.looked, store.asked) == (1, 1)
    store.fault, store.now = None, store.now + OPEN_SECONDS
    assert await asyncio.gather(*(store.ask() for _ in range(5))) == ["answered"] * 5
    assert (store.looked, store.asked) == (2, 6)
