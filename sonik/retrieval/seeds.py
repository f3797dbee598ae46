"""Where a question touches the data: named entities, nearest vectors, matching words, or a programme of events."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sonik.retrieval.missing import vector_of
from sonik.retrieval.programme import around, listed
from sonik.retrieval.question import Asked
from sonik.stores.embedding import Embedder
from sonik.stores.postgres import Postgres
from sonik.stores.texts import Match, TextFilter, TextReader, Vector
from sonik.types import Scope
from sonik.watch import Part, during

DEPTH = 50


@dataclass(kw_only=True, slots=True)
class Seeds:
    """Evidence per entity id. `named` weighs 1/df, `similar` is a cosine, `worded` a BM25 score.

    `listed` are events in order of time, where a programme is the answer.
    """

    kinds: dict[str, str] = field(default_factory=dict)
    named: dict[str, float] = field(default_factory=dict)
    similar: dict[str, float] = field(default_factory=dict)
    worded: dict[str, float] = field(default_factory=dict)
    listed: tuple[str, ...] = ()

    @property
    def text(self) -> dict[str, float]:
        """Text evidence in [0, 1]: half the scaled cosine, half the scaled BM25."""
        similar, worded = scaled(self.similar), scaled(self.worded)
        return {key: (similar.get(key, 0.0) + worded.get(key, 0.0)) / 2 for key in similar.keys() | worded.keys()}

    def weights(self) -> dict[str, float]:
        """Return what the walk starts from: names above all, then text by its place in the list, then the listing."""
        weights: dict[str, float] = defaultdict(float)
        total = sum(self.named.values())
        for key, weight in self.named.items():
            weights[key] += weight / total
        text = self.text
        for place, key in enumerate(sorted(text, key=lambda k: (-text[k], k))[:DEPTH]):
            weights[key] += 0.2 / (6 + place)
        for key in self.listed:
            weights[key] += 0.2 / (6 + len(self.listed))
        return dict(weights)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """The stores seeds come from."""

    postgres: Postgres
    vectors: TextReader
    embedder: Embedder


class QuestionVector:
    """The vector of a question: begun early, beside the look-up of its names, and made once however often asked."""

    def __init__(self, embedder: Embedder, words: str) -> None:
        self._embedder = embedder
        self._words = words
        self._task: asyncio.Task[Vector | None] | None = None

    def begin(self) -> "asyncio.Task[Vector | None]":
        """Start to embed; while the model fails there is no vector."""
        if self._task is None:
            self._task = asyncio.create_task(self._embed())
        return self._task

    async def _embed(self) -> Vector | None:
        with during(Part(kind="store", name="embedder")):
            return await vector_of(self._words, embedder=self._embedder)


async def find_seeds(
    sources: Sources, asked: Asked, *, vector: QuestionVector, scope: Scope, now: datetime, wanted: int
) -> Seeds:
    """Ask the stores at once and join what they find with the entities the question names."""
    where = asked.where(scope)
    seeds = Seeds()
    for linked in asked.named:
        for entity in linked.entities:
            key, weight = str(entity.id), 1.0 / len(linked.entities)
            seeds.kinds[key] = entity.entity_type
            seeds.named[key] = max(weight, seeds.named.get(key, 0.0))
    if asked.is_programme:
        seeds.listed = await _programme(sources.postgres, asked, where, scope=scope, now=now, wanted=wanted)
        seeds.kinds |= dict.fromkeys(seeds.listed, "event")
        return seeds
    if not asked.reads_texts:
        return seeds
    nearest, matching = await _texts(sources, asked, vector=vector, where=where)
    seeds.kinds |= {match.id: match.kind for match in (*nearest, *matching)}
    seeds.similar = {match.id: match.score for match in nearest}
    seeds.worded = {match.id: match.score for match in matching}
    return seeds


def scaled(scores: Mapping[str, float]) -> dict[str, float]:
    """Scale scores to [0, 1] by their smallest and largest; a single score becomes 1."""
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    span = high - low
    return {key: 1.0 if span <= 0 else (score - low) / span for key, score in scores.items()}


async def _texts(
    sources: Sources, asked: Asked, *, vector: QuestionVector, where: TextFilter
) -> tuple[Sequence[Match], Sequence[Match]]:
    async def near() -> Sequence[Match]:
        embedded = await vector.begin()
        return () if embedded is None else await sources.vectors.nearest(embedded, where=where, limit=DEPTH)

    language = asked.understood.language
    words = sources.vectors.matching(asked.words, language=language, where=where, limit=DEPTH)
    return await asyncio.gather(near(), words)


async def _programme(
    postgres: Postgres, asked: Asked, where: TextFilter, *, scope: Scope, now: datetime, wanted: int
) -> tuple[str, ...]:
    is_free = asked.understood.is_free
    if asked.named:
        return await around(postgres, asked.named, where, scope=scope, now=now, is_free=is_free)
    return await listed(postgres, where, scope=scope, now=now, is_free=is_free, limit=wanted + 1)
