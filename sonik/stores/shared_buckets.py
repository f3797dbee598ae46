"""Buckets in Redis, shared by every process and machine that serves the same data."""

import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from importlib import resources

import redis.asyncio as redis
from redis.exceptions import RedisError

from sonik.stores.buckets import Limit, Taken
from sonik.stores.circuit import Circuit
from sonik.stores.redis_pool import pool
from sonik.stores.within import LOOKS, within

logger = logging.getLogger(__name__)

SCRIPT = resources.files("sonik.stores").joinpath("buckets.lua").read_text(encoding="utf-8")
FAILURES = (RedisError, OSError)
CONNECTIONS = 16
# A caller who waited longer for leave than for the answer would be served badly.
TAKE_SECONDS = 0.05
OPEN_SECONDS = 2.0


class SharedBuckets:
    """Takes from buckets in one round trip, by Redis's own clock."""

    def __init__(
        self, client: redis.Redis, *, name: str, circuit: Circuit, seconds: float = TAKE_SECONDS,
        microseconds: Callable[[], int] | None = None,
    ) -> None:  # fmt: skip
        """Keep the buckets under `name`; a clock is only handed in to try what time does."""
        self._script = client.register_script(SCRIPT)
        self._name = name
        self._circuit = circuit
        self._seconds = seconds
        self._microseconds = microseconds

    async def take(self, limits: Sequence[Limit], *, tokens: int = 1) -> Taken | None:
        """Take from every bucket, or from none where one has too little; 0 only looks. None: Redis does not answer."""
        if not self._circuit.allows():
            return None
        try:
            call = self._script(keys=self._keys(limits), args=self._arguments(limits, tokens))
            granted, *owed = await within(call, seconds=self._seconds)
        except FAILURES as error:
            if self._circuit.failed(late=isinstance(error, TimeoutError)):
                logger.warning("shared rate limits out of service", extra={"reason": str(error)})
            return None
        self._circuit.worked()
        return Taken.of(limits, owed, granted=granted == 1)

    def _keys(self, limits: Sequence[Limit]) -> list[str]:
        # What is owed is time, which means less or more at another rate.
        return [f"{self._name}:bucket:{limit.rate}:{limit.key}" for limit in limits]

    def _arguments(self, limits: Sequence[Limit], tokens: int) -> list[int]:
        now = self._microseconds() if self._microseconds else 0
        return [tokens, now, *(number for limit in limits for number in (limit.interval, limit.capacity))]


@asynccontextmanager
async def shared_buckets(
    address: str, *, name: str, patience: float = 1.0, monotonic: Callable[[], float] = time.monotonic,
    microseconds: Callable[[], int] | None = None,
) -> AsyncIterator[SharedBuckets]:  # fmt: skip
    """Yield the buckets of a Redis at a socket path or redis:// address; one that is down is no error.

    Redis is waited for `patience` times as long as usual. What is kept under another `name` is not touched.
    """
    seconds = TAKE_SECONDS * patience
    client = redis.Redis(connection_pool=pool(address, connections=CONNECTIONS, seconds=LOOKS * seconds))
    circuit = Circuit(open_seconds=OPEN_SECONDS, monotonic=monotonic)
    buckets = SharedBuckets(client, name=name, circuit=circuit, seconds=seconds, microseconds=microseconds)
    try:
        await buckets.take((), tokens=0)  # connected, and the script loaded, before a caller waits for it
        yield buckets
    finally:
        await client.aclose()
        await client.connection_pool.aclose()
