"""From the seeds through the graph: fetch the weighted neighbourhood, then let personalised PageRank rank it."""

import heapq
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sonik.ontology import Graph, kind_of
from sonik.retrieval.lenses import Lens
from sonik.retrieval.pagerank import pagerank, worths
from sonik.stores.graph import CYPHER
from sonik.stores.graph_wire import GraphReader, Value
from sonik.sync.edges import FOREVER
from sonik.types import Scope, WalkedEdge, Window

# The likeliest vertices the walk goes on from, and the most edges of one.
FRONTIER = 20
WIDEST = 100
HOPS = 2
# Without a moment an edge counts whenever it was learned.
LEARNED = FOREVER - 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Breadth:
    """How far a walk goes: the heaviest seeds it starts from, and about how many edges it fetches hop by hop.

    The edges of a hop are shared among the vertices they start from.
    """

    seeds: int
    edges: tuple[int, ...]


SAMPLED = Breadth(seeds=25, edges=(400, 200))
"""What is likeliest around the seeds."""
BESIDE = Breadth(seeds=25, edges=(400,))
"""What stands beside the first seeds."""
WHOLE = Breadth(seeds=150, edges=(1_500,))
"""Everybody beside the events of somebody."""


@dataclass(kw_only=True, slots=True)
class Subgraph:
    """The neighbourhood of the seeds: kinds by vertex, edges by id, and the PageRank of every vertex."""

    kinds: dict[str, str] = field(default_factory=dict)
    edges: dict[str, WalkedEdge] = field(default_factory=dict)
    rank: dict[str, float] = field(default_factory=dict)
    cut: bool = False
    queries: int = 0

    def add(self, graph: Graph, row: Sequence[Value]) -> WalkedEdge:
        """Take in one fetched edge."""
        eid, edge_type, src, dst, weight, src_label, dst_label = row
        edge = WalkedEdge(
            eid=str(eid), graph=graph, src=str(src), type=str(edge_type), dst=str(dst), weight=float(str(weight))
        )
        self.edges[edge.eid] = edge
        self.kinds[edge.src] = kind_of(src_label)
        self.kinds[edge.dst] = kind_of(dst_label)
        return edge


async def expand(
    graphs: GraphReader, seeds: Mapping[str, float], *, scope: Scope, lens: Lens, budget: int, now: datetime,
    window: Window | None = None, breadth: Breadth = SAMPLED,
) -> Subgraph:  # fmt: skip
    """Fetch up to `budget` edges around the heaviest seeds and rank them by PageRank.

    Args:
        graphs: where to look.
        seeds: weight by vertex id; weights need not sum to 1.
        scope: who asks, and as of when.
        lens: which edge types are walked and what they are worth.
        budget: most edges fetched from one graph.
        now: the present moment; what has ended by then is not walked.
        window: events outside it are not walked.
        breadth: how many seeds, hops and edges.
    """
    found = Subgraph()
    heaviest = {key: seeds[key] for key in heapq.nlargest(breadth.seeds, seeds, key=lambda key: seeds[key])}
    params = _params(scope, window=window, now=now)
    for graph in lens.graphs:
        mass, seen = heaviest, set(heaviest)
        for wanted in breadth.edges:
            left = budget - len(found.edges)
            if left <= 0 or not mass:
                break
            query = CYPHER["neighbourhood"].replace("{types}", "|".join(lens.types(graph)))
            query = query.replace("{weight}", f"w_{lens.name}")
            limits = {"ids": list(mass), "fanout": min(WIDEST, -(-wanted // len(mass))), "budget": left}
            rows = await graphs.read(graph, query, {**params, **limits})
            found.queries += 1
            found.cut = found.cut or len(rows) >= left
            mass = _flow(mass, [found.add(graph, row) for row in rows], seen, lens)
            seen.update(mass)
    found.rank = pagerank(worths(found.edges.values(), values=lens.edges), seeds)
    return found


def paths(subgraph: Subgraph, seeds: Mapping[str, float], targets: Iterable[str]) -> dict[str, tuple[WalkedEdge, ...]]:
    """Return the strongest path (largest product of weights) from any seed to each target, where there is one."""
    around: dict[str, list[WalkedEdge]] = defaultdict(list)
    for edge in subgraph.edges.values():
        around[edge.src].append(edge)
        around[edge.dst].append(edge)
    top = max(seeds.values(), default=1.0)
    heap = [(-math.log(max(weight, 1e-9) / top), seed) for seed, weight in seeds.items() if seed in around]
    heapq.heapify(heap)
    cost = {seed: start for start, seed in heap}
    came: dict[str, WalkedEdge] = {}
    while heap:
        spent, vertex = heapq.heappop(heap)
        if spent > cost.get(vertex, math.inf):
            continue
        for edge in around[vertex]:
            other = edge.dst if edge.src == vertex else edge.src
            total = spent - math.log(max(edge.weight, 1e-9))
            if total < cost.get(other, math.inf):
                cost[other] = total
                came[other] = edge
                heapq.heappush(heap, (total, other))
    return {target: _walk_back(target, came) for target in targets if target in came}


def _flow(
    mass: Mapping[str, float], edges: Sequence[WalkedEdge], seen: Collection[str], lens: Lens
) -> dict[str, float]:
    """Return the vertices that most weight flows to over some edges, apart from those seen before."""
    reached: dict[str, float] = defaultdict(float)
    for edge in edges:
        worth = edge.weight * lens.edges[edge.type]
        for near, far in ((edge.src, edge.dst), (edge.dst, edge.src)):
            if near in mass and far not in seen:
                reached[far] += mass[near] * worth
    return {key: reached[key] for key in heapq.nlargest(FRONTIER, reached, key=lambda key: reached[key])}


def _walk_back(target: str, came: Mapping[str, WalkedEdge]) -> tuple[WalkedEdge, ...]:
    steps: list[WalkedEdge] = []
    vertex = target
    while vertex in came and len(steps) <= HOPS + 1:
        edge = came[vertex]
        steps.append(edge)
        vertex = edge.src if edge.dst == vertex else edge.dst
    return tuple(reversed(steps))


def moments(scope: Scope, *, now: datetime) -> dict[str, object]:
    """Return the parameters that tell which edges hold: known by then, and not ended."""
    return {
        "known_by": scope.as_of.timestamp() if scope.as_of else LEARNED,
        "at": (scope.as_of or now).timestamp(),
    }


def _params(scope: Scope, *, window: Window | None, now: datetime) -> dict[str, object]:
    return {
        "collection": scope.collection,
        "staff": scope.role == "staff",
        "org": scope.organisation or "",
        **moments(scope, now=now),
        "since": window.start.timestamp() if window else 0.0,
        "until": window.end.timestamp() if window else FOREVER,
    }
