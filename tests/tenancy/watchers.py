"""Subscriptions: who may not see an event is not told that its evening changed, and a revoked key is told nothing."""

import asyncio
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from itertools import count

from tests.fix_http import connected
from tests.fix_mcp import ANSWER_SECONDS, Json
from tests.tenancy.place import Place
from tests.tenancy.run import Run

MEDELLIN, QUITO = (f"sonik://market/{slug}/tonight" for slug in ("medellin", "quito"))
_NUMBERS = count()
TONIGHT = "2026-11-21T23:00:00-05:00"


def watched(place: Place, owner: str, other: str) -> None:
    """Two watch two evenings; one changes in private, then the other in public."""
    told = asyncio.run(_watched(place, owner, other))
    run = place.run
    run.must(told[0] == [MEDELLIN], run.one("reader", owner), f"it is not told of its own event: {told[0]}")
    run.must(told[1] == [QUITO], run.one("reader", other), f"it is told of another's private event: {told[1]}")


async def _watched(place: Place, owner: str, other: str) -> tuple[list[str], list[str]]:
    run = place.run
    async with AsyncExitStack() as stack, asyncio.timeout(ANSWER_SECONDS):
        streams = []
        for organisation in (owner, other):
            token = run.one("reader", organisation).token
            client = await stack.enter_async_context(connected(place.served, token=token))
            streams.append(await stack.enter_async_context(client.listen(resource_subscriptions=(MEDELLIN, QUITO))))
        for stream in streams:
            assert {await _uri(anext(stream)) for _ in range(2)} == {MEDELLIN, QUITO}
        word = run.secrets.new(owner)
        await asyncio.to_thread(_deliver, run, owner, {"name": f"Secreto {word}", "visibility": "org"}, "medellin")
        own = [await _uri(anext(streams[0]))]
        await asyncio.to_thread(_deliver, run, other, {"name": f"Abierto {next(_NUMBERS)}"}, "quito")
        others = [await _uri(anext(streams[1]))]
    return own, others


def _deliver(run: Run, organisation: str, told: Json, market: str) -> None:
    record = {"kind": "event", "starts_at": TONIGHT, "market": market, **told}
    call = {"records": [record], "source": "agenda", "dry_run": False}
    run.call(run.one("ingest", organisation), "sonik_upsert", call)


async def _uri(event: Awaitable[object]) -> str:
    return str(getattr(await event, "uri", ""))
