"""Streams of a real server: told across workers, bounded in number and memory, and never in the way of its end."""

import time
from collections.abc import Callable
from pathlib import Path

import anyio
import httpx2
import pytest
from mcp.client.subscriptions import SubscriptionLost

from sonik.access.api_key import NewKey
from sonik.engine import Engine
from sonik.settings import Settings
from sonik.types import Scope
from tests.acceptance.test_http import ACCEPTED
from tests.fix_engine import deliver
from tests.fix_http import Served, a_token, connected
from tests.fix_mcp import ANSWER_SECONDS
from tests.fix_truth import event

pytestmark = pytest.mark.anyio

TONIGHT = "2026-11-21T21:00:00-05:00"
MEDELLIN = "sonik://market/medellin/tonight"
ATTEMPTS = 1_000
GROWTH_KIB = 30_000


async def test_subscribers_of_every_worker_are_told(serve_http: Callable[..., Served], settings: Settings) -> None:
    served = serve_http(settings.home, workers=2)
    async with Engine.open(settings, project=False) as engine, anyio.create_task_group() as group:
        ready, told = anyio.Semaphore(0), anyio.Semaphore(0)

        async def follow() -> None:
            async with (
                connected(served, token=a_token()) as client,
                client.listen(resource_subscriptions=(MEDELLIN,)) as stream,
            ):
                await anext(stream)
                ready.release()
                await anext(stream)
                told.release()

        for _ in range(6):
            group.start_soon(follow)
        with anyio.fail_after(ANSWER_SECONDS):
            for _ in range(6):
                await ready.acquire()
            await deliver(engine, event("e", starts_at=TONIGHT))
            for _ in range(6):
                await told.acquire()


async def test_a_stream_ends_with_its_key(serve_http: Callable[..., Served], settings: Settings) -> None:
    served = serve_http(settings.home)
    operator = Scope(role="ops")
    async with Engine.open(settings, project=False) as engine:
        token, key = await engine.keys.create(NewKey(name="Lua", role="reader"), scope=operator)
        async with (
            connected(served, token=token) as client, client.listen(resource_subscriptions=(MEDELLIN,)) as stream
        ):  # fmt: skip
            await anext(stream)
            await engine.keys.revoke(key.prefix, scope=operator)
            with anyio.fail_after(ANSWER_SECONDS), pytest.raises(SubscriptionLost):
                await anext(stream)
    assert "Traceback" not in served.log()


async def test_a_server_with_subscribers_ends_when_it_is_told(
    serve_http: Callable[..., Served], settings: Settings
) -> None:
    served = serve_http(settings.home)
    async with (
        connected(served, token=a_token()) as client,
        client.listen(resource_subscriptions=(MEDELLIN,)) as stream,
    ):
        await anext(stream)
        served.ended(within=4)
    assert "Traceback" not in served.log()


async def test_a_thousand_attempts_to_open_streams_leave_a_server_small(
    serve_http: Callable[..., Served], medellin_home: Path
) -> None:
    served = serve_http(medellin_home, SONIK_HTTP_STREAMS="3")
    headers = {**ACCEPTED, "Authorization": f"Bearer {a_token()}"}
    async with httpx2.AsyncClient(headers=headers, timeout=ANSWER_SECONDS) as client:
        held = [client.stream("GET", served.url) for _ in range(3)]
        assert [(await stream.__aenter__()).status_code for stream in held] == [httpx2.codes.OK] * 3
        before = served.resident_kib()
        answers = [await client.get(served.url) for _ in range(ATTEMPTS)]
        for stream in held:
            await stream.__aexit__(None, None, None)
        assert {(one.status_code, one.headers["retry-after"]) for one in answers} == {(429, "5")}
        assert served.resident_kib() - before < GROWTH_KIB
        await _room_again(client, served)


async def _room_again(client: httpx2.AsyncClient, served: Served) -> None:
    """Return when a stream can be opened: the server sees a little later that others have gone."""
    ends = time.monotonic() + ANSWER_SECONDS
    while True:
        async with client.stream("GET", served.url) as stream:
            if stream.status_code == httpx2.codes.OK:
                return
        assert time.monotonic() < ends
