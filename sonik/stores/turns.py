"""Writing what was gathered in turns: when there is much of it, and else every now and then."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress


async def in_turns(write: Callable[[], Awaitable[None]], *, full: asyncio.Event, seconds: float) -> None:
    """Write whenever so many seconds have passed or enough is gathered, until cancelled."""
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await full.wait()
        full.clear()
        await write()
        # A cancellation that came with the timeout was taken for it.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError
