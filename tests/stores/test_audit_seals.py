"""The audit log is sealed in a chain: whatever is changed, taken away, put in or moved is found."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from secrets import token_hex
from typing import LiteralString

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sonik.audit.call import Call, arguments_digest
from sonik.audit.checking import Checked, check
from sonik.audit.log import CallLog
from sonik.audit.sealing import HOURLY, NAME, Sealing
from sonik.errors import Misconfigured
from sonik.jobs.queue import list_jobs
from sonik.jobs.worker import Worker
from sonik.truth.unit import Purpose, unit_of_work
from sonik.types import Scope
from tests.fix_truth import INGEST, NIGHT, Database, Truth

pytestmark = pytest.mark.anyio

SECRET = b"the secret of the auditors"
OTHER = b"another secret altogether"
KEY = b"k" * 32
ANA = Scope(role="organizer", organisation="acme", user="ana@club.example")
NEW_ROW = """
    insert into unified.audit_log (correlation_id, actor, role, action, collection)
    values ('late', unified.audit_ref('late'), 'ops', 'late', 'live')
"""
# What an intruder changes, each with the values of another moment, row or guess.
ROW_CHANGES: tuple[LiteralString, ...] = (
    "at = at - interval '1 microsecond'", "correlation_id = 'x'", "actor = 'x'", "organisation = null", "key = 'x'",
    "role = 'staff'", "action = 'x'", "target = target || ' '", "outcome = 'not_allowed'", "ms = ms + 0.001",
    "arguments = null", "collection = 'x'", "details = '{\"a\": 1}'", "id = uuidv7()", "txid = '3'", "epoch = 1",
    "seq = default",
)  # fmt: skip
SEAL_CHANGES: tuple[LiteralString, ...] = (
    "number = number + 100", "epoch = 1", "txid = '3'", "seq = seq + 1", "rows = rows + 1", "root = sha256(root)",
    "leaves = sha256(leaves)", "leaves = null", "previous = sha256(previous)", "digest = sha256(digest)",
    "mark = sha256(mark)", "mark = null", "sealed_at = sealed_at - interval '1 microsecond'",
)  # fmt: skip


def sealing(truth: Truth, *, secret: bytes | None = SECRET, batch: int = 4, keep_days: int = 365) -> Sealing:
    return Sealing(
        postgres=truth.postgres, clock=truth.clock, keep=timedelta(days=keep_days), secret=secret, batch=batch
    )  # fmt: skip


def a_call(number: int = 0, **changes: object) -> Call:
    call = Call(
        at=NIGHT, correlation_id=token_hex(8), scope=ANA, key="k7m2p9x4", action="tools/call", target="sonik_search",
        outcome="ok", ms=1.5, arguments=arguments_digest({"query": f"salsa {number}"}, key=KEY),
    )  # fmt: skip
    return replace(call, **changes)  # type: ignore[arg-type] # fields of a call


async def log_calls(truth: Truth, count: int) -> None:
    log = CallLog(clock=truth.clock)
    for number in range(count):
        log.add(a_call(number))
    await log.flush(truth.postgres)


async def as_intruder(truth: Truth, statement: LiteralString) -> None:
    """Do what an owner of the database can do to the log."""
    async with await psycopg.AsyncConnection.connect(truth.owner) as connection:
        await connection.execute("set session_replication_role = replica")
        await connection.execute(statement)


async def told(truth: Truth, **asked: object) -> list[tuple[int, str]]:
    checked = await check(truth.postgres, secret=SECRET, **asked)  # type: ignore[arg-type]
    return [(found.seal, found.what.partition(" (")[0]) for found in checked.breaks]


@pytest.fixture
async def sealed_log(truth: Truth) -> Truth:
    """Rows 1 to 10 under three seals, and two that are not sealed yet."""
    await as_intruder(truth, "alter table unified.audit_log alter column seq restart")
    await log_calls(truth, 10)
    assert await sealing(truth).seal() == 10
    await log_calls(truth, 2)
    return truth


async def test_an_untouched_log_holds(sealed_log: Truth) -> None:
    checked = await check(sealed_log.postgres, secret=SECRET)
    assert replace(checked, head=None) == Checked(
        seals=3, rows=10, marked=3, unsealed=2, oldest_unsealed=NIGHT, head=None
    )  # fmt: skip
    assert checked.holds
    assert (await check(sealed_log.postgres)).holds


async def test_an_empty_log_holds(truth: Truth) -> None:
    assert await sealing(truth).seal() == 0
    assert await check(truth.postgres, secret=SECRET) == Checked()


KEPT = """
    drop table if exists kept_log, kept_seals;
    create table kept_log as table unified.audit_log; create table kept_seals as table unified.audit_seals;
"""
AGAIN = """
    delete from unified.audit_log; delete from unified.audit_seals;
    insert into unified.audit_log overriding system value select * from kept_log;
    insert into unified.audit_seals select * from kept_seals;
