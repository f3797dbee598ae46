"""Token buckets on a real Redis: shared by processes, exact, and out of the way when Redis is."""

import asyncio
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonik.stores.buckets import SECOND, Limit, LocalBuckets
from sonik.stores.shared_buckets import OPEN_SECONDS, SharedBuckets, shared_buckets
from tests.fix_mcp import ROOT
from tests.fix_redis import RedisServer

pytestmark = pytest.mark.anyio

# The moments are whole: a float of microseconds since 1970 would still hold them.
START = 1_800_000_000 * SECOND
PATIENCE = 40.0
SLOW = Limit(key="slow", rate=1, burst=20)
TAKER = """
import asyncio, sys
from sonik.stores.buckets import Limit
from sonik.stores.shared_buckets import shared_buckets

async def main(address, name):
    limit = Limit(key="slow", rate=1, burst=20)
    async with shared_buckets(address, name=name, patience=40) as buckets:
        taken = await asyncio.gather(*(buckets.take((limit,)) for _ in range(30)))
    print(sum(one.granted for one in taken))

asyncio.run(main(*sys.argv[1:]))
"""


@dataclass
class Times:
    """The clocks of buckets, moved by hand."""

    seconds: float = 0.0
    now: int = START

    def monotonic(self) -> float:
        return self.seconds

    def microseconds(self) -> int:
        return self.now


@dataclass
class Place:
    """A server, and a name there that no other test uses."""

    server: RedisServer
    name: str = field(default_factory=lambda: f"test-{uuid.uuid4()}")

    def open(self, times: Times, *, patience: float = PATIENCE) -> AbstractAsyncContextManager[SharedBuckets]:
        """Open buckets that go by handed-in clocks."""
        return shared_buckets(
            self.server.socket, name=self.name, patience=patience, monotonic=times.monotonic,
            microseconds=times.microseconds,
        )  # fmt: skip

    def kept(self) -> list[str]:
        """Return the keys it has there."""
        with self.server.client() as client:
            return sorted(client.scan_iter(match=f"{self.name}:*"))


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """One server for the tests that leave it alone."""
    with RedisServer(search=False) as running:
        yield running


@pytest.fixture
def place(server: RedisServer) -> Place:
    return Place(server)


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
async def buckets(place: Place, times: Times) -> AsyncIterator[SharedBuckets]:
    async with place.open(times) as opened:
        yield opened


async def granted(buckets: SharedBuckets, *limits: Limit) -> bool | None:
    """Take one from each, and say whether that was granted; None: Redis did not answer."""
    taken = await buckets.take(limits)
    return None if taken is None else taken.granted


async def test_a_full_bucket_gives_its_burst_and_then_what_comes_back(buckets: SharedBuckets, times: Times) -> None:
    limit = Limit(key="a", rate=60, burst=3)
    taken = []
    for after in (0, 0, 0, 0, SECOND - 1, SECOND, SECOND, 9 * SECOND, 9 * SECOND, 9 * SECOND, 9 * SECOND):
        times.now = START + after
        taken.append(await granted(buckets, limit))
    assert taken == [True, True, True, False, False, True, False, True, True, True, False]


async def test_what_one_bucket_refuses_is_taken_from_none(buckets: SharedBuckets) -> None:
    wide, narrow = Limit(key="a", rate=1, burst=5), Limit(key="b", rate=1, burst=1)
    for pair in ((wide, narrow), (narrow, wide)):
        assert await granted(buckets, *pair) is (pair == (wide, narrow))
    looked = await buckets.take((wide, narrow), tokens=0)
    assert looked is not None
    assert [level.left for level in looked.levels] == [4, 0]


STEPS = st.lists(st.tuples(st.integers(0, 3_000_000), st.sampled_from(["a", "ab", "ba", "b"]), st.integers(0, 2)))


@settings(max_examples=60, deadline=None)
@given(STEPS, st.integers(1, 3000), st.integers(1, 6))
def test_redis_reckons_as_the_process_does(
    server: RedisServer, steps: list[tuple[int, str, int]], per_minute: int, burst: int
) -> None:
    asyncio.run(_same(Place(server), steps, per_minute, burst))


async def _same(place: Place, steps: list[tuple[int, str, int]], per_minute: int, burst: int) -> None:
    times = Times()
    local = LocalBuckets(monotonic_ns=lambda: times.now * 1000)
    limits = {
        "a": Limit(key="a", rate=per_minute, burst=burst),
        "b": Limit(key="b", rate=3 * per_minute, burst=2 * burst),
    }
    async with place.open(times) as buckets:
        for pause, names, tokens in steps:
            times.now += pause
            wanted = tuple(limits[name] for name in names)
            assert await buckets.take(wanted, tokens=tokens) == local.take(wanted, tokens=tokens)


