"""Events over their life: retitled, moved, cancelled, with another line-up; and the night they belong to."""

from datetime import timedelta
from typing import LiteralString

import pytest

from sonik.types import JsonObject, JsonValue
from tests.fix_truth import NIGHT, PLACE_IDS, Found, Truth, event, venue

pytestmark = pytest.mark.anyio

LIDO: JsonValue = {"name": "Teatro Lido", "google_place_id": PLACE_IDS[0], "city": "Medellín"}
COLON: JsonValue = {"name": "Teatro Colón", "google_place_id": PLACE_IDS[1], "city": "Bogotá"}


async def keys_of(truth: Truth, entity_id: str | None) -> list[object]:
    query: LiteralString = """
        select value from unified.identifiers
        where scheme = 'event_key' and current_to is null and entity_id = %(id)s
    """
    return await truth.column(query, id=entity_id)


async def edges(truth: Truth, kind: str) -> list[Found]:
    return await truth.rows(
        "select d.name as to_, s.name as from_, r.valid_from, r.valid_to, r.sources, r.properties "
        "from unified.relationships r join unified.entities d on d.id = r.dst join unified.entities s on s.id = r.src "
        "where r.type = %(kind)s order by r.valid_from, s.name, d.name",
        kind=kind,
    )


async def test_a_retitled_event_is_updated_in_place_and_frees_its_old_key(truth: Truth) -> None:
    first = await truth.tell(event("e-1", name="Noche de Salsa", venue=LIDO))
    old = await keys_of(truth, first.entity_id)
    after = await truth.tell(event("e-1", name="Gran Baile de Timba", venue=LIDO))
    newcomer = await truth.tell(event("x-9", name="Noche de Salsa", venue=LIDO), source="otra")
    assert (after.outcome, after.entity_id, after.decided_by) == ("updated", first.entity_id, "source:agenda:e-1")
    assert after.ref == first.ref
    assert newcomer.outcome == "created"
    assert await keys_of(truth, newcomer.entity_id) == old != await keys_of(truth, first.entity_id)


async def test_within_one_delivery_a_key_can_be_gained_freed_and_taken_by_another(truth: Truth) -> None:
    intake = await truth.deliver(
        event("e-1", name="Noche de Salsa", venue=LIDO),
        event("e-1", name="Gran Baile de Timba", venue=LIDO),
        event("e-2", name="Noche de Salsa", venue=LIDO),
    )
    assert intake.counts == {"created": 2, "updated": 1, "unchanged": 0, "refused": 0}
    current = "select count(*) from unified.identifiers where scheme = 'event_key' and current_to is null"
    assert await truth.column(current) == [2]


async def test_a_retitle_by_one_source_leaves_the_key_another_still_uses(truth: Truth) -> None:
    first = await truth.tell(event("a-1", venue=LIDO))
    await truth.tell(event("b-1", venue=LIDO), source="boletas")
    await truth.tell(event("b-1", name="Otro nombre", venue=LIDO), source="boletas")
    for source, source_id, name in (("agenda", "a-1", "Noche de Salsa Brava"), ("boletas", "b-1", "Otro nombre")):
        again = await truth.tell(event(source_id, name=name, venue=LIDO), source=source)
        assert (again.outcome, again.entity_id) == ("unchanged", first.entity_id)
    assert len(await keys_of(truth, first.entity_id)) == 2


async def test_two_showings_of_a_film_on_one_night_stay_two(truth: Truth) -> None:
    both = [
        event("f-1800", name="Roma", starts_at="2026-11-28T18:00:00-05:00"),
        event("f-2100", name="Roma", starts_at="2026-11-28T21:00:00-05:00"),
    ]
    first, again = await truth.deliver(*both), await truth.deliver(*both)
    assert [receipt.outcome for receipt in first.receipts + again.receipts] == ["created"] * 2 + ["unchanged"] * 2
    assert await truth.names("event") == ["Roma", "Roma"]


