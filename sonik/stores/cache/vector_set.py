"""Answers in the vector sets that Redis 8 has built in, for where the search module is missing.

An answer's text is a key that expires. Its vector and tags are an element of one vector set, which does not, so `until`
keeps the elements by the time they end, and each store sweeps a few that are over.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import cast

import numpy as np
import redis.asyncio as redis
from redis.commands.vectorset.commands import QuantizationOptions

from sonik.clock import Clock
from sonik.stores.cache.entry import CacheEntry, Vector, decode, encode, token, tokens
from sonik.stores.cache.guarded import CANDIDATES, GuardedCache
from sonik.stores.circuit import Circuit

SWEPT_AT_ONCE = 20
UNTIL = "until"


class VectorSetCache(GuardedCache):
    """An answer cache on a Redis without the search module."""

    def __init__(
        self, client: redis.Redis, *, root: str, variant: str, dimension: int, clock: Clock, circuit: Circuit
    ) -> None:
        """Keep answers under `root:variant:`; another schema or model is another variant."""
        super().__init__(client, root=root, dimension=dimension, clock=clock, circuit=circuit)
        # Their own prefix: these keys mean nothing to the search index of the same variant.
        prefix = f"{root}:sets-{variant}:"
        self._answer = prefix + "answer:"
        self._about = prefix + "about:"
        self._vectors = prefix + "vectors"
        self._until = prefix + UNTIL

    async def _prepare(self) -> None:
        await self._client.ping()

    async def _put(self, entry: CacheEntry, lifetime: timedelta) -> None:
        await self._sweep()
        name, until = entry.identity, _milliseconds(entry.expires_at)
        async with self._client.pipeline(transaction=True) as pipeline:
            pipeline.set(self._answer + name, encode(entry), px=lifetime)
            pipeline.zadd(self._until, {name: until})
            if entry.vector is None:
                pipeline.vset().vrem(self._vectors, name)
            else:
                pipeline.vset().vadd(
                    self._vectors,
                    entry.vector.astype(np.float32).tobytes(),
                    name,
                    quantization=QuantizationOptions.NOQUANT,
                    attributes={UNTIL: until} | {tag: token(value) for tag, value in entry.tags.items()},
                )
            for entity in tokens(entry.entities):
                pipeline.sadd(self._about + entity, name)
                # The set lasts as long as the longest lasting answer in it.
                pipeline.pexpire(self._about + entity, lifetime, nx=True)
                pipeline.pexpire(self._about + entity, lifetime, gt=True)
            await pipeline.execute()

    async def _get(self, identity: str) -> CacheEntry | None:
        return decode(await self._client.get(self._answer + identity))

    async def _near(self, vector: Vector, tags: Mapping[str, str], distance: float) -> list[CacheEntry]:
        conditions = [f".{UNTIL} > {_milliseconds(self._clock.now())}"]
        conditions += [f'.{tag} == "{token(value)}"' for tag, value in tags.items()]
        scores = await self._client.vset().vsim(
            self._vectors,
            vector.tobytes(),
            with_scores=True,
            count=CANDIDATES,
            filter=" and ".join(conditions),
            truth=True,  # with a filter, the exact scan is also the faster one at this size
        )
        # The score is (1 + cosine) / 2.
        near = {name: max(0.0, 2.0 - 2.0 * score) for name, score in cast("dict[str, float]", scores or {}).items()}
        return await self._read({name: far for name, far in near.items() if far <= distance})

    async def _read(self, near: Mapping[str, float]) -> list[CacheEntry]:
        if not near:
            return []
        texts = await self._client.mget([self._answer + name for name in near])
        await self._forget([name for name, text in zip(near, texts, strict=True) if text is None])
        found = [decode(text, distance=far) for text, far in zip(texts, near.values(), strict=True)]
        return [entry for entry in found if entry]

    async def _count(self) -> int:
        return int(await self._client.zcount(self._until, _milliseconds(self._clock.now()), "+inf"))

    async def _drop(self, entities: frozenset[str]) -> int:
        keys = [self._about + entity for entity in sorted(entities)]
        names = sorted(cast("set[str]", await self._client.sunion(keys)))
        if not names:
            return 0
        dropped = await self._forget(names)
        async with self._client.pipeline(transaction=False) as pipeline:
            for key in keys:
                pipeline.srem(key, *names)  # not the whole set: a new answer may have joined it by now
            await pipeline.execute()
        return dropped

    async def _sweep(self) -> None:
        now = _milliseconds(self._clock.now())
        over = await self._client.zrange(self._until, 0, now, byscore=True, offset=0, num=SWEPT_AT_ONCE)
        await self._forget(cast("list[str]", over))

    async def _forget(self, names: Sequence[str]) -> int:
        """Remove answers with their vectors and return how many answers were still there."""
        if not names:
            return 0
        async with self._client.pipeline(transaction=True) as pipeline:
            pipeline.unlink(*(self._answer + name for name in names))
            pipeline.zrem(self._until, *names)
            for name in names:
                pipeline.vset().vrem(self._vectors, name)
            return int((await pipeline.execute())[0])


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
