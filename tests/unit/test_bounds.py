"""Bounds over HTTP, a request at a time: how many at once, what the headers say, and tokens that fail."""

import asyncio
import json
from dataclasses import dataclass, field

import pytest
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.callers import Bearer
from server.http.bounds import Bounds, limits_of, rate_headers
from server.http.guesses import Guesses, address_of
from server.opening import Opening
from sonik.settings import Settings
from sonik.stores.buckets import Level, Limit
from sonik.types import Scope as Caller

pytestmark = pytest.mark.anyio

PERMITTED, UNKNOWN, TOO_MANY = 200, 401, 429


@dataclass
class Told:
    """What was answered."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    async def take(self, message: Message) -> None:
        """Take a message of an answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        self.body += message.get("body", b"")


async def nothing() -> Message:
    """Stand for a request whose body is read."""
    return {"type": "http.disconnect"}


def a_bearer(name: str = "key:a", *, org: str | None = None, iss: str | None = None, sub: str = "ana") -> Bearer:
    """Return a bearer, of a key unless an issuer is named."""
    claims = {"iss": iss} if iss else None
    caller = Caller(organisation=org, user=sub)
    return Bearer(token="t", client_id=name, subject=sub, scopes=[], caller=caller, claims=claims)


async def asked(app: ASGIApp, bearer: Bearer | None = None, *, method: str = "POST", path: str = "/mcp") -> Told:
    """Send a request of an authenticated caller."""
    told = Told()
    scope: Scope = {"type": "http", "method": method, "path": path, "headers": []}
    if bearer:
        scope["user"] = AuthenticatedUser(bearer)
    await app(scope, nothing, told.take)
    return told


