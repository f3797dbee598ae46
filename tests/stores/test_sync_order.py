"""In what order changes are taken, who takes them, and how long a caller waits for them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import psycopg
import pytest

from sonik.engine import Engine
from sonik.errors import Conflict, OutOfTime
from sonik.settings import Settings
from sonik.sync.projector import wait_until_projected
from sonik.truth.rows import Position
from tests.fix_engine import deliver, deliver_projected
from tests.fix_kill import Worker, leaders
from tests.fix_sync import Stores, a_venue, entity_id

pytestmark = pytest.mark.anyio

BOTH = ("graph", "vectors")
NEW_ENTITY = """
    insert into unified.entities (entity_type, name, slug, market) values ('venue', 'Tarde', 'tarde', 'medellin')
    returning id::text
"""
NEW_OUTBOX_ROW = "insert into unified.outbox (aggregatetype, aggregateid, type) values ('entity', %s, 'upsert')"


@contextlib.asynccontextmanager
async def projecting(stores: Stores) -> AsyncIterator[None]:
    """Run a projector in the background."""
    task = asyncio.create_task(stores.projector.run())
    yield
    task.cancel()
    await asyncio.wait([task])


async def vertices(stores: Stores) -> set[str]:
    rows = await stores.graphs.read("operations", "MATCH (n:Entity) RETURN n.name")
    return {str(row[0]) for row in rows}


@pytest.mark.parametrize("writes", ["before the quick one", "after the quick one"])
async def test_a_transaction_that_commits_late_is_not_lost(stores: Stores, writes: str) -> None:
    await stores.drain()
    with psycopg.connect(stores.owner) as slow:
        slow.execute("select pg_current_xact_id()")
        if writes == "before the quick one":
            write_late_venue(slow)
        await stores.project(a_venue("Pronto"))
        if writes == "after the quick one":
            write_late_venue(slow)
        await stores.drain()
        assert not await vertices(stores) & {"Pronto", "Tarde"}  # the quick one waits for the older transaction
    await stores.drain()
    assert await vertices(stores) >= {"Pronto", "Tarde"}
    assert await stores.disagreements() == []


def write_late_venue(connection: psycopg.Connection) -> None:
    found = connection.execute(NEW_ENTITY).fetchone()
    assert found is not None
    connection.execute(NEW_OUTBOX_ROW, found)


async def test_the_commit_of_the_older_transaction_wakes_the_projector(stores: Stores) -> None:
    async with projecting(stores):
        with psycopg.connect(stores.owner) as slow:
            write_late_venue(slow)
            intake = await stores.ingest(a_venue("Pronto"))
            assert not await wait_until_projected(stores.postgres, intake.position, sinks=BOTH, seconds=0.3)
        assert await wait_until_projected(stores.postgres, intake.position, sinks=BOTH, seconds=20)


async def test_many_writers_at_once_lose_nothing(stores: Stores) -> None:
    async with projecting(stores):
        batches = [[a_venue(f"Casa {writer}-{i}") for i in range(10)] for writer in range(8)]
        intakes = await asyncio.gather(*(stores.ingest(*batch) for batch in batches))
        for intake in intakes:
            assert await wait_until_projected(stores.postgres, intake.position, sinks=BOTH, seconds=30)
    assert await vertices(stores) >= {f"Casa {writer}-{i}" for writer in range(8) for i in range(10)}
    assert await stores.disagreements() == []


async def test_a_change_written_again_and_again_is_projected_once_as_it_stands(stores: Stores) -> None:
    await stores.drain()
    for number in range(30):
        intake = await stores.ingest(a_venue(f"Casa {number}", known_as="one"))
    progress = await stores.drain(stores.graph_sink)
    assert progress.applied == {"graph": 2}  # the venue and the edge to its market
    rows = await stores.graphs.read("operations", "MATCH (n:Entity {id: $id}) RETURN n.name", {"id": entity_id(intake)})
    assert rows == [["Casa 29"]]


async def test_nothing_written_need_not_be_waited_for(stores: Stores) -> None:
    assert await wait_until_projected(stores.postgres, Position(), sinks=BOTH, seconds=0.0)


async def test_waiting_ends_in_time_when_nobody_projects(settings: Settings) -> None:
    async with Engine.open(settings, project=False) as engine:
        intake = await deliver(engine, a_venue("Casa Uno"))
        async with asyncio.timeout(5):
            with pytest.raises(OutOfTime, match="nothing is lost") as caught:
                await engine.wait_projected(intake, seconds=0.2)
    assert "sonik sync run" in caught.value.next_step


async def test_a_rebuild_by_hand_leaves_a_working_projector_alone(stores: Stores) -> None:
    async with projecting(stores):
        intake = await stores.ingest(a_venue("Casa Uno"))
        await wait_until_projected(stores.postgres, intake.position, sinks=BOTH, seconds=20)
        with pytest.raises(Conflict, match="A projector is at work"):
            await stores.projector.rebuild_once(stores.graph_sink)
        assert await stores.disagreements() == []


async def test_of_two_projectors_one_leads_and_the_other_takes_over_when_it_is_killed(settings: Settings) -> None:
    async with Engine.open(settings, project=False) as engine:
        workers = {name: Worker("project", settings, name=name) for name in ("first", "second")}
        try:
            await deliver_projected(engine, a_venue("Casa Uno"))
            (leader,) = leaders(settings)
            (other,) = set(workers) - {leader}
            workers[leader].kill()
            await deliver_projected(engine, a_venue("Casa Dos"))
            assert leaders(settings) == [other]
        finally:
            for worker in workers.values():
                worker.kill()
        assert all(comparison.agrees for comparison in await engine.compare())
