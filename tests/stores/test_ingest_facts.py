"""Field by field: who wins, who is kept beside, what is taken back, and what a mention may not do."""

from datetime import timedelta

import pytest

from sonik.types import JsonObject, JsonValue
from tests.fix_truth import NIGHT, PLACE_IDS, Truth, event, venue

pytestmark = pytest.mark.anyio

PLACE = PLACE_IDS[0]


async def capacity(truth: Truth) -> object:
    return (await truth.column("select capacity from unified.venues"))[0]


def lido(**fields: JsonValue) -> JsonObject:
    return venue(google_place_id=PLACE, **fields)


async def test_the_more_trusted_source_wins_whoever_comes_last(truth: Truth) -> None:
    await truth.tell(lido(capacity=400), source="scraper", trust=40)
    await truth.tell(lido(capacity=500), source="owner", trust=90)
    truth.later(days=1)
    late = await truth.tell(lido(capacity=450), source="scraper", trust=40)
    assert await capacity(truth) == 500
    assert late.outcome == "updated"
    assert late.changes["capacity"] == {
        "before": 500, "after": 450, "kept": "the word of another source stands",
    }  # fmt: skip


async def test_of_equally_trusted_sources_the_newest_wins(truth: Truth) -> None:
    await truth.tell(lido(capacity=400), source="zeta")
    truth.later(hours=1)
    await truth.tell(lido(capacity=500), source="alfa")
    assert await capacity(truth) == 500


async def test_what_was_seen_earlier_does_not_overrule_what_was_seen_later(truth: Truth) -> None:
    await truth.tell(lido(capacity=500))
    late = await truth.tell(lido(capacity=400, observed_at=(NIGHT - timedelta(days=3)).isoformat()))
    assert await capacity(truth) == 500
    assert late.outcome == "unchanged"


async def test_a_record_dated_in_the_future_is_taken_as_of_now_and_can_be_overruled(truth: Truth) -> None:
    dated = await truth.tell(lido(capacity=400, observed_at="2031-01-01T00:00:00Z"))
    truth.later(minutes=1)
    await truth.tell(lido(capacity=500))
    assert "lies in the future" in dated.notes[0]
    assert await capacity(truth) == 500


async def test_the_last_of_equals_is_the_same_whatever_their_order(truth: Truth) -> None:
    seen = []
    for order in (("alfa", "beta"), ("beta", "alfa")):
        await truth.empty()
        for source in order:
            await truth.tell(lido(description=source), source=source)
        seen += await truth.column(
            "select metadata ->> 'description' from unified.entities where entity_type = 'venue'"
        )
    assert seen == ["beta", "beta"]


async def test_a_source_that_gains_trust_wins_with_what_it_said_before(truth: Truth) -> None:
    await truth.tell(lido(capacity=400), source="club", trust=40)
    await truth.tell(lido(capacity=500), source="agenda", trust=50)
    again = await truth.tell(lido(capacity=400), source="club", trust=90)
    assert await capacity(truth) == 400
    assert again.changes["capacity"] == {"before": 500, "after": 400}


async def test_a_mention_does_not_overrule_its_own_sources_record(truth: Truth) -> None:
    await truth.tell(venue("v-1", address="Calle 54"))
    truth.later(days=1)
    told: JsonObject = {"name": "El Lido", "source_id": "v-1", "city": "Bogotá", "address": "Otra calle"}
    await truth.tell(event("e-1", venue=told))
    entity = await truth.entity("teatro-lido")
    assert (entity["name"], entity["city"], entity["address"]) == ("Teatro Lido", "Medellín", "Calle 54")
    assert "el lido" in await truth.column("select folded from unified.aliases")


async def test_a_mention_of_a_trusted_source_does_not_overrule_a_record_of_a_lesser_one(truth: Truth) -> None:
    await truth.tell(lido(name="Teatro Lido de Medellín"), source="scraper", trust=30)
    await truth.tell(event("e-1", venue={"name": "Lido", "google_place_id": PLACE}), source="owner", trust=90)
    assert await truth.names("venue") == ["Teatro Lido de Medellín"]


async def test_a_record_overrules_an_earlier_mention_though_it_was_seen_before_it(truth: Truth) -> None:
    await truth.tell(event("e-1", venue={"name": "Lido", "source_id": "v-1", "city": "Medellín"}))
    seen = (NIGHT - timedelta(days=2)).isoformat()
    await truth.tell(venue("v-1", name="Teatro Lido", observed_at=seen))
    assert await truth.names("venue") == ["Teatro Lido"]


async def test_a_full_record_takes_back_what_it_no_longer_says(truth: Truth) -> None:
    await truth.tell(lido(capacity=500, description="Con palcos"))
    again = await truth.tell(lido(capacity=500))
    assert again.changes == {"description": {"before": "Con palcos", "after": None}}
    entity = await truth.entity("teatro-lido")
    assert (entity["metadata"], entity["capacity"]) == ({}, 500)