async def permit(_: Scope, __: Receive, send: Send) -> None:
    """Answer whatever is asked."""
    await send({"type": "http.response.start", "status": PERMITTED, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


class Gate:
    """An app that answers when it is opened, and says who waits."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self._entered = asyncio.Semaphore(0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._entered.release()
        await self.opened.wait()
        await permit(scope, receive, send)

    async def held(self, requests: int) -> None:
        """Return when so many more wait."""
        for _ in range(requests):
            await self._entered.acquire()


async def test_only_so_many_requests_of_a_caller_run_at_once() -> None:
    gate = Gate()
    bounds = Bounds(gate, opening=Opening(Settings(http_concurrency=2)))
    async with asyncio.TaskGroup() as group:
        running = [group.create_task(asked(bounds, a_bearer())) for _ in range(2)]
        await gate.held(2)
        refused = await asked(bounds, a_bearer())
        other = group.create_task(asked(bounds, a_bearer("key:b")))
        await gate.held(1)
        gate.opened.set()
    after = await asked(bounds, a_bearer())
    assert (refused.status, refused.headers["retry-after"]) == (TOO_MANY, "1")
    assert json.loads(refused.body) == {
        "error": "More than 2 requests of one caller at once.", "fix": "Wait until one of them is answered."
    }  # fmt: skip
    assert {one.result().status for one in (*running, other)} | {after.status} == {PERMITTED}


async def test_a_request_that_fails_leaves_its_place() -> None:
    async def broken(_: Scope, __: Receive, ___: Send) -> None:
        raise RuntimeError

    bounds = Bounds(broken, opening=Opening(Settings(http_concurrency=1)))
    for _ in range(3):
        with pytest.raises(RuntimeError):
            await asked(bounds, a_bearer())


async def test_only_posts_to_mcp_count_and_only_those_of_a_bearer() -> None:
    bounds = Bounds(permit, opening=Opening(Settings(http_rate_per_minute=1, http_burst=1)))
    free = [await asked(bounds, a_bearer(), method="GET") for _ in range(3)]
    free += [await asked(bounds, a_bearer(), path="/health"), await asked(bounds), await asked(bounds)]
    counted = [await asked(bounds, a_bearer()) for _ in range(2)]
    assert [one.status for one in free] == [PERMITTED] * 6
    assert [one.headers.get("ratelimit") for one in free] == ['"caller";r=1;t=0'] * 3 + [None] * 3
    assert [one.status for one in counted] == [PERMITTED, TOO_MANY]


async def test_nothing_is_bounded_that_has_no_limit() -> None:
    unbounded = Settings(http_rate_per_minute=0, http_org_rate_per_minute=0, http_concurrency=0)
    bounds = Bounds(permit, opening=Opening(unbounded))
    told = [await asked(bounds, a_bearer(org="acme")) for _ in range(500)]
    assert {(one.status, len(one.headers)) for one in told} == {(PERMITTED, 0)}


def test_a_caller_is_a_key_or_the_subject_of_an_issuer() -> None:
    bearers = [
        a_bearer("key:a"), a_bearer("key:a", sub="bea"), a_bearer("key:b"), a_bearer("x", iss="i"),
        a_bearer("y", iss="i"), a_bearer("x", iss="j"), a_bearer("x", iss="i", sub="key:a"),
    ]  # fmt: skip
    keys = [limits_of(bearer, Settings())["caller"].key for bearer in bearers]
    assert [keys.index(key) for key in keys] == [0, 0, 2, 3, 3, 5, 6]


def test_callers_are_bounded_unless_told_otherwise() -> None:
    limits = limits_of(a_bearer(org="acme"), Settings())
    bounds = {name: (limit.rate, limit.burst) for name, limit in limits.items()}
    assert bounds == {"caller": (120, 40), "organisation": (1200, 200)}


def test_callers_of_an_organisation_share_its_bucket_and_others_have_none() -> None:
    limits = [limits_of(a_bearer(f"key:{org}{n}", org=org), Settings()) for org in ("acme", None) for n in range(2)]
    assert limits[0]["organisation"] == limits[1]["organisation"]
    assert [list(found) for found in limits[2:]] == [["caller"], ["caller"]]


async def test_a_quota_of_a_day_is_counted_beside_the_rate_and_comes_back_evenly() -> None:
    bounds = Bounds(permit, opening=Opening(Settings(http_quota_per_day=4)))
    told = [await asked(bounds, a_bearer()) for _ in range(5)]
    assert [one.status for one in told] == [PERMITTED] * 4 + [TOO_MANY]
    assert told[0].headers["ratelimit-policy"] == '"caller";q=40;w=20, "caller-day";q=4;w=86400'
    assert json.loads(told[-1].body) == {
        "error": "More than 4 requests of one caller in a day.", "fix": "Try again in 21600 s."
    }  # fmt: skip


def test_an_organisation_has_a_quota_of_its_own() -> None:
    settings = Settings(http_quota_per_day=10, http_org_quota_per_day=20, http_rate_per_minute=0)
    limits = limits_of(a_bearer(org="acme"), settings)
    assert {name: limit.burst for name, limit in limits.items()} == {
        "caller-day": 10, "organisation": 200, "organisation-day": 20
    }  # fmt: skip
    assert len({limit.key for limit in limits.values()}) == len(limits)


def test_the_headers_say_what_a_bucket_holds_and_when_it_is_full_again() -> None:
    caller, org = Limit(key="a", rate=120, burst=40), Limit(key="b", rate=1200, burst=200)
    levels = {"caller": Level(limit=caller, owed=500_000), "organisation": Level(limit=org, owed=org.capacity)}
    assert rate_headers(levels) == (
        (b"ratelimit-policy", b'"caller";q=40;w=20, "organisation";q=200;w=10'),
        (b"ratelimit", b'"caller";r=39;t=1, "organisation";r=0;t=1'),
    )


class Lookup:
    """Stands where tokens are looked up: some hold, and it counts how many it saw."""

    def __init__(self, *, holds: str = "good") -> None:
        self.holds = holds
        self.seen = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.seen += 1
        told = dict(scope["headers"]).get(b"authorization", b"").decode().lower()
        if told == f"bearer {self.holds}":
            scope["user"] = AuthenticatedUser(a_bearer())
            await permit(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": UNKNOWN, "headers": []})


async def shown(app: ASGIApp, token: str | None, *, address: str = "192.0.2.1", scheme: str = "Bearer") -> Told:
    """Show a token from an address."""
    told = Told()
    headers = [(b"authorization", f"{scheme} {token}".encode())] if token else []
    await app({"type": "http", "headers": headers, "client": (address, 1)}, nothing, told.take)
    return told


async def test_tokens_that_fail_too_often_are_not_looked_up_any_more() -> None:
    lookup = Lookup()
    guesses = Guesses(lookup, per_minute=30)
    told = [await shown(guesses, f"guess-{n}") for n in range(40)]
    assert [one.status for one in told] == [UNKNOWN] * 30 + [TOO_MANY] * 10
    assert lookup.seen == 30
    assert (told[-1].headers["retry-after"], json.loads(told[-1].body)["fix"]) == ("2", "Try again in 2 s.")
    assert (await shown(guesses, "guess", address="192.0.2.2")).status == UNKNOWN


async def test_a_token_that_held_is_served_whoever_guesses_beside_it() -> None:
    guesses = Guesses(Lookup(), per_minute=2)
    seen = [(await shown(guesses, token)).status for token in ("good", "a", "b", "c", "good", "GOOD")]
    assert seen == [PERMITTED, UNKNOWN, UNKNOWN, TOO_MANY, PERMITTED, TOO_MANY]


async def test_a_token_that_held_once_is_not_let_through_for_ever() -> None:
    lookup = Lookup()
    guesses = Guesses(lookup, per_minute=2)
    await shown(guesses, "good")
    lookup.holds = "another"
    assert [(await shown(guesses, "good")).status for _ in range(3)] == [UNKNOWN, UNKNOWN, TOO_MANY]


async def test_requests_without_a_token_and_good_ones_do_not_count() -> None:
    guesses = Guesses(Lookup(), per_minute=1)
    seen = [(await shown(guesses, None)).status for _ in range(5)]
    seen += [(await shown(guesses, "good", scheme="bearer")).status for _ in range(5)]
    assert seen == [UNKNOWN] * 5 + [PERMITTED] * 5


async def test_a_lookup_that_breaks_off_counts_for_nothing() -> None:
    async def broken(_: Scope, __: Receive, ___: Send) -> None:
        raise OSError

    guesses = Guesses(broken, per_minute=1)
    for _ in range(3):
        with pytest.raises(OSError):  # noqa: PT011
            await shown(guesses, "good")


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("testclient", "testclient", True),
    ],
)
def test_an_address_of_ipv6_is_its_network(first: str, second: str, same: bool) -> None:
    assert (address_of({"client": (first, 1)}) == address_of({"client": (second, 1)})) is same


def test_who_has_no_address_is_one_client() -> None:
    assert address_of({}) == address_of({"client": None}) == ""
