"""Small deliveries taken in at once: rehearsed, keyed, all in one transaction with the source's cursor."""

import asyncio

import psycopg
import pytest

from sonik.errors import IdempotencyConflict, InvalidInput, NotAllowed
from sonik.ingest.upsert import Upsert, Upserted, upsert
from sonik.types import JsonObject, Role, Scope
from tests.fix_truth import INGEST, Truth, artist, event, venue

pytestmark = pytest.mark.anyio

BAD: JsonObject = {"kind": "artist", "nam": "x"}
MIXED = (venue("v-1"), BAD, artist("a-1"), event("e-1", currency="pesos"))


async def put(truth: Truth, *records: JsonObject, told: Upsert, scope: Scope = INGEST) -> Upserted:
    """Upsert records now."""
    return await upsert(truth.postgres, records, told=told, scope=scope, clock=truth.clock)


def write(
    key: str | None = None, *, cursor: str | None = None, source: str = "agenda", partial: bool = False
) -> Upsert:
    """What comes with records that are to be written."""
    return Upsert(source=source, cursor=cursor, dry_run=False, idempotency_key=key, partial=partial)


def outcomes(done: Upserted) -> list[str]:
    return [receipt.outcome for receipt in done.intake.receipts]


async def test_a_rehearsal_tells_what_would_happen_and_writes_nothing(truth: Truth) -> None:
    before = await truth.everything()
    done = await put(truth, *MIXED, told=Upsert(source="agenda", cursor="p-1", idempotency_key="k"))
    assert outcomes(done) == ["created", "refused", "created", "refused"]
    assert [receipt.entity_id for receipt in done.intake.receipts] == [None] * 4
    assert await truth.everything() == before
    assert await truth.rows("select * from unified.source_cursors") == []


async def test_the_good_records_are_written_and_the_refused_ones_leave_them_be(truth: Truth) -> None:
    done = await put(truth, *MIXED, told=write(cursor="p-1"))
    assert outcomes(done) == ["created", "refused", "created", "refused"]
    assert [[problem.field for problem in receipt.problems] for receipt in done.intake.receipts] == [
        [], ["name", "nam"], [], ["currency"],
    ]  # fmt: skip
    assert (await truth.names("venue"), await truth.names("artist")) == (["Teatro Lido"], ["Los Titiribí"])
    assert await truth.column("select count(distinct txid) from unified.outbox") == [1]


async def test_the_database_refuses_one_record_and_the_others_are_written(truth: Truth) -> None:
    async with await psycopg.AsyncConnection.connect(truth.owner, autocommit=True) as owner:
        await owner.execute("alter table unified.venues add constraint small check (capacity < 900)")
        try:
            big = venue("v-2", name="Estadio", capacity=950)
            done = await put(truth, venue("v-1", capacity=100), big, artist("a-1"), told=write("k"))
        finally:
            await owner.execute("alter table unified.venues drop constraint small")
    assert outcomes(done) == ["created", "refused", "created"]
    assert "PostgreSQL refused a value" in done.intake.receipts[1].problems[0].reason
    assert await truth.names("venue") == ["Teatro Lido"]


async def test_a_cursor_comes_back_with_the_next_call_of_its_source_only(truth: Truth) -> None:
    first = await put(truth, artist("a-1"), told=write(cursor="página 1"))
    second = await put(truth, BAD, told=write(cursor="página 2"))
    silent = await put(truth, artist("a-1"), told=write())
    other = await put(truth, told=write(source="otra"))
    asked = await put(truth, told=Upsert(source="agenda"))
    elsewhere = await put(truth, told=Upsert(source="agenda"), scope=Scope(role="ingest", collection="bench"))
    seen = [done.last_cursor for done in (first, second, silent, other, asked, elsewhere)]
    assert seen == [None, "página 1", "página 2", None, "página 2", None]


