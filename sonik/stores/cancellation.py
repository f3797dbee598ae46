"""Cancellations that were swallowed on their way."""

import asyncio


def heed_cancellation() -> None:
    """Until Python 3.12 asyncio.wait_for, which the pool uses, can swallow a cancellation: look for one that was."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
