"""A Redis server of one's own, for tests that need to kill it, and caches on it."""

import shutil
import signal
import subprocess
import tempfile
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import numpy as np
import pytest
import redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from sonik.clock import Clock
from sonik.settings import Settings
from sonik.stores.cache import SCOPE, AnswerCache, CacheEntry, Vector, open_cache
from sonik.stores.embedded.binaries import redis_binaries
from sonik.stores.embedded.redis import configuration

NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
DIMENSION = 8
MODEL = "minilm-int8@1.0.0"


class RedisServer:
    """A real server with the embedded configuration, on a socket in a directory that goes with it."""

    def __init__(self, *, search: bool = True) -> None:
        self._room = Path(tempfile.mkdtemp(prefix="sonik-redis-"))
        self.socket = str(self._room / "s")
        found = redis_binaries(Settings())
        if search and found.search is None:
            pytest.skip("there is no search module for this platform")
        self._binaries = found if search else replace(found, search=None, json=None)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self._room)

    def start(self) -> None:
        """Start it and wait until it answers."""
        conf = self._room / "redis.conf"
        conf.write_text(configuration(self._room, socket=Path(self.socket), binaries=self._binaries))
        self._process = subprocess.Popen([self._binaries.server, conf], stdout=subprocess.DEVNULL)
        with self.client() as client:
            client.ping()

    def kill(self) -> None:
        """End it by SIGKILL."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def hang(self) -> None:
        """Let it accept callers and answer none of them."""
        if self._process:
            self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """End a hang."""
        if self._process:
            self._process.send_signal(signal.SIGCONT)

    def client(self) -> redis.Redis:
        """Return a patient client."""
        patience = Retry(ConstantBackoff(0.01), 1000)
        return redis.Redis(unix_socket_path=self.socket, decode_responses=True, retry=patience)


@dataclass(kw_only=True)
class Time:
    """Both clocks of a cache, moved by hand."""

    now: datetime = NOW
    seconds: float = 0.0

    def pass_by(self, seconds: float) -> None:
        """Let time go by."""
        self.seconds += seconds
        self.now += timedelta(seconds=seconds)


@dataclass(kw_only=True)
class Caches:
    """Opens caches under a name of their own."""

    address: str
    search: bool = True
    time: Time = field(default_factory=Time)
    name: str = field(default_factory=lambda: f"test-{uuid.uuid4()}")
    patience: float = 1.0

    async def open(self, *, model: str = MODEL, dimension: int = DIMENSION) -> AnswerCache:
        """Return a cache; each is another client."""
        return await open_cache(
            self.address,
            search=self.search,
            dimension=dimension,
            model=model,
            clock=Clock(read=lambda: self.time.now),
            name=self.name,
            monotonic=lambda: self.time.seconds,
            patience=self.patience,
        )


def pointing(degrees: float, *, dimension: int = DIMENSION) -> Vector:
    """Return a unit vector; two of them are 1 - cos(difference) apart."""
    vector = np.zeros(dimension, dtype=np.float32)
    vector[:2] = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return vector


def an_answer(
    key: str = "cumbia medellin",
    *,
    degrees: float | None = 0.0,
    entities: tuple[str, ...] = (),
    seconds: float = 3600,
    **tags: str,
) -> CacheEntry:
    """Return an answer that lasts an hour, public unless its tags say otherwise."""
    return CacheEntry(
        key=key,
        tags={SCOPE: "public"} | tags,
        answer={"hits": [{"name": "Bomba Estéreo", "score": 0.91}]},
        facts={"generation": 7, "versions": {"artist-1": 3}},
        entities=entities,
        expires_at=NOW + timedelta(seconds=seconds),
        vector=None if degrees is None else pointing(degrees),
    )


async def keys_found(cache: AnswerCache, degrees: float = 0.0, *, distance: float = 0.1, **tags: str) -> list[str]:
    """Return the keys of similar answers."""
    found = await cache.similar(pointing(degrees), tags={SCOPE: "public"} | tags, distance=distance)
    return [entry.key for entry in found]
