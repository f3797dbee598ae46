"""The same engine with other weights: what was learned, the same shuffled, and plain popularity."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import log1p
from typing import LiteralString
from uuid import UUID

from eval.learning_crowd import Acquaintance
from sonik.learning.writeback import Lesson
from sonik.ontology import BY_EDGE
from sonik.settings import Settings
from sonik.sql import named
from sonik.stores.addresses import Addresses
from sonik.stores.graph import Graphs
from sonik.stores.postgres import Postgres, jsonb

Values = Mapping[tuple[UUID, str], float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Arms:
    """Reads and replaces what truth says was learned; the projector carries it into the graph as always."""

    postgres: Postgres
    graphs: Graphs

    async def acquaintances(self, *, collection: str) -> list[Acquaintance]:
        """Return who is reached from where by which night."""
        async with self.postgres.writing() as session:
            return await session.fetch(Acquaintance, _queries()["acquaintances"], {"collection": collection})

    async def lessons(self) -> list[Lesson]:
        """Return all that was learned."""
        async with self.postgres.writing() as session:
            return await session.fetch(Lesson, _queries()["lessons"])

    async def put(self, values: Values) -> None:
        """Have every edge know this instead."""
        rows = [{"eid": eid, "lens": lens, "learned": value} for (eid, lens), value in values.items()]
        async with self.postgres.writing() as session:
            await session.execute(_queries()["put_lessons"], {"rows": jsonb(rows)})
            await session.execute(_queries()["announce"])

    async def weights(self) -> dict[tuple[str, str], float]:
        """Return the weights that traversal reads, as the graph has them, by edge and property."""
        found: dict[tuple[str, str], float] = {}
        for edge in BY_EDGE.values():
            query = f"MATCH ()-[r:{edge.name}]->() RETURN r.eid, r.weight, coalesce(r.w_operations, r.weight)"
            for eid, weight, through in await self.graphs.read(edge.graph, query):
                found[str(eid), "weight"] = float(str(weight))
                found[str(eid), "w_operations"] = float(str(through))
        return found


def learned(lessons: Sequence[Lesson]) -> Values:
    """Return what was learned."""
    return {(one.eid, one.lens): one.learned for one in lessons}


def shuffled(lessons: Sequence[Lesson], *, seed: int) -> Values:
    """Return the same values on other edges."""
    values: dict[tuple[UUID, str], float] = {}
    for lens in sorted({one.lens for one in lessons}):
        mine = [one for one in lessons if one.lens == lens]
        others = [one.learned for one in mine]
        random.Random(f"shuffle:{seed}").shuffle(others)
        values |= {(one.eid, lens): other for one, other in zip(mine, others, strict=True)}
    return values


def popularity(lessons: Sequence[Lesson]) -> Values:
    """Return what each edge would know if every walk over it were praise."""
    most = max((one.traversals for one in lessons), default=0)
    return {(one.eid, one.lens): log1p(one.traversals) / log1p(most) if most else 0.0 for one in lessons}


@cache
def _queries() -> dict[str, LiteralString]:
    return named(files("eval").joinpath("learning.sql").read_text(encoding="utf-8"))


def opened_postgres(settings: Settings, addresses: Addresses) -> Postgres:
    """Return truth as the writer sees it."""
    return Postgres(
        writer=addresses.writer, reader=addresses.reader, pool_size=2, timeout_seconds=settings.store_timeout_seconds
    )
