"""Where the servers are: those the settings name, or else the embedded set."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from sonik.errors import Misconfigured
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.stores.cancellation import cancelled
from sonik.stores.postgres import as_role

WRITER = "sonik_writer"
READER = "sonik_reader"
OWNER = "sonik"


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """Where the servers are: PostgreSQL for each role, the graph server and the cache (socket paths or redis://)."""

    owner: str
    writer: str
    reader: str
    graph: str
    cache: str


@asynccontextmanager
async def attached(settings: Settings) -> AsyncIterator[Addresses]:
    """Yield where the servers are; embedded ones are started, kept running meanwhile, and given back.

    Raises:
        Misconfigured: only one of the two servers is named.
    """
    if settings.postgres_url and settings.falkordb_url:
        owner = settings.postgres_url.get_secret_value()
        named = settings.postgres_reader_url
        graph = settings.falkordb_url.get_secret_value()
        yield Addresses(
            owner=owner,
            writer=as_role(owner, WRITER),
            reader=named.get_secret_value() if named else as_role(owner, READER),
            graph=graph,
            cache=_cache(settings, beside=graph),
        )
        return
    if settings.postgres_url or settings.falkordb_url:
        raise Misconfigured(
            "Only one of PostgreSQL and FalkorDB has an address.",
            next_step="Set both SONIK_POSTGRES_URL and SONIK_FALKORDB_URL, or neither for the embedded servers.",
        )
    async with AsyncExitStack() as stack:
        share = await embedded.attach(settings, whole=False)
        stack.push_async_callback(embedded.close, share)
        stack.push_async_callback(cancelled, asyncio.create_task(embedded.watch(share)))
        owner, writer, reader = (share.postgres_dsn(role) for role in (OWNER, WRITER, READER))
        graph = str(share.redis_socket)
        cache = _cache(settings, beside=graph)
        yield Addresses(owner=owner, writer=writer, reader=reader, graph=graph, cache=cache)


def _cache(settings: Settings, *, beside: str) -> str:
    """Return where the cache is: on a Redis of its own if one is named, else beside the graphs."""
    return settings.redis_url.get_secret_value() if settings.redis_url else beside
