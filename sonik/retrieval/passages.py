"""Search over documents: link the question to phrases, walk from them and from the nearest texts, fuse, explain."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sonik import ontology
from sonik.clock import Clock
from sonik.learning.log import TraversalLog
from sonik.retrieval.answer import Answer, Hit, Reason
from sonik.retrieval.cards import Card, read_cards
from sonik.retrieval.mentions import Link, find_phrases
from sonik.retrieval.passage_rank import fused_list, scores, seed_weights, word_weight
from sonik.retrieval.passage_walk import Mentions, Walk, rank_mentions, way_to
from sonik.retrieval.phrases import content_words, tokens
from sonik.retrieval.question import Question, checked
from sonik.retrieval.seeds import QuestionVector, Sources
from sonik.retrieval.trace import Timer, new_trace_id
from sonik.retrieval.understand import Understood
from sonik.retrieval.wording import FUNCTION
from sonik.sql import queries
from sonik.stores.graph import Graphs
from sonik.stores.texts import TextFilter
from sonik.types import Scope, Trace, WalkedEdge

SQL = queries("passages")
PASSAGE, DOCUMENT = "passage", "document"
KINDS = frozenset((PASSAGE, DOCUMENT))
TEXT_DEPTH = 100
WALKED_TEXTS = 20
RANKED = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """What a question leads to: passages by score, and what led there."""

    scores: Mapping[str, float]
    mentions: Mentions
    rank: Mapping[str, float]
    seeds: Mapping[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class PassageSearcher:
    """The stores a search over documents needs."""

    sources: Sources
    graphs: Graphs
    clock: Clock
    log: TraversalLog
    edge_budget: int

    async def is_asked(self, question: Question, *, scope: Scope) -> bool:
        """Say whether documents are asked for: by their kinds, or because the collection holds nothing else."""
        if question.kinds:
            return KINDS.issuperset(question.kinds)
        if question.lens is not None:
            return False
        params = {"collection": scope.collection, "kinds": list(ontology.KINDS)}
        async with self.sources.postgres.reading(scope) as session:
            held = {str(row["kind"]) for row in await session.rows(SQL["of_kind"], params)}
        return DOCUMENT in held and held <= KINDS | {"phrase"}

    async def search(self, question: Question, *, scope: Scope) -> Answer:
        """Answer a question with ranked passages, or with the documents they are of.

        Raises:
            InvalidInput: the question has no words or too many.
        """
        text = checked(question)
        timer = Timer()
        link, found = await self._look(text, timer=timer, scope=scope)
        with timer.step("hydrate") as step:
            hits, more = await self._hits(question, found, scope=scope)
            step.rows = len(hits)
        trace = Trace(
            trace_id=new_trace_id(), query=text, steps=tuple(timer.steps),
            edges=tuple({edge.eid: edge for hit in hits for edge in hit.reason.edges}.values()),
            understood={"phrases": [phrase.name for phrase in link.phrases.values()], "unexplained": link.unexplained},
        )  # fmt: skip
        self.log.add(trace, scope=scope, lens="knowledge", hits=len(hits))
        return Answer(hits=tuple(hits), understood=_understood(text, link), trace=trace, more=more)

    async def _look(self, text: str, *, timer: Timer, scope: Scope) -> tuple[Link, _Found]:
        vector = QuestionVector(self.sources.embedder, text)
        embedding = vector.begin()
        with timer.step("link") as step:
            link = await find_phrases(self.sources.postgres, text, scope=scope)
            step.rows = len(link.phrases)
        with timer.step("seeds") as step:
            nearest, listed = await self._texts(text, vector, scope=scope)
            step.rows = len(listed)
        seeds = seed_weights(link, listed)
        with timer.step("expand") as step:
            mentions = await self._walk(link, listed, scope=scope)
            step.rows = len(mentions.weights)
            step.note = f"{mentions.queries} read-only queries" + (", cut at the edge budget" if mentions.cut else "")
        with timer.step("rank") as step:
            rank = await asyncio.to_thread(rank_mentions, mentions.weights, seeds)
            passages = mentions.passages() | set(listed)
            ranked = {key: value for key, value in rank.items() if key in passages}
            leading = sorted(ranked, key=lambda key: (-ranked[key], key))[:RANKED]
            cosine = await self._cosines({*leading, *listed}, nearest, await embedding)
            scored = scores({key: ranked[key] for key in {*leading, *listed}}, cosine, words=word_weight(link))
            step.rows = len(scored)
        return link, _Found(scores=scored, mentions=mentions, rank=rank, seeds=seeds)

    async def _texts(self, text: str, vector: QuestionVector, *, scope: Scope) -> tuple[dict[str, float], list[str]]:
        """Return the nearest passages with their cosines, and the list that these and the matching ones make."""
        where = TextFilter(scope=scope, kinds=(PASSAGE,))
        words = " ".join(token.text for token in tokens(text) if token.text not in FUNCTION) or text

        async def near() -> dict[str, float]:
            found = await self.sources.vectors.nearest(await vector.begin(), where=where, limit=TEXT_DEPTH)
            return {match.id: match.score for match in found}

        matching = self.sources.vectors.matching(words, language="en", where=where, limit=TEXT_DEPTH)
        nearest, matched = await asyncio.gather(near(), matching)
        return nearest, fused_list([list(nearest), [match.id for match in matched]])[:TEXT_DEPTH]

    async def _walk(self, link: Link, listed: Sequence[str], *, scope: Scope) -> Mentions:
        walk = Walk(self.graphs, scope=scope, now=scope.as_of or self.clock.now(), budget=self.edge_budget)
        about = await walk.to_passages(link.weights)
        beside = await walk.to_phrases([*about, *listed[:WALKED_TEXTS]])
        await walk.to_passages(beside)
        return walk.found

    async def _cosines(self, keys: set[str], nearest: Mapping[str, float], vector: object) -> dict[str, float]:
        """Return the cosine of passages to the question; those the text search did not bring are looked up."""
        missing = sorted(keys - nearest.keys())
        stored = await self.sources.vectors.vectors_of(missing) if missing else {}
        asked = np.asarray(vector, dtype=np.float32)
        return {**{key: nearest[key] for key in keys & nearest.keys()},
                **{key: float(own @ asked) for key, own in stored.items()}}  # fmt: skip

    async def _hits(self, question: Question, found: _Found, *, scope: Scope) -> tuple[list[Hit], bool]:
        ordered = sorted(found.scores, key=lambda key: (-found.scores[key], key))
        wanted = question.offset + question.limit
        led = {key: key for key in ordered}
        shown = ordered[question.offset : wanted]
        ways = {
            key: way_to(key, weights=found.mentions.weights, rank=found.rank, seeds=found.seeds) for key in shown
        }  # fmt: skip
        cards = await read_cards(
            self.sources.postgres, sorted({vertex for way in ways.values() for vertex in way}), scope=scope
        )  # fmt: skip
        hits = [
            Hit(card=cards[key], score=round(found.scores[key], 4), reason=_reason(ways[key], cards, found))
            for key in shown if key in cards
        ]  # fmt: skip
        return hits, len(led) > wanted


def _reason(way: Sequence[str], cards: Mapping[str, Card], found: _Found) -> Reason:
    """Name the way to a hit; a way that crosses something the caller may not see is not told."""
    if len(way) < 2 or any(vertex not in cards for vertex in way):
        return Reason()
    names = [cards[way[0]].name]
    edges = []
    for before, after in pairwise(way):
        mention = (before, after) if (before, after) in found.mentions.weights else (after, before)
        names += ["NAMES", cards[after].name]
        edges.append(
            WalkedEdge(eid=f"{mention[0]}>{mention[1]}", graph="knowledge", src=mention[0], type="NAMES",
                       dst=mention[1], weight=found.mentions.weights[mention])
        )  # fmt: skip
    return Reason(path=tuple(names), edges=tuple(edges))


def _understood(text: str, link: Link) -> Understood:
    words = " ".join(content_words([token.text for token in tokens(text)]))
    return Understood(
        language="en", market=None, window=None, near=None, price_max=None, currency=None, is_free=None,
        kinds=(PASSAGE,), genres=(), content=words, names=tuple(p.folded for p in link.phrases.values()), rest="",
        intent="lookup",
    )  # fmt: skip
