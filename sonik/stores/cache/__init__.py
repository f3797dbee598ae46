"""Answers given before, found again by the same or a similar question.

Only the store: whether a kept answer still counts is decided by its reader, from its tags, facts and entities.
"""

import hashlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import redis.asyncio as redis

from sonik.clock import Clock
from sonik.settings import Settings
from sonik.stores.cache.entry import SCOPE, TAGS, CacheEntry, Vector
from sonik.stores.cache.guarded import CONNECTIONS, FAILURES
from sonik.stores.cache.search_index import RedisVlCache
from sonik.stores.cache.vector_set import VectorSetCache
from sonik.stores.circuit import Circuit
from sonik.stores.embedding import Embedder
from sonik.stores.redis_pool import pool

__all__ = [
    "SCOPE", "TAGS", "AnswerCache", "CacheEntry", "RedisVlCache", "Vector", "VectorSetCache", "answer_cache",
    "open_cache",
]  # fmt: skip

SCHEMA_VERSION = 2  # raise it with every change of the index or of what an entry holds
TIMEOUT_SECONDS = 0.5
OPEN_SECONDS = 10.0


class AnswerCache(Protocol):
    """Kept answers. A Redis that does not answer is a miss, never an error."""

    @property
    def owes(self) -> bool:
        """Whether an invalidation has not reached Redis yet; it is made up before anything is read here again."""

    async def store(self, entry: CacheEntry) -> None:
        """Keep an answer until it expires."""

    async def exact(self, key: str, scope_tag: str) -> CacheEntry | None:
        """Return the answer kept for the very same question and scope."""

    async def similar(self, vector: Vector, *, tags: Mapping[str, str], distance: float) -> list[CacheEntry]:
        """Return up to five answers to questions within a cosine distance (0 to 2) that share all tags, nearest first.

        Raises:
            InvalidInput: a tag is unknown, the scope is missing, or the vector or distance cannot be.
        """

    async def drop_entities(self, ids: Sequence[str]) -> int:
        """Forget every answer that speaks of one of the entities; return how many went."""

    async def clear(self) -> None:
        """Forget every answer."""

    async def count(self) -> int | None:
        """Return how many answers are kept; None where Redis does not answer."""

    async def close(self) -> None:
        """Close the connections."""


@asynccontextmanager
async def answer_cache(
    settings: Settings, address: str, *, name: str, embedder: Embedder
) -> AsyncIterator[AnswerCache | None]:
    """Yield the cache that the settings ask for, None where they want none; it is closed on the way out."""
    if settings.cache == "off":
        yield None
        return
    search = None if settings.redisearch == "auto" else False
    cache = await open_cache(
        address, search=search, dimension=embedder.dimension, model=embedder.model, name=name,
        clock=Clock.frozen(settings.now),
    )  # fmt: skip
    try:
        yield cache
    finally:
        await cache.close()


async def open_cache(
    address: str,
    *,
    search: bool | None,
    dimension: int,
    model: str,
    clock: Clock,
    name: str = "sonik",
    monotonic: Callable[[], float] = time.monotonic,
    patience: float = 1.0,
) -> AnswerCache:
    """Return the cache of a Redis at a socket path or redis:// address; a Redis that is down is no error.

    `search` says whether it has the search module; with None it is asked, and one that is down is taken to have none.
    `model` keeps the vectors of different embedders apart, `name` the answers of different databases.
    Redis is waited for `patience` times as long as usual: more than once where the machine is busy with other things.
    """
    connections = pool(address, connections=CONNECTIONS, seconds=TIMEOUT_SECONDS * patience)
    client = redis.Redis(connection_pool=connections)
    has_search = await _has_search(client) if search is None else search
    kind = RedisVlCache if has_search else VectorSetCache
    cache = kind(
        client,
        root=f"{name}:answers",
        variant=f"{SCHEMA_VERSION}-{dimension}-{hashlib.sha256(model.encode()).hexdigest()[:12]}",
        dimension=dimension,
        clock=clock,
        circuit=Circuit(open_seconds=OPEN_SECONDS, monotonic=monotonic),
    )
    cache.look_seconds *= patience
    await cache.prepare()
    return cache


async def _has_search(client: redis.Redis) -> bool:
    try:
        modules = await client.module_list()
    except FAILURES:
        return False
    return any(module.get("name") == "search" for module in modules)
