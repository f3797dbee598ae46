"""Edges on their way into a graph: whole, and none that the ontology does not know."""

from datetime import UTC, datetime

import pytest

from sonik import ontology
from sonik.engine import Engine
from sonik.errors import OffOntology
from sonik.ontology import LENSES
from sonik.retrieval.lenses import lens
from sonik.sync.edges import EdgeRow, edge_properties
from sonik.types import JsonObject
from tests.fix_engine import deliver

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC).timestamp()


def an_edge(**changes: object) -> EdgeRow:
    """An edge as truth has it when nothing but the necessary is known."""
    plain: dict[str, object] = {
        "eid": "e", "src": "a", "dst": "b", "type": "PERFORMS_AT", "base_weight": 0.9, "confidence": 0.5,
        "source": "test", "timestamp": NOW, "valid_from": NOW, "valid_to": None, "properties": {}, "owner_org": None,
        "visibility": "public", "collection": "live", "learned": {}, "traversals": 0, "last_at": None,
    }  # fmt: skip
    return EdgeRow(**{**plain, **changes})  # type: ignore[arg-type]


def test_an_edge_never_lacks_a_common_property() -> None:
    made = edge_properties(an_edge())
    assert set(made) == set(ontology.EDGE_COMMON) - {f"w_{name}" for name in LENSES}
    assert None not in made.values()
    learned = dict.fromkeys(LENSES, 0.5)
    assert set(edge_properties(an_edge(learned=learned))) == set(ontology.EDGE_COMMON)


def test_an_edge_cannot_be_built_without_one_of_its_fields() -> None:
    whole = an_edge()._asdict()
    for name in whole:
        with pytest.raises(TypeError, match=name):
            EdgeRow(**{key: value for key, value in whole.items() if key != name})


def test_an_edge_off_the_ontology_is_named_with_what_would_be_right() -> None:
    with pytest.raises(OffOntology, match="PERFORMS_AT may not join Venue to Event"):
        ontology.edge("PERFORMS_AT", "venue", "event")
    with pytest.raises(OffOntology, match="Did you mean 'HOSTED_BY'"):
        ontology.edge("HOSTED_BYE", "event", "venue")


async def test_a_record_with_an_edge_off_the_ontology_writes_nothing(engine: Engine) -> None:
    relation: JsonObject = {"type": "LIKES", "target_kind": "artist", "target": {"name": "Alguien"}}
    intake = await deliver(engine, {"kind": "venue", "name": "Casa", "source_id": "c", "relations": [relation]})
    assert [receipt.outcome for receipt in intake.receipts] == ["refused"]
    vertices = (await engine.compare())[0]
    assert vertices.truth_rows == len(engine.vocabulary.markets)


def test_the_neighbourhood_walks_only_edge_types_of_its_graph() -> None:
    for name in LENSES:
        chosen = lens(name)
        for graph in chosen.graphs:
            assert set(chosen.types(graph)) <= set(ontology.edge_names(graph))
