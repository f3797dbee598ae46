"""How much callers may ask over HTTP: each alone, an organisation together, on all workers, with and without Redis."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from tests.fix_http import START_SECONDS, Served, a_token, connected, serving
from tests.fix_mcp import data_of
from tests.fix_redis import RedisServer

pytestmark = pytest.mark.anyio

LISTED = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
ACCEPTED = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
LIMITS = {"SONIK_HTTP_RATE_PER_MINUTE": "1", "SONIK_HTTP_BURST": "4"}
OK, UNKNOWN, TOO_MANY = httpx2.codes.OK, httpx2.codes.UNAUTHORIZED, httpx2.codes.TOO_MANY_REQUESTS


@pytest.fixture(scope="module")
def bounded(medellin_home: Path) -> Iterator[Served]:
    """Two workers that let little through."""
    org = {"SONIK_HTTP_ORG_RATE_PER_MINUTE": "1", "SONIK_HTTP_ORG_BURST": "6"}
    with serving(medellin_home, workers=2, **LIMITS, **org) as served:
        # A worker that has not opened the stores yet has buckets of its own; whichever takes a connection answers.
        ends = time.monotonic() + START_SECONDS
        ready = 0
        while ready < 30:
            assert time.monotonic() < ends
            ready = ready + 1 if served.ask("GET", "/ready").status_code == OK else 0
        yield served


def asked(served: Served, token: str) -> httpx2.Response:
    """Ask for the tools, on a connection of its own."""
    return served.ask("POST", "/mcp", json=LISTED, headers=ACCEPTED | {"Authorization": f"Bearer {token}"})


async def test_a_caller_who_asks_too_much_is_told_when_to_try_again(bounded: Served) -> None:
    token = a_token(sub="too-much")
    told = [asked(bounded, token) for _ in range(6)]
    assert [one.status_code for one in told] == [OK] * 4 + [TOO_MANY] * 2
    assert {one.headers["ratelimit-policy"] for one in told} == {'"caller";q=4;w=240'}
    assert [one.headers["ratelimit"].split(";")[1] for one in told] == ["r=3", "r=2", "r=1", "r=0", "r=0", "r=0"]
    seconds = int(told[-1].headers["retry-after"])
    assert 30 < seconds <= 60
    assert told[-1].headers["ratelimit"] == f'"caller";r=0;t={seconds}'
    assert told[-1].json() == {
        "error": "More than 1 requests of one caller in a minute.",
        "fix": f"Try again in {seconds} s.",
    }
    assert asked(bounded, a_token(sub="another")).status_code == OK


async def test_callers_of_an_organisation_share_its_bound(bounded: Served) -> None:
    tokens = [a_token(sub=f"of-acme-{n}", role="organizer", org="acme") for n in range(3)]
    told = [asked(bounded, tokens[n % 3]) for n in range(8)]
    assert [one.status_code for one in told] == [OK] * 6 + [TOO_MANY] * 2
    assert told[-1].json()["error"] == "More than 1 requests of one organisation in a minute."
    assert '"caller";r=2;' in told[-1].headers["ratelimit"]
    assert asked(bounded, a_token(sub="of-other", role="organizer", org="other")).status_code == OK


async def test_a_quota_of_a_day_outlives_the_server(medellin_home: Path) -> None:
    token, told = a_token(sub="of-the-day"), []
    for _ in range(2):
        with serving(medellin_home, SONIK_HTTP_QUOTA_PER_DAY="3") as served:
            assert served.ask("GET", "/ready").status_code == OK
            told += [asked(served, token) for _ in range(2)]
    assert [one.status_code for one in told] == [OK] * 3 + [TOO_MANY]
    assert told[-1].json()["error"] == "More than 3 requests of one caller in a day."
    assert int(told[-1].headers["retry-after"]) > 60 * 60


async def test_workers_share_what_a_caller_has_when_all_is_asked_at_once(bounded: Served) -> None:
    headers = ACCEPTED | {"Authorization": f"Bearer {a_token(sub='at-once')}"}
    async with httpx2.AsyncClient(timeout=30, headers=headers) as client:
        told = await asyncio.gather(*(client.post(bounded.url, json=LISTED) for _ in range(16)))
    assert sorted(one.status_code for one in told) == [OK] * 4 + [TOO_MANY] * 12


async def test_without_redis_a_caller_is_still_served_and_still_bounded(
    serve_http: Callable[..., Served], medellin_home: Path
) -> None:
    with RedisServer(search=False) as redis:
        served = serve_http(medellin_home, SONIK_REDIS_URL=f"unix://{redis.socket}", **LIMITS)
        before = [asked(served, a_token(sub="bea")).status_code for _ in range(5)]
        redis.kill()
        without = [asked(served, a_token(sub="bea")).status_code for _ in range(5)]
        redis.start()
        ends = time.monotonic() + 30
        while asked(served, a_token(sub="bea")).headers["ratelimit"].split(";")[1] == "r=0":
            assert time.monotonic() < ends
    assert before == without == [OK] * 4 + [TOO_MANY]


def test_guessed_tokens_are_soon_not_looked_up(serve_http: Callable[..., Served], medellin_home: Path) -> None:
    served = serve_http(medellin_home, SONIK_HTTP_FAILURES_PER_MINUTE="3")
    good = a_token(sub="cata")
    assert asked(served, good).status_code == OK
    told = [asked(served, f"sonik_aaaaaaaa_{'A' * 43}") for _ in range(5)]
    assert [one.status_code for one in told] == [UNKNOWN] * 3 + [TOO_MANY] * 2
    assert 1 <= int(told[-1].headers["retry-after"]) <= 20
    assert asked(served, good).status_code == OK


async def test_without_tokens_nothing_is_bounded(serve_http: Callable[..., Served], medellin_home: Path) -> None:
    served = serve_http(medellin_home, SONIK_HTTP_AUTH="off", SONIK_HTTP_FAILURES_PER_MINUTE="1", **LIMITS)
    assert {asked(served, "whatever").status_code for _ in range(10)} == {OK}
    async with connected(served, token=None) as client:
        assert data_of(await client.call_tool("sonik_search", {"query": "Nébula"}))["hits"]