async def test_half_past_midnight_belongs_to_the_evening_before(truth: Truth) -> None:
    late = await truth.tell(event("e-1", starts_at="2026-11-29T00:30:00-05:00", venue=LIDO))
    assert (await truth.entity(late.ref))["night"] == "2026-11-28"
    assert late.ref == "noche-de-salsa-brava-2026-11-28"


async def test_sources_that_write_the_same_night_differently_mean_one_event(truth: Truth) -> None:
    told = {
        "agenda": event("e-1", starts_at="2026-11-29T00:30:00-05:00", venue=LIDO),
        "boletas": event("b-7", name="NOCHE DE SALSA BRAVA en vivo", starts_at="2026-11-29T05:30:00Z", venue=LIDO),
        "club": event(name="Noche de salsa brava (28 nov)", starts_at="2026-11-28T22:00:00-05:00", venue=LIDO),
        "guia": event("g-1", starts_at="2026-11-28T00:00:00-05:00", all_day=True, venue=LIDO),
        "radio": event("r-1", starts_at="2026-11-28T23:59:00-05:00", venue=LIDO, market=None),
    }
    receipts = [await truth.tell(record, source=source) for source, record in told.items()]
    assert len({receipt.entity_id for receipt in receipts}) == 1
    assert len(await keys_of(truth, receipts[0].entity_id)) == 1


async def test_an_event_that_names_no_market_is_in_its_venues(truth: Truth) -> None:
    await truth.tell(venue("v-1", city="Berlin", name="Kantine"))
    told: JsonObject = {"name": "Kantine", "source_id": "v-1"}
    seen = await truth.tell(event("e-1", venue=told, market=None, starts_at="2026-11-29T03:30:00Z"))
    entity = await truth.entity(seen.ref)
    assert [entity[field] for field in ("market", "timezone", "night")] == ["berlin", "Europe/Berlin", "2026-11-28"]
    part = await truth.tell(
        event("e-1", venue=None, market=None, starts_at="2026-11-29T03:30:00Z", price_min=5), partial=True
    )
    entity = await truth.entity(part.ref)
    assert [entity[field] for field in ("market", "timezone", "night")] == ["berlin", "Europe/Berlin", "2026-11-28"]


async def test_a_whole_day_starts_with_its_service_day_and_not_the_night_before(truth: Truth) -> None:
    seen = await truth.tell(event("e-1", starts_at="2026-11-28T00:00:00-05:00", all_day=True))
    entity = await truth.entity(seen.ref)
    assert [entity[field] for field in ("starts_at", "until", "night")] == [
        "2026-11-28T11:00:00+00:00", "2026-11-29T11:00:00+00:00", "2026-11-28",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("ends_at", "until"),
    [
        (None, "2026-11-29T06:00:00+00:00"),
        ("2026-11-29T03:00:00-05:00", "2026-11-29T08:00:00+00:00"),
        ("2026-11-28T21:00:00-05:00", "2026-11-29T06:00:00+00:00"),
        ("2027-01-15T21:00:00-05:00", "2027-01-16T02:00:00+00:00"),
    ],
    ids=["unsaid", "said", "the start again", "weeks later"],
)
async def test_an_event_is_over_when_it_says_or_after_four_hours(truth: Truth, ends_at: str | None, until: str) -> None:
    seen = await truth.tell(event("e-1", ends_at=ends_at))
    assert (await truth.entity(seen.ref))["until"] == until


async def test_an_event_without_venue_or_id_is_recognised_by_name_and_night(truth: Truth) -> None:
    told = event(venue=None)
    first, again = await truth.tell(told), await truth.tell(told)
    other = await truth.tell(event(venue=None, starts_at="2026-11-30T21:00:00-05:00"))
    assert (again.outcome, again.entity_id) == ("unchanged", first.entity_id)
    assert other.outcome == "created"


