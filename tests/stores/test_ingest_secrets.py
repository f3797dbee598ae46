"""What a delivery must not tell whoever sends it, nor leave on what is public, of what others keep to themselves."""

from dataclasses import replace

import pytest

from sonik.learning.insights import Insights
from sonik.learning.log import TraversalLog
from sonik.retrieval.entity import portray
from sonik.sql import queries
from sonik.types import JsonObject, JsonValue, Scope, Trace
from tests.fix_truth import INGEST, PLACE_IDS, Truth, artist, event, venue

pytestmark = pytest.mark.anyio

PLACE = PLACE_IDS[0]
ACME, RIVAL = (replace(INGEST, organisation=name) for name in ("acme", "rival"))
PRIVATE: JsonObject = {"visibility": "org", "owner_org": "acme"}


def private(**fields: JsonValue) -> JsonObject:
    return venue(google_place_id=PLACE, **PRIVATE, **fields)


async def test_whoever_meets_anothers_secret_by_its_number_is_told_nothing_of_it(truth: Truth) -> None:
    await truth.tell(private(name="Bodega secreta", capacity=900), source="crm")
    told = await truth.tell(venue(google_place_id=PLACE, capacity=400), scope=RIVAL)
    assert (told.outcome, told.changes, told.decided_by, told.notes) == ("created", {}, None, ())
    assert "bodega" not in str(told)
    assert told.ref == "teatro-lido"


async def test_what_becomes_public_is_told_by_its_public_name(truth: Truth) -> None:
    first = await truth.tell(private(name="Bodega secreta"), source="crm")
    assert first.ref == "bodega-secreta"
    told = await truth.tell(venue(google_place_id=PLACE), scope=RIVAL)
    assert (told.ref, told.entity_id) == ("teatro-lido", first.entity_id)


async def test_nobody_is_told_the_id_of_anothers_as_a_merge_candidate(truth: Truth) -> None:
    other = await truth.tell(venue(instagram="secreta", **PRIVATE, name="Bodega"), source="crm")
    await truth.tell(venue(google_place_id=PLACE))
    told = await truth.tell(venue(google_place_id=PLACE, instagram="secreta"), scope=RIVAL)
    assert str(other.entity_id) not in str(told)


HOST: JsonObject = {"name": "Teatro Lido", "google_place_id": PLACE}
ANA: JsonObject = {"kind": "person", "name": "Ana Ríos", "instagram": "ana.rios", "visibility": "public"}
MANAGED: JsonObject = {
    "type": "MANAGES", "target_kind": "artist", "target": {"name": "Los Titiribí", "instagram": "titiribi"}
}  # fmt: skip
OTHER: JsonObject = {"name": "Sala Otra", "google_place_id": PLACE_IDS[1]}


async def around(truth: Truth, ref: str, scope: Scope) -> dict[str, list[str]]:
    """Return the neighbours of an entity that a caller is shown, with the sources told of each."""
    portrait = await portray(
        truth.postgres, ref, include=("relations",), scope=scope, clock=truth.clock, zones={}
    )  # fmt: skip
    return {near.name: near.sources for near in portrait.relations}


async def test_who_confirms_a_public_edge_in_private_is_told_to_its_own_and_to_staff_only(truth: Truth) -> None:
    show = await truth.tell(event("e-1", venue=HOST), source="agenda")
    await truth.tell(event("e-1", venue=HOST, **PRIVATE), source="crm", trust=90)
    ref, own = str(show.ref), ["agenda", "crm@acme"]
    assert (await around(truth, ref, Scope()))["Teatro Lido"] == ["agenda"]
    assert (await around(truth, ref, Scope(organisation="rival")))["Teatro Lido"] == ["agenda"]
    assert (await around(truth, ref, Scope(organisation="acme")))["Teatro Lido"] == own
    assert (await around(truth, ref, Scope(role="staff")))["Teatro Lido"] == own


async def test_what_an_organisation_tells_in_public_is_told_as_its_word(truth: Truth) -> None:
    show = await truth.tell(event("e-1", venue=HOST), source="crm", scope=ACME)
    assert (await around(truth, str(show.ref), Scope()))["Teatro Lido"] == ["crm@acme"]


