"""A question's way: understand, link, seeds, expand, rank, hydrate; each step timed in the trace."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sonik.clock import Clock
from sonik.learning.log import TraversalLog
from sonik.retrieval.answer import Answer, Hit, reason
from sonik.retrieval.cards import cards_of, edges_seen, fitting, read_outlines
from sonik.retrieval.expand import BESIDE, SAMPLED, WHOLE, Breadth, Subgraph, expand, paths
from sonik.retrieval.kept import KeptAnswers
from sonik.retrieval.kept_form import Findings
from sonik.retrieval.lenses import permitted
from sonik.retrieval.linking import find_mentions
from sonik.retrieval.missing import anything_missing, doing_without
from sonik.retrieval.namesakes import Doubles, best_known_first, read_namesakes
from sonik.retrieval.question import Asked, Question, Reader, checked, describe, read_question
from sonik.retrieval.rank import fuse
from sonik.retrieval.seeds import QuestionVector, Seeds, Sources, find_seeds
from sonik.retrieval.slots import Slots, slots_of
from sonik.retrieval.trace import Timer, new_trace_id
from sonik.retrieval.vocabulary import Vocabulary
from sonik.stores.graph_wire import GraphReader
from sonik.types import Carried, Scope, Trace, WalkedEdge

# How many candidates are checked for each one that is shown: the graph reaches events that the filter refuses.
OVERSAMPLE = 4
SPARE = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What is known of a question before anything is searched: its slots, and what it found the last time."""

    slots: Slots | None = None
    findings: Findings | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Searcher:
    """The stores and legends a search needs."""

    sources: Sources
    graphs: GraphReader
    vocabulary: Vocabulary
    clock: Clock
    log: TraversalLog
    edge_budget: int
    default_market: str | None = None
    kept: KeptAnswers | None = None
    read: Reader = read_question

    async def search(self, question: Question, *, scope: Scope) -> Answer:
        """Answer a question with ranked, sourced hits.

        Raises:
            InvalidInput: the question or one of its filters is wrong.
        """
        timer = Timer()
        with doing_without() as lack:
            asked, known = await self._understood(question, timer=timer, scope=scope)
            findings = known.findings or await self._found(asked, known, question, timer=timer, scope=scope)
        wanted = describe(asked.understood)
        asked = asked.version(findings.loosened)
        hits = findings.hits
        trace = Trace(
            trace_id=new_trace_id(), query=asked.text, steps=(*timer.steps, *lack.steps), missing=lack.missing,
            edges=tuple({edge.eid: edge for hit in hits for edge in hit.reason.edges}.values()),
            carried=tuple(_carried(hit) for hit in hits),
            understood={**wanted, "dropped": list(asked.dropped)} if asked.dropped else wanted,
        )  # fmt: skip
        self.log.add(trace, scope=scope, lens=asked.lens.name, hits=len(hits))
        return Answer(
            hits=hits, understood=asked.understood, trace=trace, more=findings.more, dropped=asked.dropped
        )  # fmt: skip

    async def _understood(self, question: Question, *, timer: Timer, scope: Scope) -> "tuple[Asked, _Known]":
        """Read a question; if the very same one was asked before, return what it found too."""
        async with self.sources.postgres.reading(scope) as session:
            with timer.step("link") as step:
                mentions = await find_mentions(session, checked(question), scope=scope)
                step.rows = len(mentions.names)
            with timer.step("understand") as step:
                asked = self.read(
                    question, mentions, vocabulary=self.vocabulary, clock=self.clock, default_market=self.default_market
                )
                asked = replace(asked, lens=permitted(asked.lens, scope))
                step.note = asked.understood.intent
            if self.kept is None or scope.as_of is not None:
                return asked, _Known()
            slots = slots_of(asked, question, scope=scope, edge_budget=self.edge_budget)
            with timer.step("cache") as step:
                findings = await self.kept.exact(slots, asked, session=session, scope=scope)
                step.rows, step.note = (len(findings.hits), "exact") if findings else (0, "miss")
            return asked, _Known(slots=slots, findings=findings)

    async def _found(
        self, asked: Asked, known: "_Known", question: Question, *, timer: Timer, scope: Scope
    ) -> Findings:
        # A question is embedded once, however often it is loosened, and only if it is searched for.
        vector = QuestionVector(self.sources.embedder, asked.words)
        if self.kept is None or known.slots is None:
            return await self._searched(asked, vector, question, timer=timer, scope=scope)
        slots = known.slots
        known_by = await vector.begin() if slots.is_worded else None
        embedded = None if known_by is None else np.asarray(known_by, dtype=np.float32)
        if embedded is not None:
            with timer.step("cache") as step:
                alike = await self.kept.similar(slots, asked, vector=embedded, scope=scope)
                step.rows, step.note = (len(alike.hits), "semantic") if alike else (0, "miss")
            if alike:
                return alike
        before = await self.kept.before(slots, graphs=asked.lens.graphs, scope=scope)
        findings = await self._searched(asked, vector, question, timer=timer, scope=scope)
        if before is not None and not anything_missing():
            version = asked.version(findings.loosened)
            await self.kept.keep(findings, slots, version, before=before, vector=embedded)
        return findings

    async def _searched(
        self, asked: Asked, vector: QuestionVector, question: Question, *, timer: Timer, scope: Scope
    ) -> Findings:
        """Search for a question, and for less and less of it until something is found."""
        findings = Findings()
        for loosened, version in enumerate(asked.loosened()):
            findings = await self._look(version, vector, question, timer=timer, scope=scope)
            findings = replace(findings, loosened=loosened)
            if findings.hits:
                break
        return findings

    async def _look(
        self, asked: Asked, vector: QuestionVector, question: Question, *, timer: Timer, scope: Scope
    ) -> Findings:
        now = scope.as_of or self.clock.now()
        wanted = question.offset + question.limit
        with timer.step("seeds") as step:
            seeds = await find_seeds(self.sources, asked, vector=vector, scope=scope, now=now, wanted=wanted)
            step.rows = len(seeds.kinds)
        if asked.is_programme and not seeds.listed:
            return Findings()
        starts = _starts(asked, seeds, question)
        with timer.step("expand") as step:
            subgraph = await expand(
                self.graphs, starts, scope=scope, lens=asked.lens, budget=self.edge_budget, now=now,
                window=asked.reach, breadth=_breadth(asked),
            )  # fmt: skip
            step.rows, step.note = len(subgraph.edges), _walked(subgraph)
        with timer.step("rank") as step:
            ranked = _ranked(asked, seeds, subgraph)
            step.rows = len(ranked)
        with timer.step("hydrate") as step:
            kept = tuple(ranked) if asked.is_programme else await self._fitting(ranked, asked, seeds, wanted, scope)
            doubles = await self._doubles(kept, asked, wanted, scope)
            shown = doubles.ordered[question.offset : wanted]
            led = doubles.led(paths(subgraph, starts, {one for key in shown for one in doubles.those_of(key)}), shown)
            crossed = {end for path in led.values() for edge in path for end in (edge.src, edge.dst)}
            async with self.sources.postgres.reading(scope) as session:
                cards = await cards_of(session, sorted({*shown, *crossed}))
                led = _told(led, await edges_seen(session, led.values()))
            step.rows = len(cards)
        hits = tuple(
            Hit(
                card=cards[key], score=round(max(ranked.get(one, 0.0) for one in doubles.those_of(key)), 4),
                reason=reason(key, seeds=seeds, path=led.get(key, ()), cards=cards),
            )
            for key in shown if key in cards and (key in led or seeds.kinds.keys() & doubles.those_of(key))
        )  # fmt: skip
        used = {key: card.version for key, card in cards.items()}
        return Findings(hits=hits, more=len(kept) > wanted, used=used)

    async def _doubles(self, kept: Sequence[str], asked: Asked, wanted: int, scope: Scope) -> Doubles:
        """Let who is only mentioned stand behind a namesake that is told of, as far down as it can matter."""
        depth = 0 if asked.kinds == ("event",) else OVERSAMPLE * wanted + SPARE
        namesakes = await read_namesakes(self.sources.postgres, kept[:depth], scope=scope)
        return best_known_first(kept, namesakes)

    async def _fitting(
        self, ranked: Iterable[str], asked: Asked, seeds: Seeds, wanted: int, scope: Scope
    ) -> Sequence[str]:
        """Keep what meets the question's filter, as far down as it can matter."""
        ordered = tuple(ranked)
        outlines = await read_outlines(self.sources.postgres, ordered[: OVERSAMPLE * wanted + SPARE], scope=scope)
        where = asked.where(scope)
        return fitting(ordered, outlines, where, is_free=asked.understood.is_free, named=seeds.named)


