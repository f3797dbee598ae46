"""What became of a store, its sink finds back to truth by itself, and the outbox is kept until it need not."""

import asyncio
import shutil
from pathlib import Path

import pytest
import redis

from sonik.errors import Conflict, StoreUnavailable
from sonik.ontology import GRAPHS, Graph
from sonik.stores.embedded.redis import SNAPSHOT
from sonik.sync.checkpoint import checkpoint
from sonik.sync.projector import wait_until_projected
from sonik.sync.source import Dirty
from sonik.sync.state import read_report
from tests.fix_redis import RedisServer
from tests.fix_sync import Stores, a_venue, an_event

pytestmark = pytest.mark.anyio

OUTBOX = "select count(*) from unified.outbox"


def outbox_rows(stores: Stores) -> int:
    return int(str(stores.truth(OUTBOX)[0][0]))


async def restart(server: RedisServer, stores: Stores, *, snapshot: Path | str | None = None) -> None:
    """Kill the graph server, put another snapshot in place if there is one, and start it again."""
    server.kill()
    with pytest.raises(StoreUnavailable):
        await stores.graphs.run_id()  # the pool notices
    if snapshot:
        shutil.copy(snapshot, Path(server.socket).parent / SNAPSHOT)
    server.start()


def emptied(server: RedisServer) -> None:
    with redis.Redis(unix_socket_path=server.socket) as client:
        client.flushall()


async def filled(stores: Stores) -> None:
    await stores.project(a_venue("Casa Uno"), an_event("Cumbia", lineup=[{"name": "Los Gaiteros"}]))


@pytest.mark.parametrize("sink", [0, 1], ids=["graph", "vectors"])
async def test_a_rebuild_by_hand_gives_the_same_contents(stores: Stores, sink: int) -> None:
    await filled(stores)
    before = await stores.contents()
    projected = await stores.projector.rebuild_once(stores.sinks[sink])
    assert await stores.contents() == before
    entities, edges = stores.truth(
        "select (select count(*) from unified.entities), (select count(*) from unified.relationships)"
    )[0]
    assert projected == int(str(entities)) + int(str(edges))


@pytest.mark.parametrize("graph", GRAPHS)
async def test_a_graph_that_was_deleted_is_made_anew(stores: Stores, graph: Graph) -> None:
    await filled(stores)
    before = await stores.contents()
    await stores.graphs.drop(graph)
    progress = await stores.drain()
    assert set(progress.rebuilt) == {"graph"}
    assert await stores.contents() == before


async def test_an_emptied_server_is_filled_again(mortal: Stores, redis_server: RedisServer) -> None:
    await filled(mortal)
    before = await mortal.contents()
    emptied(redis_server)
    assert set((await mortal.drain()).rebuilt) == {"graph"}
    assert await mortal.contents() == before


async def test_a_server_killed_before_its_first_snapshot_is_filled_again(
    mortal: Stores, redis_server: RedisServer
) -> None:
    await filled(mortal)
    before = await mortal.contents()
    await restart(redis_server, mortal)
    assert set((await mortal.drain()).rebuilt) == {"graph"}
    assert await mortal.contents() == before


async def test_after_a_snapshot_only_what_came_later_is_projected_again(
    mortal: Stores, redis_server: RedisServer
) -> None:
    await filled(mortal)
    assert await mortal.graphs.snapshot()
    await mortal.project(a_venue("Casa Dos"))
    before = await mortal.contents()
    await restart(redis_server, mortal)
    progress = await mortal.drain()
    assert (progress.rebuilt, progress.applied) == ({}, {"graph": 2})  # the venue and the edge to its market
    assert await mortal.contents() == before


async def test_a_snapshot_older_than_the_outbox_leads_to_a_rebuild(
    mortal: Stores, redis_server: RedisServer, tmp_path: Path
) -> None:
    await filled(mortal)
    assert await mortal.graphs.snapshot()
    old = Path(shutil.copy(Path(redis_server.socket).parent / SNAPSHOT, tmp_path / "old.rdb"))
    await mortal.project(a_venue("Casa Dos"))
    await checkpoint(mortal.postgres, mortal.sinks)
    await mortal.project(a_venue("Casa Tres"))
    before = await mortal.contents()
    await restart(redis_server, mortal, snapshot=old)
    assert set((await mortal.drain()).rebuilt) == {"graph"}
    assert await mortal.contents() == before


async def test_a_graph_ahead_of_truth_is_rebuilt(stores: Stores) -> None:
    await filled(stores)
    before = await stores.contents()
    for graph in GRAPHS:  # as when truth was restored from a backup
        await stores.graphs.write(graph, "MATCH (c:SinkCursor) SET c.txid = c.txid + 1000000")
    await stores.graphs.write("operations", "CREATE (:Entity {id: 'from the future'})")
    assert set((await stores.drain()).rebuilt) == {"graph"}
    assert await stores.contents() == before


async def test_a_lost_table_of_vectors_is_filled_again(stores: Stores) -> None:
    await filled(stores)
    before = await stores.contents()
    await stores.vectors.recreate()
    assert set((await stores.drain()).rebuilt) == {"vectors"}
    assert await stores.contents() == before


@pytest.mark.parametrize("end", ["Casa Uno", "Cumbia"])
async def test_a_graph_made_anew_lacks_the_edges_of_what_is_deleted(stores: Stores, end: str) -> None:
    await stores.project(a_venue("Casa Uno"), an_event("Cumbia"))
    stores.change_truth("update unified.entities set deleted_at = now() where name = %(name)s", {"name": end})
    await stores.projector.rebuild_once(stores.graph_sink)
    assert await stores.graphs.read("operations", "MATCH ()-[r:HOSTED_BY]->() RETURN r.eid") == []