"""
CHOSEN = "(select id from unified.audit_log order by seq offset {} limit 1)"
TAMPERING = st.one_of(
    st.tuples(st.sampled_from(ROW_CHANGES), st.integers(0, 9)).map(
        lambda it: f"update unified.audit_log set {it[0]} where id = {CHOSEN.format(it[1])}"
    ),
    st.integers(0, 9).map(lambda row: f"delete from unified.audit_log where id = {CHOSEN.format(row)}"),
    st.tuples(st.integers(0, 8), st.integers(-5, 10)).map(
        lambda it: (
            "insert into unified.audit_log overriding system value select (jsonb_populate_record(a, "
            f"jsonb_build_object('id', uuidv7(), 'seq', {it[1]}, 'txid', a.txid::text::bigint - 1))).* "
            f"from unified.audit_log a where id = {CHOSEN.format(it[0])}"
        )
    ),
    st.tuples(st.integers(0, 8), st.integers(1, 3)).map(
        lambda it: (
            f"create temp table two as select * from unified.audit_log order by seq offset {it[0]} limit 2; "
            "delete from unified.audit_log where id in (select id from two); insert into unified.audit_log overriding "
            "system value select (jsonb_populate_record(t, jsonb_build_object('seq', u.seq))).* from two t, two u "
            "where t.id <> u.id; drop table two"
        )
    ),
    st.tuples(st.sampled_from(SEAL_CHANGES), st.integers(1, 3)).map(
        lambda it: f"update unified.audit_seals set {it[0]} where number = {it[1]}"
    ),
    st.integers(1, 2).map(lambda seal: f"delete from unified.audit_seals where number = {seal}"),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tampering=TAMPERING)
async def test_whatever_is_tampered_with_is_found(sealed_log: Truth, tampering: str) -> None:
    async with await psycopg.AsyncConnection.connect(sealed_log.owner, autocommit=True) as connection:
        await connection.execute("set session_replication_role = replica")
        await connection.execute(KEPT)
        try:
            await connection.execute(tampering.encode())
            assert not (await check(sealed_log.postgres, secret=SECRET)).holds
        finally:
            await connection.execute(AGAIN)
        assert (await check(sealed_log.postgres, secret=SECRET)).holds


@pytest.mark.parametrize(
    ("statement", "breaks"),
    [
        ("update unified.audit_log set outcome = 'x' where seq = 6", [(2, "changed row 6")]),
        ("delete from unified.audit_log where seq in (2, 3)",
         [(1, "missing row: number 2 of the batch"), (1, "missing row: number 3 of the batch")]),
        ("update unified.audit_seals set rows = 5 where number = 2", [(2, "the seal itself was changed")]),
        ("delete from unified.audit_seals where number = 1",
         [(2, "broken link: seal 1 is missing"), *((2, f"extra row {seq}") for seq in (1, 2, 3, 4))]),
        ("update unified.audit_seals set mark = null, digest = previous where number = 3",
         [(3, "the seal itself was changed"), (3, "it does not bear the mark of this secret")]),
    ],
)  # fmt: skip
async def test_a_break_is_told_by_its_seal_and_what_is_wrong(
    sealed_log: Truth, statement: LiteralString, breaks: list[tuple[int, str]]
) -> None:
    await as_intruder(sealed_log, statement)
    assert await told(sealed_log) == breaks


async def test_a_check_can_begin_behind_what_was_checked_before(sealed_log: Truth) -> None:
    await as_intruder(sealed_log, "update unified.audit_log set outcome = 'x' where seq in (2, 10)")
    watched: list[tuple[int, int]] = []
    assert await told(sealed_log, watch=lambda done, total: watched.append((done, total))) == [
        (1, "changed row 2"), (3, "changed row 10"),
    ]  # fmt: skip
    assert watched == [(3, 3)]
    assert await told(sealed_log, first=2) == [(3, "changed row 10")]


async def test_rows_put_in_another_order_are_told_as_such(sealed_log: Truth) -> None:
    await as_intruder(
        sealed_log,
        "create temp table two as select * from unified.audit_log where seq in (5, 6); "
        "delete from unified.audit_log where seq in (5, 6); "
        "insert into unified.audit_log overriding system value "
        "select (jsonb_populate_record(two, jsonb_build_object('seq', 11 - seq))).* from two",
    )
    assert await told(sealed_log) == [(2, "reordered row 5"), (2, "reordered row 6")]


async def test_an_end_that_was_cut_off_is_found_by_a_head_noted_before(sealed_log: Truth) -> None:
    whole = await check(sealed_log.postgres, secret=SECRET)
    assert whole.head is not None
    assert await told(sealed_log, head=whole.head[:16]) == []
    await as_intruder(sealed_log, "delete from unified.audit_seals where number = 3")
    await as_intruder(sealed_log, "delete from unified.audit_log where seq > 8")
    assert await told(sealed_log) == []
    assert await told(sealed_log, head=whole.head) == [
        (2, f"the chain does not hold {whole.head[:16]}: its end was cut off or replaced")
    ]


async def test_who_lacks_the_secret_cannot_make_the_chain_anew(sealed_log: Truth) -> None:
    await as_intruder(sealed_log, "delete from unified.audit_seals")
    await as_intruder(sealed_log, "update unified.audit_log set outcome = 'ok', role = 'reader' where seq = 3")
    assert await sealing(sealed_log, secret=OTHER).seal() == 12
    assert (await check(sealed_log.postgres)).holds
    assert await told(sealed_log) == [
        *((number, "it does not bear the mark of this secret") for number in (1, 2, 3)),
        (3, "no seal bears the mark of this secret"),
    ]


@pytest.mark.parametrize("secret", [OTHER, None])
async def test_nobody_goes_on_sealing_without_the_secret_of_the_last_seal(
    sealed_log: Truth, secret: bytes | None
) -> None:
    with pytest.raises(Misconfigured, match=r"Seal 3 .* SONIK_AUDIT_SECRET"):
        await sealing(sealed_log, secret=secret).seal()
    assert await sealing(sealed_log).seal() == 2


async def test_a_secret_that_came_later_marks_from_then_on(truth: Truth) -> None:
    await log_calls(truth, 3)
    await sealing(truth, secret=None).seal()
    assert await told(truth) == [(1, "no seal bears the mark of this secret")]
    await log_calls(truth, 3)
    await sealing(truth).seal()
    checked = await check(truth.postgres, secret=SECRET)
    assert (checked.holds, checked.seals, checked.marked) == (True, 2, 1)


async def test_a_row_that_commits_late_is_neither_lost_nor_slipped_behind_a_seal(truth: Truth) -> None:
    with psycopg.connect(truth.owner) as slow:
        slow.execute(NEW_ROW)
        await log_calls(truth, 3)
        assert await sealing(truth).seal() == 0
    await log_calls(truth, 3)
    assert await sealing(truth).seal() == 7
    assert (await check(truth.postgres, secret=SECRET)).holds
    assert await truth.column("select count(*) from unified.audit_log where action = 'late'") == [1]


async def test_several_writers_and_sealers_at_once_leave_one_whole_chain(truth: Truth) -> None:
    async def write() -> None:
        for _ in range(5):
            await log_calls(truth, 7)
            purpose = Purpose(action="errand", scope=INGEST)
            async with unit_of_work(truth.postgres, purpose=purpose, clock=truth.clock) as unit:
                await unit.audit({})

    async def seal() -> None:
        for _ in range(5):
            await sealing(truth).seal()

    await asyncio.gather(write(), seal(), write(), seal())
    await sealing(truth).seal()
    checked = await check(truth.postgres, secret=SECRET)
    assert (checked.holds, checked.rows, checked.unsealed) == (True, 80, 0)


async def test_the_hourly_job_seals_and_forgets_whole_batches_that_are_old(truth: Truth) -> None:
    await log_calls(truth, 10)
    await work(truth)
    truth.later(days=2)
    await log_calls(truth, 5)
    await work(truth, keep_days=1)
    checked = await check(truth.postgres, secret=SECRET)
    # Ten rows are gone; five, and the note of the log that they are gone, stay.
    assert (checked.holds, checked.seals, checked.forgotten, checked.rows, checked.unsealed) == (True, 5, 3, 5, 1)
    assert await truth.column("select details from unified.audit_log where action = 'audit.forget'") == [
        {"through": 3, "rows": 10}
    ]


async def work(truth: Truth, *, keep_days: int = 365) -> None:
    """Do the hourly job."""
    handler = sealing(truth, keep_days=keep_days).handler
    await Worker(
        postgres=truth.postgres, handlers={NAME: handler}, clock=truth.clock, schedule=[HOURLY]
    ).drain()  # fmt: skip
    jobs = await list_jobs(truth.postgres, scope=replace(INGEST, role="staff"))
    assert {job.status for job in jobs} == {"succeeded"}


async def test_rows_taken_away_by_hand_do_not_pass_for_forgotten_ones(sealed_log: Truth) -> None:
    await as_intruder(sealed_log, "delete from unified.audit_log where seq <= 4")
    await as_intruder(sealed_log, "update unified.audit_seals set leaves = null where number = 1")
    assert await told(sealed_log) == [(1, "its rows are gone, and the log does not tell of it")]


async def test_a_chain_goes_on_behind_a_restore_though_transactions_count_anew(sealed_log: Truth) -> None:
    await as_intruder(sealed_log, "update unified.audit_log set txid = (txid::text::bigint + 1000000)::text::xid8")
    await as_intruder(sealed_log, "delete from unified.audit_seals")
    await as_intruder(sealed_log, "update unified.audit_base set epoch = 1")
    await log_calls(sealed_log, 3)
    assert await sealing(sealed_log).seal() == 15
    assert (await check(sealed_log.postgres, secret=SECRET)).holds


@pytest.mark.parametrize("table", ["audit_log", "audit_seals"])
@pytest.mark.parametrize("change", ["update unified.{} set txid = '3'", "delete from unified.{}"])
async def test_neither_the_server_nor_a_slip_of_the_owner_changes_what_was_audited(
    sealed_log: Truth, database: Database, table: str, change: str
) -> None:
    for dsn in (database.writer, database.owner):
        async with await psycopg.AsyncConnection.connect(dsn) as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(change.format(table).encode())
    assert (await check(sealed_log.postgres, secret=SECRET)).holds