def _ranked(asked: Asked, seeds: Seeds, subgraph: Subgraph) -> dict[str, float]:
    """Return who may answer with their scores, best first."""
    scores = fuse(seeds, subgraph, kinds=asked.kinds, timed=asked.timed)
    left_out = seeds.named if asked.is_for_others else {}
    return {key: scores[key] for key in sorted(scores, key=lambda key: (-scores[key], key)) if key not in left_out}


def _walked(subgraph: Subgraph) -> str:
    """Tell how a walk went."""
    asked_for = "query" if subgraph.queries == 1 else "queries"
    return f"{subgraph.queries} read-only {asked_for}" + (", cut at the edge budget" if subgraph.cut else "")


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


def _told(
    ways: Mapping[str, tuple[WalkedEdge, ...]], seen: Collection[str]
) -> dict[str, tuple[WalkedEdge, ...]]:  # fmt: skip
    """Return the ways all of whose edges the caller may see by now."""
    return {key: way for key, way in ways.items() if all(edge.eid in seen for edge in way)}


def _breadth(asked: Asked) -> Breadth:
    """Return how far to walk: whom somebody's events lead to is told completely."""
    if not asked.is_programme:
        return SAMPLED
    return WHOLE if asked.named and asked.kinds != ("event",) else BESIDE


def _carried(hit: Hit) -> Carried:
    return Carried(id=str(hit.card.id), edges=tuple(edge.eid for edge in hit.reason.edges))
