"""Files that come again: an older record overturns nothing newer, and two that disagree do not take turns."""

from datetime import timedelta

import pytest

from sonik.types import JsonObject
from tests.fix_truth import NIGHT, PLACE_IDS, Found, Truth, event, venue

pytestmark = pytest.mark.anyio

EDGES = """
    select r.type, d.name as dst, s.name as src from unified.relationships r
    join unified.entities d on d.id = r.dst join unified.entities s on s.id = r.src
    where r.retracted_at is null and r.type in ('HOSTED_BY', 'PERFORMS_AT') order by 1, 2, 3
"""
KEYS = """
    select scheme, value from unified.identifiers
    where current_to is null and scheme in ('event_key', 'instagram') order by 1, 2
"""


def seen(days_ago: int) -> str:
    return (NIGHT - timedelta(days=days_ago)).isoformat()


async def state(truth: Truth) -> list[Found]:
    """Return all that a delivery may change of what stands, and how often it was written."""
    facts = await truth.rows(
        "select entity_id, attribute, value, source, id from unified.facts where valid_to is null order by 1, 2, 4"
    )
    return [*facts, *await truth.rows(EDGES), *await truth.rows(KEYS), await truth.everything()]  # type: ignore[list-item]


async def unmoved_by(truth: Truth, *told: JsonObject, partial: bool = False) -> bool:
    """Say whether records that are delivered again leave everything as it is, and say so."""
    before = await state(truth)
    receipts = [await truth.tell(record, partial=partial) for record in told]
    return await state(truth) == before and {receipt.outcome for receipt in receipts} == {"unchanged"}


@pytest.mark.parametrize(
    "change",
    [{"venue": {"name": "Sala Zeta", "city": "Medellín"}}, {"lineup": [{"name": "Ana"}]}, {"price_min": None}],
    ids=["another venue", "a shorter line-up", "no price"],
)
async def test_an_old_file_told_again_gives_nothing_back(truth: Truth, change: JsonObject) -> None:
    base: JsonObject = {"lineup": [{"name": "Ana"}, {"name": "Beto"}], "price_min": 20, "currency": "USD"}
    old = event("e-1", observed_at=seen(3), **base)
    new = event("e-1", observed_at=seen(1), **(base | change))
    await truth.tell(old)
    assert (await truth.tell(new)).outcome == "updated"
    assert await unmoved_by(truth, old, new)


async def test_what_was_confirmed_is_not_overturned_by_what_was_seen_before_that(truth: Truth) -> None:
    await truth.tell(venue(name="Sala Zeta"))
    for days_ago in (5, 1):
        await truth.tell(event("e-1", observed_at=seen(days_ago), status="scheduled"))
    late = event("e-1", observed_at=seen(3), status="cancelled", venue={"name": "Sala Zeta", "city": "Medellín"})
    assert await unmoved_by(truth, late)


async def test_a_partial_record_that_moved_an_event_outlives_the_old_file(truth: Truth) -> None:
    old = event("e-1", observed_at=seen(3))
    moved = event("e-1", observed_at=seen(1), venue={"name": "Sala Zeta", "city": "Medellín"})
    await truth.tell(old)
    await truth.tell(moved, partial=True)
    assert await unmoved_by(truth, old)
    assert await unmoved_by(truth, moved, partial=True)


async def test_a_partial_record_that_is_older_than_the_whole_one_adds_nothing(truth: Truth) -> None:
    await truth.tell(event("e-1", observed_at=seen(1)))
    older = event("e-1", observed_at=seen(3), lineup=[{"name": "Ana"}], price_min=5, currency="USD")
    before = await truth.rows(EDGES)
    await truth.tell(older, partial=True)
    assert await truth.rows(EDGES) == before
    assert (await truth.entity("noche-de-salsa-brava-2026-11-28"))["price_min"] is None


