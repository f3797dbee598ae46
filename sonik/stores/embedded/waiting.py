"""Bounded waiting for things that have no wait of their own: file locks and servers coming up."""

import time
from collections.abc import Iterator

FIRST_PAUSE_SECONDS = 0.002
LONGEST_PAUSE_SECONDS = 0.05


class Deadline:
    """A moment after which nobody waits any longer."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds left, never below zero."""
        return max(0.0, self._end - time.monotonic())

    def ticks(self) -> Iterator[float]:
        """Yield a pause length at once and again after each pause, until the time is up."""
        for pause in self.pauses():
            yield pause
            time.sleep(min(pause, self.remaining()))

    def pauses(self) -> Iterator[float]:
        """Yield growing pause lengths until the time is up; the caller does the waiting."""
        pause = FIRST_PAUSE_SECONDS
        while self.remaining() > 0:
            yield pause
            pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
