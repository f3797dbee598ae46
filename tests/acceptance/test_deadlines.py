"""A call that takes too long is stopped and told to ask for less; one that is given up leaves nothing behind."""

from collections.abc import AsyncIterator

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import TaskStatus
from mcp import Client, MCPError
from mcp_types import ResourceTemplateReference

from server.app import build
from sonik.engine import Engine
from sonik.retrieval.listing import Wish
from sonik.stores.postgres import Session
from tests.fix_engine import READER
from tests.fix_http import Served, a_token, connected
from tests.fix_mcp import ERAS, Standing, data_of, error_of
from tests.fix_outage import Frail

pytestmark = pytest.mark.anyio

READ_SECONDS = 0.4
LOCK = "lock table unified.entities in access exclusive mode"
WAITING = "select count(*)::int as waiting from pg_locks where not granted"
MANY = 120
STATEMENT_SECONDS = 5.0


@pytest.fixture
async def hasty(frail: Frail) -> AsyncIterator[Client]:
    """A client of a server that gives a read less time than a store has."""
    standing = Standing(frail.engine)
    standing.settings = frail.settings.model_copy(update={"read_seconds": READ_SECONDS})
    async with Client(build(standing), raise_exceptions=True) as client:
        yield client


async def test_a_read_that_waits_for_truth_is_stopped_there_too(frail: Frail, hasty: Client) -> None:
    async with frail.engine._postgres.writing() as session:
        await session.execute(LOCK)
        with anyio.fail_after(5 * READ_SECONDS):
            told = error_of(await hasty.call_tool("sonik_whats_on", {"when": "tonight"}))
        assert (told["code"], told["retryable"]) == ("out_of_time", True)
        assert told["message"] == "sonik_whats_on was stopped: it took longer than 0.4 s."
        assert told["fix"] == "Ask for a shorter `when`, or one market."
        assert (await session.rows(WAITING))[0]["waiting"] == 0
        await session.rollback()
    assert data_of(await hasty.call_tool("sonik_whats_on", {"when": "this_weekend"}))["events"]


async def test_a_resource_and_a_completion_take_no_longer_than_a_tool(frail: Frail, hasty: Client) -> None:
    entity = ResourceTemplateReference(uri="sonik://entity/{ref}")
    async with frail.engine._postgres.writing() as session:
        await session.execute(LOCK)
        with anyio.fail_after(10 * READ_SECONDS):
            for uri in ("sonik://entity/nebula", "sonik://market/medellin/tonight"):
                with pytest.raises(MCPError, match="The resource was stopped: it took longer than 0"):
                    await hasty.read_resource(uri)
            assert (await hasty.complete(entity, {"name": "ref", "value": "neb"})).completion.values == []
        assert (await session.rows(WAITING))[0]["waiting"] == 0
        await session.rollback()
    assert (await hasty.complete(entity, {"name": "ref", "value": "neb"})).completion.values[0] == "nebula"


async def test_a_walk_through_a_graph_that_hangs_is_stopped(frail: Frail, hasty: Client) -> None:
    with frail.hanging("Redis"), anyio.fail_after(5 * READ_SECONDS):
        told = error_of(await hasty.call_tool("sonik_traverse", {"start": "nebula", "pattern": "similar"}))
    assert (told["code"], told["fix"]) == ("out_of_time", "Walk fewer max_hops, or with a higher min_confidence.")
    assert data_of(await hasty.call_tool("sonik_traverse", {"start": "nebula", "pattern": "similar"}))["hits"]


async def test_calls_that_are_given_up_give_their_connections_back(frail: Frail, hasty: Client) -> None:
    calls = (
        ("sonik_search", {"query": "dónde bailar salsa"}),
        ("sonik_traverse", {"start": "nebula", "pattern": "neighbors"}),
        ("sonik_whats_on", {"when": "this_weekend"}),
    )

    async def give_up(number: int) -> None:
        name, arguments = calls[number % len(calls)]
        if name == "sonik_search":
            arguments = {"query": f"{arguments['query']} {number}"}
        with anyio.move_on_after(0.002 * (number % 40)):
            await hasty.call_tool(name, arguments)

    async with anyio.create_task_group() as many:
        for number in range(MANY):
            many.start_soon(give_up, number)
    pools = [frail.engine._postgres._reader, frail.engine._postgres._writer]
    with anyio.fail_after(10):
        while True:
            lent = [pool.get_stats()["pool_size"] - pool.get_stats()["pool_available"] for pool in pools]
            if not any(lent) and not frail.engine._graphs._pool._in_use_connections:
                break
            await anyio.sleep(0.01)
    async with anyio.create_task_group() as again:
        for _ in range(2 * frail.settings.pool_size):
            again.start_soon(_listed, frail)
    async with frail.engine._postgres.writing() as session:
        assert (await session.rows(WAITING))[0]["waiting"] == 0


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_hangs_up_over_http_stops_its_query(served: Served, market: Engine, era: str) -> None:
    async with market._postgres.writing() as session:
        async with anyio.create_task_group() as calling:
            locked = anyio.Event()
            await calling.start(_given_up_over_http, served, era, locked)
            await session.execute(LOCK)
            locked.set()
            with anyio.fail_after(30):
                await _until_waiting(session, 1)
            calling.cancel_scope.cancel()
        with anyio.fail_after(STATEMENT_SECONDS / 2):  # sooner than PostgreSQL would stop it by itself
            await _until_waiting(session, 0)
        await session.rollback()


async def _given_up_over_http(
    served: Served, era: str, locked: anyio.Event, *, task_status: TaskStatus[None]
) -> None:  # fmt: skip
    async with connected(served, token=a_token(sub="hasty"), era=era) as client:
        # The worker at the other end opens its stores with its first call, and goes on with that whoever hangs up.
        await client.call_tool("sonik_whats_on", {"when": "tonight"})
        task_status.started()
        await locked.wait()
        await client.call_tool("sonik_whats_on", {"when": "tonight"})


async def _until_waiting(session: Session, wanted: int) -> None:
    while (await session.rows(WAITING))[0]["waiting"] != wanted:
        await anyio.lowlevel.checkpoint()


async def _listed(frail: Frail) -> None:
    assert (await frail.engine.whats_on(Wish(when="this_weekend"), scope=READER)).total