async def test_a_cancelled_event_keeps_its_history(truth: Truth) -> None:
    first = await truth.tell(event("e-1", status="scheduled", venue=LIDO))
    truth.later(hours=3)
    cancelled = await truth.tell(event("e-1", status="cancelled", venue=LIDO))
    assert cancelled.changes == {"status": {"before": "scheduled", "after": "cancelled"}}
    assert (await truth.entity(first.ref))["status"] == "cancelled"
    history = await truth.rows(
        "select value, valid_to from unified.facts where attribute = 'status' order by valid_from"
    )
    assert history == [
        {"value": "scheduled", "valid_to": NIGHT + timedelta(hours=3)}, {"value": "cancelled", "valid_to": None},
    ]  # fmt: skip


async def test_a_moved_event_leaves_one_venue_and_gets_another(truth: Truth) -> None:
    first = await truth.tell(event("e-1", venue=LIDO))
    truth.later(hours=3)
    moved = await truth.tell(event("e-1", venue=COLON, market="bogota"))
    assert (moved.entity_id, moved.outcome) == (first.entity_id, "updated")
    assert moved.changes["relations"] == ["HOSTED_BY", "IN_LOCATION"]
    found = [(row["to_"], row["valid_from"], row["valid_to"]) for row in await edges(truth, "HOSTED_BY")]
    then = NIGHT + timedelta(hours=3)
    assert found == [("Teatro Lido", NIGHT, then), ("Teatro Colón", then, None)]
    assert (await truth.entity(first.ref))["market"] == "bogota"


async def test_an_event_moved_to_where_a_twin_waits_loses_its_old_key_and_names_the_twin(truth: Truth) -> None:
    twin = await truth.tell(event("b-1", venue=COLON, market="bogota"), source="boletas")
    first = await truth.tell(event("e-1", venue=LIDO))
    moved = await truth.tell(event("e-1", venue=COLON, market="bogota"))
    assert moved.entity_id == first.entity_id
    assert str(twin.entity_id) in moved.notes[0]
    assert await keys_of(truth, first.entity_id) == []


async def test_a_lesser_source_does_not_move_an_event_nor_does_an_older_record(truth: Truth) -> None:
    first = await truth.tell(event("o-1", venue=LIDO), source="owner", trust=90)
    key = {"name": "Noche de Salsa Brava", "starts_at": "2026-11-28T21:00:00-05:00"}
    scraped = await truth.tell(event("s-1", venue=LIDO, **key), source="scraper", trust=40)
    assert scraped.entity_id == first.entity_id
    await truth.tell(event("s-1", venue=COLON, **key), source="scraper", trust=40)
    await truth.tell(event("o-1", venue=COLON, observed_at="2026-11-01T00:00:00Z"), source="owner", trust=90)
    found = [(row["to_"], row["sources"]) for row in await edges(truth, "HOSTED_BY") if row["valid_to"] is None]
    assert found == [("Teatro Lido", ["owner"])]


async def test_an_edge_the_owner_confirmed_is_as_trusted_as_the_owner(truth: Truth) -> None:
    await truth.tell(event("s-1", venue=LIDO), source="scraper", trust=40)
    await truth.tell(event("o-1", venue=LIDO), source="owner", trust=90)
    await truth.tell(event("x-1", venue=LIDO), source="otro", trust=60)
    await truth.tell(event("x-1", venue=COLON), source="otro", trust=60)
    found = [(row["to_"], row["sources"]) for row in await edges(truth, "HOSTED_BY") if row["valid_to"] is None]
    assert found == [("Teatro Lido", ["scraper", "owner"])]


