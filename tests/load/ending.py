"""A server that is told to end while clients write: whatever it acknowledged is there afterwards."""

import asyncio
from collections.abc import Callable, Sequence

import h11

from sonik.engine import Engine
from sonik.errors import NotFound
from sonik.settings import Settings
from sonik.types import JsonObject
from tests.bench.homes import READER
from tests.load.calls import Call
from tests.load.wire import Connection

WRITING_SECONDS = 4.0
GONE = (OSError, TimeoutError, h11.RemoteProtocolError)


async def ending(settings: Settings, connections: Sequence[Connection], *, end: Callable[[], int]) -> JsonObject:
    """Write until the server is gone; return how many writes were acknowledged, and how many of these are lost."""
    acknowledged: list[str] = []
    writers = [asyncio.create_task(_write(one, number, acknowledged)) for number, one in enumerate(connections)]
    await asyncio.sleep(WRITING_SECONDS)
    exit_code = await asyncio.to_thread(end)
    await asyncio.gather(*writers)
    async with Engine.open(settings, project=False) as engine:
        lost = [ref for ref in acknowledged if not await _is_there(engine, ref)]
    return {"acknowledged": len(acknowledged), "lost": len(lost), "exit_code": exit_code}


async def _write(connection: Connection, number: int, acknowledged: list[str]) -> None:
    """Write one artist after the other until nobody answers any more."""
    turn = 0
    while True:
        record: JsonObject = {"kind": "artist", "name": f"Despedida {number} {turn}", "source_id": f"{number}-{turn}"}
        arguments: JsonObject = {"source": "load", "records": [record], "dry_run": False}
        try:
            reply = await connection.call(Call(tool="sonik_upsert", arguments=arguments))
        except GONE:
            return
        if reply.failure:
            return
        acknowledged += [str(receipt["ref"]) for receipt in reply.result["receipts"]]
        turn += 1


async def _is_there(engine: Engine, ref: str) -> bool:
    try:
        await engine.entity(ref, include=(), scope=READER)
    except NotFound:
        return False
    return True
