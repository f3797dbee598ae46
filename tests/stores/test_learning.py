"""From a question to a weight: logged, judged, learned in a batch, projected, and read again by the next question."""

from collections.abc import AsyncIterator

import pytest

from sonik.engine import Engine
from sonik.retrieval.traversal import Findings, Traversal
from sonik.settings import Settings
from sonik.types import JsonObject, Scope
from tests.fix_engine import deliver_projected

pytestmark = pytest.mark.anyio

ASKER = Scope(organisation="acme", user="ana")
NIGHTS = 3


def night(number: int) -> JsonObject:
    """A night with an artist of its own at the same venue."""
    return {
        "kind": "event", "name": f"Noche {number}", "source_id": f"n{number}", "market": "medellin",
        "starts_at": f"2026-11-2{number + 2}T21:00:00-05:00", "venue": {"name": "Sala Uno", "source_id": "sala-uno"},
        "lineup": [{"name": f"Banda {number}", "source_id": f"b{number}"}],
    }  # fmt: skip


@pytest.fixture
async def venue(settings: Settings) -> AsyncIterator[Engine]:
    """An engine over one venue and its nights."""
    async with Engine.open(settings) as engine:
        await deliver_projected(engine, *map(night, range(1, NIGHTS + 1)))
        yield engine


async def artists(engine: Engine, *, scope: Scope = ASKER) -> Findings:
    """Ask who plays at the venue."""
    return await engine.traverse(Traversal(start="sala-uno", pattern="artists_at_venue"), scope=scope)


def names(found: Findings) -> list[str]:
    return [hit.card.name for hit in found.hits]


async def learn(engine: Engine) -> JsonObject:
    """Learn, and wait until the graph shows it."""
    job = await engine.learner.run(scope=Scope(role="ops"))
    assert job.status == "succeeded", job.error
    await engine.wait_projected(seconds=30)
    return job.summary


async def test_a_useful_answer_comes_first_the_next_time(venue: Engine) -> None:
    found = await artists(venue)
    last = found.hits[-1]
    await venue.learner.judge(found.trace.trace_id, "useful", refs=[last.card.id], scope=ASKER)
    summary = await learn(venue)
    again = await artists(venue)
    assert names(again)[0] == last.card.name
    assert again.hits[0].score > last.score
    assert summary["traces"] == summary["verdicts"] == 1
    assert all(one.agrees for one in await venue.compare())
