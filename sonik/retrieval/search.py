"""A question's way: understand, link, seeds, expand, rank, hydrate; each step timed in the trace."""

from collections.abc import Sequence
from dataclasses import dataclass

from sonik.clock import Clock
from sonik.learning.log import TraversalLog
from sonik.retrieval.answer import Answer, Hit, reason
from sonik.retrieval.cards import fitting, read_cards, read_outlines
from sonik.retrieval.expand import HOPS, expand, paths
from sonik.retrieval.linking import find_mentions
from sonik.retrieval.question import Asked, Question, checked, describe, read_question
from sonik.retrieval.rank import fuse
from sonik.retrieval.seeds import QuestionVector, Seeds, Sources, find_seeds
from sonik.retrieval.trace import Timer, new_trace_id
from sonik.retrieval.vocabulary import Vocabulary
from sonik.stores.graph import Graphs
from sonik.types import Carried, Scope, Trace

# How many candidates are checked for each one that is shown: the graph reaches events that the filter refuses.
OVERSAMPLE = 4
SPARE = 20


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
        with timer.step("link") as step:
            mentions = await find_mentions(self.sources.postgres, checked(question), scope=scope)
            step.rows = len(mentions.names)
        with timer.step("understand") as step:
            asked = read_question(
                question, mentions, vocabulary=self.vocabulary, clock=self.clock, default_market=self.default_market
            )
            step.note = asked.understood.intent
        # A question is embedded once, however often it is loosened, and only if it is searched for.
        vector = QuestionVector(self.sources.embedder, asked.words)
        hits: list[Hit] = []
        more = False
        wanted = describe(asked.understood)
        for asked in asked.loosened():  # noqa: B020 - the version that found something is the one that is told
            hits, more = await self._look(asked, vector, question, timer=timer, scope=scope)
            if hits:
                break
        trace = Trace(
            trace_id=new_trace_id(), query=asked.text, steps=tuple(timer.steps),
            edges=tuple({edge.eid: edge for hit in hits for edge in hit.reason.edges}.values()),
            carried=tuple(_carried(hit) for hit in hits),
            understood={**wanted, "dropped": list(asked.dropped)} if asked.dropped else wanted,
        )  # fmt: skip
        self.log.add(trace, scope=scope, lens=asked.lens.name, hits=len(hits))
        return Answer(hits=tuple(hits), understood=asked.understood, trace=trace, more=more, dropped=asked.dropped)

    async def _look(
        self, asked: Asked, vector: QuestionVector, question: Question, *, timer: Timer, scope: Scope
    ) -> tuple[list[Hit], bool]:
        now = scope.as_of or self.clock.now()
        wanted = question.offset + question.limit
        with timer.step("seeds") as step:
            seeds = await find_seeds(self.sources, asked, vector=vector, scope=scope, now=now, wanted=wanted)
            step.rows = len(seeds.kinds)
        if asked.is_programme and not seeds.listed:
            return [], False
        starts = _starts(asked, seeds, question)
        with timer.step("expand") as step:
            subgraph = await expand(
                self.graphs, starts, scope=scope, lens=asked.lens, budget=self.edge_budget, now=now,
                window=asked.reach, hops=1 if asked.is_programme else HOPS,
            )  # fmt: skip
            step.rows = len(subgraph.edges)
            asked_for = "query" if subgraph.queries == 1 else "queries"
            step.note = f"{subgraph.queries} read-only {asked_for}" + (
                ", cut at the edge budget" if subgraph.cut else ""
            )
        with timer.step("rank") as step:
            scores = fuse(seeds, subgraph, kinds=asked.kinds, timed=asked.timed)
            ordered = sorted(scores, key=lambda key: (-scores[key], key))
            step.rows = len(ordered)
        with timer.step("hydrate") as step:
            postgres = self.sources.postgres
            kept = ordered if asked.is_programme else await self._fitting(ordered, asked, seeds, wanted, scope=scope)
            shown = kept[question.offset : wanted]
            led = paths(subgraph, starts, shown)
            crossed = {end for path in led.values() for edge in path for end in (edge.src, edge.dst)}
            cards = await read_cards(postgres, sorted({*shown, *crossed}), scope=scope)
            step.rows = len(cards)
        hits = [
            Hit(
                card=cards[key], score=round(scores[key], 4),
                reason=reason(key, seeds=seeds, path=led.get(key, ()), cards=cards),
            )
            for key in shown if key in cards
        ]  # fmt: skip
        return hits, len(kept) > wanted

    async def _fitting(
        self, ordered: Sequence[str], asked: Asked, seeds: Seeds, wanted: int, *, scope: Scope
    ) -> Sequence[str]:
        """Keep what meets the question's filter, as far down as it can matter."""
        outlines = await read_outlines(self.sources.postgres, ordered[: OVERSAMPLE * wanted + SPARE], scope=scope)
        where = asked.where(scope)
        return fitting(ordered, outlines, where, is_free=asked.understood.is_free, named=seeds.named)


def _starts(asked: Asked, seeds: Seeds, question: Question) -> dict[str, float]:
    """Return where the walk starts, with weights.

    A programme of events keeps its order: the walk only tells what those shown have to do with those named.
    """
    weights = seeds.weights()
    if not asked.is_programme or asked.kinds != ("event",):
        return weights
    if not seeds.named:
        return {}
    shown = seeds.listed[question.offset : question.offset + question.limit]
    return {key: weights[key] for key in (*seeds.named, *shown)}


def _carried(hit: Hit) -> Carried:
    return Carried(id=str(hit.card.id), edges=tuple(edge.eid for edge in hit.reason.edges))