async def test_a_clock_set_back_shuts_nobody_out_for_longer_than_a_bucket_takes_to_fill(
    buckets: SharedBuckets, times: Times
) -> None:
    limit = Limit(key="a", rate=60, burst=2)
    await buckets.take((limit,))
    times.now -= 3600 * SECOND
    taken = await buckets.take((limit,))
    assert taken is not None
    assert (taken.granted, taken.levels[0].next_in) == (False, 1)


async def test_by_the_time_of_redis_tokens_come_back(place: Place) -> None:
    limit = Limit(key="a", rate=600, burst=1)
    begun = time.monotonic()
    async with shared_buckets(place.server.socket, name=place.name, patience=PATIENCE) as buckets:
        taken = 0
        while taken < 3:
            taken += bool(await granted(buckets, limit))
            assert time.monotonic() - begun < 10
    assert time.monotonic() - begun > 0.19


async def test_another_rate_begins_anew(buckets: SharedBuckets) -> None:
    slow, fast = (Limit(key="a", rate=rate, burst=1) for rate in (1, 1200))
    assert [await granted(buckets, limit) for limit in (slow, slow, fast, fast)] == [True, False, True, False]


async def test_keys_name_nobody_and_go_when_their_bucket_is_full(place: Place, buckets: SharedBuckets) -> None:
    await buckets.take((Limit(key="a", rate=60, burst=90), Limit(key="b", rate=1, burst=9)))
    with place.server.client() as client:
        left = {key.removeprefix(place.name): client.pttl(key) for key in place.kept()}
    assert sorted(left) == [":bucket:1:b", ":bucket:60:a"]
    assert 0 < left[":bucket:60:a"] <= 1_000
    assert 1_000 < left[":bucket:1:b"] <= 60_000


async def test_looking_leaves_nothing_behind(place: Place, buckets: SharedBuckets) -> None:
    await buckets.take((SLOW,), tokens=0)
    assert place.kept() == []


async def test_many_at_once_are_granted_what_the_bucket_holds(place: Place) -> None:
    async with (
        shared_buckets(place.server.socket, name=place.name, patience=PATIENCE) as first,
        shared_buckets(place.server.socket, name=place.name, patience=PATIENCE) as second,
    ):
        taken = await asyncio.gather(*(granted(buckets, SLOW) for buckets in (first, second) for _ in range(50)))
    assert (taken.count(True), taken.count(False)) == (20, 80)


def test_processes_share_what_the_bucket_holds(place: Place) -> None:
    command = [sys.executable, "-c", TAKER, place.server.socket, place.name]
    start = partial(subprocess.Popen, stdout=subprocess.PIPE, cwd=ROOT, text=True)
    running = [start(command) for _ in range(3)]
    assert sum(int(process.communicate(timeout=60)[0]) for process in running) == 20


@pytest.mark.parametrize("address", ["/nowhere/redis.sock", "redis://127.0.0.1:1"])
async def test_without_a_redis_nothing_is_said_and_nothing_fails(address: str) -> None:
    async with shared_buckets(address, name="x") as buckets:
        assert await granted(buckets, SLOW) is None


async def test_redis_goes_and_comes_back_by_itself(times: Times) -> None:
    with RedisServer(search=False) as server:
        async with Place(server).open(times) as buckets:
            seen = [await granted(buckets, SLOW)]
            server.kill()
            seen.append(await granted(buckets, SLOW))
            server.start()
            seen.append(await granted(buckets, SLOW))
            times.seconds += OPEN_SECONDS
            seen.append(await granted(buckets, SLOW))
    assert seen == [True, None, None, True]


async def test_a_redis_that_hangs_is_given_up_soon_and_left_alone(times: Times) -> None:
    with RedisServer(search=False) as server:
        async with Place(server).open(times, patience=1.0) as buckets:
            server.hang()
            begun = time.monotonic()
            seen = [await granted(buckets, SLOW) for _ in range(100)]
            took = time.monotonic() - begun
            server.go_on()
    assert seen == [None] * 100
    assert took < 1


async def test_a_loop_that_is_late_is_no_redis_that_is_late(place: Place) -> None:
    async with shared_buckets(place.server.socket, name=place.name) as buckets:
        taking = asyncio.ensure_future(granted(buckets, SLOW))
        for _ in range(3):
            await asyncio.sleep(0)
            busy_until = time.monotonic() + 0.1
            while time.monotonic() < busy_until:
                pass
        assert await taking is True
