"""Whole deliveries: taken twice they change nothing, rehearsed they write nothing, and rivals meet in one entity."""

import asyncio
import gc
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import islice

import pytest

from sonik.errors import InvalidInput
from sonik.identity.sighting import Source
from sonik.ingest.files import Row, read_rows, rows_of
from sonik.ingest.mapping import FieldMapping, load_mapping
from sonik.ingest.receipts import Intake, Problem, Receipt
from sonik.ingest.samples import medellin
from sonik.ingest.stream import BATCH
from sonik.types import JsonObject
from tests.fix_real_events import FILES, real_file
from tests.fix_truth import NIGHT, PLACE_IDS, Truth, artist, event, venue

pytestmark = pytest.mark.anyio

UNDATED = Problem(field="starts_at", reason="Field required")
NAMELESS = Problem(field="name", reason="Field required")
# As much of a real file as a test has time for.
REAL_ROWS = 400
Told = tuple[Source, FieldMapping | None]


def sample() -> tuple[list[Row], Told]:
    return list(rows_of(medellin.records(NIGHT))), (Source(code=medellin.SOURCE), None)


def real(name: str) -> tuple[list[Row], Told]:
    mapping = load_mapping(name)
    return list(islice(read_rows(real_file(name)), REAL_ROWS)), (mapping.source, mapping)


async def take(truth: Truth, rows: Iterable[Row], told: Told, *, dry_run: bool = False) -> Intake:
    return await truth.read_in(rows, source=told[0], mapping=told[1], dry_run=dry_run)


@pytest.mark.parametrize("read", [sample, *(partial(real, name) for name in FILES)], ids=["medellin", *FILES])
async def test_a_file_taken_twice_changes_nothing_the_second_time(
    truth: Truth, read: Callable[[], tuple[list[Row], Told]]
) -> None:
    rows, told = read()
    first = await take(truth, rows, told)
    written = await truth.everything()
    truth.later(days=1)
    again = await take(truth, rows, told)
    refused = [receipt for receipt in first.receipts if receipt.outcome == "refused"]
    assert len(refused) <= len(rows) * 0.12
    assert {receipt.problems for receipt in refused} <= {(UNDATED,), (NAMELESS,)}
    assert again.counts == {"created": 0, "updated": 0, "unchanged": len(rows) - len(refused), "refused": len(refused)}
    assert await truth.everything() == written


async def test_a_dry_run_writes_nothing_and_says_what_the_real_run_will_say(truth: Truth) -> None:
    rows, told = sample()
    await take(truth, rows[:50], told)
    before = await truth.everything()
    rehearsed = await take(truth, rows, told, dry_run=True)
    assert await truth.everything() == before
    real = await take(truth, rows, told)
    made = {receipt.entity_id for receipt in real.receipts if receipt.outcome == "created"}
    expected = [replace(r, entity_id=None) if r.entity_id in made else r for r in real.receipts]
    assert [receipt.as_json() for receipt in rehearsed.receipts] == [receipt.as_json() for receipt in expected]
    assert (rehearsed.dry_run, real.dry_run) == (True, False)


async def test_a_dry_run_meets_what_only_the_database_refuses(truth: Truth) -> None:
    await truth.tell(event("e-1", price_min=10, price_max=20))
    raised = event("e-1", price_min=30)
    for dry_run in (True, False):
        intake = await truth.deliver(
            event("e-2"), raised, venue("v-2", name="Otra sala"), partial=True, dry_run=dry_run
        )
        assert [receipt.outcome for receipt in intake.receipts] == ["created", "refused", "created"]
        assert "price_max_not_below_price_min" in intake.receipts[1].problems[0].reason


async def test_rivals_that_tell_of_the_same_new_things_at_once_make_each_once(truth: Truth) -> None:
    told: list[JsonObject] = [
        venue("v-1", google_place_id=PLACE_IDS[0]), artist("a-1", instagram="titiribi"),
        *(event(f"e-{i}", name=f"Fiesta {i}", lineup=[{"name": "Ana"}, {"name": f"Beto {i}"}]) for i in range(12)),
    ]  # fmt: skip
    intakes = await asyncio.gather(*(truth.deliver(*told) for _ in range(3)))
    ids = {tuple(receipt.entity_id for receipt in intake.receipts) for intake in intakes}
    assert len(ids) == 1
    assert [len(await truth.names(kind)) for kind in ("venue", "artist", "event")] == [1, 14, 12]