async def test_a_truth_without_anything_to_search_is_no_reason_to_rebuild_for_ever(stores: Stores) -> None:
    await filled(stores)
    names = [str(row[0]) for row in stores.truth("select name from unified.entities")]
    stores.change_truth("update unified.entities set deleted_at = now()")
    stores.touch(*names)
    async with asyncio.timeout(20):
        await stores.drain()
        assert (await stores.drain()).rebuilt == {}
    assert (await stores.vectors.count(), await stores.disagreements()) == (0, [])


async def test_a_server_that_restarts_in_the_middle_of_a_batch_leaves_no_hole(
    mortal: Stores, redis_server: RedisServer
) -> None:
    await filled(mortal)
    assert await mortal.graphs.snapshot()
    await mortal.ingest(a_venue("Casa Dos"), a_venue("Casa Tres"))
    first, second = (
        row[0] for row in mortal.truth("select id from unified.entities where name in ('Casa Dos', 'Casa Tres')")
    )
    async with mortal.graph_sink.steady() as sink:
        before = await sink.cursor()
        assert before is not None
        await sink.apply(Dirty(entities=(first,)))  # type: ignore[arg-type]
        await restart(redis_server, mortal)  # goes back to the snapshot: the cursor is the same, the first venue gone
        with pytest.raises(StoreUnavailable):
            await sink.apply(Dirty(entities=(second,)))  # type: ignore[arg-type]
        with pytest.raises(StoreUnavailable):
            await sink.advance(before)
    await mortal.drain()
    assert await mortal.disagreements() == []


async def test_a_server_emptied_in_the_middle_of_a_batch_does_not_pass_for_whole(
    mortal: Stores, redis_server: RedisServer
) -> None:
    await filled(mortal)
    await mortal.ingest(a_venue("Casa Dos"))
    async with mortal.graph_sink.steady() as sink:
        cursor = await sink.cursor()
        assert cursor is not None
        emptied(redis_server)
        with pytest.raises(Conflict, match="changed under the projector"):
            await sink.advance(cursor)
    assert set((await mortal.drain()).rebuilt) == {"graph"}
    assert await mortal.disagreements() == []


@pytest.mark.parametrize("which", [0, 1], ids=["graph", "vectors"])
async def test_a_rebuild_cut_short_begins_anew(stores: Stores, which: int) -> None:
    await filled(stores)
    before = await stores.contents()
    one = stores.truth("select id from unified.entities limit 1")[0][0]
    async with stores.sinks[which].steady() as sink:
        await sink.clear()
        await sink.apply(Dirty(entities=(one,), complete=True))  # type: ignore[arg-type]
    assert await stores.sinks[which].cursor() is None
    assert set((await stores.drain()).rebuilt) == {stores.sinks[which].name}
    assert await stores.contents() == before


async def test_the_outbox_is_pruned_only_after_a_finished_snapshot(mortal: Stores, redis_server: RedisServer) -> None:
    await filled(mortal)
    kept = outbox_rows(mortal)
    blocked = Path(redis_server.socket).parent / SNAPSHOT
    blocked.mkdir()  # no snapshot can take this name
    await checkpoint(mortal.postgres, mortal.sinks)
    assert outbox_rows(mortal) == kept > 0
    blocked.rmdir()
    await checkpoint(mortal.postgres, mortal.sinks)
    assert outbox_rows(mortal) == 0
    assert (await mortal.drain()).rebuilt == {}


async def test_the_outbox_is_kept_for_the_slowest_sink(stores: Stores) -> None:
    await filled(stores)
    await stores.ingest(a_venue("Casa Dos"))
    await stores.drain(stores.graph_sink)
    await checkpoint(stores.postgres, stores.sinks)
    assert outbox_rows(stores) == 2  # the venue and the edge to its market
    assert (await stores.drain()).rebuilt == {}
    assert await stores.disagreements() == []


async def test_what_was_pruned_stays_known_while_a_sink_begins_anew(stores: Stores) -> None:
    await filled(stores)
    await checkpoint(stores.postgres, stores.sinks)
    pruned = stores.truth("select max(pruned_txid) from unified.sync_state")
    await stores.vector_sink.clear()
    await checkpoint(stores.postgres, stores.sinks)
    assert stores.truth("select max(pruned_txid) from unified.sync_state") == pruned


async def test_a_store_that_is_away_holds_up_no_other(mortal: Stores, redis_server: RedisServer) -> None:
    task = asyncio.create_task(mortal.projector.run())
    intake = await mortal.ingest(a_venue("Casa Uno"))
    assert await wait_until_projected(mortal.postgres, intake.position, sinks=("graph", "vectors"), seconds=20)
    redis_server.kill()
    intake = await mortal.ingest(a_venue("Casa Dos"))
    assert await wait_until_projected(mortal.postgres, intake.position, sinks=("vectors",), seconds=20)
    graph, vectors = (await read_report(mortal.postgres, mortal.sinks)).sinks
    assert (graph.cursor, graph.error is None, vectors.error) == (None, False, None)
    redis_server.start()
    assert await wait_until_projected(mortal.postgres, intake.position, sinks=("graph",), seconds=20)
    task.cancel()
    await asyncio.wait([task])
    assert [(state.behind, state.error) for state in (await read_report(mortal.postgres, mortal.sinks)).sinks] == [
        (0, None)
    ] * 2
    assert await mortal.disagreements() == []
