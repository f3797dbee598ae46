"""Entities as they were known: before and after they were cancelled, moved, retitled, renamed or billed anew."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sonik.errors import NotFound
from sonik.retrieval.entity import Portrait, portray
from sonik.types import JsonObject, JsonValue, Scope
from tests.fix_truth import NIGHT, PLACE_IDS, Truth, event, venue

pytestmark = pytest.mark.anyio

YESTERDAY = NIGHT
ZONES = {"medellin": ZoneInfo("America/Bogota"), "quito": ZoneInfo("America/Guayaquil")}
LIDO: JsonObject = {"name": "Teatro Lido", "google_place_id": PLACE_IDS[0], "city": "Medellín", "address": "Calle 54"}
PABLO: JsonObject = {"name": "Teatro Pablo", "google_place_id": PLACE_IDS[1], "city": "Medellín"}


async def portrait(
    truth: Truth, ref: str | None, *, at: datetime | None = None, scope: Scope | None = None
) -> Portrait:
    """Return an entity with its neighbours, events and history, now or as of a moment."""
    assert ref is not None
    seen = scope or Scope()
    asked = Scope(role=seen.role, organisation=seen.organisation, as_of=at)
    include = ("relations", "events", "history")
    return await portray(truth.postgres, ref, include=include, scope=asked, clock=truth.clock, zones=ZONES)


async def told_then_tomorrow(truth: Truth, first: JsonObject, then: JsonObject) -> str:
    """Take a record in, and another word on it a day later; return the ref."""
    receipt = await truth.tell(first)
    truth.later(days=1)
    await truth.tell(then)
    assert receipt.ref is not None
    return receipt.ref


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ({"status": "cancelled"}, {"status": "scheduled"}),
        ({"name": "Gran Baile de Timba"}, {"name": "Noche de Salsa Brava"}),
        ({"price_min": 30000, "currency": "COP"}, {"price_min": None, "currency": None}),
        ({"genres": ["salsa"]}, {"genres": []}),
        ({"description": "Con orquesta", "all_day": True}, {"metadata": {}, "all_day": False}),
        ({"ticket_url": "https://boletas.example/n"}, {"ticket_url": None}),
    ],
)
async def test_what_changed_about_an_event_is_answered_as_it_was(
    truth: Truth, now: JsonObject, then: JsonObject
) -> None:
    before = event("e-1", status="scheduled", venue=LIDO)
    ref = await told_then_tomorrow(truth, before, before | now)
    past, present = await portrait(truth, ref, at=YESTERDAY), await portrait(truth, ref)
    assert {name: getattr(past.card, name) for name in then} == then
    assert past.card != present.card
    assert (await portrait(truth, ref, at=truth.now)).card == present.card


async def test_a_moved_event_was_where_and_when_it_was_announced_then(truth: Truth) -> None:
    later = event("e-1", venue=PABLO, starts_at="2026-12-05T01:30:00-05:00", market=None)
    ref = await told_then_tomorrow(truth, event("e-1", venue=LIDO, market=None), later)
    past, present = (await portrait(truth, ref, at=YESTERDAY)).card, (await portrait(truth, ref)).card
    shown = [
        (card.venue, card.venue_ref, card.address, card.market, str(card.night), f"{card.local_start:%m-%d %H:%M}")
        for card in (past, present)
    ]
    assert shown == [
        ("Teatro Lido", "teatro-lido", "Calle 54", "medellin", "2026-11-28", "11-28 21:00"),
        ("Teatro Pablo", "teatro-pablo", None, "medellin", "2026-12-04", "12-05 01:30"),
    ]


async def test_the_line_up_and_the_promoters_are_those_of_then_by_their_names_of_then(truth: Truth) -> None:
    first = event("e-1", lineup=[{"name": "Dos", "source_id": "a-2"}, {"name": "Uno", "source_id": "a-1"}],
                  promoters=[{"name": "Sello Norte"}])  # fmt: skip
    receipt = await truth.tell(first)
    truth.later(days=1)
    await truth.tell({"kind": "artist", "name": "Uno y los Otros", "source_id": "a-1"})
    await truth.tell(event("e-1", lineup=[{"name": "Tres"}]))
    past, present = (await portrait(truth, receipt.ref, at=YESTERDAY)).card, (await portrait(truth, receipt.ref)).card
    assert [named["name"] for named in past.lineup] == ["Dos", "Uno"]
    assert [named["name"] for named in past.promoters] == ["Sello Norte"]
    assert [named["name"] for named in present.lineup] == ["Tres"]
    assert present.promoters == []


async def test_a_venue_renamed_since_is_shown_by_its_name_of_then_everywhere(truth: Truth) -> None:
    await truth.tell(event("e-1", venue=LIDO))
    owner: JsonValue = [{"type": "OWNS", "target_kind": "venue", "target": LIDO}]
    person = await truth.tell({"kind": "person", "name": "Ana", "visibility": "public", "relations": owner})
    truth.later(days=1)
    await truth.tell(venue("v-1", name="Gran Teatro", google_place_id=PLACE_IDS[0], capacity=800))
    past, present = await portrait(truth, "teatro-lido", at=YESTERDAY), await portrait(truth, "teatro-lido")
    assert [(card.name, card.capacity) for card in (past.card, present.card)] == [
        ("Teatro Lido", None), ("Gran Teatro", 800)
    ]  # fmt: skip
    owners = [await portrait(truth, person.ref, at=at) for at in (YESTERDAY, None)]
    assert [[near.name for near in owner.relations] for owner in owners] == [["Teatro Lido"], ["Gran Teatro"]]
    night = [await portrait(truth, "noche-de-salsa-brava-2026-11-28", at=at) for at in (YESTERDAY, None)]
    assert [seen.card.venue for seen in night] == ["Teatro Lido", "Gran Teatro"]


async def test_the_events_before_a_venue_are_those_that_were_announced_there_then(truth: Truth) -> None:
    await truth.deliver(
        event("stays", name="Se queda", venue=LIDO), event("moves", name="Se va", venue=LIDO),
        event("early", name="Se adelanta", venue=LIDO, starts_at="2026-12-01T21:00:00-05:00"),
        event("gone", name="Ya fue", venue=LIDO, starts_at="2026-11-20T21:00:00-05:00"),
    )  # fmt: skip
    truth.later(hours=12)
    await truth.deliver(
        event("moves", name="Se va", venue=PABLO), event("stays", name="Se llama otra", venue=LIDO, status="cancelled"),
        event("early", name="Se adelanta", venue=LIDO, starts_at="2026-11-21T10:00:00-05:00"),
        event("new", name="Llega", venue=LIDO),
    )  # fmt: skip
    past, present = await portrait(truth, "teatro-lido", at=YESTERDAY), await portrait(truth, "teatro-lido")
    assert [(seen.name, seen.status) for seen in past.events] == [
        ("Se queda", "scheduled"), ("Se va", "scheduled"), ("Se adelanta", "scheduled")
    ]  # fmt: skip
    assert [(seen.name, seen.status) for seen in present.events] == [
        ("Llega", "scheduled"),
        ("Se llama otra", "cancelled"),
    ]


async def test_a_changed_handle_and_the_history_are_those_of_then(truth: Truth) -> None:
    told: JsonObject = {"kind": "artist", "name": "Los Titiribí", "source_id": "a-1"}
    await truth.tell(told | {"instagram": "@uno.uno", "description": "a"})
    truth.later(days=1)
    await truth.tell(told | {"instagram": "@dos.dos", "description": "b"})
    past, present = await portrait(truth, "los-titiribi", at=YESTERDAY), await portrait(truth, "los-titiribi")
    handles = [[i.value for i in seen.identifiers if i.scheme == "instagram"] for seen in (past, present)]
    assert handles == [["uno.uno"], ["dos.dos"]]
    assert [fact.value for fact in past.history] == []
    assert [fact.value for fact in present.history] == ["a"]


async def test_the_winner_of_then_is_found_by_the_trust_rule_of_then(truth: Truth) -> None:
    told = event("e-1", venue=LIDO)
    first = await truth.tell(told | {"price_min": 10}, source="scraper", trust=40)
    truth.later(days=1)
    await truth.tell(told | {"price_min": 20}, source="owner", trust=90)
    truth.later(days=1)
    await truth.tell(told | {"price_min": 30}, source="scraper", trust=40)
    prices = [
        (await portrait(truth, first.ref, at=at)).card.price_min
        for at in (YESTERDAY, YESTERDAY + timedelta(days=1), truth.now)
    ]
    assert prices == [10, 20, 20]


async def test_nothing_was_known_before_the_first_word(truth: Truth) -> None:
    receipt = await truth.tell(event("e-1"))
    with pytest.raises(NotFound, match="Nothing was known"):
        await portrait(truth, receipt.ref, at=NIGHT - timedelta(seconds=1))


async def test_a_market_has_no_past(truth: Truth) -> None:
    assert (await portrait(truth, "medellin", at=NIGHT - timedelta(days=900))).card.name == "Medellín"


async def test_what_was_told_in_private_then_is_not_shown_though_it_is_public_now(truth: Truth) -> None:
    staff, public = (event("e-1", visibility=shown) for shown in ("staff", "public"))
    ref = await told_then_tomorrow(truth, staff | {"description": "secreto"}, public)
    assert (await portrait(truth, ref)).card.name == "Noche de Salsa Brava"
    with pytest.raises(NotFound):
        await portrait(truth, ref, at=YESTERDAY)
    seen = await portrait(truth, ref, at=YESTERDAY, scope=Scope(role="staff"))
    assert seen.card.metadata == {"description": "secreto"}


async def test_a_tie_is_shown_from_its_first_day_to_its_last(truth: Truth) -> None:
    job: JsonValue = [{
        "type": "WORKS_FOR", "target_kind": "organization", "target": {"name": "Sello Norte"},
        "valid_from": "2026-11-01T00:00:00Z", "valid_to": "2026-11-23T00:00:00Z",
    }]  # fmt: skip
    told: JsonObject = {"kind": "person", "name": "Ana", "visibility": "public", "relations": job}
    await truth.tell(told)
    assert [near.type for near in (await portrait(truth, "ana")).relations] == ["WORKS_FOR"]
    truth.later(days=3)
    assert (await portrait(truth, "ana")).relations == ()
    assert [near.type for near in (await portrait(truth, "ana", at=YESTERDAY)).relations] == ["WORKS_FOR"]
