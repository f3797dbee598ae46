"""Run one engine call from a command."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from server.log import configure_logging
from sonik.settings import Settings

if TYPE_CHECKING:
    from sonik.engine import Engine

T = TypeVar("T")


def with_engine(
    work: "Callable[[Engine], Awaitable[T]]", *, project: bool = False, settings: Settings | None = None
) -> T:
    """Open the engine, do the work, close it."""
    chosen = settings or Settings()
    configure_logging(chosen)

    async def run() -> T:
        # LanceDB takes a second to import: commands that need no engine do not wait for it.
        from sonik.engine import Engine

        async with Engine.open(chosen, project=project) as engine:
            return await work(engine)

    return asyncio.run(run())
