"""Recall: notes found by their text, of a session, of some kinds, under row security; without a text the newest."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sonik.errors import InvalidInput, did_you_mean
from sonik.memory.notes import SCHEME, VERTEX_OF, session_key
from sonik.retrieval.language import language_of
from sonik.retrieval.missing import doing_without, vector_of
from sonik.retrieval.seeds import Sources, scaled
from sonik.retrieval.wording import words_of
from sonik.sql import queries
from sonik.stores.texts import Match, TextFilter, Vector
from sonik.types import Missing, Scope

SQL = queries("memory")
DEPTH = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """A note as it is recalled; its text comes from outside."""

    id: UUID
    ref: str
    kind: str
    text: str
    verdict: str | None
    trace_id: str | None
    session: str | None
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Sought:
    """What is to be recalled; without a query the newest."""

    query: str = ""
    session_id: str | None = None
    kinds: tuple[str, ...] = ()
    limit: int = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Recalled:
    """Notes, the best fitting first; the newest ones where their texts are `missing`."""

    memories: tuple[Memory, ...]
    missing: tuple[Missing, ...] = ()


async def recall(sources: Sources, sought: Sought, *, scope: Scope) -> Recalled:
    """Return notes; while their texts cannot be searched, the newest.

    Raises:
        InvalidInput: a kind is unknown.
    """
    for kind in sought.kinds:
        if kind not in VERTEX_OF:
            raise InvalidInput(f"No kind '{kind[:40]}'.", next_step=did_you_mean(kind, list(VERTEX_OF)), field="kinds")
    kinds = sought.kinds or tuple(VERTEX_OF)
    with doing_without() as lack:
        ranked = await _ranked(sources, sought.query, kinds, scope=scope) if sought.query else []
    params = {
        "collection": scope.collection, "ids": ranked or None, "kinds": list(kinds), "limit": sought.limit,
        "scheme": SCHEME, "session": session_key(sought.session_id, scope=scope) if sought.session_id else None,
    }  # fmt: skip
    if sought.query and not ranked and not lack.parts:
        return Recalled(memories=())
    async with sources.postgres.reading(scope) as session:
        memories = await session.fetch(Memory, SQL["memories"], params)
    return Recalled(memories=tuple(memories), missing=lack.missing)


async def _ranked(sources: Sources, query: str, kinds: Sequence[str], *, scope: Scope) -> list[UUID]:
    """Return the ids of notes by likeness of meaning and words."""
    where = TextFilter(scope=scope, kinds=tuple(dict.fromkeys(VERTEX_OF[kind] for kind in kinds)))
    vector = await vector_of(query, embedder=sources.embedder)
    language = language_of(query, words_of(query), fallback="es")
    nearest, matching = await asyncio.gather(
        _nearest(sources, vector, where),
        sources.vectors.matching(query, language=language, where=where, limit=DEPTH),
    )
    similar = scaled({match.id: match.score for match in nearest})
    worded = scaled({match.id: match.score for match in matching})
    score = {key: similar.get(key, 0.0) + worded.get(key, 0.0) for key in similar | worded}
    return [UUID(key) for key in sorted(score, key=lambda key: (-score[key], key))[:DEPTH]]


async def _nearest(sources: Sources, vector: Vector | None, where: TextFilter) -> list[Match]:
    return [] if vector is None else await sources.vectors.nearest(vector, where=where, limit=DEPTH)