async def test_rivals_of_different_sources_leave_what_both_said(truth: Truth) -> None:
    def told(number: int) -> JsonObject:
        said: JsonObject = {"description": "Con palcos"} if number % 2 else {"capacity": 500}
        return venue(google_place_id=PLACE_IDS[0], **said)

    await truth.tell(venue(google_place_id=PLACE_IDS[0]))
    await asyncio.gather(*(truth.tell(told(i), source=f"s-{i}") for i in range(4)))
    entity = await truth.entity("teatro-lido")
    assert (entity["capacity"], entity["metadata"]) == (500, {"description": "Con palcos"})
    assert entity["version"] == 5


async def test_rivals_in_opposite_order_come_to_an_end(truth: Truth) -> None:
    told = [venue(f"v-{i}", name=f"Sala {i}", description=f"{i}") for i in range(20)]
    await truth.deliver(*told)
    other = [venue(f"v-{i}", name=f"Sala {i}", description=f"otra {i}") for i in range(20)]
    await asyncio.gather(truth.deliver(*other), truth.deliver(*reversed(other)), truth.deliver(*told))
    assert len(await truth.names("venue")) == 20


async def test_receipts_come_in_the_order_of_the_lines(truth: Truth) -> None:
    told: list[JsonObject] = [
        event(f"e-{i}", instagram="x") if i % 7 == 3 else venue(f"v-{i}", name=f"Sala {i}") for i in range(430)
    ]
    intake = await truth.deliver(*told)
    assert [receipt.line for receipt in intake.receipts] == list(range(1, 431))
    assert intake.counts["refused"] == len(range(3, 430, 7))


async def test_a_record_the_database_refuses_takes_no_other_down_with_it(truth: Truth) -> None:
    await truth.deliver(*(event(f"e-{i}", name=f"Fiesta {i}", price_max=5) for i in range(40)))
    wrong = {7, 8, 31}
    told = [event(f"e-{i}", name=f"Fiesta {i}", price_min=9 if i in wrong else 1) for i in range(40)]
    intake = await truth.deliver(*told, partial=True, key="k")
    assert {receipt.line - 1 for receipt in intake.receipts if receipt.outcome == "refused"} == wrong
    assert intake.counts["updated"] == 37
    assert await truth.deliver(*told, partial=True, key="k") == intake


async def test_each_step_of_a_long_delivery_is_told(truth: Truth) -> None:
    steps: list[int] = []
    rows = rows_of([venue(f"v-{i}", name=f"Sala {i}") for i in range(2 * BATCH + 1)])
    await truth.read_in(rows, source=Source(code="x"), watch=steps.append)
    assert steps == [BATCH, BATCH, 1]


async def test_an_empty_delivery_is_an_empty_intake(truth: Truth) -> None:
    intake = await truth.deliver()
    assert intake == Intake(receipts=())


@pytest.mark.parametrize("code", ["", "  ", "x" * 101, "a\x00b", "a\nb"], ids=repr)
async def test_a_source_without_a_usable_name_is_refused(truth: Truth, code: str) -> None:
    with pytest.raises(InvalidInput, match="no usable name") as caught:
        await truth.deliver(venue(), source=code)
    assert caught.value.field == "source"


@pytest.mark.parametrize("trust", [-1, 101])
async def test_trust_out_of_reach_is_refused(truth: Truth, trust: int) -> None:
    with pytest.raises(InvalidInput, match="Give 0 to 100"):
        await truth.deliver(venue(), trust=trust)


def test_a_receipt_comes_back_from_its_plain_form() -> None:
    receipt = Receipt(line=3, outcome="updated", changes={"name": {"before": None, "after": "x"}}, notes=("n",))
    assert Receipt.from_json(receipt.as_json()) == receipt


async def test_an_old_delivery_told_again_changes_nothing(truth: Truth) -> None:
    seen = [(NIGHT - timedelta(days=days)).isoformat() for days in (3, 1)]
    old = event("e-1", observed_at=seen[0], lineup=[{"name": "Ana"}, {"name": "Beto"}])
    new = event("e-1", name="Velada", observed_at=seen[1], lineup=[{"name": "Ana"}])
    await truth.tell(old)
    await truth.tell(new)
    before = await truth.everything()
    again = [await truth.tell(old), await truth.tell(new)]
    assert [receipt.outcome for receipt in again] == ["unchanged", "unchanged"]
    assert await truth.everything() == before


async def test_the_collector_of_cycles_is_on_again_however_a_delivery_ends(truth: Truth) -> None:
    assert gc.isenabled()
    during: list[bool] = []

    def rows() -> Iterator[Row]:
        yield Row(line=1, content=venue("v-1"))
        during.append(gc.isenabled())
        raise InvalidInput("The file breaks off.")

    with pytest.raises(InvalidInput, match="breaks off"):
        await truth.read_in(rows(), source=Source(code="x"))
    await truth.deliver(venue("v-1"))
    assert (during, gc.isenabled()) == ([False], True)
