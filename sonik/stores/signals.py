"""Signals between processes, over Redis: fire and forget, so whoever may have missed some is told that."""

import json
import logging
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager

import anyio
import redis.asyncio as redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from sonik.stores.redis_pool import pool

logger = logging.getLogger(__name__)

FAILURES = (RedisError, OSError)
CONNECTIONS = 4
SEND_SECONDS = 2.0
# A line this quiet is asked whether it still stands, and given up when it stays so.
QUIET_SECONDS = 15.0
AGAIN_SECONDS = 0.5
EVERYTHING = frozenset({"*"})
Signal = frozenset[str]


class Signals:
    """Sends words to whoever listens now, in this process and all others over the same Redis."""

    def __init__(self, client: redis.Redis, *, channel: str, quiet_seconds: float = QUIET_SECONDS) -> None:
        """Take over the client."""
        self._client = client
        self._channel = channel
        self._quiet_seconds = quiet_seconds

    async def send(self, words: Collection[str]) -> bool:
        """Send words; say whether Redis took them."""
        try:
            await self._client.publish(self._channel, json.dumps(sorted(words)))
        except FAILURES as error:
            logger.debug("a signal was not sent", extra={"reason": str(error)})
            return False
        return True

    async def listen(self, hear: Callable[[Signal | None], None]) -> None:
        """Hand on every signal until cancelled; None each time the line stands anew, for some may have been missed."""
        said = False
        while True:
            try:
                async with self._client.pubsub() as line:
                    await line.subscribe(self._channel)
                    await self._follow(line, hear)
            except FAILURES as error:
                if not said:
                    logger.warning("signals out of service, trying again", extra={"reason": str(error)})
                said = True
            await anyio.sleep(AGAIN_SECONDS)

    async def _follow(self, line: PubSub, hear: Callable[[Signal | None], None]) -> None:
        """Hand on what comes until nothing does, not even an answer."""
        asked = False
        while True:
            message = await line.get_message(timeout=self._quiet_seconds)
            if message is None:
                if asked:
                    raise TimeoutError(f"no answer in {self._quiet_seconds} s")
                await line.ping()
            elif message["type"] == "subscribe":
                hear(None)
            elif message["type"] == "message":
                hear(_words(message["data"]))
            asked = message is None


def _words(text: str) -> Signal:
    """Return the words of a signal; one that cannot be read may mean anything."""
    try:
        told = json.loads(text)
    except ValueError:
        return EVERYTHING
    return frozenset(map(str, told)) if isinstance(told, list) else EVERYTHING


@asynccontextmanager
async def signals(address: str, *, name: str, quiet_seconds: float = QUIET_SECONDS) -> AsyncIterator[Signals]:
    """Yield the signals of one installation over the Redis at a socket path or redis:// address."""
    client = redis.Redis(connection_pool=pool(address, connections=CONNECTIONS, seconds=SEND_SECONDS))
    try:
        yield Signals(client, channel=f"{name}:signals", quiet_seconds=quiet_seconds)
    finally:
        await client.aclose()
        await client.connection_pool.aclose()
