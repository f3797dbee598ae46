"""The way that led to a passage: from what the question names, told by names, edges and weights."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import pairwise
from math import inf, log
from uuid import UUID

from sonik.retrieval.answer import Reason
from sonik.retrieval.pagerank import Ends
from sonik.sql import queries
from sonik.stores.postgres import Session
from sonik.types import WalkedEdge

RETRIEVAL, PASSAGES = queries("retrieval"), queries("passages")

Way = tuple[str, ...]


def ways_to(targets: Collection[str], *, weights: Mapping[Ends, float], seeds: Mapping[str, float]) -> dict[str, Way]:
    """Return for each target the most probable walk to it from a seed, as vertices; none if there is no walk.

    A step from a vertex is as probable as its edge's share of all that leave it.
    """
    around: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for (one, other), weight in weights.items():
        around[one].append((other, weight))
        around[other].append((one, weight))
    least = {seed: -log(weight) for seed, weight in seeds.items() if weight > 0}
    heap = [(cost, seed, "") for seed, cost in least.items()]
    heapify(heap)
    came: dict[str, str] = {}
    left = set(targets)
    while heap and left:
        cost, vertex, before = heappop(heap)
        if vertex in came:
            continue
        came[vertex] = before
        left.discard(vertex)
        out = cost + log(sum(weight for _, weight in around[vertex]) or 1.0)
        for other, weight in around[vertex]:
            if weight > 0 and (there := out - log(weight)) < least.get(other, inf):
                least[other] = there
                heappush(heap, (there, other, vertex))
    return {target: _walked(target, came) for target in targets if target in came}


def _walked(target: str, came: Mapping[str, str]) -> Way:
    way = [target]
    while before := came[way[-1]]:
        way.append(before)
    return tuple(reversed(way))


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