async def test_two_rows_of_one_moment_that_disagree_do_not_take_turns(truth: Truth) -> None:
    told = [
        event("e-1", observed_at=seen(1), name="Velada", price_min=10),
        event("e-1", observed_at=seen(1), name="Otra velada", price_min=20, lineup=[{"name": "Ana"}]),
    ]
    for record in told:
        await truth.tell(record)
    assert await truth.names("event") == ["Otra velada"]
    assert await unmoved_by(truth, *told)
    await truth.deliver(*reversed(told))
    assert await truth.names("event") == ["Otra velada"]


@pytest.mark.parametrize("seen_at", [{"observed_at": seen(1)}, {}], ids=["dated", "undated"])
async def test_two_rows_of_one_file_that_disagree_change_nothing_the_second_time(
    truth: Truth, seen_at: JsonObject
) -> None:
    told = [
        event("e-1", name="Velada", price_min=10, **seen_at), event("e-1", name="Otra velada", price_min=20, **seen_at),
    ]  # fmt: skip
    await truth.deliver(*told)
    before = await state(truth)
    truth.later(days=1)
    again = await truth.deliver(*told)
    assert again.counts["unchanged"] == 2
    assert await state(truth) == before
    assert await truth.names("event") == ["Otra velada"]


async def test_two_undated_rows_that_are_one_venue_do_not_take_turns_in_later_files(truth: Truth) -> None:
    told = [
        venue(f"v-{i}", name=name, google_place_id=PLACE_IDS[0], instagram=f"sala{i}")
        for i, name in enumerate(("Teatro Lido", "El Lido"))
    ]
    for record in told:
        await truth.tell(record)
    truth.later(days=1)
    assert await unmoved_by(truth, *told)
    truth.later(days=1)
    assert (await truth.tell(told[0] | {"name": "Lido"})).outcome == "updated"
    assert await truth.names("venue") == ["Lido"]


async def test_a_correction_of_the_same_moment_is_taken(truth: Truth) -> None:
    for price in (10, 20, 30):
        await truth.tell(event("e-1", observed_at=seen(1), price_min=price, currency="USD"))
    (entity,) = await truth.rows("select price_min::int from unified.events")
    assert entity == {"price_min": 30}


async def test_an_undated_record_may_say_again_what_it_said_before(truth: Truth) -> None:
    for status in ("scheduled", "cancelled", "scheduled"):
        truth.later(hours=1)
        await truth.tell(event("e-1", status=status))
    assert await truth.column("select status from unified.events") == ["scheduled"]


async def test_partial_rows_of_one_moment_are_news_once(truth: Truth) -> None:
    await truth.tell(event("e-1", observed_at=seen(3)))
    told = [event("e-1", observed_at=seen(1), status=status) for status in ("postponed", "cancelled")]
    for record in told:
        await truth.tell(record, partial=True)
    assert await truth.column("select status from unified.events") == ["cancelled"]
    assert await unmoved_by(truth, *told, partial=True)


async def test_two_sources_of_one_trust_and_moment_do_not_take_turns_over_a_venue(truth: Truth) -> None:
    lido: JsonObject = {"name": "Teatro Lido", "city": "Medellín", "google_place_id": PLACE_IDS[0]}
    zeta: JsonObject = {"name": "Sala Zeta", "city": "Medellín", "google_place_id": PLACE_IDS[1]}
    said = {
        source: event("e-1", observed_at=seen(1), venue=place) for source, place in (("beta", lido), ("alfa", zeta))
    }
    for source in said:
        await truth.tell(event("e-1", observed_at=seen(2), venue=lido), source=source)
    assert len(await truth.names("event")) == 1
    for source in ("alfa", "beta", "alfa"):
        await truth.tell(said[source], source=source)
    assert [row["dst"] for row in await truth.rows(EDGES)] == ["Teatro Lido"]
    before = await state(truth)
    for source in said:
        await truth.tell(said[source], source=source)
    assert await state(truth) == before
