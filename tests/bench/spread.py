"""Many timings of the same thing, told as their median and 95th percentile."""

import gc
import math
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sonik.types import JsonObject


def median(values: Sequence[float], *, digits: int = 2) -> float:
    """Return the median, rounded."""
    return round(statistics.median(values), digits)


def p95(values: Sequence[float], *, digits: int = 2) -> float:
    """Return the smallest value that at least 95 % of all do not exceed, rounded."""
    return round(sorted(values)[math.ceil(0.95 * len(values)) - 1], digits)


def spread(values: Sequence[float]) -> JsonObject:
    """Return the median, the 95th percentile, and of how many."""
    return {"p50": median(values), "p95": p95(values), "samples": len(values)}


@contextmanager
def without_gc() -> Iterator[None]:
    """Collect garbage now and not meanwhile: a collection would be charged to whoever comes by."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
