"""A venue with three nights: asked through the engine, or traced by hand over truth alone."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import LiteralString
from uuid import UUID

import pytest

from sonik.engine import Engine
from sonik.learning.learner import Learner
from sonik.learning.log import TraversalLog
from sonik.learning.voices import ORGANISATION_CAP
from sonik.retrieval.traversal import Findings, Traversal
from sonik.settings import Settings
from sonik.types import Carried, JsonObject, Scope, Trace, WalkedEdge
from tests.fix_engine import deliver_projected, unique
from tests.fix_truth import Found, Truth

ANA = Scope(organisation="acme", user="ana")
BRUNO = Scope(organisation="acme", user="bruno")
RIVAL = Scope(organisation="rival", user="rita")
OPERATOR = Scope(role="ops", user="olga")
NIGHTS = 3
PROJECTED_SECONDS = 60
WAYS: LiteralString = """
    select plays.src as artist, array[hosted.eid, plays.eid] as edges
    from unified.relationships plays join unified.relationships hosted on hosted.src = plays.dst
    where plays.type = 'PERFORMS_AT' and hosted.type = 'HOSTED_BY' order by plays.eid
"""
LEARNED: LiteralString = """
    select r.type, el.lens, el.learned::float8 as learned, el.traversals, el.rewards
    from unified.edge_learning el join unified.relationships r using (eid) order by r.eid, el.lens
"""


@dataclass(kw_only=True)
class School:
    """An engine over the venue."""

    engine: Engine

    async def artists(self, scope: Scope = ANA) -> Findings:
        """Ask who plays at the venue."""
        return await self.engine.traverse(Traversal(start="sala-uno", pattern="artists_at_venue"), scope=scope)

    async def judge(self, verdict: str = "useful", *, hit: int = -1, scope: Scope = ANA) -> Findings:
        """Ask, and judge one of the hits; return the answer."""
        found = await self.artists(scope)
        refs = [found.hits[hit].card.id]
        await self.engine.learner.judge(found.trace.trace_id, verdict, refs=refs, scope=scope)
        return found

    async def learn(self) -> None:
        """Learn, and wait until the graph shows it."""
        job = await self.engine.learner.run(scope=OPERATOR)
        assert job.status == "succeeded", job.error
        await self.engine.wait_projected(seconds=PROJECTED_SECONDS)

    async def agrees(self) -> bool:
        """Say whether the graph is what truth says."""
        return all(one.agrees for one in await self.engine.compare())


@dataclass(kw_only=True)
class Desk:
    """Learning over truth alone: questions are traced as an engine would, and nothing is projected."""

    truth: Truth
    cap: float = ORGANISATION_CAP
    ways: list[tuple[UUID, list[UUID]]] = field(default_factory=list)

    @property
    def log(self) -> TraversalLog:
        return TraversalLog(postgres=self.truth.postgres, clock=self.truth.clock)

    @property
    def learner(self) -> Learner:
        return Learner(postgres=self.truth.postgres, clock=self.truth.clock, log=self.log, cap=self.cap)

    async def ask(self, query: str = "artists_at_venue sala-uno", *, scope: Scope = ANA, hits: int = NIGHTS) -> str:
        """Trace a question that the first artists of the venue answer; return the id of the trace."""
        told = self.ways[:hits]
        trace = Trace(
            trace_id=unique("t"), query=query,
            edges=tuple(_walked(eid) for eid in dict.fromkeys(eid for _, edges in told for eid in edges)),
            carried=tuple(Carried(id=str(artist), edges=tuple(map(str, edges))) for artist, edges in told),
        )  # fmt: skip
        log = self.log
        log.add(trace, scope=scope, lens="operations", hits=hits)
        await log.flush()
        return trace.trace_id

    async def judge(
        self, verdict: str = "useful", *, hits: Sequence[int] = (0,), scope: Scope = ANA, trace: str | None = None
    ) -> str:
        """Ask, unless there is a trace, and judge some of its hits, or the answer as a whole."""
        trace_id = trace or await self.ask(scope=scope)
        refs = [self.ways[hit][0] for hit in hits]
        await self.learner.judge(trace_id, verdict, refs=refs, scope=scope)
        return trace_id

    async def learn(self) -> JsonObject:
        """Learn; return what the job says it did."""
        job = await self.learner.run(scope=OPERATOR)
        assert job.status == "succeeded", job.error
        return job.summary

    async def lessons(self) -> list[Found]:
        """Return what every edge has learned."""
        return await self.truth.rows(LEARNED)


def names(found: Findings) -> list[str]:
    """Return the names of the hits, in order."""
    return [hit.card.name for hit in found.hits]


def night(number: int) -> JsonObject:
    """A night at the venue with an artist of its own."""
    return {
        "kind": "event", "name": f"Noche {number}", "source_id": f"n{number}", "market": "medellin",
        "starts_at": f"2026-11-2{number + 2}T21:00:00-05:00", "venue": {"name": "Sala Uno", "source_id": "sala-uno"},
        "lineup": [{"name": f"Banda {number}", "source_id": f"b{number}"}],
    }  # fmt: skip


@pytest.fixture
async def school(settings: Settings) -> AsyncIterator[School]:
    """An engine that has learned nothing yet."""
    async with Engine.open(settings) as engine:
        await deliver_projected(engine, *map(night, range(1, NIGHTS + 1)))
        yield School(engine=engine)


@pytest.fixture
async def desk(truth: Truth) -> Desk:
    """A truth that has learned nothing yet."""
    await truth.deliver(*map(night, range(1, NIGHTS + 1)))
    opened = Desk(truth=truth)
    opened.ways = [(UUID(str(row["artist"])), row["edges"]) for row in await truth.rows(WAYS)]  # type: ignore[misc]
    return opened


def _walked(eid: UUID) -> WalkedEdge:
    return WalkedEdge(eid=str(eid), graph="operations", src="", type="", dst="", weight=0.9)
