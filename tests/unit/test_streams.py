"""Streams over HTTP, one at a time: how many may be open, who closes them, and a reader who does not read."""

import asyncio
import json
from functools import partial

import anyio
import pytest
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from starlette.types import Message, Receive, Scope, Send

from server.callers import Bearer
from server.evenings import Watch
from server.http.streams import Streams
from sonik.errors import StoreUnavailable
from sonik.settings import Settings
from sonik.types import Scope as Caller
from tests.unit.test_bounds import PERMITTED, TOO_MANY, Told, a_bearer, nothing, permit

pytestmark = pytest.mark.anyio

SECONDS = 10


class Open:
    """A stream that stays open until it is closed; counts what is sent on it."""

    def __init__(self, *, endless: bool = False) -> None:
        self.begun = asyncio.Semaphore(0)
        self.sent = 0
        self._endless = endless

    async def __call__(self, _: Scope, __: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": PERMITTED, "headers": []})
        self.begun.release()
        while self._endless:
            await send({"type": "http.response.body", "body": b"x" * 1_000, "more_body": True})
            self.sent += 1
        await anyio.sleep_forever()


class Verifier:
    """Says whom tokens stand for, as long as they hold."""

    def __init__(self) -> None:
        self.found: Bearer | None = a_bearer()
        self.fails = False

    async def verify_token(self, token: str) -> AccessToken | None:
        del token
        if self.fails:
            raise StoreUnavailable("PostgreSQL does not answer.")
        return self.found


async def opened(streams: Streams, bearer: Bearer | None = None, *, send: Send | None = None, get: bool = True) -> Told:
    """Open a stream and return what was told on it when it ends."""
    told = Told()
    headers = [] if get else [(b"mcp-method", b"subscriptions/listen")]
    scope: Scope = {"type": "http", "method": "GET" if get else "POST", "path": "/mcp", "headers": headers}
    if bearer:
        scope["user"] = AuthenticatedUser(bearer)
    await streams(scope, nothing, send or told.take)
    return told


async def test_only_so_many_streams_of_a_caller_and_in_all_are_open() -> None:
    app = Open()
    streams = Streams(app, settings=Settings(http_streams=2, http_streams_in_all=3), verifier=Verifier())
    async with anyio.create_task_group() as group:
        group.start_soon(opened, streams, a_bearer())
        group.start_soon(partial(opened, streams, a_bearer(), get=False))
        group.start_soon(opened, streams, a_bearer("key:b"))
        for _ in range(3):
            await app.begun.acquire()
        refused = await opened(streams, a_bearer(), get=False)
        full = await opened(streams, a_bearer("key:c"))
        group.cancel_scope.cancel()
    assert [(one.status, one.headers["retry-after"]) for one in (refused, full)] == [(TOO_MANY, "5")] * 2
    assert json.loads(refused.body)["error"] == "More than 2 open streams of one caller."
    assert json.loads(full.body)["error"] == "This server has no room for another stream."


async def test_a_stream_that_ends_leaves_its_place() -> None:
    streams = Streams(permit, settings=Settings(http_streams=1), verifier=None)
    assert [(await opened(streams)).status for _ in range(5)] == [PERMITTED] * 5


async def test_other_requests_and_those_without_a_token_are_no_streams() -> None:
    streams = Streams(permit, settings=Settings(http_streams=1, http_streams_in_all=1), verifier=Verifier())
    assert (await opened(streams)).status == PERMITTED


@pytest.mark.parametrize("found", [None, a_bearer(org="acme")], ids=["revoked", "another's"])
async def test_a_stream_is_closed_when_its_token_holds_no_longer(found: Bearer | None) -> None:
    verifier, app = Verifier(), Open()
    streams = Streams(app, settings=Settings(), verifier=verifier, check_seconds=0.001)
    with anyio.fail_after(SECONDS):
        async with asyncio.TaskGroup() as group:
            stream = group.create_task(opened(streams, a_bearer()))
            await app.begun.acquire()
            verifier.found = found
    assert stream.result().status == PERMITTED


async def test_a_stream_stays_while_nobody_can_say_whether_its_token_holds() -> None:
    verifier, app = Verifier(), Open()
    verifier.fails = True
    streams = Streams(app, settings=Settings(), verifier=verifier, check_seconds=0.001)
    with anyio.move_on_after(0.1) as patience:
        await opened(streams, a_bearer())
    assert patience.cancelled_caught


async def test_a_reader_who_does_not_read_is_sent_no_more_and_closed() -> None:
    app = Open(endless=True)
    streams = Streams(app, settings=Settings(), verifier=None, stalled_seconds=0.05)
    taken: list[Message] = []

    async def full_after_three(message: Message) -> None:
        if len(taken) == 3:
            await anyio.sleep_forever()
        taken.append(message)

    with anyio.fail_after(SECONDS):
        await opened(streams, send=full_after_three)
    assert app.sent == 2


async def test_whatever_changes_meanwhile_is_told_once() -> None:
    uris = {f"sonik://market/m{n}/tonight": f"m{n}" for n in range(3)}
    watch = Watch(Caller(user="ana"), uris)
    for _ in range(10_000):
        watch.mark(frozenset((Caller(), market) for market in ("m0", "m2", "elsewhere")))
        watch.mark(frozenset({(Caller(organisation="acme"), "m1")}))
    assert await watch.changed() == ["sonik://market/m0/tonight", "sonik://market/m2/tonight"]
    watch.mark(watch.seen)
    assert await watch.changed() == list(uris)
