"""What is old goes, what is new stays, and a nearly full disk takes nothing in."""

from collections.abc import AsyncIterator
from dataclasses import replace

import psycopg
import pytest

from sonik.errors import DiskFull
from sonik.identity.sighting import Source
from sonik.ingest.background import submit
from sonik.ingest.files import rows_of
from sonik.ingest.intake import Delivery
from sonik.jobs.job import Order
from sonik.jobs.queue import cancel, enqueue, list_jobs
from sonik.jobs.retention import CHUNK, DAILY, NAME, Retention
from sonik.jobs.worker import Worker
from sonik.settings import Settings
from sonik.stores.disk import Room
from sonik.stores.postgres import Postgres, translated
from sonik.sync.source import Outbox
from sonik.truth.rows import Position
from sonik.types import JsonObject
from tests.fix_truth import INGEST, Database, Truth, venue

pytestmark = pytest.mark.anyio

OLD_AND_NEW = """
    insert into unified.traversal_log (trace_id, at, actor, collection, lens, query, hits, understood, steps, edges)
    select 'trace', at, 'a', 'live', 'fan', 'salsa', 0, '{}', '[]', '[]' from moments;
    insert into unified.idempotency_keys (key, actor, collection, request_hash, response, created_at)
    select at::text, 'a', 'live', '', '{}', at from moments;
    insert into unified.dead_letters (sink, aggregatetype, aggregateid, error, attempts, created_at)
    select 'graph', 'entity', at::text, 'x', 3, at from moments;
    insert into unified.jobs (name, run_at, most_attempts, role, actor, created_at, finished_at, status)
    select 'errand', at, 1, 'reader', 'a', at, at, 'succeeded' from moments;
    insert into unified.embeddings_cache (model, text_hash, vector, created_at)
    select 'm', at::text::bytea, '', at from moments
"""


async def fill(truth: Truth) -> None:
    """Put two rows a day old and two a year old into every table that is swept."""
    async with await psycopg.AsyncConnection.connect(truth.owner) as connection:
        await connection.execute(
            "create temp table moments as select %(now)s::timestamptz - make_interval(days => days) as at "
            "from unnest(array[1, 2, 365, 366]) as days",
            {"now": truth.now},
        )
        await connection.execute("truncate unified.traversal_log, unified.embeddings_cache")
        await connection.execute(OLD_AND_NEW)


async def sweep(truth: Truth, **limits: int) -> JsonObject:
    """Do the daily job and return what it swept."""
    retention = Retention.of(Settings().model_copy(update=limits), clock=truth.clock)
    worker = Worker(
        postgres=truth.postgres, handlers={NAME: retention.handler}, clock=truth.clock, schedule=[DAILY]
    )  # fmt: skip
    await worker.drain()
    (job,) = [job for job in await list_jobs(truth.postgres, scope=replace(INGEST, role="staff")) if job.name == NAME]
    assert job.status == "succeeded"
    return job.summary


async def test_each_table_loses_what_is_older_than_its_limit(truth: Truth) -> None:
    await fill(truth)
    swept = await sweep(truth, keep_cached_vectors=3)
    assert swept == {
        "traces": 2, "evidence": 0, "jobs": 2, "keys": 2, "dead_letters": 2, "vectors": 1, "outbox": 0
    }  # fmt: skip
    for table in ("traversal_log", "idempotency_keys", "dead_letters"):
        assert await truth.column(f"select count(*) from unified.{table}") == [2]


async def test_more_rows_than_one_step_takes_all_go(truth: Truth) -> None:
    await truth.rows(
        "insert into unified.idempotency_keys (key, actor, collection, request_hash, response, created_at) "
        "select i::text, 'a', 'live', '', '{}', %(at)s::timestamptz - interval '1 year' "
        "from generate_series(1, %(count)s) as i returning 1",
        at=truth.now, count=CHUNK * 2 + 1,
    )  # fmt: skip
    assert (await sweep(truth))["keys"] == CHUNK * 2 + 1


async def test_the_writer_may_not_touch_the_traversal_log_otherwise(truth: Truth) -> None:
    async with truth.postgres.writing() as session:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await session.execute("delete from unified.traversal_log")
        await session.rollback()


async def test_a_sink_that_is_too_far_behind_is_told_to_begin_anew(truth: Truth) -> None:
    for name in ("one", "two", "three"):
        await truth.tell(venue(name, name=f"Sala {name}"))
    await truth.rows("insert into unified.sync_state (sink) values ('graph') returning sink")
    places = await truth.rows("select txid::text::bigint as txid, seq from unified.outbox order by txid, seq")
    swept = await sweep(truth, keep_outbox_rows=1)
    outbox = Outbox(truth.postgres)
    last, before = (Position(txid=int(str(p["txid"])), seq=int(str(p["seq"]))) for p in (places[-1], places[-3]))
    assert swept["outbox"] == len(places) - 1
    assert await truth.column("select count(*) from unified.outbox") == [1]
    assert await outbox.holds_all_after(last)
    assert not await outbox.holds_all_after(before)


@pytest.fixture
async def full(truth: Truth, database: Database) -> AsyncIterator[Truth]:
    """The same truth on a disk that has less room than is to be kept free."""
    room = Room(directory=Settings().home, reserve_mib=10**9)
    async with Postgres(
        writer=database.writer, reader=database.reader, pool_size=2, timeout_seconds=10, room=room
    ) as postgres:  # fmt: skip
        yield replace(truth, postgres=postgres)


async def test_a_nearly_full_disk_takes_nothing_in_and_says_what_to_do(full: Truth) -> None:
    with pytest.raises(DiskFull, match=r"has \d+ MiB left, .* SONIK_DISK_RESERVE_MIB"):
        await full.tell(venue("v1"))
    with pytest.raises(DiskFull):
        await full.deliver(venue("v1"), dry_run=True)
    delivery = Delivery(source=Source(code="file"), scope=INGEST)
    with pytest.raises(DiskFull):
        await submit(full.postgres, rows_of([venue("v1")]), delivery=delivery, clock=full.clock)
    assert await full.names("venue") == []
    assert await full.column("select count(*) from unified.jobs") == [0]


async def test_a_nearly_full_disk_still_lets_jobs_be_cancelled_and_old_rows_be_swept(full: Truth) -> None:
    async with full.postgres.writing() as session:
        job_id, _ = await enqueue(session, Order(name="errand", scope=INGEST), clock=full.clock)
    assert (await cancel(full.postgres, str(job_id), scope=INGEST, clock=full.clock)).status == "cancelled"
    await fill(full)
    assert (await sweep(full))["traces"] == 2


async def test_a_full_disk_of_postgresql_is_told_as_such() -> None:
    with pytest.raises(DiskFull, match="PostgreSQL's disk is full"):
        async with translated():
            raise psycopg.errors.DiskFull("could not extend file")
