"""A circuit: what has just failed is left alone for a while."""

from collections.abc import Callable

# A machine that is busy makes one call late now and then; what is away makes every call late.
LATE_IN_A_ROW = 3


class Circuit:
    """Refuses calls for `open_seconds` after a failure, then lets one through to see."""

    def __init__(self, *, open_seconds: float, monotonic: Callable[[], float]) -> None:
        self._open_seconds = open_seconds
        self._monotonic = monotonic
        self._retry_at: float | None = None
        self._late = 0

    @property
    def is_open(self) -> bool:
        """Whether something has failed, and nothing has gone through since."""
        return self._retry_at is not None

    @property
    def wait_seconds(self) -> float:
        """How long no call goes through."""
        return 0.0 if self._retry_at is None else max(0.0, self._retry_at - self._monotonic())

    def allows(self) -> bool:
        """Say whether a call may go through now."""
        if self._retry_at is None:
            return True
        if self._monotonic() < self._retry_at:
            return False
        self.failed()  # until this call comes back, the others stay out
        return True

    def failed(self, *, late: bool = False) -> bool:
        """Note that a call failed, or was too late; say whether the circuit is open now."""
        self._late = self._late + 1 if late else LATE_IN_A_ROW
        if self._late >= LATE_IN_A_ROW:
            self._retry_at = self._monotonic() + self._open_seconds
        return self._retry_at is not None

    def worked(self) -> None:
        """Note that a call went through."""
        self._retry_at = None
        self._late = 0
