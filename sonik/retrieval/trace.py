"""What a question did, step by step."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sonik.correlation import correlation_id
from sonik.types import Step
from sonik.watch import Part, during


def new_trace_id() -> str:
    """Return the id of the call that is being answered, else a fresh one: 16 hex digits."""
    return correlation_id()


@dataclass(kw_only=True, slots=True)
class Timer:
    """Collects steps: ``with timer.step("seeds") as step: …; step.rows = n``."""

    steps: list[Step] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[Part]:
        """Time a block; the block may set `rows` and `note`."""
        part = Part(kind="stage", name=name)
        started = time.perf_counter()
        try:
            with during(part):
                yield part
        finally:
            took = (time.perf_counter() - started) * 1000
            self.steps.append(Step(name=part.name, ms=round(took, 2), rows=part.rows, note=part.note))
