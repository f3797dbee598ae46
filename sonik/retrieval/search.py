"""A question's way: understand, seeds, expand, rank, hydrate; each step timed in the trace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log

from sonik.clock import Clock
from sonik.errors import InvalidInput, did_you_mean
from sonik.identity.names import fold
from sonik.ontology import SEARCHABLE_KINDS, vertex
from sonik.retrieval.cards import Card, fitting, read_cards
from sonik.retrieval.expand import Subgraph, expand, paths
from sonik.retrieval.lenses import Lens, lens
from sonik.retrieval.seeds import Named, Seeds, Sources, find_named, find_seeds, scaled
from sonik.retrieval.trace import Timer, TraversalLog, new_trace_id
from sonik.retrieval.understand import Understood, Vocabulary, parse_when, understand
from sonik.stores.graph import Graphs
from sonik.stores.vectors import TextFilter
from sonik.types import JsonObject, Near, Scope, Trace, WalkedEdge

LONGEST_QUERY = 2_000
HIDDEN_KINDS = frozenset({"market"})
# How much the graph counts beside the text: much when the question names an entity, little when it names none.
GRAPH_SHARE_NAMED = 0.75
GRAPH_SHARE_OPEN = 0.3


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A search as asked; what is given here overrules what the words say."""

    query: str
    kinds: tuple[str, ...] = ()
    market: str | None = None
    when: str | None = None
    near: Near | None = None
    lens: str | None = None
    limit: int = 8
    offset: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why an entity is a hit: the names on the path that led to it, its edge types, and the evidence."""

    path: tuple[str, ...] = ()
    edges: tuple[WalkedEdge, ...] = ()
    named: bool = False
    via: Card | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """An answer: a card, its score in [0, 1] within this question, and why it is here."""

    card: Card
    score: float
    reason: Reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a search returns; `more` says that further hits follow."""

    hits: tuple[Hit, ...]
    understood: Understood
    trace: Trace
    more: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Searcher:
    """The stores and legends a search needs."""

    sources: Sources
    graphs: Graphs
    vocabulary: Vocabulary
    clock: Clock
    log: TraversalLog
    edge_budget: int
    default_market: str | None = None

    async def search(self, question: Question, *, scope: Scope) -> Answer:
        """Answer a question with ranked, sourced hits.

        Raises:
            InvalidInput: the question or one of its filters is wrong.
        """
        timer = Timer()
        with timer.step("understand") as step:
            understood = self._understand(question)
            through = lens(question.lens)
            kinds = _kinds(question, understood)
            step.note = understood.intent
        with timer.step("link") as step:
            named = await find_named(self.sources.postgres, question.query, understood=understood, scope=scope)
            understood = _without_named_genres(understood, named)
            step.rows = len(named)
        where = self._filter(understood, through, kinds, scope)
        with timer.step("seeds") as step:
            seeds = await find_seeds(
                self.sources, question.query, named=named, understood=understood, where=where, scope=scope,
                now=self.clock.now(),
            )  # fmt: skip
            step.rows = len(seeds.kinds)
        weights = seeds.weights()
        with timer.step("expand") as step:
            subgraph = await expand(
                self.graphs, weights, scope=scope, lens=through, now=self.clock.now(), budget=self.edge_budget,
                window=understood.window,
            )  # fmt: skip
            step.rows = len(subgraph.edges)
            step.note = f"{subgraph.queries} read-only queries" + (", cut at the edge budget" if subgraph.cut else "")
        with timer.step("rank") as step:
            scores = _scores(seeds, subgraph, kinds)
            step.rows = len(scores)
        with timer.step("hydrate") as step:
            hits, more = await self._hits(scores, seeds, subgraph, weights, question, where, understood, scope)
            step.rows = len(hits)
        trace = Trace(
            trace_id=new_trace_id(), query=question.query, steps=tuple(timer.steps),
            edges=tuple({edge.eid: edge for hit in hits for edge in hit.reason.edges}.values()),
            understood=describe(understood),
        )  # fmt: skip
        self.log.add(trace, scope=scope, lens=through.name, hits=len(hits))
        return Answer(hits=tuple(hits), understood=understood, trace=trace, more=more)

    def _understand(self, question: Question) -> Understood:
        text = question.query.strip()
        if not fold(text):
            raise InvalidInput(
                "The query has no words.", next_step="Ask for a place, an artist or a night.", field="query"
            )
        if len(text) > LONGEST_QUERY:
            raise InvalidInput(
                f"The query has {len(text):,} characters; {LONGEST_QUERY:,} is the most.",
                next_step="Shorten it to the question itself.",
                field="query",
            )
        market = self.vocabulary.market(question.market) if question.market else None
        default = market.slug if market else self.default_market
        understood = understand(text, vocabulary=self.vocabulary, clock=self.clock, default_market=default)
        if market is not None:
            understood = replace(understood, market=market.slug)
        if question.near is not None:
            understood = replace(understood, near=question.near)
        if question.when:
            zone = self.vocabulary.zone(understood.market)
            understood = replace(understood, window=parse_when(question.when, zone=zone, clock=self.clock))
        return understood

    def _filter(self, understood: Understood, through: Lens, kinds: Sequence[str], scope: Scope) -> TextFilter:
        price = understood.price_max
        return TextFilter(
            scope=scope, kinds=tuple(kinds), graphs=tuple(through.graphs), market=understood.market,
            window=understood.window, genres=understood.genres, price_max=None if price is None else float(price),
            near=understood.near,
        )  # fmt: skip

    async def _hits(
        self, scores: Mapping[str, float], seeds: Seeds, subgraph: Subgraph, weights: Mapping[str, float],
        question: Question, where: TextFilter, understood: Understood, scope: Scope,
    ) -> tuple[list[Hit], bool]:  # fmt: skip
        ordered = sorted(scores, key=lambda key: (-scores[key], key))
        wanted = question.offset + question.limit
        postgres = self.sources.postgres
        candidates = await read_cards(postgres, ordered[: 3 * wanted + 20], scope=scope)
        fit = {str(card.id) for card in fitting(candidates.values(), where, is_free=understood.is_free)}
        kept = [key for key in ordered if key in fit]
        shown = kept[question.offset : wanted]
        led = paths(subgraph, weights, shown)
        between = {end for path in led.values() for edge in path for end in (edge.src, edge.dst)} - candidates.keys()
        cards = candidates | await read_cards(postgres, sorted(between), scope=scope)
        hits = [
            Hit(card=cards[key], score=round(scores[key], 4), reason=_reason(key, seeds, led.get(key, ()), cards))
            for key in shown
        ]
        return hits, len(kept) > wanted