async def test_what_fewer_may_read_moves_no_public_event_to_another_venue(truth: Truth) -> None:
    show = await truth.tell(event("e-1", venue=HOST, visibility="public"), source="agenda", trust=40)
    again: JsonObject = event("e-1", venue=OTHER, starts_at="2026-11-28T21:00:00-05:00", **PRIVATE)
    for record, source in ((event("e-1", venue=HOST), "crm"), (again, "crm")):
        await truth.tell(record, source=source, trust=95, scope=ACME)
    assert "Teatro Lido" in await around(truth, str(show.ref), Scope())


async def test_what_was_said_of_an_edge_in_private_is_not_said_on_when_it_becomes_public(truth: Truth) -> None:
    act = await truth.tell(artist(instagram="titiribi"))
    await truth.tell(ANA)
    await truth.tell(ANA | PRIVATE | {"relations": [{**MANAGED, "confidence": 0.25}]}, source="crm", scope=ACME)
    before = await around(truth, str(act.ref), Scope())
    await truth.tell(ANA | {"relations": [MANAGED]})
    edges = await truth.rows("select visibility, confidence from unified.relationships where type = 'MANAGES'")
    assert (before, edges) == ({}, [{"visibility": "public", "confidence": 1.0}])


async def test_an_edge_told_in_private_from_now_on_is_private(truth: Truth) -> None:
    act = await truth.tell(artist(instagram="titiribi"))
    await truth.tell(ANA)
    seen = []
    for visibility in ("public", "org"):
        truth.later(hours=1)
        told = ANA | {"relations": [MANAGED], "visibility": visibility}
        await truth.tell(told, source="crm", scope=ACME)
        seen.append("Ana Ríos" in await around(truth, str(act.ref), Scope()))
    assert seen == [True, False]


async def test_a_public_event_is_not_found_by_what_only_an_organisation_knows_around_it(truth: Truth) -> None:
    show = await truth.tell(event("e-1", venue=HOST), source="agenda")
    await truth.tell(artist(instagram="titiribi"))
    promoter: JsonObject = {"name": "Promotora Pública", "instagram": "promotora"}
    await truth.tell({"kind": "organization", **promoter}, source="agenda")
    act: JsonObject = {"name": "Los Titiribí", "instagram": "titiribi"}
    own = event("e-1", venue=HOST, lineup=[act], promoters=[promoter], **PRIVATE)
    again = await truth.tell(own, source="crm", trust=90)
    async with truth.postgres.writing() as session:
        ids = [(await truth.entity(show.ref))["id"]]
        texts = await session.rows(queries("sync")["texts"], {"ids": ids})
    assert again.entity_id == show.entity_id
    assert [(row["artists"], row["promoters"], row["venue"]) for row in texts] == [([], [], "Teatro Lido")]


@pytest.mark.parametrize(
    ("scope", "sees"),
    [(Scope(organisation="acme"), {"asked by acme"}), (Scope(), {"asked by anyone"}),
     (Scope(role="ops", organisation="acme"), {"asked by acme"}), (Scope(role="ops", organisation="rival"), set()),
     (Scope(role="ops"), {"asked by acme", "asked by anyone", "asked by staff", "asked by staff of acme"})],
)  # fmt: skip
async def test_questions_of_staff_and_of_others_are_no_organisations(
    truth: Truth, scope: Scope, sees: set[str]
) -> None:
    log = TraversalLog(postgres=truth.postgres, clock=truth.clock)
    askers = {
        "acme": Scope(organisation="acme"), "anyone": Scope(), "staff": Scope(role="staff"),
        "staff of acme": Scope(role="staff", organisation="acme"),
    }  # fmt: skip
    for name, asker in askers.items():
        log.add(Trace(trace_id=name, query=f"asked by {name}"), scope=asker, lens="fan", hits=0)
    insights = Insights(postgres=truth.postgres, clock=truth.clock, log=log)
    found = await insights.top_queries(scope=scope, days=7, limit=10)
    assert {one.query for one in found} == sees
    assert {query for one in await insights.blockers(scope=scope, days=7, limit=10) for query in one.examples} <= sees
