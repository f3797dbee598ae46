"""Recall: notes found by their text, of a session, of some kinds, under row security; without a text the newest."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sonik.errors import InvalidInput, did_you_mean
from sonik.memory.notes import SCHEME, VERTEX_OF, session_key
from sonik.retrieval.language import language_of
from sonik.retrieval.seeds import Sources, scaled
from sonik.retrieval.wording import words_of
from sonik.sql import queries
from sonik.stores.texts import TextFilter
from sonik.types import Scope

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


async def recall(sources: Sources, sought: Sought, *, scope: Scope) -> list[Memory]:
    """Return notes, the best fitting first.

    Raises:
        InvalidInput: a kind is unknown.
    """
    for kind in sought.kinds:
        if kind not in VERTEX_OF:
            raise InvalidInput(f"No kind '{kind[:40]}'.", next_step=did_you_mean(kind, list(VERTEX_OF)), field="kinds")
    kinds = sought.kinds or tuple(VERTEX_OF)
    ranked = await _ranked(sources, sought.query, kinds, scope=scope) if sought.query else []
    params = {
        "collection": scope.collection, "ids": ranked or None, "kinds": list(kinds), "limit": sought.limit,
        "scheme": SCHEME, "session": session_key(sought.session_id, scope=scope) if sought.session_id else None,
    }  # fmt: skip
    if sought.query and not ranked:
        return []
    async with sources.postgres.reading(scope) as session:
        return await session.fetch(Memory, SQL["memories"], params)


async def _ranked(sources: Sources, query: str, kinds: Sequence[str], *, scope: Scope) -> list[UUID]:
    """Return the ids of notes by likeness of meaning and words."""
    where = TextFilter(scope=scope, kinds=tuple(dict.fromkeys(VERTEX_OF[kind] for kind in kinds)))
    vector = await sources.embedder.question(query)
    language = language_of(query, words_of(query), fallback="es")
    nearest, matching = await asyncio.gather(
        sources.vectors.nearest(vector, where=where, limit=DEPTH),
        sources.vectors.matching(query, language=language, where=where, limit=DEPTH),
    )
    similar = scaled({match.id: match.score for match in nearest})
    worded = scaled({match.id: match.score for match in matching})
    score = {key: similar.get(key, 0.0) + worded.get(key, 0.0) for key in similar | worded}
    return [UUID(key) for key in sorted(score, key=lambda key: (-score[key], key))[:DEPTH]]
