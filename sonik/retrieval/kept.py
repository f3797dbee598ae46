"""Findings kept between questions: found by the same or a like question, and checked in truth before they count."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sonik.clock import Clock
from sonik.ontology import Graph
from sonik.retrieval.kept_form import Findings, findings_of, plain
from sonik.retrieval.likeness import alike
from sonik.retrieval.question import Asked
from sonik.retrieval.slots import Slots
from sonik.sql import queries
from sonik.stores.cache import SCOPE, AnswerCache, CacheEntry, Vector
from sonik.stores.postgres import Postgres, Session
from sonik.sync.projected import Projected
from sonik.truth.rows import Position
from sonik.types import JsonObject, Scope, Window
from sonik.watch import counted

SQL = queries("kept")
# Beyond this no pair of questions in es, pt and en was alike that differed in nothing else; the words decide anyway.
DISTANCE = 0.35
EMPTY_SECONDS = 60
Way = Literal["exact", "semantic"]


@dataclass(kw_only=True, slots=True)
class Tally:
    """How questions fared since the start; a stale answer was found and no longer held."""

    exact: int = 0
    semantic: int = 0
    missed: int = 0
    stale: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class CacheReport:
    """How questions fared since this process started, and how many answers are kept; None where Redis is away."""

    exact: int
    semantic: int
    missed: int
    stale: int
    kept: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Generation:
    """How often anything was changed that counts for a question: in its nights, and in these and all later ones."""

    within: int
    onward: int

    def of(self, window: Window | None) -> int:
        """Return what an answer rests on that was found in this window."""
        return self.onward if window is None else self.within


@dataclass(frozen=True, kw_only=True, slots=True)
class _Before(Generation):
    settled: bool
    txid: int
    seq: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Now(Generation):
    entities: int
    edges: int


async def installation(session: Session) -> str:
    """Return the name under which this database's answers are kept."""
    return f"sonik:{(await session.rows(SQL['installation']))[0]['id']}"


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptAnswers:
    """The semantic cache of a searcher; `projected` is what its answers are read from beside truth."""

    cache: AnswerCache
    postgres: Postgres
    clock: Clock
    projected: Projected
    ttl_seconds: int
    tally: Tally = field(default_factory=Tally)

    async def exact(self, slots: Slots, asked: Asked, *, session: Session, scope: Scope) -> Findings | None:
        """Return what the very same question found before, if it still holds."""
        entry = await self.cache.exact(slots.key, slots.tags[SCOPE])
        if entry is None:
            return None
        findings = await self._checked([entry], slots, asked, session=session, scope=scope)
        self.tally.exact += findings is not None
        counted("cache_exact", findings is not None)
        return findings

    async def similar(self, slots: Slots, asked: Asked, *, vector: Vector, scope: Scope) -> Findings | None:
        """Return what a question found that differs in nothing but the wording, if it still holds."""
        looking = asyncio.create_task(self.cache.similar(vector, tags=slots.tags, distance=DISTANCE))
        try:
            # Truth is opened meanwhile.
            async with self.postgres.reading(scope) as session:
                entries = [e for e in await looking if alike(str(e.facts.get("beside", "")), slots.beside)]
                findings = await self._checked(entries, slots, asked, session=session, scope=scope)
        finally:
            looking.cancel()
        self.tally.semantic += findings is not None
        counted("cache_semantic", findings is not None)
        return findings

    async def before(self, slots: Slots, *, graphs: Sequence[Graph], scope: Scope) -> Generation | None:
        """Return the generation that an answer looked for from now on rests on; None while a sink is behind."""
        self.tally.missed += 1
        counted("cache_missed")
        reached = await self.projected.reached(graphs)
        if reached is None:
            return None
        params = {**_changes_of(slots, scope), "txid": reached.txid, "seq": reached.seq}
        async with self.postgres.reading(scope) as session:
            found = await session.fetch(_Before, SQL["before"], params)
        if not found or not found[0].settled:
            return None
        seen = await self.projected.see(Position(txid=found[0].txid, seq=found[0].seq))
        return found[0] if seen else None

    async def keep(
        self, findings: Findings, slots: Slots, asked: Asked, *, before: Generation, vector: Vector | None
    ) -> None:
        """Keep what was found; `asked` is the version of the question that found it."""
        window = asked.understood.window
        facts: JsonObject = {"generation": before.of(window), "beside": slots.beside}
        await self.cache.store(
            CacheEntry(
                key=slots.key, tags=slots.tags, answer=plain(findings), facts=facts, entities=tuple(findings.used),
                expires_at=self._expiry(findings, window), vector=vector if slots.is_worded else None,
            )
        )  # fmt: skip

    async def report(self) -> CacheReport:
        """Return how questions fared, and how many answers are kept."""
        return CacheReport(**asdict(self.tally), kept=await self.cache.count())

    async def clear(self) -> None:
        """Forget every answer."""
        await self.cache.clear()

    async def _checked(
        self, entries: Iterable[CacheEntry], slots: Slots, asked: Asked, *, session: Session, scope: Scope
    ) -> Findings | None:
        """Return the first of some kept findings that truth still bears out."""
        for entry in entries:
            findings = _read(entry)
            if findings and await self._holds(findings, entry, slots, asked, session=session, scope=scope):
                return findings
            self.tally.stale += 1
            counted("cache_stale")
        return None

    async def _holds(
        self, findings: Findings, entry: CacheEntry, slots: Slots, asked: Asked, *, session: Session, scope: Scope
    ) -> bool:
        window = asked.version(findings.loosened).understood.window
        eids = {edge.eid for hit in findings.hits for edge in hit.reason.edges}
        params = {
            **_changes_of(slots, scope), "ids": [UUID(key) for key in findings.used],
            "versions": list(findings.used.values()), "eids": [UUID(eid) for eid in eids], "now": self.clock.now(),
        }  # fmt: skip
        now = (await session.fetch(_Now, SQL["holds"], params))[0]
        whole = (now.entities, now.edges) == (len(findings.used), len(eids))
        return whole and now.of(window) == entry.facts.get("generation")

    def _expiry(self, findings: Findings, window: Window | None) -> datetime:
        """Return when time alone makes findings untrue: a window or an event is over, or an event has begun."""
        now = self.clock.now()
        moments = [now + timedelta(seconds=self.ttl_seconds)]
        if not findings.hits:
            moments.append(now + timedelta(seconds=EMPTY_SECONDS))
        if window is not None:
            moments.append(window.end)
        cards = [card for hit in findings.hits for card in (hit.card, hit.reason.via) if card is not None]
        moments += [card.until for card in cards if card.until]
        if window is None:
            # Without a window, what goes on already comes after what is to begin.
            moments += [card.starts_at for card in cards if card.starts_at]
        return min(moment for moment in moments if moment > now)


def _changes_of(slots: Slots, scope: Scope) -> dict[str, object]:
    return {
        "collection": scope.collection, "kinds": list(slots.kinds), "market": slots.market, "first": slots.first,
        "last": slots.last,
    }  # fmt: skip


def _read(entry: CacheEntry) -> Findings | None:
    try:
        return findings_of(entry.answer)
    except (ValueError, KeyError, TypeError):
        return None