async def test_what_is_taken_back_falls_to_the_next_source(truth: Truth) -> None:
    await truth.tell(lido(capacity=400), source="scraper", trust=40)
    await truth.tell(lido(capacity=500), source="owner", trust=90)
    back = await truth.tell(lido(), source="owner", trust=90)
    assert await capacity(truth) == 400
    assert back.changes["capacity"] == {"before": 500, "after": 400}


async def test_a_partial_record_takes_nothing_back(truth: Truth) -> None:
    await truth.tell(lido(capacity=500, description="Con palcos", genres=["salsa"]))
    part = await truth.tell(lido(description="Sin palcos"), partial=True)
    entity = await truth.entity("teatro-lido")
    assert part.changes == {"description": {"before": "Con palcos", "after": "Sin palcos"}}
    assert (entity["capacity"], entity["genres"]) == (500, ["salsa"])


async def test_a_full_record_takes_back_only_what_its_own_source_said(truth: Truth) -> None:
    await truth.tell(lido(capacity=500), source="uno")
    await truth.tell(lido(), source="dos")
    assert await capacity(truth) == 500


async def test_history_is_kept_with_the_time_it_held(truth: Truth) -> None:
    await truth.tell(lido(capacity=400))
    truth.later(days=2)
    await truth.tell(lido(capacity=500))
    history = await truth.rows(
        "select value, valid_from, valid_to from unified.facts where attribute = 'capacity' order by valid_from"
    )
    moved = NIGHT + timedelta(days=2)
    assert history == [
        {"value": 400, "valid_from": NIGHT, "valid_to": moved},
        {"value": 500, "valid_from": moved, "valid_to": None},
    ]


async def test_a_price_is_never_mixed_from_two_sources(truth: Truth) -> None:
    told: JsonObject = {"venue": {"name": "Lido", "google_place_id": PLACE}}
    await truth.tell(event("o-1", price_min=20, currency="USD", **told), source="owner", trust=90)
    scraped = await truth.tell(
        event("s-1", price_min=5, price_max=10, currency="COP", **told), source="scraper", trust=40
    )
    entity = await truth.entity(scraped.ref)
    assert scraped.decided_by == f"{entity['canonical_id']}"
    assert [entity[field] for field in ("price_min", "price_max", "currency")] == [20, None, "USD"]


async def test_a_price_is_one_price_however_it_is_written(truth: Truth) -> None:
    outcomes = [
        (await truth.tell(event("e-1", price_min=price))).outcome for price in (20000, "20000.00", 20000.0, 2e4)
    ]
    assert outcomes == ["created", "unchanged", "unchanged", "unchanged"]


async def test_what_a_source_leaves_unsaid_does_not_uncancel_an_event(truth: Truth) -> None:
    told: JsonObject = {"venue": {"name": "Lido", "google_place_id": PLACE}}
    await truth.tell(event("c-1", status="cancelled", **told), source="club")
    truth.later(hours=1)
    silent = await truth.tell(event("a-1", **told), source="agenda")
    assert (await truth.entity(silent.ref))["status"] == "cancelled"
    truth.later(hours=1)
    await truth.tell(event("c-1", price_min=10, **told), source="club", partial=True)
    assert (await truth.entity(silent.ref))["status"] == "cancelled"
    await truth.tell(event("c-1", **told), source="club")
    assert (await truth.entity(silent.ref))["status"] == "scheduled"


async def test_the_same_word_said_with_more_certainty_is_confirmed_and_not_shown_as_a_change(truth: Truth) -> None:
    await truth.tell(event("e-1", venue={"name": "Teatro Lido", "city": "Medellín"}))
    record = await truth.tell(venue())
    assert record.changes == {"confirmed": ["name", "market", "city"], "relations": ["IN_LOCATION"]}


async def test_every_fact_names_its_source_trust_and_address(truth: Truth) -> None:
    await truth.tell(lido(capacity=400, url="https://lido.example/quienes"), source="club", trust=70)
    rows = await truth.rows(
        "select source, trust, confidence, source_url from unified.facts where attribute = 'capacity'"
    )
    assert rows == [
        {"source": "club", "trust": 70, "confidence": 1.0, "source_url": "https://lido.example/quienes"}
    ]  # fmt: skip


async def test_genres_become_the_legends_codes_and_the_rest_become_tags(truth: Truth) -> None:
    await truth.tell(event("e-1", genres=["Salsa Brava", "SALSA", "rap", "Vermú musical", "Vermú musical"]))
    entity = await truth.entity("noche-de-salsa-brava-2026-11-28")
    assert entity["genres"] == ["salsa", "hip-hop"]
    assert entity["metadata"] == {"tags": ["Vermú musical"]}
