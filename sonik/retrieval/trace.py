"""What a question did, step by step."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sonik.correlation import correlation_id
from sonik.types import Step


def new_trace_id() -> str:
    """Return the id of the call that is being answered, else a fresh one: 16 hex digits."""
    return correlation_id()


@dataclass(kw_only=True, slots=True)
class _Open:
    rows: int = 0
    note: str = ""


@dataclass(kw_only=True, slots=True)
class Timer:
    """Collects steps: ``with timer.step("seeds") as step: …; step.rows = n``."""

    steps: list[Step] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[_Open]:
        """Time a block; the block may set `rows` and `note`."""
        started = time.perf_counter()
        opened = _Open()
        try:
            yield opened
        finally:
            took = (time.perf_counter() - started) * 1000
            self.steps.append(Step(name=name, ms=round(took, 2), rows=opened.rows, note=opened.note))