async def test_a_line_up_that_changes_closes_opens_and_keeps(truth: Truth) -> None:
    await truth.tell(event("e-1", lineup=[{"name": "Ana"}, {"name": "Beto"}]))
    truth.later(hours=1)
    changed = await truth.tell(event("e-1", lineup=[{"name": "Caro"}, {"name": "Beto"}]))
    then = NIGHT + timedelta(hours=1)
    found = {(row["from_"], row["valid_from"], row["valid_to"]) for row in await edges(truth, "PERFORMS_AT")}
    assert changed.changes == {"relations": ["PERFORMS_AT"]}
    assert found == {("Ana", NIGHT, then), ("Beto", NIGHT, None), ("Caro", then, None)}


async def test_another_running_order_is_a_change_and_the_same_one_is_none(truth: Truth) -> None:
    acts: list[JsonValue] = [{"name": "Ana"}, {"name": "Beto"}, {"name": "Ana"}]
    outcomes = [(await truth.tell(event("e-1", lineup=lineup))).outcome for lineup in (acts, acts, acts[1:], acts[1:])]
    assert outcomes == ["created", "unchanged", "updated", "unchanged"]
    found = {row["from_"]: row["properties"] for row in await edges(truth, "PERFORMS_AT")}
    assert found == {"Beto": {"position": 1}, "Ana": {"position": 2}}


async def test_within_one_delivery_the_later_line_up_stands(truth: Truth) -> None:
    await truth.deliver(event("e-1", lineup=[{"name": "Ana"}]), event("e-1", lineup=[{"name": "Beto"}]))
    assert [row["from_"] for row in await edges(truth, "PERFORMS_AT")] == ["Beto"]


async def test_an_act_stays_while_another_source_still_names_it(truth: Truth) -> None:
    beto: JsonValue = [{"name": "Beto", "instagram": "beto.dj"}]
    await truth.tell(event("a-1", venue=LIDO, lineup=beto), source="agenda")
    await truth.tell(event("b-1", venue=LIDO, lineup=beto), source="boletas")
    await truth.tell(event("a-1", venue=LIDO), source="agenda")
    assert [(row["sources"], row["valid_to"]) for row in await edges(truth, "PERFORMS_AT")] == [(["boletas"], None)]
    await truth.tell(event("b-1", venue=LIDO), source="boletas")
    assert [row["valid_to"] for row in await edges(truth, "PERFORMS_AT")] == [NIGHT]


async def test_a_partial_record_leaves_venue_and_line_up_as_they_are(truth: Truth) -> None:
    await truth.tell(event("e-1", lineup=[{"name": "Ana"}]))
    part = await truth.tell(event("e-1", venue=None, description="Últimas entradas"), partial=True)
    assert part.changes == {"description": {"before": None, "after": "Últimas entradas"}}
    assert [row["valid_to"] for kind in ("HOSTED_BY", "PERFORMS_AT") for row in await edges(truth, kind)] == [
        None,
        None,
    ]


async def test_what_an_artist_says_of_its_dates_is_not_taken_back_by_the_event(truth: Truth) -> None:
    plays: JsonObject = {
        "type": "PERFORMS_AT",
        "target_kind": "event",
        "target": {"name": "La noche", "source_id": "e-1"},
    }
    told: list[JsonObject] = [event("e-1"), {"kind": "artist", "name": "Ana", "source_id": "a-1", "relations": [plays]}]
    outcomes = [[receipt.outcome for receipt in (await truth.deliver(*told)).receipts] for _ in range(3)]
    assert outcomes == [["created"] * 2, ["unchanged"] * 2, ["unchanged"] * 2]
    assert [row["valid_to"] for row in await edges(truth, "PERFORMS_AT")] == [None]


async def test_an_edge_that_came_back_is_a_new_one(truth: Truth) -> None:
    ana: list[JsonValue] = [{"name": "Ana"}]
    for lineup in (ana, [], ana):
        await truth.tell(event("e-1", lineup=lineup))
        truth.later(hours=1)
    held = [row["valid_to"] is None for row in await edges(truth, "PERFORMS_AT")]
    assert held == [False, True]
