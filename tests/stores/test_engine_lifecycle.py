"""Opening and closing: an engine must always come to its end, whatever its background work is doing."""

import asyncio

import pytest

from sonik.engine import Engine
from sonik.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("milliseconds", [0, 5, 20, 60, 150])
async def test_an_engine_closes_at_whatever_moment_it_is_left(new_settings: Settings, milliseconds: int) -> None:
    async with asyncio.timeout(30):
        for _ in range(3):
            async with Engine.open(new_settings) as engine:
                await asyncio.sleep(milliseconds / 1000)
                report = await engine.sync_report()
    assert {state.sink for state in report.sinks} == {"graph", "vectors"}
