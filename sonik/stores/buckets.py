"""Token buckets: what somebody may do at once and in the long run, and how a take from several is reckoned.

A bucket is kept as one moment: when it will be full again (the generic cell rate algorithm of ATM Forum TM 4.0). What
it owes is the time until then, and each token taken adds the time in which one comes back. All of it is whole
microseconds.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

SECOND = 1_000_000
MINUTE_SECONDS, DAY_SECONDS = 60, 86_400
MOST_HELD = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """What one owner of a bucket may do: `burst` at once, in the long run `rate` in so many seconds.

    `key` names no person, and no other bucket.
    """

    key: str
    rate: int
    burst: int
    seconds: int = MINUTE_SECONDS

    @property
    def interval(self) -> int:
        """How long one token takes to come back, rounded up: never more come than the rate allows."""
        return -(-self.seconds * SECOND // self.rate)

    @property
    def capacity(self) -> int:
        """How long an empty bucket takes to fill."""
        return self.burst * self.interval


@dataclass(frozen=True, kw_only=True, slots=True)
class Level:
    """How a bucket stands after a take: the time it owes until it is full."""

    limit: Limit
    owed: int

    @property
    def left(self) -> int:
        """How many may be taken now."""
        return (self.limit.capacity - self.owed) // self.limit.interval

    @property
    def full_in(self) -> int:
        """Seconds until it is full again, rounded up."""
        return -(-self.owed // SECOND)

    @property
    def next_in(self) -> int:
        """Seconds until one may be taken, rounded up; 0 where one is there."""
        short = self.owed + self.limit.interval - self.limit.capacity
        return max(0, -(-short // SECOND))


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What came of a take: whether it was granted, by all buckets or by none, and how each stands now."""

    granted: bool
    levels: tuple[Level, ...]

    @classmethod
    def of(cls, limits: Sequence[Limit], owed: Sequence[int], *, granted: bool) -> "Taken":
        """Return what came of it, from what each bucket owes now."""
        levels = tuple(Level(limit=limit, owed=time) for limit, time in zip(limits, owed, strict=True))
        return cls(granted=granted, levels=levels)


def bucket_key(*owner: str) -> str:
    """Return the key of an owner's bucket, from which the owner cannot be read."""
    return hashlib.sha256("\x00".join(owner).encode("utf-8", "surrogatepass")).hexdigest()[:32]


class LocalBuckets:
    """Buckets in this process; of more than `most` owners, those who took last are remembered."""

    def __init__(self, *, most: int = MOST_HELD, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._most = most
        self._monotonic_ns = monotonic_ns
        self._full_at: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, limits: Sequence[Limit], *, tokens: int = 1) -> Taken:
        """Take from every bucket, or from none where one has too little; 0 only looks."""
        now = self._monotonic_ns() // 1000
        owed = [min(max(0, self._full_at.get(limit.key, 0) - now), limit.capacity) for limit in limits]
        after = [owes + tokens * limit.interval for owes, limit in zip(owed, limits, strict=True)]
        if any(owes > limit.capacity for owes, limit in zip(after, limits, strict=True)):
            return Taken.of(limits, owed, granted=False)
        if tokens:
            for limit, owes in zip(limits, after, strict=True):
                self._keep(limit.key, now + owes)
        return Taken.of(limits, after, granted=True)

    def _keep(self, key: str, full_at: int) -> None:
        self._full_at.pop(key, None)
        self._full_at[key] = full_at
        if len(self._full_at) > self._most:
            self._full_at.popitem(last=False)
