"""Answers as hashes under a RediSearch index, by RedisVL.

Its ready-made SemanticCache is not used: it prolongs an entry with every hit, names entries so that an exact look-up
needs their tags, indexes whole answers as full text, and blocks while it is built.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import reduce
from itertools import islice
from operator import and_

import numpy as np
import redis.asyncio as redis
from redis.typing import EncodableT, FieldT
from redisvl.exceptions import RedisSearchError
from redisvl.index import AsyncSearchIndex
from redisvl.query import VectorRangeQuery
from redisvl.query.filter import FilterExpression, Tag
from redisvl.schema import IndexSchema

from sonik.clock import Clock
from sonik.stores.cache.entry import TAGS, CacheEntry, Vector, decode, encode, token, tokens
from sonik.stores.cache.guarded import CANDIDATES, GuardedCache
from sonik.stores.circuit import Circuit

ENTITIES = "entities"
VECTOR = "vector"
ENTRY = "entry"  # not "payload", "id" or "score": redis-py has those names taken
DROPPED_AT_ONCE = 100  # entities in one filter
DTYPE = "float32"


class RedisVlCache(GuardedCache):
    """An answer cache on a Redis with the search module."""

    def __init__(
        self, client: redis.Redis, *, root: str, variant: str, dimension: int, clock: Clock, circuit: Circuit
    ) -> None:
        """Keep answers under `root:variant:`; another schema or model is another variant."""
        super().__init__(client, root=root, dimension=dimension, clock=clock, circuit=circuit)
        self._prefix = f"{root}:{variant}:"
        self._index = AsyncSearchIndex(_schema(self._prefix, dimension), redis_client=client)

    async def _prepare(self) -> None:
        try:
            await self._index.create()
        except RedisSearchError as error:
            if "already exists" not in str(error).lower():  # another process was faster
                raise

    async def _put(self, entry: CacheEntry, lifetime: timedelta) -> None:
        key = self._prefix + entry.identity
        fields: dict[FieldT, EncodableT] = {name: token(tag) for name, tag in entry.tags.items()}
        fields[ENTITIES] = ",".join(sorted(tokens(entry.entities)))
        fields[ENTRY] = encode(entry)
        if entry.vector is not None:
            fields[VECTOR] = entry.vector.astype(np.float32).tobytes()
        async with self._client.pipeline(transaction=True) as pipeline:
            pipeline.delete(key)  # fields of the entry before must not stay
            pipeline.hset(key, mapping=fields)
            pipeline.pexpire(key, lifetime)
            await pipeline.execute()

    async def _get(self, identity: str) -> CacheEntry | None:
        return decode(await self._client.hget(self._prefix + identity, ENTRY))

    async def _near(self, vector: Vector, tags: Mapping[str, str], distance: float) -> list[CacheEntry]:
        query = VectorRangeQuery(
            vector=vector.tobytes(),
            vector_field_name=VECTOR,
            return_fields=[ENTRY],
            filter_expression=_all_of(tags),
            distance_threshold=distance,
            num_results=CANDIDATES,
            dtype=DTYPE,
        )
        rows = await self._index.query(query)
        found = [decode(row[ENTRY], distance=max(0.0, float(row["vector_distance"]))) for row in rows]
        return [entry for entry in found if entry]

    async def _count(self) -> int:
        return int((await self._index.info())["num_docs"])

    async def _drop(self, entities: frozenset[str]) -> int:
        left = iter(sorted(entities))
        dropped = 0
        while some := list(islice(left, DROPPED_AT_ONCE)):
            dropped += (await self._index.drop_by_filter(Tag(ENTITIES) == some)).processed
        return dropped


def _all_of(tags: Mapping[str, str]) -> FilterExpression:
    return reduce(and_, (Tag(name) == token(tag) for name, tag in tags.items()))


def _schema(prefix: str, dimension: int) -> IndexSchema:
    vector = {"dims": dimension, "datatype": DTYPE, "distance_metric": "cosine", "algorithm": "flat"}
    fields = [
        *({"name": name, "type": "tag"} for name in sorted(TAGS)),
        {"name": ENTITIES, "type": "tag", "attrs": {"separator": ","}},
        {"name": VECTOR, "type": "vector", "attrs": vector},
    ]
    return IndexSchema.from_dict({"index": {"name": prefix.rstrip(":"), "prefix": prefix}, "fields": fields})