def describe(understood: Understood) -> JsonObject:
    """Return what was understood as plain data, without empty slots."""
    window = understood.window
    full: JsonObject = {
        "language": understood.language,
        "market": understood.market,
        "when": window.label or None if window else None,
        "from": window.start.isoformat() if window else None,
        "to": window.end.isoformat() if window else None,
        "kinds": list(understood.kinds),
        "genres": list(understood.genres),
        "price_max": float(understood.price_max) if understood.price_max is not None else None,
        "currency": understood.currency if understood.price_max is not None else None,
        "is_free": understood.is_free,
        "intent": understood.intent,
    }
    return {name: value for name, value in full.items() if value not in (None, [])}


def _kinds(question: Question, understood: Understood) -> tuple[str, ...]:
    for kind in question.kinds:
        if kind not in SEARCHABLE_KINDS:
            raise InvalidInput(
                f"Unknown kind '{kind[:40]}'.", next_step=did_you_mean(kind, list(SEARCHABLE_KINDS)), field="kinds"
            )
    asked = question.kinds or understood.kinds
    graphs = lens(question.lens).graphs
    every = tuple(k for k in SEARCHABLE_KINDS if vertex(k).graph in graphs and k not in HIDDEN_KINDS)
    return tuple(dict.fromkeys(asked)) or every


def _without_named_genres(understood: Understood, named: Named) -> Understood:
    """A genre word that is part of a name asked for ("Salsa al Parque") is no filter."""
    words = {word for alias, _ in named for word in alias.folded.split()}
    kept = tuple(genre for genre in understood.genres if not set(fold(genre).split()) <= words)
    return replace(understood, genres=kept)


def _scores(seeds: Seeds, subgraph: Subgraph, kinds: Sequence[str]) -> dict[str, float]:
    """Fuse graph and text evidence by score; never by rank, which lets the weaker list drag the better one down."""
    known = {**subgraph.kinds, **seeds.kinds}
    allowed = {key for key, kind in known.items() if kind in kinds}
    graph = scaled({key: log(max(subgraph.rank.get(key, 0.0), 1e-12)) for key in allowed})
    text = seeds.text
    listed = {key: 1.0 - place / (2 * len(seeds.listed)) for place, key in enumerate(seeds.listed)}
    if listed:
        return {key: score for key, score in listed.items() if key in allowed}
    share = GRAPH_SHARE_NAMED if seeds.named else GRAPH_SHARE_OPEN
    return {key: share * graph.get(key, 0.0) + (1 - share) * text.get(key, 0.0) for key in allowed}


def _reason(key: str, seeds: Seeds, path: Sequence[WalkedEdge], cards: Mapping[str, Card]) -> Reason:
    """Name the way to a hit; an edge whose ends the caller may not see is not told."""
    names: list[str] = []
    via = None
    vertex_id = _start(path, key)
    for edge in path:
        here, there = cards.get(vertex_id), cards.get(edge.dst if edge.src == vertex_id else edge.src)
        if here is None or there is None:
            return Reason(named=key in seeds.named)
        names += [here.name] if not names else []
        names += [edge.type, there.name]
        vertex_id = str(there.id)
        if there.kind == "event" and vertex_id != key:
            via = there
    return Reason(path=tuple(names), edges=tuple(path), named=key in seeds.named, via=via)


def _start(path: Sequence[WalkedEdge], target: str) -> str:
    vertex_id = target
    for edge in reversed(path):
        vertex_id = edge.src if edge.dst == vertex_id else edge.dst
    return vertex_id
