"""Serve over stdio: only protocol on stdout, and a signal closes the stores before the process goes."""

import asyncio
import os
import signal
from contextlib import suppress

from server.app import build
from server.observing.tracing import check_tracing
from server.opening import Opening
from sonik.settings import Settings
from sonik.stores.allocator import share_arenas

# Clients wait two seconds before they terminate a server.
CLOSE_SECONDS = 1.8
# What is not open yet holds nothing that a kill would harm.
STILL_OPENING_SECONDS = 0.5


async def serve(settings: Settings) -> None:
    """Serve until the client closes stdin or a signal comes."""
    check_tracing(settings)
    share_arenas()
    opening = Opening(settings)
    leaving: list[asyncio.Task[None]] = []
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _leave_soon, number, opening, leaving)
    await build(opening).run_stdio_async()


def _leave_soon(number: int, opening: Opening, leaving: "list[asyncio.Task[None]]") -> None:
    leaving.append(asyncio.create_task(_leave(number, opening)))


async def _leave(number: int, opening: Opening) -> None:
    """Close the engine, then go at once: the thread that reads stdin cannot be interrupted, and would keep us."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS if opening.is_open else STILL_OPENING_SECONDS):
            await opening.close()
    os._exit(128 + number)