async def test_the_same_call_under_its_key_returns_the_same_receipts_and_writes_once(truth: Truth) -> None:
    first = await put(truth, *MIXED, told=write("k", cursor="p-1"))
    before = await truth.everything()
    truth.later(days=1)
    again = await put(truth, *MIXED, told=write("k", cursor="p-1"))
    assert again == first
    assert await truth.everything() == before


@pytest.mark.parametrize(
    ("records", "told"),
    [
        (MIXED[:3], write("k", cursor="p-1")),
        ((*MIXED[:1], {**BAD, "nam": "y"}, *MIXED[2:]), write("k", cursor="p-1")),
        (MIXED, write("k", cursor="p-2")),
        (MIXED, write("k", cursor="p-1", source="otra")),
        (MIXED, write("k", cursor="p-1", partial=True)),
    ],
)
async def test_a_key_is_not_used_for_another_request_be_it_only_its_refused_part(
    truth: Truth, records: tuple[JsonObject, ...], told: Upsert
) -> None:
    await put(truth, *MIXED, told=write("k", cursor="p-1"))
    before = await truth.everything()
    with pytest.raises(IdempotencyConflict, match="was used for another request"):
        await put(truth, *records, told=told)
    assert await truth.everything() == before


async def test_a_key_counts_though_every_record_was_refused(truth: Truth) -> None:
    first = await put(truth, BAD, told=write("k"))
    assert await put(truth, BAD, told=write("k")) == first
    with pytest.raises(IdempotencyConflict):
        await put(truth, artist("a-1"), told=write("k"))


async def test_two_who_send_the_same_call_at_once_get_the_same_receipts(truth: Truth) -> None:
    told = write("k", cursor="p-1")
    done = await asyncio.gather(*(put(truth, *MIXED, told=told) for _ in range(4)))
    assert all(one == done[0] for one in done)
    assert (await truth.names("venue"), await truth.names("artist")) == (["Teatro Lido"], ["Los Titiribí"])


async def test_rivals_who_bring_the_same_venue_make_it_once(truth: Truth) -> None:
    told = [write(source=f"fuente-{number}") for number in range(4)]
    lido = venue(google_place_id="ChIJl4sSfAYrH5wRQ-Bi-ZKqQYU")
    done = await asyncio.gather(*(put(truth, lido, told=one) for one in told))
    assert sorted(outcome for one in done for outcome in outcomes(one)) == ["created", *["updated"] * 3]
    assert await truth.names("venue") == ["Teatro Lido"]


async def test_a_source_keeps_the_trust_it_has(truth: Truth) -> None:
    await truth.tell(venue("v-1", capacity=400), source="club", trust=90)
    await put(truth, venue("v-1", capacity=500), told=write(source="club"))
    assert await truth.column("select trust from unified.sources where code = 'club'") == [90]
    await put(truth, venue("v-1"), told=write(source="nueva"))
    assert await truth.column("select trust from unified.sources where code = 'nueva'") == [50]


async def test_a_partial_record_takes_nothing_back(truth: Truth) -> None:
    await put(truth, venue("v-1", capacity=400), told=write())
    done = await put(truth, venue("v-1", description="Con palcos"), told=write(partial=True))
    assert done.intake.receipts[0].changes == {"description": {"before": None, "after": "Con palcos"}}


@pytest.mark.parametrize("role", ["reader", "organizer", "content", "ops", "privacy", "human"])
async def test_other_roles_may_not_even_rehearse(truth: Truth, role: Role) -> None:
    with pytest.raises(NotAllowed, match=f"The role '{role}' may not write. Start the server with SONIK_ROLE=ingest"):
        await put(truth, artist("a-1"), told=Upsert(source="agenda"), scope=Scope(role=role))


@pytest.mark.parametrize("source", ["", "  ", "x" * 101, "a\nb", "sonik", " Sonik "])
async def test_a_source_has_a_name_that_is_not_ours(truth: Truth, source: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await put(truth, artist("a-1"), told=Upsert(source=source))
    assert caught.value.field == "source"
