"""The answer cache on a real Redis: with the search module, and with vector sets alone."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonik.errors import InvalidInput
from sonik.stores.cache import SCOPE, TAGS, AnswerCache, CacheEntry, RedisVlCache, VectorSetCache
from sonik.stores.cache.entry import decode, encode
from tests.fix_redis import NOW, Caches, RedisServer, an_answer, keys_found, pointing

pytestmark = pytest.mark.anyio

TRICKY = ("Acme", "acme", "acme, co", "acme co-1/ñ", "acme|other", "*", "", " ", "'\"\\", "{acme}")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """One server for all tests here."""
    with RedisServer() as running:
        yield running


@pytest.fixture(params=[True, False], ids=["search", "sets"])
def caches(request: pytest.FixtureRequest, server: RedisServer) -> Caches:
    """Caches of one kind, under a name no other test uses."""
    # Not how soon Redis is given up, which the outages tell of.
    return Caches(address=server.socket, search=request.param, patience=20.0)


@pytest.fixture
async def cache(caches: Caches) -> AsyncIterator[AnswerCache]:
    """An empty cache."""
    opened = await caches.open()
    yield opened
    await opened.close()


async def test_the_search_module_decides_which_kind_is_opened(caches: Caches, cache: AnswerCache) -> None:
    assert isinstance(cache, RedisVlCache if caches.search else VectorSetCache)


@pytest.mark.parametrize("scheme", ["", "unix://"])
async def test_an_answer_comes_back_for_the_same_question(caches: Caches, scheme: str) -> None:
    cache = await Caches(address=scheme + caches.address, search=caches.search).open()
    kept = an_answer(entities=("artist-1", "venue-3"), market="medellin", lens="fan")
    await cache.store(kept)

    assert await cache.exact(kept.key, "public") == kept
    assert await cache.similar(pointing(0), tags=kept.tags, distance=0.1) == [kept]
    await cache.close()


async def test_similar_questions_come_nearest_first_and_none_beyond_the_distance(cache: AnswerCache) -> None:
    for degrees in (40, 10, 0, 90, 20):
        await cache.store(an_answer(f"{degrees} degrees", degrees=degrees))

    found = await cache.similar(pointing(0), tags={SCOPE: "public"}, distance=0.1)

    assert [entry.key for entry in found] == ["0 degrees", "10 degrees", "20 degrees"]
    assert [entry.distance for entry in found] == pytest.approx([0.0, 0.01519, 0.06031], abs=1e-4)


async def test_at_distance_zero_an_equal_vector_is_found(cache: AnswerCache) -> None:
    around = range(0, 360, 7)
    for degrees in around:
        await cache.store(an_answer(f"{degrees}", degrees=degrees))

    assert [await keys_found(cache, degrees, distance=0) for degrees in around] == [
        [f"{degrees}"] for degrees in around
    ]


async def test_no_scope_sees_the_answers_of_another(cache: AnswerCache) -> None:
    for scope in TRICKY:
        await cache.store(an_answer(f"of {scope!r}", scope=scope))

    assert {scope: await keys_found(cache, scope=scope, distance=2) for scope in TRICKY} == {
        scope: [f"of {scope!r}"] for scope in TRICKY
    }
    assert await keys_found(cache, scope="nobody", distance=2) == []
    assert await cache.exact("of 'Acme'", "acme") is None


async def test_every_tag_asked_for_must_agree(cache: AnswerCache) -> None:
    await cache.store(an_answer("both", market="medellin", lens="fan"))
    await cache.store(an_answer("market only", market="medellin"))
    await cache.store(an_answer("elsewhere", market="bogota", lens="fan"))

    assert await keys_found(cache, market="medellin", lens="fan") == ["both"]
    assert sorted(await keys_found(cache, market="medellin")) == ["both", "market only"]


async def test_a_misspelt_tag_is_refused_before_it_lets_everything_through(cache: AnswerCache) -> None:
    with pytest.raises(InvalidInput, match=r"'markt' is no tag of the cache. Did you mean 'market'"):
        await cache.similar(pointing(0), tags={SCOPE: "public", "markt": "medellin"}, distance=0.1)
    with pytest.raises(InvalidInput, match="'tenant' is no tag"):
        an_answer(tenant="acme")


async def test_without_a_scope_nothing_is_stored_or_searched(cache: AnswerCache) -> None:
    with pytest.raises(InvalidInput, match="name no scope"):
        await cache.similar(pointing(0), tags={"market": "medellin"}, distance=0.1)
    with pytest.raises(InvalidInput, match="name no scope"):
        CacheEntry(key="q", tags={}, answer={}, expires_at=NOW)


async def test_a_vector_of_another_model_or_an_impossible_distance_is_refused(cache: AnswerCache) -> None:
    with pytest.raises(InvalidInput, match="holds 8 numbers"):
        await cache.similar(pointing(0, dimension=384), tags={SCOPE: "public"}, distance=0.1)
    with pytest.raises(InvalidInput, match=r"distance of -0\.1"):
        await cache.similar(pointing(0), tags={SCOPE: "public"}, distance=-0.1)


async def test_an_answer_past_its_time_is_not_given_although_redis_still_has_it(
    caches: Caches, cache: AnswerCache, server: RedisServer
) -> None:
    await cache.store(an_answer("tonight", seconds=60))
    caches.time.pass_by(59)
    in_time = await keys_found(cache)
    caches.time.pass_by(1)

    assert (in_time, await keys_found(cache), await cache.exact("tonight", "public")) == (["tonight"], [], None)
    assert remaining(server, caches) != []


async def test_a_hit_does_not_prolong_an_answer(caches: Caches, cache: AnswerCache, server: RedisServer) -> None:
    await cache.store(an_answer("tonight", seconds=60))
    for _ in range(3):
        assert (await keys_found(cache), await cache.exact("tonight", "public") is not None) == (["tonight"], True)

    assert 0 < max(remaining(server, caches)) <= 60_000


async def test_a_clock_frozen_in_the_past_does_not_empty_the_cache(caches: Caches, cache: AnswerCache) -> None:
    caches.time.now = datetime(2001, 3, 4, tzinfo=UTC)
    past = CacheEntry(key="q", tags={SCOPE: "public"}, answer={}, expires_at=caches.time.now + timedelta(hours=1))
    await cache.store(past)

    assert await cache.exact("q", "public") == past


async def test_an_answer_that_is_over_already_is_not_kept(caches: Caches, cache: AnswerCache) -> None:
    await cache.store(an_answer("over", seconds=0))
    caches.time.now -= timedelta(hours=1)

    assert await cache.exact("over", "public") is None


async def test_a_new_answer_takes_the_place_of_the_old_with_all_its_tags(cache: AnswerCache) -> None:
    await cache.store(an_answer(degrees=0, market="medellin", window="tonight"))
    await cache.store(an_answer(degrees=90, market="bogota"))

    assert [await keys_found(cache, 90, market="bogota"), await keys_found(cache, 0), await keys_found(cache, 90)] == [
        ["cumbia medellin"],
        [],
        ["cumbia medellin"],
    ]
    assert await keys_found(cache, 90, window="tonight") == []


async def test_without_a_vector_an_answer_is_found_by_its_words_only(cache: AnswerCache) -> None:
    await cache.store(an_answer("words", degrees=0))
    await cache.store(an_answer("words", degrees=None, entities=("artist-1",)))

    assert await keys_found(cache, distance=2) == []
    assert await cache.exact("words", "public") == an_answer("words", degrees=None, entities=("artist-1",))
    assert await cache.drop_entities(["artist-1"]) == 1


async def test_a_change_of_an_entity_drops_every_answer_that_speaks_of_it(cache: AnswerCache) -> None:
    await cache.store(an_answer("one", entities=("artist-1", "venue-3")))
    await cache.store(an_answer("two", degrees=10, entities=("venue-3",)))
    await cache.store(an_answer("three", degrees=20, entities=("venue-33", "Artist-1", "artist-1,venue-3")))

    assert await cache.drop_entities(["venue-3", "artist-1", "unheard-of"]) == 2
    assert (await keys_found(cache), await cache.exact("one", "public")) == (["three"], None)
    assert [await cache.drop_entities([one]) for one in ("venue-3", "artist-1,venue-3")] == [0, 1]
    assert await cache.drop_entities([]) == 0


async def test_hundreds_of_answers_about_one_entity_go_in_one_call(cache: AnswerCache) -> None:
    await asyncio.gather(*(cache.store(an_answer(f"q{n}", entities=("artist-1", f"e{n}"))) for n in range(620)))
    await cache.store(an_answer("other", entities=("artist-2",)))

    assert await cache.drop_entities([*(f"e{n}" for n in range(0, 620, 2))]) == 310
    assert await cache.drop_entities(["artist-1"]) == 310
    assert await keys_found(cache, distance=2) == ["other"]


async def test_models_do_not_see_each_others_answers(caches: Caches, cache: AnswerCache) -> None:
    wider, other = await caches.open(dimension=88), await caches.open(model="other")
    await cache.store(an_answer())

    assert await keys_found(cache) == ["cumbia medellin"]
    assert await keys_found(other) == []
    assert await wider.similar(pointing(0, dimension=88), tags={SCOPE: "public"}, distance=2) == []
    await wider.close()
    await other.close()


async def test_clearing_forgets_every_model_and_nothing_but_answers(
    caches: Caches, cache: AnswerCache, server: RedisServer
) -> None:
    other = await caches.open(model="other")
    stranger = await Caches(address=caches.address, search=caches.search).open()
    for one in (cache, other, stranger):
        await one.store(an_answer(entities=("artist-1",)))
    await cache.clear()

    assert [await keys_found(one) for one in (cache, other, stranger)] == [[], [], ["cumbia medellin"]]
    assert remaining(server, caches) == []
    await cache.store(an_answer())
    assert await keys_found(cache) == ["cumbia medellin"]
    await other.close()
    await stranger.close()


async def test_two_hundred_questions_at_once_are_all_answered(cache: AnswerCache) -> None:
    await cache.store(an_answer())

    found = await asyncio.gather(*(keys_found(cache) for _ in range(200)))

    assert found == [["cumbia medellin"]] * 200


async def test_caches_opened_at_the_same_moment_share_what_they_make(caches: Caches) -> None:
    opened = await asyncio.gather(*(caches.open() for _ in range(8)))
    await opened[0].store(an_answer())

    assert [await keys_found(one) for one in opened] == [["cumbia medellin"]] * 8
    for one in opened:
        await one.close()


async def test_text_that_is_no_entry_is_a_miss(caches: Caches, cache: AnswerCache, server: RedisServer) -> None:
    await cache.store(an_answer())
    with server.client() as client:
        for key in client.scan_iter(match=f"{caches.name}:*"):
            if client.type(key) == "hash":
                client.hset(key, "entry", '{"key": 1}')
            elif client.type(key) == "string":
                client.set(key, "[]")

    assert (await keys_found(cache), await cache.exact("cumbia medellin", "public")) == ([], None)


async def test_vectors_go_when_their_answers_are_over(server: RedisServer) -> None:
    caches = Caches(address=server.socket, search=False)
    cache = await caches.open()
    for n in range(15):
        await cache.store(an_answer(f"q{n}", seconds=60))
    caches.time.pass_by(60)
    await cache.store(an_answer("fresh", entities=("artist-1",)))

    assert elements(server, caches) == 1
    await cache.close()


async def test_a_vector_whose_answer_is_gone_goes_when_it_is_met(server: RedisServer) -> None:
    caches = Caches(address=server.socket, search=False)
    cache = await caches.open()
    await cache.store(an_answer())
    with server.client() as client:
        client.delete(*client.scan_iter(match=f"{caches.name}:*:answer:*"))

    assert (await keys_found(cache), elements(server, caches)) == ([], 0)
    await cache.close()


async def test_what_is_known_about_an_entity_lasts_as_long_as_its_longest_answer(server: RedisServer) -> None:
    caches = Caches(address=server.socket, search=False)
    cache = await caches.open()
    for seconds in (60, 3600, 60):
        await cache.store(an_answer(f"{seconds} s", seconds=seconds, entities=("artist-1",)))
    with server.client() as client:
        (about,) = client.scan_iter(match=f"{caches.name}:*:about:*")
        left = client.ttl(about)
        dropped = await cache.drop_entities(["artist-1"])

        assert (left > 3000, dropped, client.exists(about)) == (True, 2, 0)
    await cache.close()


@given(
    key=st.text(),
    tags=st.dictionaries(st.sampled_from(sorted(TAGS)), st.text()),
    answer=st.dictionaries(st.text(), JSON, max_size=3),
    entities=st.lists(st.text()).map(tuple),
    expires_at=st.datetimes(timezones=st.just(UTC)),
)
def test_an_entry_survives_being_written_and_read(
    key: str, tags: dict[str, str], answer: dict[str, object], entities: tuple[str, ...], expires_at: datetime
) -> None:
    entry = CacheEntry(
        key=key,
        tags=tags | {SCOPE: "public"},
        answer=answer,  # type: ignore[arg-type] # hypothesis does not know which JSON it draws
        entities=entities,
        expires_at=expires_at,
    )

    assert decode(encode(entry)) == entry


@given(st.text() | st.binary())
def test_anything_else_is_read_as_nothing(text: str | bytes) -> None:
    assert decode(text) is None


def remaining(server: RedisServer, caches: Caches) -> list[int]:
    """Return the milliseconds each expiring key of a cache has left."""
    with server.client() as client:
        left = [int(client.pttl(key)) for key in client.scan_iter(match=f"{caches.name}:*")]
    return [milliseconds for milliseconds in left if milliseconds > 0]


def elements(server: RedisServer, caches: Caches) -> int:
    """Return how many vectors a vector set holds."""
    with server.client() as client:
        (key,) = [*client.scan_iter(match=f"{caches.name}:*:vectors")] or ["none"]
        return int(client.vset().vcard(key) or 0)
