"""Things of every kind on their way into the graphs and the texts."""

from datetime import UTC, datetime

import pytest

from sonik import ontology
from sonik.ingest.files import KINDS
from sonik.types import JsonObject, JsonValue, Scope
from tests.fix_sync import NOW, Stores, entity_id

pytestmark = pytest.mark.anyio

THINGS = tuple(kind for kind in KINDS if kind not in {"venue", "artist", "organization", "person", "brand", "event"})
TOLD: dict[ontology.ValueType, JsonValue] = {
    "text": "palabra", "number": 0.25, "whole": 3, "truth": True, "moment": "2026-11-01T10:00:00-05:00"
}  # fmt: skip
MOMENT = datetime(2026, 11, 1, 15, tzinfo=UTC).timestamp()


def thing(kind: str, **fields: JsonValue) -> JsonObject:
    """A public record of a kind."""
    return {"kind": kind, "name": f"Un {kind}", "source_id": "1", "visibility": "public", **fields}


async def test_every_kind_arrives_in_its_graph_with_its_properties(stores: Stores) -> None:
    records = []
    for kind in THINGS:
        names = ontology.vertex(kind).described
        told: JsonObject = {name: TOLD[value_type] for name, value_type in names}
        records.append(thing(kind, attributes=told | ({"url": "https://x.example"} if "url" in told else {})))
    await stores.project(*records)
    assert await stores.disagreements() == []
    contents = await stores.contents()
    for kind in THINGS:
        vertex = ontology.vertex(kind)
        held = {tuple(labels): own for _, labels, own in contents[vertex.graph]}  # type: ignore[arg-type]
        own = held["Entity", vertex.label]
        expected = {
            name: MOMENT if value_type == "moment" else "https://x.example" if name == "url" else TOLD[value_type]
            for name, value_type in vertex.described
        }
        assert isinstance(own, dict)
        assert {name: own.get(name) for name in expected} == expected
        assert own["name"] == f"Un {kind}"


async def test_what_is_searchable_is_found_by_its_name_its_text_and_its_words(stores: Stores) -> None:
    told = thing("feature", name="Alertas", attributes={"suite": "Crecimiento"}, description="Avisa de boletas nuevas")
    intake = await stores.project(told, thing("purchase", name="Alertas de compra"))
    feature = entity_id(intake)
    for words in ("alertas", "crecimiento", "boletas"):
        assert await stores.matching(words, scope=Scope()) == {feature}


async def test_edges_of_all_graphs_arrive_with_their_properties_and_times(stores: Stores) -> None:
    since, until = "2026-01-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00"
    depends: JsonObject = {
        "type": "DEPENDS_ON", "target_kind": "code", "target": {"name": "b.py", "source_id": "b"}, "confidence": 0.5,
        "properties": {"importance": 0.9}, "timestamp": "2026-10-01T00:00:00Z", "valid_from": since, "valid_to": until,
    }  # fmt: skip
    note: JsonObject = {"name": "x", "source_id": "1"}
    written: JsonValue = [{"type": "IN_SESSION", "target_kind": "note", "target": note, "direction": "in"}]
    await stores.project(
        thing("code", name="a.py", relations=[depends]), thing("note"), thing("session", relations=written)
    )
    contents = await stores.contents()
    ((_, edge_type, _, _, own),) = contents["knowledge edges"]
    assert edge_type == "DEPENDS_ON"
    assert isinstance(own, dict)
    assert own.keys() >= set(ontology.EDGE_COMMON) - {f"w_{lens}" for lens in ontology.LENSES}
    shown = [own[name] for name in ("weight", "confidence", "importance", "timestamp", "valid_from", "valid_to")]
    times = [datetime.fromisoformat(text).timestamp() for text in ("2026-10-01T00:00:00Z", since, until)]
    assert shown == [0.3, 0.5, 0.9, *times]
    assert [row[1] for row in contents["agent_memory edges"]] == ["IN_SESSION"]
    assert await stores.disagreements() == []
    await stores.at(NOW).project(thing("code", name="a.py"))
    ((*_, closed),) = (await stores.contents())["knowledge edges"]
    assert isinstance(closed, dict)
    assert closed["valid_to"] == NOW.timestamp()
    assert await stores.disagreements() == []
