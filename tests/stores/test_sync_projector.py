"""What is projected: the current rows of truth, once, with the words around them, for those who may see them."""

from datetime import UTC, datetime, timedelta

import pytest

from sonik.retrieval.expand import expand
from sonik.retrieval.lenses import lens
from sonik.stores.vectors import TextFilter
from sonik.sync.source import Dirty
from sonik.sync.vector_sink import VectorSink
from sonik.types import Near, Scope
from tests.fix_sync import NOW, CountingEmbedder, Stores, a_venue, an_event, entity_id

pytestmark = pytest.mark.anyio

LATER = NOW + timedelta(days=2)


async def walked(stores: Stores, start: str, scope: Scope | None = None) -> set[tuple[str, str]]:
    """Return the edges a caller walks from a vertex: type and far end."""
    found = await expand(stores.graphs, {start: 1.0}, scope=scope or Scope(), lens=lens("fan"), budget=100, now=LATER)
    return {(edge.type, edge.dst) for edge in found.edges.values() if edge.src == start}


async def test_every_entity_and_edge_arrives_in_every_store(stores: Stores) -> None:
    await stores.project(a_venue("Casa Uno"), an_event("Cumbia", lineup=[{"name": "Los Gaiteros"}]))
    assert await stores.disagreements() == []
    counts = stores.truth(
        "select (select count(*) from unified.entities), (select count(*) from unified.relationships)"
    )
    contents = await stores.contents()
    edges = sum(len(rows) for name, rows in contents.items() if name.endswith("edges"))
    assert counts == [(len(contents["operations"]), edges)]
    assert len(contents["texts"]) == len(contents["operations"])


async def test_applying_twice_changes_nothing(stores: Stores) -> None:
    await stores.project(a_venue("Casa Uno"), an_event("Cumbia", lineup=[{"name": "Los Gaiteros"}]))
    before = await stores.contents()
    entities = tuple(row[0] for row in stores.truth("select id from unified.entities"))
    edges = tuple(row[0] for row in stores.truth("select eid from unified.relationships"))
    for sink in stores.sinks:
        async with sink.steady() as steady:
            for _ in range(2):
                await steady.apply(Dirty(entities=entities, relationships=edges))  # type: ignore[arg-type]
    assert await stores.contents() == before


async def test_a_renamed_venue_renames_itself_in_the_texts_of_its_events(stores: Stores) -> None:
    intake = await stores.project(a_venue("Teatro Viejo", known_as="t"), an_event("Cumbia", venue="t"))
    event = entity_id(intake, 1)
    await stores.ingest(an_event("Salsa", venue="Otro"))
    assert event in await stores.matching("viejo")
    await stores.project(a_venue("Teatro Nuevo", known_as="t"))
    assert event in await stores.matching("nuevo")
    assert event not in await stores.matching("viejo")


async def test_a_venue_that_moves_takes_its_events_along(stores: Stores) -> None:
    intake = await stores.project(a_venue("Casa Uno", lat=6.25, lng=-75.56), an_event("Cumbia"))
    await stores.project(a_venue("Casa Uno", lat=4.65, lng=-74.06))
    near_bogota = TextFilter(scope=Scope(), near=Near(lat=4.65, lng=-74.06, km=5))
    found = await stores.vectors.matching("cumbia", language="es", where=near_bogota, limit=5)
    assert [match.id for match in found] == [entity_id(intake, 1)]


async def test_an_event_added_while_its_venue_is_renamed_gets_the_new_name(stores: Stores) -> None:
    intake = await stores.project(a_venue("Teatro Viejo", known_as="t"), an_event("Cumbia", venue="t"))
    # What a rename leaves behind that could not yet see the event: only the venue is dirty.
    stores.change_truth("update unified.entities set name = 'Nuevo', version = version + 1 where name = 'Teatro Viejo'")
    stores.touch("Nuevo")
    await stores.drain()
    assert entity_id(intake, 1) in await stores.matching("nuevo")


