"""Named patterns: the ways through the graphs an agent may ask for, as data.

A route reads as it is walked: ``venue <HOSTED_BY event <PERFORMS_AT artist`` goes from a venue against the edges
HOSTED_BY to its events, and on to whoever performs there. ``|`` stands between alternatives; the graph of each leg is
that of its edges, and where it changes the walk goes on in the other graph from the same ids.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sonik.errors import InvalidInput, did_you_mean
from sonik.ontology import BY_EDGE, GRAPHS, Graph, vertex
from sonik.retrieval.lenses import Lens

Direction = Literal["out", "in", "both"]
Order = Literal["strength", "position", "pagerank"]
MOST_HOPS = 3
_DIRECTION: Mapping[str, Direction] = {">": "out", "<": "in"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Leg:
    """One step: edges of these types in one direction, to vertices of these kinds (none named: of any)."""

    graph: Graph
    types: tuple[str, ...]
    direction: Direction
    kinds: tuple[str, ...] = ()

    def leads(self, edge_type: str, *, outgoing: bool, kind: str) -> bool:
        """Say whether an edge, seen from where the step starts, is one of this step."""
        along = self.direction == "both" or (self.direction == "out") == outgoing
        return along and edge_type in self.types and (not self.kinds or kind in self.kinds)


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """A way from vertices of some kinds (none named: of any), leg by leg."""

    starts: tuple[str, ...]
    legs: tuple[Leg, ...]

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """The graphs it goes through, in the order of the ontology."""
        walked = {leg.graph for leg in self.legs}
        return tuple(graph for graph in GRAPHS if graph in walked)

    def starts_at(self, kind: str) -> bool:
        """Say whether it starts at vertices of a kind."""
        return not self.starts or kind in self.starts

    def through(self, lens: Lens) -> "Route | None":
        """Return the route without edges that a lens does not walk; None where a leg would have none left."""
        legs = [replace(leg, types=tuple(name for name in leg.types if name in lens.edges)) for leg in self.legs]
        return replace(self, legs=tuple(legs)) if all(leg.types for leg in legs) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """A question that can be asked of a vertex, the routes that answer it, and the order of the answers.

    `lens` is the one it is seen through when none is asked for. One without routes is open: every edge of the lens.
    """

    name: str
    answers: str
    lens: str
    order: Order
    routes: tuple[Route, ...] = ()

    @property
    def starts(self) -> tuple[str, ...]:
        """The kinds it can start at; none for any."""
        return tuple(dict.fromkeys(kind for route in self.routes for kind in route.starts))

    @property
    def graphs(self) -> tuple[Graph, ...]:
        """The graphs it can go through."""
        walked = {graph for route in self.routes for graph in route.graphs}
        return tuple(graph for graph in GRAPHS if graph in walked or not self.routes)

    def starts_at(self, kind: str) -> bool:
        """Say whether it can start at vertices of a kind."""
        return not self.routes or kind in self.starts

    def routes_from(self, kind: str, *, graphs: Sequence[Graph], hops: int | None, through: Lens) -> tuple[Route, ...]:
        """Return the routes from a kind within some graphs and hops, with those edges that the lens walks.

        Without `hops` an open pattern takes one, and any other as many as its routes have.
        """
        routes = self.routes or _around(graphs, hops=hops or 1, through=through)
        seen = (route.through(through) for route in routes if route.starts_at(kind))
        return tuple(
            route
            for route in seen
            if route is not None and set(route.graphs) <= set(graphs) and len(route.legs) <= (hops or len(route.legs))
        )


def _around(graphs: Sequence[Graph], *, hops: int, through: Lens) -> tuple[Route, ...]:
    """Return the routes of an open pattern: up to so many legs over all edges of the lens, graph by graph."""
    legs = [Leg(graph=graph, types=through.types(graph), direction="both") for graph in graphs if through.types(graph)]
    return tuple(Route(starts=(), legs=(leg,) * length) for leg in legs for length in range(1, hops + 1))


def _route(text: str) -> Route:
    """Read a route such as ``venue <HOSTED_BY event``."""
    start, *steps = text.split()
    legs = []
    for edges, kinds in zip(steps[::2], steps[1::2], strict=True):
        types = tuple(edges[1:].split("|"))
        graph = BY_EDGE[types[0]].graph
        legs.append(Leg(graph=graph, types=types, direction=_DIRECTION[edges[0]], kinds=tuple(kinds.split("|"))))
    return Route(starts=tuple(start.split("|")), legs=tuple(legs))


def _pattern(name: str, answers: str, routes: str = "", *, lens: str = "operations", order: Order) -> Pattern:
    lines = (line.strip() for line in routes.splitlines())
    return Pattern(
        name=name, answers=answers, lens=lens, order=order, routes=tuple(_route(line) for line in lines if line)
    )


_PROMOTER = "organization|brand|person"
_PLAYERS = "venue|artist|organization|brand"

PATTERNS: Mapping[str, Pattern] = {
    pattern.name: pattern
    for pattern in (
        _pattern(
            "artists_at_venue",
            "who plays or played at a venue",
            "venue <HOSTED_BY event <PERFORMS_AT artist",
            order="strength",
        ),
        _pattern(
            "venues_by_promoter",
            "where a promoter puts on events",
            f"{_PROMOTER} <PROMOTED_BY event >HOSTED_BY venue",
            order="strength",
        ),
        _pattern("lineup", "who plays an event, in order", "event <PERFORMS_AT artist", order="position"),
        _pattern(
            "similar",
            "what shares bills, places, promoters or code with it",
            """
            artist >PERFORMS_AT event <PERFORMS_AT artist
            artist >PERFORMS_AT event >HOSTED_BY venue <HOSTED_BY event <PERFORMS_AT artist
            venue <HOSTED_BY event <PERFORMS_AT artist >PERFORMS_AT event >HOSTED_BY venue
            venue <HOSTED_BY event >PROMOTED_BY organization|brand <PROMOTED_BY event >HOSTED_BY venue
            organization|brand <PROMOTED_BY event >HOSTED_BY venue <HOSTED_BY event >PROMOTED_BY organization|brand
            organization|brand <PROMOTED_BY event <PERFORMS_AT artist >PERFORMS_AT event >PROMOTED_BY organization|brand
            event <PERFORMS_AT artist >PERFORMS_AT event
            event >HOSTED_BY venue <HOSTED_BY event
            event >PROMOTED_BY organization|brand <PROMOTED_BY event
            feature <IMPLEMENTS code >IMPLEMENTS feature
            code >IMPLEMENTS feature <IMPLEMENTS code
            code >DEPENDS_ON code <DEPENDS_ON code
            concept >RELATES_TO feature|code|document <RELATES_TO concept
            """,
            order="pagerank",
        ),
        _pattern(
            "influence",
            "whom and what it moved; of an event, place or act: what moved people to it",
            f"""
            person >REFERRED person
            person >SHARED event|content
            person >REFERRED person >SHARED|ATTENDED event
            person <AUTHORED_BY content
            content <SHARED person
            content >INFLUENCED purchase >TICKET_FOR ticket >TICKET_FOR event
            content >ABOUT|MENTIONS event|{_PLAYERS}
            campaign <CONVERTED_VIA person
            campaign >PROMOTES event|{_PLAYERS}
            event <SHARED person
            event <SHARED person <REFERRED person
            event <TICKET_FOR ticket <TICKET_FOR purchase <INFLUENCED content
            event|{_PLAYERS} <PROMOTES campaign
            event|{_PLAYERS}|person <ABOUT|MENTIONS content
            venue <HOSTED_BY event <SHARED person
            venue <HOSTED_BY event <PROMOTES campaign
            venue <HOSTED_BY event <ABOUT|MENTIONS content
            artist >PERFORMS_AT event <SHARED person
            artist >PERFORMS_AT event <PROMOTES campaign
            artist >PERFORMS_AT event <ABOUT|MENTIONS content
            """,
            lens="virality",
            order="strength",
        ),
        _pattern(
            "impact",
            "what a code or feature change touches; of a page, place or event: which changes touched it",
            """
            code >IMPLEMENTS feature
            code >IMPLEMENTS feature >IMPACTS revenue|sentiment|content
            code <DEPENDS_ON code >IMPLEMENTS feature
            feature_flag >ENABLES feature
            feature_flag >ENABLES feature >IMPACTS revenue|sentiment|content
            concept >RELATES_TO feature >IMPACTS revenue|sentiment|content
            feature >IMPACTS revenue|sentiment|content
            feature >IMPACTS content >ABOUT|MENTIONS event|venue|artist|organization
            revenue|sentiment|content <IMPACTS feature
            revenue|sentiment|content <IMPACTS feature <IMPLEMENTS code
            revenue|sentiment|content <IMPACTS feature <ENABLES feature_flag
            event|venue|artist|organization <ABOUT|MENTIONS content <IMPACTS feature
            venue <HOSTED_BY event <ABOUT|MENTIONS content <IMPACTS feature
            """,
            order="strength",
        ),
        _pattern("neighbors", "what is around it, up to max_hops", order="pagerank"),
    )
}


def pattern(name: str) -> Pattern:
    """Return a pattern by name.

    Raises:
        InvalidInput: there is no such pattern.
    """
    if name not in PATTERNS:
        hint = did_you_mean(name, list(PATTERNS))
        raise InvalidInput(f"Unknown pattern '{name[:40]}'.", next_step=hint, field="pattern")
    return PATTERNS[name]


def fitting_patterns(kind: str) -> list[str]:
    """Return the names of the patterns that can start at a kind."""
    vertex(kind)
    return [found.name for found in PATTERNS.values() if found.starts_at(kind)]
