"""The log of calls: written beside the answer, naming nobody, and never in a caller's way."""

import asyncio
import logging
from dataclasses import replace
from uuid import uuid4

import pytest

from sonik.audit.auditor import Auditor, Sought
from sonik.audit.call import UNREADABLE, Call, arguments_digest
from sonik.audit.log import CallLog
from sonik.errors import NotAllowed
from sonik.settings import Settings
from sonik.stores.postgres import Postgres
from sonik.truth.unit import Purpose, unit_of_work
from sonik.types import Scope
from tests.fix_truth import NIGHT, Database, Truth

pytestmark = pytest.mark.anyio

KEY = b"k" * 32
ANA = Scope(role="organizer", organisation="Club Éxtasis", user="ana@club.example")
STAFF = Scope(role="staff")
CALL = Call(
    at=NIGHT, correlation_id="00000000000000aa", scope=ANA, key="k7m2p9x4", action="tools/call", target="sonik_search",
    outcome="ok", ms=1.5, arguments=arguments_digest({"query": "salsa esta noche"}, key=KEY),
)  # fmt: skip


def noted(truth: Truth, *calls: Call, most_waiting: int = 100) -> CallLog:
    log = CallLog(clock=truth.clock, most_waiting=most_waiting)
    for call in calls:
        log.add(replace(call, id=uuid4()))
    return log


def auditor(truth: Truth) -> Auditor:
    return Auditor.of(Settings(), postgres=truth.postgres, clock=truth.clock)


async def test_a_call_is_written_with_references_in_place_of_names(truth: Truth) -> None:
    await noted(truth, CALL).flush(truth.postgres)
    (row,) = await truth.rows(
        "select at, correlation_id, actor = unified.audit_ref('ana@club.example') as by_ana, organisation = "
        "unified.audit_ref('Club Éxtasis') as of_club, key, role, action, target, outcome, ms, arguments, collection, "
        "details from unified.audit_log"
    )
    assert row == {
        "at": NIGHT, "correlation_id": "00000000000000aa", "by_ana": True, "of_club": True, "key": "k7m2p9x4",
        "role": "organizer", "action": "tools/call", "target": "sonik_search", "outcome": "ok", "ms": 1.5,
        "arguments": CALL.arguments, "collection": "live", "details": {},
    }  # fmt: skip
    kept = str(await truth.rows("select to_jsonb(a) as row from unified.audit_log a"))
    for value in ("ana", "club.example", "Éxtasis", "salsa"):
        assert value not in kept.replace("sonik_search", "")


async def test_references_differ_from_one_installation_to_another(truth: Truth) -> None:
    here = await truth.column("select unified.audit_ref('ana')")
    await truth.rows("update unified.audit_base set salt = sha256(salt) returning 1")
    assert await truth.column("select unified.audit_ref('ana')") != here


async def test_a_full_log_takes_nothing_more_and_says_how_much_it_lost(truth: Truth) -> None:
    log = noted(truth, *[CALL] * 5, most_waiting=3)
    assert (len(log), log.lost) == (3, 2)
    await log.flush(truth.postgres)
    assert (len(log), log.lost) == (0, 0)
    told = await truth.rows("select action, details from unified.audit_log where action <> 'tools/call'")
    assert told == [{"action": "audit.lost", "details": {"calls": 2}}]


async def test_a_call_that_truth_refuses_costs_its_neighbours_nothing(truth: Truth) -> None:
    log = noted(truth, CALL, replace(CALL, target="a\0b"), CALL)
    await log.flush(truth.postgres)
    assert (len(log), log.lost) == (0, 0)
    counted = "select action, count(*)::int as rows from unified.audit_log group by action order by action"
    assert await truth.rows(counted) == [{"action": "audit.lost", "rows": 1}, {"action": "tools/call", "rows": 2}]


