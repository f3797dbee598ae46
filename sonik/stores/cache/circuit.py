"""A circuit breaker: what has just failed is left alone for a while."""

from collections.abc import Callable


class Circuit:
    """Refuses calls for `open_seconds` after a failure, then lets one through to see."""

    def __init__(self, *, open_seconds: float, monotonic: Callable[[], float]) -> None:
        self._open_seconds = open_seconds
        self._monotonic = monotonic
        self._retry_at: float | None = None

    def allows(self) -> bool:
        """Say whether a call may go through now."""
        if self._retry_at is None:
            return True
        if self._monotonic() < self._retry_at:
            return False
        self.failed()  # until this call comes back, the others stay out
        return True

    def failed(self) -> None:
        """Note that a call failed."""
        self._retry_at = self._monotonic() + self._open_seconds

    def worked(self) -> None:
        """Note that a call went through."""
        self._retry_at = None
