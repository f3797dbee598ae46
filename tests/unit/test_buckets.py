"""Token buckets of one process: what they hold, what comes back, and that refusing takes nothing."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from sonik.stores.buckets import SECOND, Limit, LocalBuckets, bucket_key

LIMITS = st.builds(Limit, key=st.just("a"), rate=st.integers(1, 10_000), burst=st.integers(1, 50))
PAUSES = st.lists(st.integers(0, 5_000_000), max_size=80)


@dataclass(slots=True)
class Ticks:
    """A clock moved by hand, in microseconds."""

    now: int = 0

    def __call__(self) -> int:
        return self.now * 1000


def test_a_full_bucket_gives_its_burst_and_then_what_comes_back() -> None:
    ticks = Ticks()
    buckets = LocalBuckets(monotonic_ns=ticks)
    limit = Limit(key="a", rate=60, burst=3)
    granted = []
    for ticks.now in (0, 0, 0, 0, SECOND - 1, SECOND, SECOND, 9 * SECOND, 9 * SECOND, 9 * SECOND, 9 * SECOND):
        granted.append(buckets.take((limit,)).granted)
    assert granted == [True, True, True, False, False, True, False, True, True, True, False]


def test_a_level_says_what_is_left_and_when_more_comes() -> None:
    ticks = Ticks()
    buckets = LocalBuckets(monotonic_ns=ticks)
    limit = Limit(key="a", rate=20, burst=2)
    told = []
    for ticks.now in (0, 0, 0, SECOND):
        (level,) = buckets.take((limit,)).levels
        told.append((level.left, level.next_in, level.full_in))
    assert told == [(1, 0, 3), (0, 3, 6), (0, 3, 6), (0, 2, 5)]


@given(LIMITS, PAUSES)
def test_never_more_is_granted_than_the_burst_and_the_rate_allow(limit: Limit, pauses: list[int]) -> None:
    ticks = Ticks()
    buckets = LocalBuckets(monotonic_ns=ticks)
    granted = 0
    for pause in pauses:
        ticks.now += pause
        granted += buckets.take((limit,)).granted
        assert granted <= limit.burst + ticks.now * limit.rate / (60 * SECOND)


@given(LIMITS, PAUSES)
def test_a_refused_caller_who_waits_as_told_is_let_through(limit: Limit, pauses: list[int]) -> None:
    ticks = Ticks()
    buckets = LocalBuckets(monotonic_ns=ticks)
    for pause in pauses:
        ticks.now += pause
        taken = buckets.take((limit,))
        assert taken.granted or taken.levels[0].next_in > 0
        if not taken.granted:
            ticks.now += taken.levels[0].next_in * SECOND
            assert buckets.take((limit,)).granted


def test_what_one_bucket_refuses_is_taken_from_none() -> None:
    buckets = LocalBuckets(monotonic_ns=Ticks())
    wide, narrow = Limit(key="a", rate=60, burst=5), Limit(key="b", rate=60, burst=1)
    assert [buckets.take((wide, narrow)).granted for _ in range(4)] == [True, False, False, False]
    assert [level.left for level in buckets.take((wide, narrow), tokens=0).levels] == [4, 0]


def test_a_smaller_burst_shuts_nobody_out_for_longer_than_it_takes_to_fill() -> None:
    ticks = Ticks()
    buckets = LocalBuckets(monotonic_ns=ticks)
    for _ in range(100):
        buckets.take((Limit(key="a", rate=60, burst=100),))
    ticks.now = SECOND
    assert buckets.take((Limit(key="a", rate=60, burst=1),)).levels[0].next_in == 1


def test_only_so_many_owners_are_remembered() -> None:
    buckets = LocalBuckets(most=2, monotonic_ns=Ticks())
    limits = {name: Limit(key=name, rate=1, burst=1) for name in "abc"}
    taken = [buckets.take((limits[name],)).granted for name in "abcca"]
    assert (taken, len(buckets)) == ([True, True, True, False, True], 2)


@given(st.text(), st.text())
def test_an_owner_cannot_be_read_from_a_key(first: str, second: str) -> None:
    key = bucket_key(first, second)
    assert (len(key), key == bucket_key(second, first)) == (32, first == second)
