"""The end of background work: cancellations that were swallowed on their way, and tasks that are to be over."""

import asyncio
from contextlib import suppress


def heed_cancellation() -> None:
    """Until Python 3.12 asyncio.wait_for, which the pool uses, can swallow a cancellation: look for one that was."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def cancelled(task: "asyncio.Task[None]") -> None:
    """Cancel a task and wait until it is over."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def settled(task: "asyncio.Task[None]") -> None:
    """Let a task that cannot be interrupted come to its end; its error was, or will be, told elsewhere."""
    await asyncio.wait([task])
