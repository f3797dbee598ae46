"""What a delivery remembers between its batches never outlives a change."""

from dataclasses import replace
from uuid import uuid4

import pytest

from sonik.identity.dossier import Dossier
from sonik.identity.sighting import Source
from sonik.ingest.acquaintance import MOST_KEPT, Acquaintance
from sonik.ingest.intake import Delivery, take_in
from sonik.ingest.legends import load_legends
from sonik.ingest.receipts import Receipt
from sonik.ingest.records import AnyRecord, EventRecord, VenueRecord
from sonik.truth.rows import EntityRow, Tenancy
from tests.fix_truth import INGEST, Truth, event, venue

ROW = EntityRow(
    id=uuid4(), entity_type="venue", name="Lido", slug="lido", canonical_id=None, claim_status="unclaimed",
    claimed_by=None, market=None, metadata={}, version=1, owner_org=None, visibility="public", collection="live",
)  # fmt: skip


def dossier(row: EntityRow) -> Dossier:
    return Dossier(id=row.id, kind="venue", tenancy=Tenancy(), row=row, slug=row.slug)


def test_an_entity_is_known_until_it_changes() -> None:
    acquaintance = Acquaintance()
    met = dossier(ROW)
    acquaintance.keep([met])
    assert acquaintance.still(ROW) is met
    assert acquaintance.still(replace(ROW, version=2)) is None
    assert acquaintance.still(replace(ROW, id=uuid4())) is None


def test_who_was_changed_or_is_new_is_not_kept() -> None:
    acquaintance = Acquaintance()
    changed, new = dossier(ROW), Dossier(id=uuid4(), kind="venue", tenancy=Tenancy())
    acquaintance.keep([changed])
    changed.touched = True
    acquaintance.keep([changed, new])
    assert acquaintance.still(ROW) is None


def test_those_met_longest_ago_are_let_go() -> None:
    acquaintance = Acquaintance()
    rows = [replace(ROW, id=uuid4()) for _ in range(MOST_KEPT + 1)]
    acquaintance.keep(map(dossier, rows))
    assert acquaintance.still(rows[0]) is None
    assert acquaintance.still(rows[1]) is not None


@pytest.mark.anyio
async def test_a_later_batch_sees_what_others_wrote_meanwhile(truth: Truth) -> None:
    async with truth.postgres.writing() as session:
        legends = await load_legends(session)
    acquaintance = Acquaintance()

    async def take(record: AnyRecord) -> Receipt:
        delivery = Delivery(source=Source(code="agenda"), scope=INGEST)
        intake = await take_in(
            truth.postgres,
            [(1, record)],
            delivery=delivery,
            legends=legends,
            clock=truth.clock,
            acquaintance=acquaintance,
        )
        return intake.receipts[0]

    await truth.tell(venue("v-1", name="Teatro Lido", capacity=500))
    for night in ("e-1", "e-2"):
        await take(EventRecord.model_validate(event(night, name=night)))
    await truth.tell(venue("v-1", name="Teatro Lido", capacity=900), source="boletas", trust=90)
    await truth.tell(venue("v-1", name="Teatro Lido", capacity=650))
    receipt = await take(VenueRecord.model_validate(venue("v-1", name="Teatro Lido", capacity=700)))
    assert receipt.changes["capacity"] == {"before": 650, "after": 700}
    assert await truth.column(
        "select count(*) from unified.facts where attribute = 'capacity' and valid_to is null"
    ) == [2]
