"""The answer cache when Redis is away, hangs, restarts, or is not what it was said to be."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest

from sonik.stores.cache import AnswerCache
from tests.fix_redis import Caches, RedisServer, an_answer, keys_found

pytestmark = pytest.mark.anyio


@dataclass(kw_only=True)
class Impostor:
    """Something that listens where Redis should and hangs up, and how many callers it has seen."""

    address: str
    callers: int = 0


@asynccontextmanager
async def impostor() -> AsyncIterator[Impostor]:
    """Listen on a socket and hang up on every caller."""
    with tempfile.TemporaryDirectory(prefix="sonik-") as room:
        seen = Impostor(address=str(Path(room) / "s"))

        def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.callers += 1
            writer.close()

        listening = await asyncio.start_unix_server(hang_up, seen.address)
        yield seen
        listening.close()


@pytest.fixture(params=[True, False], ids=["search", "sets"])
def search(request: pytest.FixtureRequest) -> bool:
    """Which kind of cache."""
    return bool(request.param)


@pytest.fixture
def server(search: bool) -> Iterator[RedisServer]:
    """A server for one test, with the search module only where it is used."""
    with RedisServer(search=search) as running:
        yield running


@pytest.fixture
def caches(server: RedisServer, search: bool) -> Caches:
    """Caches on that server."""
    return Caches(address=server.socket, search=search)


@pytest.fixture
async def cache(caches: Caches) -> AsyncIterator[AnswerCache]:
    """An empty cache."""
    opened = await caches.open()
    yield opened
    await opened.close()


@pytest.mark.parametrize("address", ["/nowhere/redis.sock", "unix:///nowhere/redis.sock", "redis://127.0.0.1:1"])
async def test_without_a_redis_everything_is_a_miss(address: str, search: bool) -> None:
    cache = await Caches(address=address, search=search).open()
    await cache.store(an_answer())

    assert (await keys_found(cache), await cache.exact("cumbia medellin", "public")) == ([], None)
    assert await cache.drop_entities(["artist-1"]) == 0
    await cache.clear()
    await cache.close()


async def test_a_failure_is_not_repeated_for_ten_seconds(search: bool) -> None:
    async with impostor() as there:
        caches = Caches(address=there.address, search=search)
        cache = await caches.open()
        callers = [there.callers]
        for seconds in (0, 9.9, 0.1):
            caches.time.pass_by(seconds)
            await asyncio.gather(*(keys_found(cache) for _ in range(5)))
            callers.append(there.callers)
        await cache.close()

    assert callers == [1, 1, 1, 2]


async def test_a_redis_that_hangs_costs_one_timeout_however_many_ask(
    server: RedisServer, caches: Caches, cache: AnswerCache
) -> None:
    await cache.store(an_answer())
    server.hang()
    with anyio.fail_after(5):  # in turn, sixteen at a time, their timeouts would take over twelve seconds
        answers = await asyncio.gather(*(cache.exact("cumbia medellin", "public") for _ in range(400)))
    server.go_on()
    caches.time.pass_by(10)

    assert (set(answers), await keys_found(cache)) == ({None}, ["cumbia medellin"])


async def test_an_answer_is_not_waited_for_longer_than_it_takes_to_find_it_anew(
    server: RedisServer, cache: AnswerCache
) -> None:
    await cache.store(an_answer())
    server.hang()
    with anyio.fail_after(0.4):  # it gives up after 0.05 s; a connection alone would after 0.5
        looked_up = await cache.exact("cumbia medellin", "public")
        found = await keys_found(cache)
        await cache.store(an_answer("new"))
    server.go_on()

    assert (looked_up, found) == (None, [])


async def test_a_redis_that_is_late_once_stays_in_service(server: RedisServer, cache: AnswerCache) -> None:
    await cache.store(an_answer())
    server.hang()
    missed = await cache.exact("cumbia medellin", "public")
    server.go_on()

    assert (missed, await keys_found(cache)) == (None, ["cumbia medellin"])


async def test_what_was_kept_is_there_again_when_redis_answers_again(
    server: RedisServer, caches: Caches, cache: AnswerCache
) -> None:
    server.kill()
    await cache.store(an_answer("while it was away"))
    server.start()
    still_out = await keys_found(cache)
    caches.time.pass_by(10)
    await cache.store(an_answer("back"))

    assert (still_out, await keys_found(cache)) == ([], ["back"])


async def test_an_invalidation_that_did_not_get_through_is_made_up_before_the_next_answer(
    server: RedisServer, caches: Caches, cache: AnswerCache
) -> None:
    for name in ("one", "two"):
        await cache.store(an_answer(name, entities=(f"artist-{name}",)))
    server.hang()
    dropped = await cache.drop_entities(["artist-one"])
    server.go_on()
    owed, out = cache.owes, await keys_found(cache)
    caches.time.pass_by(10)

    assert (dropped, owed, out) == (0, True, [])
    assert (await keys_found(cache), cache.owes) == (["two"], False)


async def test_a_redis_that_was_started_anew_has_forgotten_what_its_snapshot_held(
    server: RedisServer, caches: Caches, cache: AnswerCache
) -> None:
    await cache.store(an_answer())
    save(server)
    server.kill()
    server.start()
    opened_later = await caches.open()
    seen = await keys_found(opened_later)
    await opened_later.store(an_answer("new"))
    await opened_later.close()
    another = await caches.open()  # of the same run: nothing is forgotten for it
    found = await keys_found(another)
    await another.close()

    assert (seen, found) == ([], ["new"])


async def test_a_clearing_that_did_not_get_through_is_made_up_too(
    server: RedisServer, caches: Caches, cache: AnswerCache
) -> None:
    await cache.store(an_answer())
    save(server)
    server.kill()
    await cache.clear()
    server.start()
    caches.time.pass_by(10)

    assert (cache.owes, await keys_found(cache), cache.owes) == (True, [], False)


async def test_more_is_owed_than_can_be_remembered_so_everything_goes(
    server: RedisServer, caches: Caches, cache: AnswerCache
) -> None:
    await cache.store(an_answer(entities=("artist-1",)))
    save(server)
    server.kill()
    await cache.drop_entities([f"entity-{n}" for n in range(10_001)])
    server.start()
    caches.time.pass_by(10)

    assert await cache.exact("cumbia medellin", "public") is None


async def test_a_cache_opened_before_redis_is_there_works_once_it_is(search: bool) -> None:
    server = RedisServer(search=search)
    caches = Caches(address=server.socket, search=search)
    cache = await caches.open()
    with server:
        caches.time.pass_by(10)
        await cache.store(an_answer())
        found = await keys_found(cache)
        await cache.close()

    assert found == ["cumbia medellin"]


async def test_a_cache_whose_redis_was_emptied_goes_on(server: RedisServer, caches: Caches, cache: AnswerCache) -> None:
    await cache.store(an_answer())
    with server.client() as client:
        client.flushall()
    lost = await keys_found(cache)
    caches.time.pass_by(10)
    await cache.store(an_answer("new"))

    assert (lost, await keys_found(cache)) == ([], ["new"])


async def test_search_that_was_promised_and_is_not_there_is_a_miss() -> None:
    with RedisServer(search=False) as server:
        cache = await Caches(address=server.socket, search=True).open()
        await cache.store(an_answer())
        found = await keys_found(cache)
        await cache.close()

    assert found == []


def save(server: RedisServer) -> None:
    """Write the snapshot the server starts from."""
    with server.client() as client:
        client.save()
