"""Who is who: many sources and spellings, one entity; the same name, and still two."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from sonik.identity import places
from sonik.types import JsonObject
from tests.fix_truth import PLACE_IDS, Truth, artist, event, venue

pytestmark = pytest.mark.anyio

PLACE = PLACE_IDS[0]


async def test_a_venue_told_of_by_five_sources_is_one(truth: Truth) -> None:
    told = {
        "mapas": venue("m-1", name="Teatro Lido", google_place_id=PLACE),
        "guia": venue("g-9", name="TEATRO  LIDÓ", google_place_id=places.to_hex_pair(PLACE), instagram="@teatro.lido"),
        "redes": venue(name="Lido Medellín", instagram="https://www.instagram.com/Teatro.Lido/?hl=es"),
        "boletas": venue("b-3", name="El Lido", instagram="instagram.com/_u/teatro.lido"),
        "agenda": event("e-1", venue={"name": "Lido", "google_place_id": f"place_id:{PLACE}"}),
    }
    for source, record in told.items():
        await truth.tell(record, source=source)
    assert await truth.names("venue") == ["Lido Medellín"]
    found = await truth.column("select folded from unified.aliases a join unified.entities e on e.id = a.entity_id "
                               "where e.entity_type = 'venue' order by 1")  # fmt: skip
    assert found == ["el lido", "lido", "lido medellin", "teatro lido"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)], ids=str)
async def test_one_record_with_two_identifiers_joins_those_that_have_one_each(
    truth: Truth, order: Sequence[int]
) -> None:
    told = [venue(name="Uno", google_place_id=PLACE), venue(name="Dos", instagram="lido"),
            venue(name="Tres", google_place_id=PLACE, instagram="lido")]  # fmt: skip
    intake = await truth.deliver(*(told[i] for i in order))
    assert len({receipt.entity_id for receipt in intake.receipts}) == 1
    assert len(await truth.names("venue")) == 1


async def test_two_entities_that_turn_out_to_be_one_are_named_as_candidates(truth: Truth) -> None:
    one = await truth.tell(venue("v-1", name="Uno", google_place_id=PLACE))
    two = await truth.tell(venue("v-2", name="Dos", instagram="lido"))
    both = await truth.tell(venue(name="Tres", google_place_id=PLACE, instagram="lido"), source="otra")
    assert both.entity_id == one.entity_id
    assert both.decided_by == f"google_place_id:{PLACE}"
    assert both.notes == (f"Its identifiers also name {two.entity_id}: a merge candidate.",)


async def test_homonyms_with_different_handles_stay_two(truth: Truth) -> None:
    both = [artist(name="La Banda", instagram="labanda.med"), artist(name="La Banda", instagram="labanda.bog")]
    first = await truth.deliver(*both)
    again = await truth.deliver(*reversed(both))
    assert [receipt.outcome for receipt in first.receipts] == ["created", "created"]
    assert [r.entity_id for r in again.receipts] == [r.entity_id for r in reversed(first.receipts)]
    assert await truth.names("artist") == ["La Banda", "La Banda"]


async def test_homonyms_with_different_ids_of_one_source_stay_two(truth: Truth) -> None:
    await truth.deliver(artist("1", name="La Banda"), artist("2", name="La Banda"))
    assert await truth.names("artist") == ["La Banda", "La Banda"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_homonyms_of_two_cities_in_one_source_stay_two(truth: Truth, order: tuple[int, ...]) -> None:
    both = [artist(name="La Banda", city="Medellín"), artist(name="La Banda", city="Bogotá")]
    first = await truth.deliver(*(both[i] for i in order))
    again = [await truth.tell(both[i]) for i in order]
    assert [receipt.outcome for receipt in first.receipts] == ["created", "created"]
    assert [receipt.entity_id for receipt in again] == [receipt.entity_id for receipt in first.receipts]
    assert [receipt.outcome for receipt in again] == ["unchanged", "unchanged"]
    assert again[0].notes == ()


@pytest.mark.parametrize("cities", [(None, "Medellín"), ("Medellín", None), ("CDMX", "Ciudad de México")])
async def test_an_artist_is_one_where_its_city_is_left_out_or_goes_by_another_name(
    truth: Truth, cities: tuple[str | None, ...]
) -> None:
    for city in cities:
        await truth.tell(artist(name="La Banda", city=city))
    assert await truth.names("artist") == ["La Banda"]


async def test_an_artist_that_moved_is_the_same_by_its_identifiers(truth: Truth) -> None:
    for city in ("Medellín", "Bogotá"):
        await truth.tell(artist("a-1", name="La Banda", city=city))
        await truth.tell(artist(name="La Orquesta", instagram="laorquesta", city=city))
    assert await truth.names("artist") == ["La Banda", "La Orquesta"]


async def test_a_name_alone_joins_nothing_across_sources(truth: Truth) -> None:
    await truth.tell(artist(name="La Banda"), source="uno")
    await truth.tell(artist(name="La Banda"), source="dos")
    assert await truth.names("artist") == ["La Banda", "La Banda"]


async def test_within_a_source_a_name_is_one_artist_however_it_is_written(truth: Truth) -> None:
    for name in ("Los Titiribí", "TITIRIBI", "los  titiribí!"):
        await truth.tell(artist(name=name))
    assert len(await truth.names("artist")) == 1


@pytest.mark.parametrize("name", ["!!!", "+/-", "★"])
async def test_a_name_of_signs_only_is_recognised_again(truth: Truth, name: str) -> None:
    await truth.tell(artist(name=name))
    again = await truth.tell(artist(name=name))
    assert again.outcome == "unchanged"
    assert await truth.names("artist") == [name]


async def test_a_handle_that_changed_at_its_source_is_the_same_artist_with_the_new_one(truth: Truth) -> None:
    before = await truth.tell(artist("a-1", instagram="titiribi"))
    after = await truth.tell(artist("a-1", instagram="titiribi.oficial"))
    assert after.entity_id == before.entity_id
    assert after.changes == {"identifiers": ["instagram"]}
    entity = await truth.entity(after.ref)
    assert entity["canonical_id"] == "instagram:titiribi.oficial"
    stranger = await truth.tell(artist(name="Otra", instagram="titiribi"), source="otra")
    assert stranger.outcome == "created"


async def test_a_venue_without_a_city_is_the_one_in_its_market(truth: Truth) -> None:
    in_medellin = await truth.tell(venue())
    await truth.deliver(
        event("e-1", venue={"name": "Teatro Lido"}, market="medellin"),
        event("e-2", venue={"name": "Teatro Lido"}, market="bogota"),
    )
    hosts = await truth.column(
        "select dst from unified.relationships where type = 'HOSTED_BY' order by valid_from, eid"
    )
    assert len(set(hosts)) == 2
    assert in_medellin.entity_id in [str(host) for host in hosts]


async def test_venues_of_one_name_in_two_cities_stay_two(truth: Truth) -> None:
    await truth.deliver(venue(city="Valparaíso"), venue(city="Viña del Mar"))
    assert await truth.names("venue") == ["Teatro Lido", "Teatro Lido"]


async def test_an_organization_is_its_domain_before_its_handle(truth: Truth) -> None:
    first = await truth.tell(
        {
            "kind": "organization",
            "name": "Pulso Norte",
            "website": "https://www.pulsonorte.co/nosotros",
            "instagram": "pulso",
        }
    )
    again = await truth.tell(
        {"kind": "organization", "name": "Pulso Norte SAS", "website": "pulsonorte.co", "instagram": "pulso.mde"},
        source="otra",
    )
    assert again.decided_by == "domain:pulsonorte.co"
    assert (await truth.entity(first.ref))["canonical_id"] == "domain:pulsonorte.co"


async def test_a_platform_page_is_a_website_and_no_identity(truth: Truth) -> None:
    for name in ("Pulso Norte", "Parche Vivo"):
        receipt = await truth.tell({"kind": "organization", "name": name, "website": "https://linktr.ee/fiestas"})
        assert "platform" in receipt.notes[0]
    assert await truth.names("organization") == ["Parche Vivo", "Pulso Norte"]


async def test_an_e_mail_address_is_evidence_and_joins_nobody(truth: Truth) -> None:
    for name in ("Ana Ríos", "Ana María Ríos"):
        await truth.tell(
            {"kind": "person", "name": name, "emails": ["ana@club.com.co"], "phones": ["+57 300 123 4567"]}
        )
    assert await truth.names("person") == ["Ana María Ríos", "Ana Ríos"]
    held = await truth.column("select value from unified.identifiers where not is_strong order by value")
    assert held == ["+573001234567", "+573001234567", "ana@club.com.co", "ana@club.com.co"]


async def test_a_new_telephone_number_is_a_change_and_the_same_one_is_none(truth: Truth) -> None:
    outcomes = [
        (await truth.tell(venue("v-1", phone=phone))).outcome
        for phone in ("+573001234567", "+57 300 123 4567", "+573007654321")
    ]
    assert outcomes == ["created", "unchanged", "updated"]


async def test_an_identifier_learned_from_a_mention_reaches_the_entity(truth: Truth) -> None:
    seen = await truth.tell(venue("v-1"))
    await truth.tell(event("e-1", venue={"name": "Teatro Lido", "source_id": "v-1", "instagram": "@teatro.lido"}))
    entity = await truth.entity(seen.ref)
    assert (entity["canonical_id"], entity["version"]) == ("instagram:teatro.lido", 2)


async def test_a_relation_to_a_market_is_to_the_one_of_the_legend(truth: Truth) -> None:
    told: JsonObject = {"type": "IN_LOCATION", "target_kind": "market", "target": {"name": "Medallo"}}
    await truth.tell(venue(city=None, relations=[told]))
    found = await truth.column("select m.slug from unified.relationships r join unified.entities m on m.id = r.dst")
    assert found == ["medellin"]


async def test_a_relation_to_an_unknown_event_is_refused_and_to_a_known_one_is_kept(truth: Truth) -> None:
    went: JsonObject = {"type": "ATTENDED", "target_kind": "event", "target": {"name": "La fiesta", "source_id": "e-1"}}
    person: JsonObject = {"kind": "person", "name": "Ana Ríos", "relations": [went]}
    lost = await truth.tell(person)
    together = await truth.deliver(person, event("e-1"))
    assert "No event with the source_id 'e-1' is known" in lost.problems[0].reason
    assert together.counts["created"] == 2
    assert await truth.column("select type from unified.relationships where type = 'ATTENDED'") == ["ATTENDED"]
    assert await truth.names("event") == ["Noche de Salsa Brava"]


async def test_a_thing_of_another_room_is_made_by_its_mention_and_not_renamed_by_the_next(truth: Truth) -> None:
    def shared(name: str) -> JsonObject:
        target: JsonObject = {"name": name, "source_id": "c-1"}
        return {
            "kind": "person",
            "name": "Ana",
            "relations": [{"type": "SHARED", "target_kind": "content", "target": target}],
        }

    await truth.tell(shared("Diez clubes"))
    await truth.tell(shared("Once clubes"))
    assert await truth.names("content") == ["Diez clubes"]


# Records that agree with each other: whatever their order, they speak of these places and of no more.
TOLD: tuple[JsonObject, ...] = (
    venue("v-1", name="Uno", google_place_id=PLACE_IDS[0]),
    venue(name="Uno", instagram="uno.med"),
    venue("v-1", name="El Uno", google_place_id=PLACE_IDS[0], instagram="uno.med"),
    venue("v-2", name="Dos", google_place_id=PLACE_IDS[1]),
    venue("v-3", name="Dos", city="Itagüí"),
    artist("a-1", name="La Banda", instagram="banda.uno"),
    artist(name="La Banda", instagram="banda.dos"),
    artist(name="La Banda"),
    event("e-1", venue={"name": "Uno", "source_id": "v-1"}, lineup=[{"name": "La Banda", "source_id": "a-1"}]),
    event("e-2", venue={"name": "Uno", "source_id": "v-1"}, starts_at="2026-11-28T23:30:00-05:00"),
    event("e-3", venue={"name": "Dos", "google_place_id": PLACE_IDS[1]}),
    event("e-1", name="Noche de Salsa", venue={"name": "Uno", "instagram": "uno.med"}),
)


@settings(
    max_examples=12, deadline=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(order=st.permutations(range(len(TOLD))))
async def test_the_order_of_lines_does_not_decide_who_is_who(truth: Truth, order: list[int]) -> None:
    await truth.empty()
    intake = await truth.deliver(*(TOLD[i] for i in order))
    together = {i: receipt.entity_id for i, receipt in zip(order, intake.receipts, strict=True)}
    groups = {frozenset(i for i in together if together[i] == entity) for entity in together.values()}
    assert groups == {
        frozenset({0, 1, 2}), frozenset({3}), frozenset({4}), frozenset({5}) | without_handle(together), frozenset({6}),
        frozenset({8, 11}), frozenset({9}), frozenset({10}),
    }  # fmt: skip
    assert {kind: len(await truth.names(kind)) for kind in ("venue", "artist", "event")} == {
        "venue": 3, "artist": 2, "event": 3,
    }  # fmt: skip


def without_handle(together: dict[int, str | None]) -> frozenset[int]:
    """The line that gives a name only: it goes to the homonym that is surest in its source."""
    assert together[7] == together[5]
    return frozenset({7})
