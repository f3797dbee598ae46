"""Tells every process in which markets something changed that is on around now."""

from dataclasses import dataclass
from datetime import timedelta

from sonik.clock import Clock
from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.stores.signals import EVERYTHING, Signals

SQL = queries("sync")
DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Raised:
    market: str
    raised: int


class Herald:
    """Compares the generations of the nights around now with those it told of last.

    What it has not told yet it tells later: a Redis that is away, or a projector that was, costs time and no news.
    """

    def __init__(self, *, postgres: Postgres, signals: Signals, clock: Clock) -> None:
        self._postgres = postgres
        self._signals = signals
        self._clock = clock
        self._told: dict[str, int] | None = None

    def forget(self) -> None:
        """Begin anew: others may have projected meanwhile."""
        self._told = None

    async def tell(self) -> None:
        """Send the markets that changed since the last time; all of them the first time, or for what has no market."""
        raised = await self._raised()
        changed = EVERYTHING if self._told is None else _changed(self._told, raised)
        if not changed or await self._signals.send(changed):
            self._told = raised

    async def _raised(self) -> dict[str, int]:
        today = self._clock.now().date()
        params = {"nights": [today - DAY, today, today + DAY]}
        async with self._postgres.writing() as session:
            rows = await session.fetch(_Raised, SQL["raised"], params)
        return {row.market: row.raised for row in rows}


def _changed(before: dict[str, int], now: dict[str, int]) -> frozenset[str]:
    changed = frozenset(market for market in {*before, *now} if before.get(market) != now.get(market))
    # What has no market, or is named by events anywhere, may show in every one.
    return EVERYTHING if "" in changed else changed
