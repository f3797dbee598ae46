"""A fixed piece of work, timed beside every figure: it tells a slow machine, or a busy one, from slow code."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np

LOOPS = 300_000
SIDE = 512
TIMES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """Milliseconds of a pure-Python loop, and of a matrix product on all cores."""

    loop_ms: float
    matmul_ms: float


def probe() -> Probe:
    """Time the fixed work now."""
    matrix = np.random.default_rng(7).random((SIDE, SIDE))
    return Probe(loop_ms=_typical(_loop), matmul_ms=_typical(lambda: matrix @ matrix))


def _loop() -> int:
    total = 0
    for number in range(LOOPS):
        total += number & 7
    return total


def _typical(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(TIMES):
        started = perf_counter()
        work()
        taken.append((perf_counter() - started) * 1000)
    return round(statistics.median(taken), 2)
