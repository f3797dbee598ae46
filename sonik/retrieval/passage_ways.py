"""The way that led to a passage: how its rank came from what the question names, told by names, edges and weights."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from sonik.retrieval.answer import Reason
from sonik.retrieval.passage_walk import Ends
from sonik.sql import queries
from sonik.stores.postgres import Session
from sonik.types import WalkedEdge

RETRIEVAL, PASSAGES = queries("retrieval"), queries("passages")
# The longest way that is told: from a phrase over two passages and the phrases between them to a third.
MOST_STEPS = 6


class Ways:
    """How rank came to passages: the strongest inflow, vertex by vertex, back to a seed."""

    def __init__(self, weights: Mapping[Ends, float], rank: Mapping[str, float], seeds: Iterable[str]) -> None:
        self._around: dict[str, list[tuple[str, float]]] = defaultdict(list)
        for (one, other), weight in weights.items():
            self._around[one].append((other, weight))
            self._around[other].append((one, weight))
        self._rank = rank
        self._seeds = set(seeds)

    def to(self, target: str) -> list[str]:
        """Return the vertices most of a passage's rank came along, from a seed to it; itself if there is no way."""
        way = [target]
        while len(way) < MOST_STEPS and (len(way) == 1 or way[-1] not in self._seeds):
            before = self._before(way[-1], but=way)
            if before is None:
                break
            way.append(before)
        return way[::-1] if way[-1] in self._seeds else [target]

    def _before(self, vertex: str, *, but: Sequence[str]) -> str | None:
        inflow = [
            (weight * self._rank.get(other, 0.0) / sum(out for _, out in self._around[other]), other)
            for other, weight in self._around.get(vertex, ()) if other not in but
        ]  # fmt: skip
        return max(inflow)[1] if inflow else None


@dataclass(frozen=True, kw_only=True, slots=True)
class ToldWays:
    """Names and edges of some ways, as far as the caller may see them."""

    names: Mapping[str, str]
    edges: Mapping[Ends, WalkedEdge]

    def reason(self, way: Sequence[str]) -> Reason:
        """Tell a way; one that crosses something the caller may not see is not told."""
        steps = [self.edges.get(_between(*step)) for step in pairwise(way)]
        known = [edge for edge in steps if edge is not None]
        if not steps or len(known) < len(steps) or any(vertex not in self.names for vertex in way):
            return Reason()
        path = [self.names[way[0]]]
        for edge, vertex in zip(known, way[1:], strict=True):
            path += [edge.type, self.names[vertex]]
        return Reason(path=tuple(path), edges=tuple(known))


async def read_ways(session: Session, ways: Iterable[Sequence[str]], *, weights: Mapping[Ends, float]) -> ToldWays:
    """Read the names and edges along some ways."""
    ways = list(ways)
    vertices = sorted({vertex for way in ways for vertex in way})
    steps = sorted({_between(*step) for way in ways for step in pairwise(way)})
    rows = await session.rows(RETRIEVAL["signposts"], {"ids": [UUID(vertex) for vertex in vertices]})
    params = {"ones": [UUID(one) for one, _ in steps], "others": [UUID(other) for _, other in steps]}
    edges = {}
    for row in await session.rows(PASSAGES["edges_between"], params) if steps else ():
        src, dst = str(row["src"]), str(row["dst"])
        edges[_between(src, dst)] = WalkedEdge(
            eid=str(row["eid"]), graph="knowledge", src=src, type=str(row["type"]), dst=dst,
            weight=weights[_between(src, dst)],
        )  # fmt: skip
    return ToldWays(names={str(row["id"]): str(row["name"]) for row in rows}, edges=edges)


def _between(one: str, other: str) -> Ends:
    return (one, other) if one < other else (other, one)
