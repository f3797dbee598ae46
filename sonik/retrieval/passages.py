"""Search over documents: link the question to phrases, walk from them and from the nearest texts, fuse, explain."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np

from sonik.clock import Clock
from sonik.learning.log import TraversalLog
from sonik.retrieval.answer import Answer, Hit
from sonik.retrieval.cards import cards_of
from sonik.retrieval.mentions import Link, find_phrases
from sonik.retrieval.missing import doing_without
from sonik.retrieval.pagerank import pagerank
from sonik.retrieval.passage_rank import Evidence, fused_list, leading, seed_weights, word_weight
from sonik.retrieval.passage_walk import Surroundings, Walk
from sonik.retrieval.passage_ways import read_ways, ways_to
from sonik.retrieval.phrases import content_words, tokens
from sonik.retrieval.question import Question, checked
from sonik.retrieval.seeds import QuestionVector, Sources
from sonik.retrieval.trace import Timer, new_trace_id
from sonik.retrieval.understand import Understood
from sonik.retrieval.wording import FUNCTION
from sonik.sql import queries
from sonik.stores.graph_wire import GraphReader
from sonik.stores.postgres import Session
from sonik.stores.texts import TextFilter, Vector
from sonik.types import JsonObject, Scope, Trace

SQL = queries("passages")
PASSAGE, DOCUMENT = "passage", "document"
KINDS = frozenset((PASSAGE, DOCUMENT))
TEXT_DEPTH = 100
# Of so many the cosine is known at once, which takes little longer than of a hundred.
NEAREST = 1_000
MIXED_FOR = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reached:
    """What a question leads to: what it names, what lies around it, and what speaks for the passages there."""

    link: Link
    around: Surroundings
    evidence: Evidence
    embedding: "asyncio.Task[Vector | None]"


@dataclass(frozen=True, kw_only=True, slots=True)
class PassageSearcher:
    """The stores a search over documents needs."""

    sources: Sources
    graphs: GraphReader
    clock: Clock
    log: TraversalLog
    edge_budget: int
    _mixed: dict[Scope, datetime] = field(default_factory=dict)

    async def is_asked(self, question: Question, *, scope: Scope) -> bool:
        """Say whether documents are asked for: by their kinds, or because the collection holds nothing else."""
        if question.kinds:
            return KINDS.issuperset(question.kinds)
        if question.lens is not None or self._is_mixed(scope):
            return False
        async with self.sources.postgres.reading(scope) as session:
            (held,) = await session.rows(SQL["held"], {"collection": scope.collection})
        if not held["others"]:
            return bool(held["documents"])
        self._mixed[replace(scope, user=None)] = self.clock.now()
        return False

    def _is_mixed(self, scope: Scope) -> bool:
        """Say whether more than documents was held a moment ago: then it hardly holds nothing else by now."""
        seen = self._mixed.get(replace(scope, user=None))
        return seen is not None and self.clock.now() - seen < MIXED_FOR

    async def search(self, question: Question, *, scope: Scope) -> Answer:
        """Answer a question with ranked passages, or with the documents they are of.

        Raises:
            InvalidInput: the question has no words or too many.
        """
        text = checked(question)
        timer = Timer()
        # Of documents, any passage may be the one that leads to the next.
        wanted = question.offset + question.limit + 1 if _of_passages(question) else None
        with doing_without() as lack:
            reached = await self._look(text, wanted=wanted, timer=timer, scope=scope)
            async with self.sources.postgres.reading(scope) as session:
                with timer.step("rank") as step:
                    scores = await self._scores(reached, wanted=wanted, session=session)
                    step.rows = len(scores)
                with timer.step("hydrate") as step:
                    hits, more = await _hits(question, reached, scores, session=session)
                    step.rows = len(hits)
        trace = Trace(
            trace_id=new_trace_id(), query=text, steps=(*timer.steps, *lack.steps), missing=lack.missing,
            edges=tuple({edge.eid: edge for hit in hits for edge in hit.reason.edges}.values()),
            understood=_linking(reached.link),
        )  # fmt: skip
        self.log.add(trace, scope=scope, lens="knowledge", hits=len(hits))
        return Answer(hits=tuple(hits), understood=_understood(text, reached.link), trace=trace, more=more)

    async def _look(self, text: str, *, wanted: int | None, timer: Timer, scope: Scope) -> _Reached:
        """Walk from what the question names and from the texts that are like it."""
        vector = QuestionVector(self.sources.embedder, text)
        embedding = vector.begin()
        with timer.step("link") as step:
            link = await find_phrases(self.sources.postgres, text, scope=scope)
            step.rows = len(link.phrases)
        walk = Walk(self.graphs, scope=scope, now=scope.as_of or self.clock.now(), budget=self.edge_budget)
        with timer.step("seeds") as step:
            shared = {key: phrase.document_frequency for key, phrase in link.phrases.items()}
            (nearest, listed), _ = await asyncio.gather(self._texts(text, vector, scope=scope), walk.begin(shared))
            step.rows = len(listed)
        seeds, words = seed_weights(link, listed), word_weight(link)
        evidence = Evidence(rank={}, cosine=nearest, unknown=min(nearest.values(), default=1.0))
        with timer.step("expand") as step:
            await walk.go_on(walk.rank(seeds))
            rank = walk.rank(seeds)
            # The cosines that are likely to be missing are looked up while the graph is walked.
            likely = replace(evidence, rank=leading(rank, walk.found.passages, listed=listed))
            ahead, _ = await asyncio.gather(
                self._cosines(likely, likely.contenders(words=words, wanted=wanted), embedding), walk.go_on(rank)
            )
            around = walk.found
            step.rows = len(around.weights)
            step.note = f"{around.queries} read-only queries" + (", cut at the edge budget" if around.cut else "")
            rank = leading(pagerank(around.weights, seeds), around.passages, listed=listed)
        evidence = replace(evidence, rank=rank, cosine=ahead)
        return _Reached(link=link, around=around, evidence=evidence, embedding=embedding)

    async def _scores(self, reached: _Reached, *, wanted: int | None, session: Session) -> dict[str, float]:
        """Return the passages that may be among so many best with their scores; of None, all that were reached."""
        evidence, link = reached.evidence, reached.link
        words = word_weight(link)
        close = evidence.contenders(words=words, wanted=wanted)
        cosine, covered = await asyncio.gather(
            self._cosines(evidence, close, reached.embedding),
            _covered(close, reached.link.unexplained, session=session),
        )
        return replace(evidence, cosine=cosine, covered=covered).scores(close, words=words)

    async def _texts(self, text: str, vector: QuestionVector, *, scope: Scope) -> tuple[dict[str, float], list[str]]:
        """Return the nearest passages with their cosines, and the list that these and the matching ones make."""
        where = TextFilter(scope=scope, kinds=(PASSAGE,))
        words = " ".join(token.text for token in tokens(text) if token.text not in FUNCTION) or text

        async def near() -> dict[str, float]:
            embedded = await vector.begin()
            if embedded is None:
                return {}
            found = await self.sources.vectors.nearest(embedded, where=where, limit=NEAREST)
            return {match.id: match.score for match in found}

        matching = self.sources.vectors.matching(words, language="en", where=where, limit=TEXT_DEPTH)
        nearest, matched = await asyncio.gather(near(), matching)
        lists = list(nearest)[:TEXT_DEPTH], [match.id for match in matched]
        return nearest, fused_list(lists)[:TEXT_DEPTH]

    async def _cosines(
        self, evidence: Evidence, keys: set[str], embedding: "asyncio.Task[Vector | None]"
    ) -> Mapping[str, float]:
        """Return the known cosines to the question with those of some passages that the text search did not bring."""
        missing = keys - evidence.cosine.keys()
        vector = await embedding
        if not missing or vector is None:
            return evidence.cosine
        stored = await self.sources.vectors.vectors_of(sorted(missing))
        asked = np.asarray(vector, dtype=np.float32)
        return {**evidence.cosine, **{key: float(own @ asked) for key, own in stored.items()}}


async def _covered(keys: set[str], words: Sequence[str], *, session: Session) -> dict[str, float]:
    """Return the share of some words that each passage has."""
    if not words:
        return {}
    rows = await session.rows(SQL["words_in"], {"ids": [UUID(key) for key in keys], "words": list(words)})
    return {str(row["id"]): int(str(row["count"])) / len(words) for row in rows}


async def _hits(
    question: Question, reached: _Reached, scores: Mapping[str, float], *, session: Session
) -> tuple[list[Hit], bool]:  # fmt: skip
    """Return the hits of a page, and whether there are more."""
    ordered = sorted(scores, key=lambda key: (-scores[key], key))
    wanted = question.offset + question.limit
    weights = reached.around.weights
    # Each hit, and the passage that led to it: itself, or the best one of the document.
    by = {key: key for key in ordered} if _of_passages(question) else await _documents_of(session, ordered)
    shown = dict(list(by.items())[question.offset : wanted])
    led = ways_to(set(shown.values()), weights=weights, seeds=reached.link.weights)
    cards = await cards_of(session, list(shown))
    told = await read_ways(session, led.values(), weights=weights)
    hits = [
        Hit(card=cards[key], score=round(scores[passage], 4), reason=told.reason(led.get(passage, ())))
        for key, passage in shown.items() if key in cards
    ]  # fmt: skip
    return hits, len(by) > wanted


def _of_passages(question: Question) -> bool:
    return PASSAGE in (question.kinds or KINDS)


async def _documents_of(session: Session, passages: Sequence[str]) -> dict[str, str]:
    """Return the documents of some passages in their order, each with the first of its passages."""
    rows = await session.rows(SQL["documents_of"], {"ids": [UUID(key) for key in passages]})
    document = {str(row["passage"]): str(row["document"]) for row in rows}
    found: dict[str, str] = {}
    for key in passages:
        if key in document:
            found.setdefault(document[key], key)
    return found


def _linking(link: Link) -> JsonObject:
    return {"phrases": [phrase.name for phrase in link.phrases.values()], "unexplained": list(link.unexplained)}


def _understood(text: str, link: Link) -> Understood:
    words = " ".join(content_words([token.text for token in tokens(text)]))
    return Understood(
        language="en", market=None, window=None, near=None, price_max=None, currency=None, is_free=None,
        kinds=(PASSAGE,), genres=(), content=words, names=tuple(p.folded for p in link.phrases.values()), rest="",
        intent="lookup",
    )  # fmt: skip
