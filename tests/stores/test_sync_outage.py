"""A running engine outlives its servers: nothing has to be restarted by hand for answers and changes to go on."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import pytest

from sonik.engine import Engine
from sonik.errors import SonikError
from sonik.retrieval.question import Question
from sonik.settings import Settings
from sonik.stores import embedded
from tests.fix_engine import READER, deliver, deliver_projected
from tests.fix_sync import a_venue, an_event

pytestmark = pytest.mark.anyio

T = TypeVar("T")


async def persistently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until there is an answer, as every client may while the error says it can help."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await ask()
            except SonikError as error:
                if not error.retryable:
                    raise
            await asyncio.sleep(0.05)


def kill(settings: Settings, *names: str) -> None:
    for server in embedded.status(settings).servers:
        if server.name in names and server.pid is not None:
            os.kill(server.pid, signal.SIGKILL)


@pytest.mark.parametrize(
    "victims", [("PostgreSQL",), ("Redis",), ("PostgreSQL", "Redis")], ids=["postgres", "redis", "both"]
)
async def test_answers_and_changes_go_on_after_a_kill(
    engine: Engine, settings: Settings, victims: tuple[str, ...]
) -> None:
    await deliver_projected(engine, a_venue("Casa Uno"), an_event("Cumbia Brava"))
    for number in range(2):
        kill(settings, *victims)
        intake = await persistently(partial(deliver, engine, an_event("Cumbia Brava"), an_event(f"Salsa {number}")))
        await persistently(partial(engine.wait_projected, intake, seconds=20))
        answer = await persistently(partial(engine.search, Question(query="cumbia brava"), scope=READER))
        assert answer.hits[0].card.name == "Cumbia Brava"
    assert all(comparison.agrees for comparison in await engine.compare())
    assert {state.error for state in (await engine.sync_report()).sinks} == {None}
