"""Whether every store can be read, now."""

import asyncio
from collections.abc import Awaitable

from sonik.errors import SonikError
from sonik.stores.cache import AnswerCache
from sonik.stores.graph import Graphs
from sonik.stores.postgres import Postgres
from sonik.stores.vectors import Vectors
from sonik.types import Scope

SECONDS = 2.0
ONE = "select 1 as one"


async def health(postgres: Postgres, graphs: Graphs, vectors: Vectors, cache: AnswerCache | None) -> dict[str, bool]:
    """Read a little from every store, side by side; no cache at all is left out."""

    async def truth() -> bool:
        async with postgres.reading(Scope()) as session:
            return bool(await session.rows(ONE))

    async def graph() -> bool:
        return await graphs.exists("operations")

    async def texts() -> bool:
        await vectors.check()
        return True

    looks = {"postgres": truth(), "graph": graph(), "vectors": texts()}
    if cache is not None:
        looks["cache"] = _counts(cache)
    found = await asyncio.gather(*map(_reads, looks.values()))
    return dict(zip(looks, found, strict=True))


async def _counts(cache: AnswerCache) -> bool:
    return await cache.count() is not None


async def _reads(look: Awaitable[bool]) -> bool:
    try:
        async with asyncio.timeout(SECONDS):
            return await look
    except (SonikError, TimeoutError):
        return False