async def test_what_cannot_be_written_waits_until_it_can_be(
    truth: Truth, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with Postgres(writer=database.writer, reader=database.reader, pool_size=2, timeout_seconds=5) as gone:
        pass
    log = noted(truth, CALL, CALL)
    with caplog.at_level(logging.WARNING):
        await log.flush(gone)
    assert [record.message for record in caplog.records] == ["a log could not be written"]
    assert len(log) == 2
    await log.flush(truth.postgres)
    assert await truth.column("select count(*) from unified.audit_log") == [2]


async def test_a_call_that_is_written_again_stays_one_row(truth: Truth) -> None:
    for _ in range(2):
        log = CallLog(clock=truth.clock)
        log.add(CALL)
        await log.flush(truth.postgres)
    assert await truth.column("select id::text from unified.audit_log") == [str(CALL.id)]


async def test_many_writers_at_once_lose_nothing(truth: Truth) -> None:
    logs = [noted(truth, *[CALL] * 1_200, most_waiting=5_000) for _ in range(4)]
    await asyncio.gather(*(log.flush(truth.postgres) for log in logs for _ in range(2)))
    assert await truth.column("select count(*) from unified.audit_log") == [4_800]


@pytest.mark.parametrize("user", ["a\0b", "a\ud800b", "🪩" * 5_000])
async def test_whatever_an_issuer_calls_somebody_is_written(truth: Truth, user: str) -> None:
    await noted(truth, replace(CALL, scope=replace(ANA, user=user))).flush(truth.postgres)
    assert await truth.column("select length(actor) from unified.audit_log") == [16]


async def test_a_digest_tells_arguments_apart_and_needs_its_key() -> None:
    asked = {"query": "salsa", "limit": 3}
    digest = arguments_digest(asked, key=KEY)
    assert digest == arguments_digest({"limit": 3, "query": "salsa"}, key=KEY)
    assert len({digest, arguments_digest(asked, key=b"other"), arguments_digest({"query": "salsa"}, key=KEY)}) == 3
    nested: dict[str, object] = {}
    for _ in range(100_000):
        nested = {"a": nested}
    assert arguments_digest(nested, key=KEY) == UNREADABLE
    while nested:  # freed one by one
        nested = nested["a"]  # type: ignore[assignment] # a dictionary in a dictionary
    assert arguments_digest({"text": "a\ud800"}, key=KEY) != digest


async def test_a_call_and_what_it_wrote_are_found_by_their_trace_their_caller_and_since_when(truth: Truth) -> None:
    purpose = Purpose(action="errand", scope=ANA, correlation_id=CALL.correlation_id)
    async with unit_of_work(truth.postgres, purpose=purpose, clock=truth.clock) as unit:
        await unit.audit({})
    other = replace(CALL, correlation_id="00000000000000bb", scope=Scope(user="bea"), key=None)
    truth.later(hours=1)
    await noted(truth, CALL, replace(other, at=truth.now)).flush(truth.postgres)

    async def found(sought: Sought, *, scope: Scope = STAFF) -> list[tuple[str, str]]:
        return [(entry.trace[-2:], entry.action) for entry in await auditor(truth).entries(sought, scope=scope)]

    everything = [("bb", "tools/call"), ("aa", "tools/call"), ("aa", "errand")]
    assert await found(Sought()) == everything
    assert await found(Sought(limit=1)) == everything[:1]
    assert await found(Sought(trace=CALL.correlation_id)) == everything[1:]
    assert await found(Sought(since=truth.now)) == everything[:1]
    (reference,) = await truth.column("select unified.audit_ref('ana@club.example')")
    for caller in ("ana@club.example", "Club Éxtasis", str(reference)):
        assert await found(Sought(caller=caller)) == everything[1:]
    assert await found(Sought(caller="k7m2p9x4")) == everything[1:2]
    assert await found(Sought(), scope=Scope(role="ops", organisation="Club Éxtasis")) == everything[1:]
    assert await found(Sought(), scope=Scope(role="ops")) == everything


@pytest.mark.parametrize("scope", [Scope(), Scope(role="organizer", organisation="acme"), Scope(role="human")])
async def test_only_who_runs_sonik_looks_into_the_log(truth: Truth, scope: Scope) -> None:
    with pytest.raises(NotAllowed, match="audit log"):
        await auditor(truth).entries(Sought(), scope=scope)


async def test_ops_of_one_organisation_seal_and_check_nothing(truth: Truth) -> None:
    scope = Scope(role="ops", organisation="acme")
    with pytest.raises(NotAllowed, match="Ops of one organisation"):
        await auditor(truth).check(scope=scope)
    with pytest.raises(NotAllowed):
        await auditor(truth).seal(scope=scope)
    assert await auditor(truth).seal(scope=Scope(role="ops")) == 0
