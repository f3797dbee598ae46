"""Clients that ask one call after the other, and what became of each call."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Self

from sonik.types import JsonObject
from tests.bench.spread import median, p95
from tests.load.calls import Call

# Returns what went wrong, nothing if all went well.
Ask = Callable[[Call], Awaitable[str]]


@dataclass(kw_only=True, slots=True)
class Laps:
    """How long calls took (ms), what went wrong in them, and over how long they were asked (s)."""

    ms: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        """Calls answered in a second."""
        return round(len(self.ms) / self.seconds, 1)

    @property
    def failed(self) -> int:
        """How many calls went wrong."""
        return sum(self.failures.values())

    def told(self) -> JsonObject:
        """Return the figures."""
        return {
            "calls": len(self.ms), "calls_per_s": self.per_second, "failed": self.failed, "p50_ms": median(self.ms),
            "p95_ms": p95(self.ms), "failures": dict(self.failures),
        }  # fmt: skip

    def plain(self) -> JsonObject:
        """Return everything as plain data, for another process."""
        return asdict(self)

    @classmethod
    def of(cls, plain: JsonObject) -> Self:
        """Return what plain data stands for."""
        return cls(**{**plain, "failures": Counter(plain["failures"])})  # type: ignore[arg-type]

    def beside(self, other: Self) -> Self:
        """Return these laps and those that another process ran at the same time."""
        return type(self)(
            ms=[*self.ms, *other.ms], failures=self.failures + other.failures, seconds=max(self.seconds, other.seconds)
        )


async def drive(clients: Sequence[tuple[Ask, Iterator[Call]]], *, seconds: float) -> Laps:
    """Let clients ask until the time is over; each waits for its answer before it asks again."""
    laps = Laps()
    started = perf_counter()

    async def run(ask: Ask, calls: Iterator[Call]) -> None:
        while perf_counter() - started < seconds:
            begun = perf_counter()
            failure = await ask(next(calls))
            laps.ms.append((perf_counter() - begun) * 1000)
            if failure:
                laps.failures[failure] += 1

    await asyncio.gather(*(run(ask, calls) for ask, calls in clients))
    laps.seconds = perf_counter() - started
    return laps
