"""The rules of a mapping: nested paths, alternatives, joins, splits, tables and formats, each in one line."""

import pytest

from sonik.errors import InvalidInput
from sonik.ingest.paths import look_up
from sonik.ingest.rules import check, check_relations, fill, relations_of, value_of
from sonik.types import JsonObject, JsonValue

ROW: JsonObject = {
    "titulo": "Noche", "fecha": "05/12/2026", "hora": "21:00", "estilos": "salsa, cumbia", "vacio": "", "na": "NA",
    "price.min": 5, "precio": "$ 25.000 - $ 30.000", "punto": "-33,04; -71,61", "id": 4711, "web": "/noche",
    "place": {"name": "Lido", "geo": {"coordinates": [-75.5, 6.2]}},
    "artists": [{"name": "Ana", "ig": "@ana"}, {"name": ""}, {"name": "Beto"}, 7],
    "images": [{"url": "a.png"}, {"url": "b.png"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("titulo", "Noche"), ("place.name", "Lido"), ("place.geo.coordinates.1", 6.2), ("price.min", 5),
        ("artists.name", ["Ana", "", "Beto"]), ("images.0.url", "a.png"), ("images.9.url", None), ("images.url.x", []),
        ("titulo.x", None), ("nada", None), ("place.geo.coordinates.99999999999999999999", None), ("", None),
    ],
)  # fmt: skip
def test_a_path_leads_through_objects_and_lists(path: str, expected: JsonValue) -> None:
    assert look_up(ROW, path) == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"from": ["vacio", "nada", "titulo"]}, "Noche"),
        ({"from": ["na", "titulo"], "missing": ["NA"]}, "Noche"),
        ({"from": ["fecha", "hora"], "join": " "}, "05/12/2026 21:00"),
        ({"from": ["fecha", "nada"], "join": " ", "format": "day-first"}, "2026-12-05"),
        ({"from": ["fecha", "hora"], "join": " ", "format": "%d/%m/%Y %H:%M"}, "2026-12-05T21:00:00"),
        ({"from": "precio", "format": "amount"}, "25000"),
        ({"from": "precio", "format": "highest-amount"}, "30000"),
        ({"from": "punto", "split": ";", "at": 1, "format": "decimal-comma"}, -71.61),
        ({"from": "hora", "map": {"21:00": "late"}}, "late"),
        ({"from": "titulo", "map": {"NÓCHE": 1}}, 1),
        ({"from": "titulo", "map": {"día": 1}}, None),
        ({"from": "web", "prefix": "https://x.example"}, "https://x.example/noche"),
        ({"from": "nada", "prefix": "https://x.example"}, None),
        ({"value": 7}, 7),
    ],
)
def test_a_rule_gives_one_value(rule: JsonObject, expected: JsonValue) -> None:
    assert value_of("url", rule, ROW) == expected


def test_a_list_field_gets_every_value_of_every_column() -> None:
    rule: JsonObject = {"from": ["estilos", "titulo"], "split": ","}
    assert value_of("genres", rule, ROW) == ["salsa", "cumbia", "Noche"]
    assert value_of("lineup", "artists.name", ROW) == [{"name": "Ana"}, {"name": "Beto"}]


def test_a_table_with_each_is_a_mention_for_each_object_of_a_list() -> None:
    fields: JsonObject = {"lineup": {"each": "artists", "name": "name", "instagram": "ig"}}
    assert fill(fields, ROW) == {"lineup": [{"name": "Ana", "instagram": "@ana"}, {"name": "Beto"}]}


def test_a_number_in_a_name_or_an_id_is_its_text() -> None:
    assert [value_of(name, "id", ROW) for name in ("name", "source_id", "capacity")] == ["4711", "4711", 4711]


def test_a_list_of_objects_is_not_taken_for_names() -> None:
    assert value_of("lineup", "artists", {"artists": [{"x": 1}]}) == [{"x": 1}]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": {"from": "a", "splt": ","}}, "does not know 'splt'. Did you mean 'split'"),
        ({"name": {"fron": "a"}}, "does not know 'fron'. Did you mean 'from'"),
        ({"name": {}}, "has no rule"), ({"name": 7}, "has no rule"),
        ({"starts_at": {"from": "a", "format": "dayfirst"}}, "'dayfirst'. Did you mean 'day-first'"),
        ({"venue": {"name": {"from": "a", "format": ["amount", "x"]}}}, "No format is called 'x'"),
        ({"venue": {"name": {"form": "a"}}}, "The rule of 'venue.name'"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_work_is_refused_before_any_row(fields: JsonObject, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check(fields)
    assert message in str(caught.value)
    assert caught.value.field == "mapping"


OWNS: JsonObject = {"type": "OWNS", "target_kind": "venue", "target": {"name": "place.name"}}
BOUGHT: JsonObject = {
    "type": "PURCHASED", "target_kind": "ticket", "each": "buys", "timestamp": "at", "direction": "out",
    "properties": {"amount": "paid"}, "target": {"name": "what", "source_id": "ticket"},
}  # fmt: skip


def test_a_relation_is_an_edge_with_its_target_and_one_without_a_target_is_left_out() -> None:
    assert relations_of([OWNS], ROW) == [{"type": "OWNS", "target_kind": "venue", "target": {"name": "Lido"}}]
    assert relations_of([OWNS], {"place": {"name": ""}}) == []


def test_a_relation_with_each_is_an_edge_for_each_object_and_of_equal_ones_the_last_stands() -> None:
    row: JsonObject = {
        "buys": [{"ticket": 1, "what": "VIP", "paid": 5, "at": "x"}, {"ticket": 2, "what": "VIP"}, {"paid": 1},
                 {"ticket": 1, "what": "VIP", "paid": 7}],
    }  # fmt: skip
    fixed: JsonObject = {"type": "PURCHASED", "target_kind": "ticket", "direction": "out"}
    assert relations_of([BOUGHT], row) == [
        {**fixed, "target": {"name": "VIP", "source_id": "1"}, "properties": {"amount": 7}},
        {**fixed, "target": {"name": "VIP", "source_id": "2"}},
    ]


def test_attributes_are_values_by_name_and_need_none_called_name() -> None:
    fields: JsonObject = {"attributes": {"title": "titulo", "since": "vacio"}}
    assert fill(fields, ROW) == {"attributes": {"title": "Noche"}}


@pytest.mark.parametrize(
    ("relation", "message"),
    [
        ({**OWNS, "taget": 1}, "does not know 'taget'. Did you mean 'target'"),
        ({"type": "OWNS", "target_kind": "venue"}, "relations.0 is no relation"),
        ({**OWNS, "target": "place"}, "relations.0 is no relation"),
        ({**OWNS, "target": {"name": {"form": "a"}}}, "The rule of 'relations.0.target.name'"),
        ({**OWNS, "confidence": 0.5}, "Field 'relations.0.confidence' has no rule"),
    ],
)
def test_a_relation_that_cannot_work_is_refused_before_any_row(relation: JsonObject, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_relations([relation])
    assert message in str(caught.value)
