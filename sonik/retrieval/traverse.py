"""Walk a named pattern from one entity: resolve the start, follow the routes, rank, hydrate under row security."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID
from zoneinfo import ZoneInfo

from sonik.clock import Clock
from sonik.errors import InvalidInput, NotFound, did_you_mean
from sonik.learning.log import TraversalLog
from sonik.ontology import EDGES, GRAPHS, Graph, graphs_of, vertex
from sonik.retrieval.cards import Card, cards_of, edges_seen, read_cards
from sonik.retrieval.lenses import LENS_OF, LENSES, Lens, lens, over, permitted
from sonik.retrieval.missing import doing_without
from sonik.retrieval.pagerank import pagerank, worths
from sonik.retrieval.past import Past
from sonik.retrieval.patterns import Pattern, Route, fitting_patterns, pattern
from sonik.retrieval.redaction import redacted
from sonik.retrieval.refs import Referent, find_ref
from sonik.retrieval.trace import Timer, new_trace_id
from sonik.retrieval.traversal import Findings, Found, PathStep, Signpost, Traversal
from sonik.retrieval.walk import NARROW, NEAREST, WIDE, Across, Walked, Walker, Way
from sonik.sql import queries
from sonik.stores.graph_wire import GraphReader
from sonik.stores.postgres import Postgres
from sonik.types import Carried, Scope, Trace, WalkedEdge

SQL = queries("retrieval")
EVERYTHING = Lens(name="everything", graphs=GRAPHS, edges={edge.name: 1.0 for edge in EDGES})


@dataclass(frozen=True, kw_only=True, slots=True)
class Traverser:
    """The stores a traversal needs."""

    postgres: Postgres
    graphs: GraphReader
    bridge: Across
    clock: Clock
    log: TraversalLog
    zones: Mapping[str, ZoneInfo]
    edge_budget: int

    async def traverse(self, asked: Traversal, *, scope: Scope) -> Findings:
        """Walk a pattern.

        Raises:
            InvalidInput: an argument is unknown, or the pattern does not start at such an entity or walk these graphs.
            NotFound: nothing this caller may see has the ref.
            NotAllowed: the lens is not for the caller's role.
        """
        scope = replace(scope, as_of=asked.as_of or scope.as_of)
        wanted = pattern(asked.pattern)
        timer = Timer()
        with timer.step("start") as step:
            start = await self._start(asked.start, wanted, scope=scope)
            step.rows = 1 + len(start.also)
        through = _view(asked, wanted, start.entity_type, scope=scope)
        routes = _routes(asked, wanted, start.entity_type, through=through, scope=scope)
        walker = Walker(
            graphs=self.graphs, bridge=self.bridge, scope=scope, through=through, budget=self.edge_budget,
            reach=NARROW if wanted.order == "pagerank" else WIDE, now=self.clock.now(),
            min_confidence=asked.min_confidence,
        )  # fmt: skip
        with doing_without() as lack:
            walked = await walker.walk(str(start.id), start.entity_type, routes)
        timer.steps += walked.steps
        scores = _scores(walked, wanted, start=str(start.id), through=through)
        ordered = sorted(scores, key=lambda key: _place(walked.ends[key], scores[key], wanted))
        with timer.step("hydrate") as step:
            shown = ordered[asked.offset : asked.offset + asked.limit]
            cards, posts = await self._read(shown, walked, start, scope=scope)
            cards = {key: redacted(card, through=through, scope=scope) for key, card in cards.items()}
            hits = _hits(shown, walked, scores, cards=cards, posts=posts, offset=asked.offset)
            step.rows = len(cards)
        post = posts[str(start.id)]
        trace = replace(
            _trace(asked, post, walked, hits, timer), steps=(*timer.steps, *lack.steps), missing=lack.missing
        )
        self.log.add(trace, scope=scope, lens=through.name, hits=len(hits))
        return Findings(
            start=post, namesakes=tuple(posts[str(other)] for other in start.also if str(other) in posts),
            pattern=wanted.name, lens=through.name, hits=hits, total=len(ordered), cut=walked.cut, trace=trace,
        )  # fmt: skip

    async def _start(self, ref: str, wanted: Pattern, *, scope: Scope) -> Referent:
        """Return the entity a ref names: of those that share a name, the first that the pattern can start at."""
        found = await find_ref(self.postgres, ref, scope=scope, field="start")
        if wanted.starts_at(found.entity_type):
            return found
        cards = await read_cards(self.postgres, [str(other) for other in found.also], scope=scope)
        others = [cards[str(other)] for other in found.also if str(other) in cards]
        fitting = next((card for card in others if wanted.starts_at(card.kind)), None)
        if fitting is None:
            raise _wrong_start(ref, found.entity_type, wanted)
        also = (found.id, *(other for other in found.also if other != fitting.id))
        return Referent(id=fitting.id, entity_type=fitting.kind, also=also)

    async def _read(
        self, shown: Sequence[str], walked: Walked, start: Referent, *, scope: Scope
    ) -> tuple[dict[str, Card], dict[str, Signpost]]:
        """Read the cards of what is shown, and the names of the start and all on the way, now or as known then.

        Whatever an edge leads to that the caller may not see by now has no card.

        Raises:
            NotFound: the start has gone meanwhile.
        """
        crossed = {crossing.end for key in shown for crossing in walked.ends[key].path}
        wanted = [start.id, *start.also, *map(UUID, sorted(crossed))]
        async with self.postgres.reading(scope) as session:
            posts = await session.fetch(Signpost, SQL["signposts"], {"ids": wanted})
            cards = await cards_of(session, shown) if shown else {}
            ways = {key: _edges(walked.ends[key]) for key in cards}
            told = await edges_seen(session, ways.values())
            cards = {key: card for key, card in cards.items() if told.issuperset(edge.eid for edge in ways[key])}
            if scope.as_of is not None:
                past = Past(session=session, at=scope.as_of, zones=self.zones)
                names = await past.names(wanted)
                posts = [replace(post, name=names.get(post.id, post.name)) for post in posts]
                cards = await past.cards(cards)
        named = {str(post.id): post for post in posts}
        if str(start.id) not in named:
            raise NotFound("The start is no longer there.", next_step="Find its ref with sonik_search.", field="start")
        return cards, named


def _hits(
    shown: Sequence[str], walked: Walked, scores: Mapping[str, float], *, cards: Mapping[str, Card],
    posts: Mapping[str, Signpost], offset: int,
) -> tuple[Found, ...]:  # fmt: skip
    """Return the hits in their order; one that lies behind something unseen is not told."""
    return tuple(
        Found(card=cards[key], score=round(scores[key], 4), place=place, path=_path(walked.ends[key], posts))
        for place, key in enumerate(shown, start=offset)
        if key in cards and all(crossing.end in posts for crossing in walked.ends[key].path)
    )


def _view(asked: Traversal, wanted: Pattern, kind: str, *, scope: Scope) -> Lens:
    """Return the lens to look through, over the graphs to walk: those asked for, else the pattern's, else the start's.

    A lens that was not asked for is the pattern's, or that of the graph if the pattern's does not look at it.
    """
    own = graphs_of(vertex(kind).label)[:1]
    graphs = _graphs(asked.graphs)
    if asked.lens:
        through = permitted(lens(asked.lens), scope)
        graphs = graphs or (wanted.graphs if wanted.routes else through.graphs)
        if not set(graphs) & set(through.graphs):
            others = [LENS_OF[graph] for graph in graphs]
            told = f"The {through.name} lens does not look at the graph {' or '.join(graphs)}."
            raise InvalidInput(told, next_step=f"Leave the lens out, or use {' or '.join(others)}.", field="lens")
        return over(through, graphs, scope=scope)
    graphs = graphs or (wanted.graphs if wanted.routes else own)
    preferred = lens(wanted.lens)
    seen_by_it = bool(set(graphs) & set(preferred.graphs))
    return over(preferred if seen_by_it else lens(LENS_OF[graphs[0]]), graphs, scope=scope)


def _graphs(names: Sequence[str]) -> tuple[Graph, ...]:
    for name in names:
        if name not in GRAPHS:
            hint = did_you_mean(name, list(GRAPHS))
            raise InvalidInput(f"Unknown graph '{name[:40]}'.", next_step=hint, field="graphs")
    return tuple(graph for graph in GRAPHS if graph in names)


def _routes(asked: Traversal, wanted: Pattern, kind: str, *, through: Lens, scope: Scope) -> tuple[Route, ...]:
    """Return the routes to follow, or say which argument stands in the way of all of them."""
    routes = wanted.routes_from(kind, graphs=through.graphs, hops=asked.max_hops, through=through)
    if routes:
        return routes
    ways = wanted.routes_from(kind, graphs=GRAPHS, hops=asked.max_hops, through=EVERYTHING)
    told = f"{wanted.name} has no way from kind {kind}"
    if not ways:
        step = "Leave max_hops out: this pattern goes as far as it must."
        raise InvalidInput(f"{told} of {asked.max_hops} hops.", next_step=step, field="max_hops")
    if not any(set(route.graphs) <= set(through.graphs) for route in ways):
        needed = ", ".join(graph for graph in GRAPHS if any(graph in route.graphs for route in ways))
        step = f"It walks {needed}: pass these graphs, or none."
        raise InvalidInput(f"{told} within {', '.join(through.graphs)}.", next_step=step, field="graphs")
    fitting = [
        one.name for one in LENSES.values()
        if scope.role in one.roles and wanted.routes_from(kind, graphs=one.graphs, hops=asked.max_hops, through=one)
    ]  # fmt: skip
    step = f"Use {', '.join(fitting)}." if fitting else "Leave the lens out."
    raise InvalidInput(f"{told} through the {through.name} lens.", next_step=step, field="lens")


def _wrong_start(ref: str, kind: str, wanted: Pattern) -> InvalidInput:
    return InvalidInput(
        f"{wanted.name} starts at {' or '.join(wanted.starts)}; '{ref[:80]}' is of kind {kind}.",
        next_step=f"Patterns from {kind}: {', '.join(fitting_patterns(kind))}.",
        field="start",
    )


def _scores(walked: Walked, wanted: Pattern, *, start: str, through: Lens) -> dict[str, float]:
    """Return a score in [0, 1] for every end: the strength of its ways, or its PageRank beside the highest one."""
    if wanted.order != "pagerank" or not walked.ends:
        return {key: round(way.strength, 6) for key, way in walked.ends.items()}
    rank = pagerank(worths(walked.edges.values(), values=through.edges), {start: 1.0})
    top = max(rank.get(key, 0.0) for key in walked.ends) or 1.0
    return {key: round(rank.get(key, 0.0) / top, 6) for key in walked.ends}


def _place(way: Way, score: float, wanted: Pattern) -> tuple[float, float, str, str]:
    """Return where an end stands in the answer; those of equal score stand by name."""
    last = way.path[-1]
    return (float(last.position) if wanted.order == "position" else 0.0, -score, last.name, last.end)


def _path(way: Way, posts: Mapping[str, Signpost]) -> tuple[PathStep, ...]:
    return tuple(
        PathStep(
            type=crossing.edge.type, outgoing=crossing.outgoing, weight=crossing.edge.weight,
            graph=crossing.edge.graph, end=posts[crossing.end],
        )
        for crossing in way.path
    )  # fmt: skip


def _trace(asked: Traversal, start: Signpost, walked: Walked, hits: Sequence[Found], timer: Timer) -> Trace:
    ways = {key: _edges(walked.ends[key]) for key in (str(hit.card.id) for hit in hits)}
    edges = {edge.eid: edge for way in ways.values() for edge in way}
    return Trace(
        trace_id=new_trace_id(), query=f"{asked.pattern} {start.ref}", steps=tuple(timer.steps),
        edges=tuple(edges.values()),
        carried=tuple(Carried(id=key, edges=tuple(edge.eid for edge in way)) for key, way in ways.items()),
        understood={"pattern": asked.pattern, "start": start.ref, "kind": start.kind},
    )  # fmt: skip


def _edges(way: Way) -> list[WalkedEdge]:
    return [crossing.edge for crossing in way.path if crossing.edge.type != NEAREST]
