"""How long a call may take: then its work is stopped, and the caller is told how to ask for less."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sonik.errors import OutOfTime


@asynccontextmanager
async def in_time(name: str, *, seconds: float, narrow: str) -> AsyncIterator[None]:
    """Stop what is in the block when its time is up: stores are told to stop, and what was begun is undone.

    Raises:
        OutOfTime: the time was up; `narrow` says how to ask for less.
    """
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError as error:
        if not limit.expired():
            raise
        told = f"{name} was stopped: it took longer than {seconds:g} s."
        raise OutOfTime(told, next_step=narrow) from error
