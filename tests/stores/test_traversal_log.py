"""The traversal log: written in batches off the way of the answer, and nothing is lost without being counted."""

import pytest

from sonik.learning.log import BATCH, MOST_WAITING, TraversalLog
from sonik.stores.postgres import Postgres
from sonik.types import Scope, Step, Trace
from tests.fix_learning import ANA, RIVAL, Desk
from tests.fix_truth import Database, Truth

pytestmark = pytest.mark.anyio


def trace(number: int = 0, query: str = "¿Salsa  EN Quito?") -> Trace:
    return Trace(trace_id=f"t{number}", query=query, steps=(Step(name="seeds", ms=1.5, rows=2),))


def log_of(truth: Truth) -> TraversalLog:
    return TraversalLog(postgres=truth.postgres, clock=truth.clock)


async def test_a_trace_is_kept_with_who_asked_and_what_counts_as_the_same_question(truth: Truth) -> None:
    log = log_of(truth)
    log.add(trace(), scope=ANA, lens="fan", hits=2)
    await log.flush()
    (row,) = await truth.rows("select * from unified.traversal_log")
    kept = ("trace_id", "actor", "owner_org", "collection", "lens", "query", "words", "hits", "at")
    assert [row[name] for name in kept] == [
        "t0", "ana", "acme", "live", "fan", "¿Salsa  EN Quito?", "salsa en quito", 2, truth.now
    ]  # fmt: skip
    assert row["steps"] == [{"name": "seeds", "ms": 1.5, "rows": 2, "note": ""}]


async def test_more_than_a_batch_is_written_whole_and_in_order(truth: Truth) -> None:
    log = log_of(truth)
    for number in range(2 * BATCH + 1):
        log.add(trace(number), scope=ANA, lens="fan", hits=0)
    await log.flush()
    written = await truth.column("select trace_id from unified.traversal_log order by seq")
    assert written == [f"t{number}" for number in range(2 * BATCH + 1)]


async def test_a_query_with_anything_in_it_can_be_kept(truth: Truth) -> None:
    log = log_of(truth)
    log.add(trace(query="a\x00b\udc80\u202e" + "x" * 10_000), scope=Scope(), lens="fan", hits=0)
    await log.flush()
    (query,) = await truth.column("select query from unified.traversal_log")
    assert str(query).startswith("abx")
    assert len(str(query)) == 500


async def test_what_truth_cannot_take_now_is_kept_for_later(database: Database, truth: Truth) -> None:
    later = Postgres(writer=database.writer, reader=database.reader, pool_size=2, timeout_seconds=5)
    log = TraversalLog(postgres=later, clock=truth.clock)
    log.add(trace(1), scope=ANA, lens="fan", hits=0)
    await log.flush()  # nobody has opened it
    log.add(trace(2), scope=ANA, lens="fan", hits=0)
    async with later:
        await log.flush()
    assert await truth.column("select trace_id from unified.traversal_log order by seq") == ["t1", "t2"]


async def test_a_trace_that_truth_refuses_is_counted_and_the_others_are_written(desk: Desk) -> None:
    log = desk.log
    for number in range(3):
        log.add(trace(number), scope=ANA, lens="fan", hits=2**40 if number == 1 else 0)
    await log.flush()
    log.add(trace(3), scope=ANA, lens="fan", hits=0)
    await log.flush()
    assert await desk.truth.column("select trace_id from unified.traversal_log order by seq") == ["t0", "t2", "t3"]
    assert (await desk.learner.status()).traces_lost == 1


async def test_what_finds_no_room_is_counted_and_the_count_is_kept(desk: Desk) -> None:
    log = desk.log
    for number in range(MOST_WAITING + 3):
        log.add(trace(number), scope=RIVAL, lens="fan", hits=0)
    await log.flush()
    assert (log.lost, (await desk.learner.status()).traces_lost) == (0, 3)
    assert await desk.truth.column("select count(*) from unified.traversal_log") == [MOST_WAITING]
