"""Waiting for a store no longer than an answer can, on an event loop that may be late itself."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")

LOOKS = 10


async def within(call: Awaitable[T], *, seconds: float) -> T:
    """Return what a call returns in time, which is looked at in parts: where this loop is late, the store is not.

    Raises:
        TimeoutError: it takes longer.
    """
    calling = asyncio.ensure_future(call)
    try:
        for _ in range(LOOKS):
            if (await asyncio.wait((calling,), timeout=seconds / LOOKS))[0]:
                return await calling
        raise TimeoutError(f"no answer in {seconds} s")
    finally:
        calling.cancel()
