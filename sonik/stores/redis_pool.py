"""Connections to a Redis that answers are not kept waiting for."""

from typing import Any

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff


def pool(address: str, *, connections: int, seconds: float) -> redis.BlockingConnectionPool:
    """Return a pool for a Redis at a socket path or redis:// address; nothing of it waits longer than `seconds`."""
    common: dict[str, Any] = {
        "max_connections": connections,
        "timeout": seconds,
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
        "decode_responses": True,
        "protocol": 2,  # redis-py fails on a search of an empty vector set under protocol 3
        # redis-py would sleep through its default retries for seconds while the server is down.
        "retry": Retry(NoBackoff(), 0),
    }
    if "://" in address:
        return redis.BlockingConnectionPool.from_url(address, **common)
    return redis.BlockingConnectionPool(connection_class=redis.UnixDomainSocketConnection, path=address, **common)
