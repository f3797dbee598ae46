"""How long a call of a tool may take: then its work is stopped, and the caller is told how to ask for less."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sonik.errors import OutOfTime
from sonik.settings import Settings
from tools.catalog import AnyTool


@asynccontextmanager
async def in_time(tool: AnyTool, settings: Settings) -> AsyncIterator[None]:
    """Stop what is in the block when its time is up: stores are told to stop, and what was begun is undone.

    Raises:
        OutOfTime: the time was up.
    """
    seconds = settings.read_seconds if tool.read_only else settings.write_seconds
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        told = f"{tool.name} was stopped: it took longer than {seconds:g} s."
        raise OutOfTime(told, next_step=tool.narrow) from error
