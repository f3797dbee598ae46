"""Where a question touches the data: named entities, nearest vectors, matching words, and what a window lists."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from sonik.retrieval.refs import identifiers_in
from sonik.retrieval.understand import Understood, names_in
from sonik.sql import queries
from sonik.stores.embedding import Embedder
from sonik.stores.postgres import Postgres
from sonik.stores.texts import Match, TextFilter
from sonik.stores.vectors import Vectors
from sonik.types import Scope, Window

SQL = queries("retrieval")
DEPTH = 50
LISTED = 100
# An alias shared by more entities than this says nothing of any of them.
MOST_HOMONYMS = 25


@dataclass(frozen=True, kw_only=True, slots=True)
class Alias:
    """An entity found by one of its names."""

    folded: str
    id: UUID
    entity_type: str
    market: str | None
    starts_at: datetime | None
    until: datetime | None


Named = list[tuple[Alias, float]]


@dataclass(kw_only=True, slots=True)
class Seeds:
    """Evidence per entity id. `named` weighs 1/df, `similar` is a cosine, `worded` a BM25 score."""

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
    vectors: Vectors
    embedder: Embedder


async def find_seeds(
    sources: Sources,
    query: str,
    *,
    named: Named,
    understood: Understood,
    where: TextFilter,
    scope: Scope,
    now: datetime,
) -> Seeds:
    """Ask the stores at once and join what they find with the entities the question names."""
    words = understood.content or " ".join(understood.genres) or query
    seeds = Seeds()
    # With nothing to search for but a time (and perhaps a genre), the window itself is the answer.
    lists_only = understood.window is not None and not understood.content and not named
    texts, listed = await asyncio.gather(
        _texts(sources, words, understood=understood, where=where),
        _listed(sources.postgres, where, understood=understood, scope=scope, now=now, wanted=lists_only),
    )
    for alias, weight in named:
        seeds.kinds[str(alias.id)] = alias.entity_type
        seeds.named[str(alias.id)] = max(weight, seeds.named.get(str(alias.id), 0.0))
    nearest, matching = texts
    seeds.kinds |= {match.id: match.kind for match in (*nearest, *matching)}
    seeds.similar = {match.id: match.score for match in nearest}
    seeds.worded = {match.id: match.score for match in matching}
    seeds.kinds |= dict.fromkeys(listed, "event")
    seeds.listed = tuple(listed)
    return seeds


def scaled(scores: Mapping[str, float]) -> dict[str, float]:
    """Scale scores to [0, 1] by their smallest and largest; a single score becomes 1."""
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    span = high - low
    return {key: 1.0 if span <= 0 else (score - low) / span for key, score in scores.items()}


async def find_named(postgres: Postgres, query: str, *, understood: Understood, scope: Scope) -> Named:
    """Return the entities a question names, by alias or identifier, each with 1 / (how many share the name)."""
    phrases, keys = names_in(query), identifiers_in(query)
    if not phrases and not keys:
        return []
    params = {"collection": scope.collection, "schemes": [k.scheme for k in keys], "values": [k.value for k in keys]}
    async with postgres.reading(scope) as session:
        found = await session.fetch(Alias, SQL["by_alias"], {**params, "phrases": phrases})
        if keys:
            found += await session.fetch(Alias, SQL["by_identifier"], params)
    kept = [alias for alias in found if _in_reach(alias, understood)]
    chosen = _longest({alias.folded for alias in kept})
    by_phrase: dict[str, list[Alias]] = defaultdict(list)
    for alias in kept:
        if alias.folded in chosen:
            by_phrase[alias.folded].append(alias)
    groups = [group for group in by_phrase.values() if len(group) <= MOST_HOMONYMS]
    return [(alias, 1.0 / len(group)) for group in groups for alias in group]


def _in_reach(alias: Alias, understood: Understood) -> bool:
    """A market is a filter, not a seed; an event outside the window is not what is asked for."""
    if alias.entity_type == "market":
        return False
    if alias.entity_type in {"event", "venue"} and understood.market and alias.market not in (None, understood.market):
        return False
    window = understood.window
    if window is None or alias.starts_at is None or alias.until is None:
        return True
    return alias.starts_at < window.end and alias.until > window.start


def _longest(phrases: Iterable[str]) -> set[str]:
    """Keep phrases that are not part of a longer one found."""
    ordered = sorted(phrases, key=len, reverse=True)
    kept: list[str] = []
    for phrase in ordered:
        if not any(f" {phrase} " in f" {longer} " for longer in kept):
            kept.append(phrase)
    return set(kept)


async def _texts(
    sources: Sources, words: str, *, understood: Understood, where: TextFilter
) -> tuple[Sequence[Match], Sequence[Match]]:
    async def near() -> Sequence[Match]:
        vector: NDArray[np.float32] = await sources.embedder.question(words)
        return await sources.vectors.nearest(vector, where=where, limit=DEPTH)

    return await asyncio.gather(
        near(), sources.vectors.matching(words, language=understood.language, where=where, limit=DEPTH)
    )


async def _listed(
    postgres: Postgres, where: TextFilter, *, understood: Understood, scope: Scope, now: datetime, wanted: bool
) -> list[str]:
    if not wanted or where.window is None or (where.kinds and "event" not in where.kinds):
        return []
    async with postgres.reading(scope) as session:
        rows = await session.rows(
            SQL["listing"], listing_params(where, scope=scope, now=now, is_free=understood.is_free)
        )
    return [str(row["id"]) for row in rows]


def listing_params(
    where: TextFilter, *, scope: Scope, now: datetime, is_free: bool | None = None, limit: int = LISTED,
    offset: int = 0, sort: str = "time", with_cancelled: bool = False,
) -> dict[str, object]:  # fmt: skip
    """Return the parameters of the listing query."""
    window = where.window or Window(start=now, end=now)
    near = where.near
    return {
        "collection": scope.collection, "start": window.start, "end": window.end, "now": min(now, window.end),
        "market": where.market, "genres": list(where.genres) or None, "price_max": where.price_max,
        "free": True if is_free else None, "lat": near.lat if near else None, "lng": near.lng if near else None,
        "km": near.km if near else None, "with_cancelled": with_cancelled, "sort": sort, "limit": limit,
        "offset": offset,
    }  # fmt: skip
