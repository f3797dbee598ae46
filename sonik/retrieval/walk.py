"""Follow routes through the graphs: one read-only query takes every route a leg on, all that a graph allows at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from sonik.ontology import BY_KIND, Graph, kind_of
from sonik.retrieval.expand import moments
from sonik.retrieval.lenses import Lens
from sonik.retrieval.patterns import Leg, Route
from sonik.retrieval.trace import Timer
from sonik.stores.graph import CYPHER
from sonik.stores.graph_wire import GraphReader, Value
from sonik.types import Scope, Step, WalkedEdge

UNPLACED = 10_000
# What stands for an edge where two graphs meet by likeness and not by id, and what it is worth beside one.
NEAREST = "NEAREST"
NEAREST_WORTH = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """Query by query, most edges taken from one vertex, and most vertices a query starts from."""

    fanouts: tuple[int, ...]
    frontiers: tuple[int, ...]

    def at(self, query: int) -> tuple[int, int]:
        """Return both for a query, counted from 0."""
        step = min(query, len(self.fanouts) - 1)
        return self.fanouts[step], self.frontiers[step]


# A list should be whole; what is ranked by PageRank needs the strong edges only, and far steps cost most.
WIDE = Reach(fanouts=(100, 40, 15, 10), frontiers=(100, 100, 40, 40))
NARROW = Reach(fanouts=(100, 15, 15, 10), frontiers=(100, 25, 25, 25))
Stop = tuple[int, int]  # a route by its place in the list, and how many of its legs are behind


@dataclass(frozen=True, kw_only=True, slots=True)
class Crossing:
    """An edge as a walk crosses it: from where, to what, and its place in a line-up."""

    edge: WalkedEdge
    start: str
    end: str
    kind: str
    name: str
    position: int

    @property
    def outgoing(self) -> bool:
        """Whether it was walked along its direction."""
        return self.edge.src == self.start


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """How a vertex was reached: over all ways together, and by the best of them.

    The strength of a way is the product of weight x lens value of its edges; `strength` is the chance that at least
    one holds, ``1 - product(1 - s)``.
    """

    kind: str
    strength: float = 1.0
    best: float = 1.0
    path: tuple[Crossing, ...] = ()

    def __contains__(self, vertex: str) -> bool:
        return any(vertex in (crossing.start, crossing.end) for crossing in self.path)

    def joined(self, other: "Way") -> "Way":
        """Return this way and another one to the same vertex as one."""
        better = self if self.best >= other.best else other
        strength = 1.0 - (1.0 - self.strength) * (1.0 - other.strength)
        return Way(kind=self.kind, strength=strength, best=better.best, path=better.path)


@dataclass(kw_only=True, slots=True)
class Walked:
    """What a walk found: the way to every vertex at the end of a route, all edges it fetched, and its queries."""

    ends: dict[str, Way] = field(default_factory=dict)
    edges: dict[str, WalkedEdge] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    cut: bool = False


class Across(Protocol):
    """What finds a way to another graph where no ids meet."""

    async def across(self, starts: Sequence[str], leg: Leg, *, scope: Scope, least: float) -> list[Crossing]:
        """Return crossings from vertices to vertices of a leg's kinds."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Walker:
    """What every query of a walk needs: the graphs, who asks and as of when, the lens, and the limits."""

    graphs: GraphReader
    bridge: Across
    scope: Scope
    through: Lens
    now: datetime
    budget: int
    reach: Reach = WIDE
    min_confidence: float = 0.0

    async def walk(self, start: str, kind: str, routes: Sequence[Route]) -> Walked:
        """Follow routes from a vertex. A graph is walked as far as it goes before the next one is asked."""
        walked = Walked()
        reached: dict[Stop, dict[str, Way]] = {(place, 0): {start: Way(kind=kind)} for place in range(len(routes))}
        pending = list(reached)
        graph: Graph | None = None
        while pending and len(walked.edges) < self.budget:
            graph = _next_graph(graph, [_leg(routes, stop).graph for stop in pending])
            turn = [stop for stop in pending if _leg(routes, stop).graph == graph]
            pending = [stop for stop in pending if stop not in turn]
            crossings = await self._fetch(graph, [_leg(routes, s) for s in turn], _standing(reached, turn), walked)
            for stop in turn:
                reached[_next(stop)] = self._advance(reached[stop], _leg(routes, stop), crossings, start)
            await self._bridge_gap([stop for stop in turn if _crosses(routes, stop)], routes, reached, walked)
            for stop in map(_next, turn):
                if stop[1] == len(routes[stop[0]].legs):
                    _arrive(walked.ends, reached[stop])
                elif reached[stop]:
                    pending.append(stop)
        return walked

    async def _bridge_gap(
        self, gap: Sequence[Stop], routes: Sequence[Route], reached: dict[Stop, dict[str, Way]], walked: Walked
    ) -> None:
        """Where no route came into the other graph by ids, cross by nearest texts; they are those of today only."""
        if not gap or self.scope.as_of or any(reached[_next(stop)] for stop in gap):
            return
        with Timer(steps=walked.steps).step("vectors") as step:
            step.note = f"nearest of {len(gap)} routes"
            for stop in gap:
                leg = _leg(routes, stop)
                vertices = _standing(reached, [stop])
                found = await self.bridge.across(vertices, leg, scope=self.scope, least=self.min_confidence)
                nearest = replace(leg, types=(NEAREST,), direction="out")
                reached[_next(stop)] = self._advance(reached[stop], nearest, _around(found), "")
                step.rows += len(found)

    async def _fetch(
        self, graph: Graph, legs: Sequence[Leg], vertices: list[str], walked: Walked
    ) -> Mapping[str, list[Crossing]]:
        """Read the edges of some legs around some vertices, and note the query."""
        out, into = (_types(legs, direction) for direction in ("out", "in"))
        query = CYPHER["walk"].replace("{types}", "|".join(dict.fromkeys((*out, *into))))
        query = query.replace("{tail}", "-" if out else "<-").replace("{head}", "-" if into else "->")
        query = query.replace("{weight}", f"w_{self.through.name}")
        left = self.budget - len(walked.edges)
        fanout, most = self.reach.at(len(walked.steps))
        limits = {"ids": vertices[:most], "out": out, "into": into, "fanout": fanout, "budget": left}
        with Timer(steps=walked.steps).step(graph) as step:
            step.note = f"{', '.join(dict.fromkeys((*out, *into)))} of {min(len(vertices), most)}"
            rows = await self.graphs.read(graph, query, {**self._seen(), **limits})
            step.rows = len(rows)
        around = _around(_crossing(graph, row) for row in rows)
        walked.edges |= {crossing.edge.eid: crossing.edge for found in around.values() for crossing in found}
        full = any(len(found) >= fanout for found in around.values())
        walked.cut = walked.cut or full or len(rows) >= left or len(vertices) > most
        return around

    def _advance(
        self, ways: Mapping[str, Way], leg: Leg, crossings: Mapping[str, list[Crossing]], start: str
    ) -> dict[str, Way]:
        """Take the ways of a route a leg on; none comes back to where it has been."""
        found: dict[str, Way] = {}
        for vertex, way in ways.items():
            for crossing in crossings.get(vertex, ()):
                end = crossing.end
                if end == start or end in way or not self._follows(crossing, leg):
                    continue
                value = NEAREST_WORTH if crossing.edge.type == NEAREST else self.through.edges[crossing.edge.type]
                worth = crossing.edge.weight * value
                longer = Way(
                    kind=crossing.kind, strength=way.strength * worth, best=way.best * worth,
                    path=(*way.path, crossing),
                )  # fmt: skip
                found[end] = found[end].joined(longer) if end in found else longer
        return found

    def _follows(self, crossing: Crossing, leg: Leg) -> bool:
        if crossing.kind in self.through.hides:
            return False
        return leg.leads(crossing.edge.type, outgoing=crossing.outgoing, kind=crossing.kind)

    def _seen(self) -> dict[str, object]:
        scope = self.scope
        return {
            "collection": scope.collection, "staff": scope.role == "staff", "org": scope.organisation or "",
            **moments(scope, now=self.now), "min_confidence": self.min_confidence,
        }  # fmt: skip