async def test_a_closed_edge_stays_with_its_end_and_is_walked_only_in_its_time(stores: Stores) -> None:
    intake = await stores.project(a_venue("Casa Uno"), a_venue("Casa Dos"), an_event("Cumbia"))
    first, second, event = (entity_id(intake, line) for line in range(3))
    await stores.at(NOW + timedelta(days=1)).project(an_event("Cumbia", venue="Casa Dos"))
    held = await stores.graphs.read(
        "operations",
        "MATCH (e {id: $id})-[r:HOSTED_BY]->(v) RETURN v.id, r.valid_to ORDER BY r.valid_to",
        {"id": event},
    )
    closed_at = (NOW + timedelta(days=1)).timestamp()
    assert held == [[first, closed_at], [second, datetime(9999, 12, 31, tzinfo=UTC).timestamp()]]
    assert await walked(stores, event) == {("HOSTED_BY", second)}
    assert await walked(stores, event, Scope(as_of=NOW + timedelta(hours=1))) == {("HOSTED_BY", first)}


@pytest.mark.parametrize(
    ("scope", "sees"),
    [
        (Scope(), False),
        (Scope(role="organizer", organisation="rival"), False),
        (Scope(role="organizer", organisation="acme"), True),
        (Scope(role="staff"), True),
        (Scope(role="staff", collection="benchmark"), False),
    ],
)
async def test_an_edge_is_walked_only_by_those_who_may_see_it(stores: Stores, scope: Scope, sees: bool) -> None:
    hidden = an_event("Ensayo", owner_org="acme", visibility="org")
    intake = await stores.project(a_venue("Casa Uno"), hidden, an_event("Abierto"))
    found = await expand(stores.graphs, {entity_id(intake): 1.0}, scope=scope, lens=lens("fan"), budget=100, now=LATER)
    assert (entity_id(intake, 1) in {edge.src for edge in found.edges.values()}) is sees


async def test_a_name_its_readers_may_not_see_is_not_in_the_text_of_an_event(stores: Stores) -> None:
    person = {"kind": "person", "name": "Reservada Persona", "source_id": "p"}
    relation = {
        "type": "PROMOTED_BY",
        "target_kind": "person",
        "target": {"name": "Reservada Persona", "source_id": "p"},
    }
    intake = await stores.project(person, an_event("Cumbia", relations=[relation]))  # type: ignore[arg-type]
    assert await stores.matching("reservada") == set()
    assert await stores.matching("reservada", scope=Scope(role="staff")) == {entity_id(intake)}


async def test_what_is_deleted_in_truth_leaves_every_store_with_its_edges(stores: Stores) -> None:
    intake = await stores.project(a_venue("Casa Uno"), an_event("Cumbia"))
    stores.change_truth("update unified.entities set deleted_at = now() where name = 'Casa Uno'")
    stores.touch("Casa Uno")
    await stores.drain()
    assert await stores.disagreements() == []
    assert await walked(stores, entity_id(intake, 1)) == set()
    assert entity_id(intake) not in await stores.vectors.versions()


async def test_a_text_is_embedded_once_however_often_it_is_projected(stores: Stores) -> None:
    embedder = CountingEmbedder(stores.embedder)
    sink = VectorSink(postgres=stores.postgres, vectors=stores.vectors, embedder=embedder)
    await stores.ingest(a_venue("Casa Uno"), an_event("Cumbia", description="Noche de gaitas"))
    await stores.drain(sink)
    assert sorted(embedder.texts) == sorted(set(embedder.texts))
    embedder.texts.clear()
    await stores.ingest(an_event("Cumbia", description="Noche de gaitas", price_min=20000, currency="COP"))
    await stores.drain(sink)
    await sink.clear()
    await stores.drain(sink)
    assert embedder.texts == []
    await stores.ingest(an_event("Cumbia", description="Noche de tambores", price_min=20000, currency="COP"))
    await stores.drain(sink)
    assert [("tambores" in text) for text in embedder.texts] == [True]
