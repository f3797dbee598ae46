"""What every answer cache does around its storage: check what goes in, doubt what comes out, survive a dead Redis."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

import numpy as np
import redis.asyncio as redis
from redis.exceptions import RedisError
from redisvl.exceptions import RedisVLError

from sonik.clock import Clock
from sonik.errors import InvalidInput
from sonik.stores.cache.entry import SCOPE, CacheEntry, Vector, checked_tags, identity, tokens
from sonik.stores.circuit import Circuit
from sonik.stores.within import within
from sonik.watch import Part, during

logger = logging.getLogger(__name__)

T = TypeVar("T")
D = TypeVar("D")

FAILURES = (RedisError, RedisVLError, OSError)
CONNECTIONS = 16
CANDIDATES = 5
MOST_DISTANT = 2.0  # cosine distance runs from 0 to 2
ROUNDING = 1e-6  # of float32: an equal vector may be this far away
MOST_OWED = 10_000
SCAN_COUNT = 500
# An answer is looked for no longer than this: finding it anew takes about as long.
LOOK_SECONDS = 0.05


class GuardedCache(ABC):
    """An answer cache that treats every failure of Redis as a miss.

    An invalidation that does not get through is owed: it is made up before anything else is read or stored here.
    """

    look_seconds = LOOK_SECONDS

    def __init__(self, client: redis.Redis, *, root: str, dimension: int, clock: Clock, circuit: Circuit) -> None:
        """Take over the client; keys begin with `root`, vectors have `dimension` numbers."""
        self._client = client
        self._root = root
        self._run = f"{root}-run"  # not among the answers, which a clearing takes
        self._dimension = dimension
        self._clock = clock
        self._circuit = circuit
        self._turns = asyncio.Semaphore(CONNECTIONS)
        self._prepared = False
        self._owed: set[str] = set()
        self._owes_all = False

    @property
    def owes(self) -> bool:
        """Whether an invalidation has not reached Redis yet."""
        return self._owes_all or bool(self._owed)

    async def prepare(self) -> None:
        """Make ready what the cache needs in Redis, if it answers; otherwise the first call that gets through does."""
        await self._attempt(self._settle, None)

    async def store(self, entry: CacheEntry) -> None:
        """Keep an answer until it expires; one that has expired already is not kept."""
        if entry.vector is not None:
            self._checked(entry.vector)
        # The time left is what counts: with a frozen clock, its moments mean nothing to Redis.
        lifetime = entry.expires_at - self._clock.now()
        if lifetime >= timedelta(milliseconds=1):
            await self._look(lambda: self._put(entry, lifetime), None)

    async def exact(self, key: str, scope_tag: str) -> CacheEntry | None:
        """Return the answer kept for the very same question and scope."""
        entry = await self._look(lambda: self._get(identity(key, scope_tag)), None)
        if entry and self._holds(entry, {SCOPE: scope_tag}) and entry.key == key:
            return entry
        return None

    async def similar(self, vector: Vector, *, tags: Mapping[str, str], distance: float) -> list[CacheEntry]:
        """Return up to five answers to questions within a cosine distance (0 to 2) that share all tags, nearest first.

        Raises:
            InvalidInput: a tag is unknown, the scope is missing, or the vector or distance cannot be.
        """
        asked = checked_tags(tags)
        near = self._checked(vector)
        if not 0 <= distance <= MOST_DISTANT:
            raise InvalidInput(f"A distance of {distance} cannot be.", next_step="Give 0 to 2.", field="distance")
        limit = min(distance + ROUNDING, MOST_DISTANT)
        nothing: list[CacheEntry] = []
        found = await self._look(lambda: self._near(near, asked, limit), nothing)
        held = [entry for entry in found if entry.distance <= limit and self._holds(entry, asked)]
        return sorted(held, key=lambda entry: entry.distance)

    async def drop_entities(self, ids: Sequence[str]) -> int:
        """Forget every answer that speaks of one of the entities; return how many went. See `owes`."""
        if not ids:
            return 0
        dropped = await self._attempt(lambda: self._drop(tokens(ids)), None)
        if dropped is None:
            self._owe(tokens(ids))
        return dropped or 0

    async def clear(self) -> None:
        """Forget every answer, also those kept for other models and by other versions. See `owes`."""
        cleared = await self._attempt(self._drop_all, None)
        if cleared is None:
            self._owe_all()

    async def count(self) -> int | None:
        """Return how many answers are kept; None where Redis does not answer."""
        return await self._attempt(self._count, None)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
        await self._client.connection_pool.aclose()

    @abstractmethod
    async def _prepare(self) -> None:
        """Make ready what Redis needs to hold, as often as asked."""

    @abstractmethod
    async def _put(self, entry: CacheEntry, lifetime: timedelta) -> None:
        """Keep an entry, in place of the one with its identity."""

    @abstractmethod
    async def _get(self, identity: str) -> CacheEntry | None:
        """Return the entry with this identity."""

    @abstractmethod
    async def _near(self, vector: Vector, tags: Mapping[str, str], distance: float) -> list[CacheEntry]:
        """Return entries within the distance that have all tags."""

    @abstractmethod
    async def _count(self) -> int:
        """Return how many entries there are."""

    @abstractmethod
    async def _drop(self, entities: frozenset[str]) -> int:
        """Remove the entries tagged with one of these entity tokens."""

    async def _drop_all(self) -> int:
        batch: list[str] = []
        dropped = 0
        async for key in self._client.scan_iter(match=f"{self._root}:*", count=SCAN_COUNT):
            batch.append(key)
            if len(batch) == SCAN_COUNT:
                dropped += await self._client.unlink(*batch)
                batch.clear()
        return dropped + (await self._client.unlink(*batch) if batch else 0)

    async def _look(self, call: Callable[[], Awaitable[T]], otherwise: D) -> T | D:
        """Call Redis on the way of an answer, which cannot wait for long."""
        return await self._attempt(call, otherwise, seconds=self.look_seconds)

    async def _attempt(self, call: Callable[[], Awaitable[T]], otherwise: D, *, seconds: float | None = None) -> T | D:
        async with self._turns:
            # Asked only now: who waited behind calls that ran into a timeout need not run into it too.
            if not self._circuit.allows():
                return otherwise
            try:
                with during(Part(kind="store", name="cache")):
                    result = await (self._call(call) if seconds is None else within(self._call(call), seconds=seconds))
            except FAILURES as error:
                self._prepared = False
                if self._circuit.failed(late=isinstance(error, TimeoutError)):
                    logger.warning("answer cache out of service", extra={"reason": str(error)})
                return otherwise
        self._circuit.worked()
        return result

    async def _call(self, call: Callable[[], Awaitable[T]]) -> T:
        if not self._prepared:
            await self._forget_other_runs()
            await self._prepare()
            self._prepared = True
        await self._settle()
        return await call()

    async def _forget_other_runs(self) -> None:
        """Empty the cache of a server that was started anew: what it loaded may be older than what was dropped."""
        run = (await self._client.info("server"))["run_id"]
        if await self._client.get(self._run) != run:
            await self._drop_all()
            await self._client.set(self._run, run)

    async def _settle(self) -> None:
        if self._owes_all:
            await self._drop_all()
            self._owes_all = False
        if self._owed:
            owed = frozenset(self._owed)
            await self._drop(owed)
            self._owed -= owed

    def _owe(self, entities: frozenset[str]) -> None:
        self._owed |= entities
        if len(self._owed) > MOST_OWED:
            self._owe_all()

    def _owe_all(self) -> None:
        self._owes_all = True
        self._owed.clear()

    def _holds(self, entry: CacheEntry, asked: Mapping[str, str]) -> bool:
        """Say whether an entry may still be used and is what was asked for, whatever the index thinks."""
        return entry.expires_at > self._clock.now() and all(entry.tags.get(name) == tag for name, tag in asked.items())

    def _checked(self, vector: Vector) -> Vector:
        if vector.shape != (self._dimension,):
            raise InvalidInput(
                f"The vector has the shape {vector.shape}, the cache holds {self._dimension} numbers.",
                next_step="Use the embedder the cache was opened for.",
                field="vector",
            )
        return np.ascontiguousarray(vector, dtype=np.float32)