def _leg(routes: Sequence[Route], stop: Stop) -> Leg:
    return routes[stop[0]].legs[stop[1]]


def _next(stop: Stop) -> Stop:
    return stop[0], stop[1] + 1


def _crosses(routes: Sequence[Route], stop: Stop) -> bool:
    """Say whether the next leg leads to kinds that are at home in another graph than those it comes from."""
    route, behind = routes[stop[0]], stop[1]
    before = route.legs[behind - 1].kinds if behind else route.starts
    return bool(before and route.legs[behind].kinds) and not _homes(before) & _homes(route.legs[behind].kinds)


def _homes(kinds: Sequence[str]) -> set[Graph]:
    return {BY_KIND[kind].graph for kind in kinds}


def _next_graph(current: Graph | None, asked: Sequence[Graph]) -> Graph:
    return current if current is not None and current in asked else asked[0]


def _types(legs: Sequence[Leg], direction: str) -> list[str]:
    walked: Iterator[str] = (name for leg in legs if leg.direction in (direction, "both") for name in leg.types)
    return list(dict.fromkeys(walked))


def _standing(reached: Mapping[Stop, Mapping[str, Way]], turn: Sequence[Stop]) -> list[str]:
    """Return the vertices some routes stand on, the strongest first."""
    strongest: dict[str, float] = {}
    for stop in turn:
        for vertex, way in reached[stop].items():
            strongest[vertex] = max(way.strength, strongest.get(vertex, 0.0))
    return sorted(strongest, key=lambda vertex: (-strongest[vertex], vertex))


def _around(crossings: Iterable[Crossing]) -> dict[str, list[Crossing]]:
    around: dict[str, list[Crossing]] = {}
    for crossing in crossings:
        around.setdefault(crossing.start, []).append(crossing)
    return around


def _arrive(ends: dict[str, Way], arrived: Mapping[str, Way]) -> None:
    for vertex, way in arrived.items():
        ends[vertex] = ends[vertex].joined(way) if vertex in ends else way


def _crossing(graph: Graph, row: Sequence[Value]) -> Crossing:
    start, eid, edge_type, outgoing, end, weight, label, name, position = row
    src, dst = (str(start), str(end)) if outgoing else (str(end), str(start))
    edge = WalkedEdge(eid=str(eid), graph=graph, src=src, type=str(edge_type), dst=dst, weight=float(str(weight)))
    placed = int(position) if isinstance(position, int | float) else UNPLACED
    return Crossing(edge=edge, start=str(start), end=str(end), kind=kind_of(label), name=str(name), position=placed)
