"""Exports of whole systems: unpacked as each packs them, joined as a mapping says, else refused."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonik.errors import InvalidInput
from sonik.ingest.files import read_rows
from sonik.ingest.inspection.report import inspect
from sonik.ingest.legends import shipped_legends
from sonik.ingest.mapping import FieldMapping, parse_mapping
from sonik.ingest.rows import Row
from sonik.ingest.systems import SYSTEMS, unpack_directus, unpack_mongo, unpack_twenty
from sonik.types import JsonObject, JsonValue


def mapping(system: str, **tables: JsonObject) -> FieldMapping:
    return parse_mapping({"source": "x", "system": system, "tables": tables})


def kind(name: str = "venue", **fields: JsonValue) -> JsonObject:
    return {"kind": name, "fields": {"name": "name"}, **fields}


def rows(tmp_path: Path, document: JsonValue, chosen: FieldMapping) -> list[Row]:
    path = tmp_path / "export.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return list(read_rows(path, mapping=chosen))


def test_directus_collections_come_with_and_without_data_and_translations_by_language() -> None:
    texts: JsonValue = [
        {"languages_code": "es-CO", "name": "Uno"},
        {"languages_code": {"code": "en-US"}, "name": "One"},
    ]
    document: JsonValue = {
        "a": {"data": [{"id": 1, "tr": texts}]},
        "b": [{"id": 2, "tags": ["x"]}],
        "c": None,
    }
    found = unpack_directus(document, "file")
    assert isinstance(texts, list)
    assert found == {
        "a": [{"id": 1, "tr": {"es": texts[0], "en": texts[1]}}], "b": [{"id": 2, "tags": ["x"]}], "c": [],
    }  # fmt: skip


def test_one_collection_alone_is_named_for_its_file() -> None:
    assert unpack_directus({"data": [{"id": 1}]}, "venues") == {"venues": [{"id": 1}]}
    assert unpack_mongo([{"_id": 1}], "tickets") == {"tickets": [{"_id": 1}]}


def test_twenty_answers_are_lists_or_edges_and_what_was_deleted_stays_away() -> None:
    document: JsonValue = {
        "data": {
            "people": {"edges": [{"node": {"id": "1"}, "cursor": "x"}]},
            "companies": [{"id": "2", "deletedAt": None}, {"id": "3", "deletedAt": "2026-01-01T00:00:00Z"}],
        }
    }
    assert unpack_twenty(document, "file") == {
        "people": [{"id": "1"}],
        "companies": [{"id": "2", "deletedAt": None}, None],
    }


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"$oid": "6561"}, "6561"),
        ({"$date": "2026-11-21T20:00:00Z"}, "2026-11-21T20:00:00Z"),
        ({"$date": {"$numberLong": "1795291200000"}}, "2026-11-21T20:00:00+00:00"),
        ({"$date": {"$numberLong": "9999999999999999999"}}, 9999999999999999999),
        ({"$numberDecimal": "25000.00"}, "25000.00"),
        ({"$numberInt": "7"}, 7),
        ({"$numberLong": "x"}, "x"),
        ({"$numberDouble": "NaN"}, None),
        ({"$numberDouble": "0.5"}, 0.5),
        ({"$undefined": True}, None),
        ({"$binary": {"base64": "eA=="}}, {"$binary": {"base64": "eA=="}}),
        ([{"a": {"$oid": "1"}}], [{"a": "1"}]),
    ],
)
def test_extended_json_becomes_plain(written: JsonValue, read: JsonValue) -> None:
    assert unpack_mongo([{"value": written}], "x") == {"x": [{"value": read}]}


_KEYS = ("$oid", "$date", "$numberLong", "$numberDouble", "data", "node", "edges", "languages_code", "a")
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["$oid", "$date", "$numberLong", "$numberDouble", "data", "node", "edges", "languages_code", "a"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("system", SYSTEMS)
@given(document=_JSON)
def test_no_document_whatever_it_holds_raises_anything_but_a_refusal(system: str, document: JsonValue) -> None:
    try:
        tables = SYSTEMS[system](document, "file")
    except InvalidInput:
        return
    assert all(isinstance(items, list) for items in tables.values())


def test_what_a_row_points_to_stands_beside_it_and_lists_of_junctions_become_what_they_join(tmp_path: Path) -> None:
    document: JsonValue = {
        "venues": [{"id": 1, "name": "Lido"}],
        "artists": [{"id": 5, "name": "Ana"}, {"id": 6, "name": "Beto"}],
        "events": [{"id": 9, "name": "Noche", "venue": 1, "artists": [{"artists_id": 6}, {"artists_id": 404}]}],
    }
    joins: JsonObject = {"venue": {"table": "venues"}, "acts": {"table": "artists", "by": "artists.artists_id"}}
    found = rows(tmp_path, document, mapping("directus", events=kind("event", joins=joins)))
    assert [(row.line, row.table) for row in found] == [(4, "events")]
    assert found[0].content is not None
    assert found[0].content["venue"] == {"id": 1, "name": "Lido"}
    assert found[0].content["acts"] == [{"id": 6, "name": "Beto"}]


def test_what_points_to_a_row_stands_beside_it_with_what_it_was_joined_with(tmp_path: Path) -> None:
    document: JsonValue = {
        "people": [{"id": "a", "name": "Ana"}, {"id": "b", "name": "Beto"}],
        "links": [{"id": "l", "from": "a", "to": "b"}],
    }
    tables: dict[str, JsonObject] = {
        "links": {"joins": {"other": {"table": "people", "by": "to"}}},
        "people": kind("person", joins={"knows": {"table": "links", "where": "from"}}),
    }
    first, second = (row.content for row in rows(tmp_path, document, mapping("twenty", **tables)))
    assert first is not None
    assert second is not None
    assert first["knows"] == [{"id": "l", "from": "a", "to": "b", "other": {"id": "b", "name": "Beto"}}]
    assert second["knows"] == []


def test_a_table_takes_the_rows_that_meet_its_condition_and_the_rest_is_passed_over(tmp_path: Path) -> None:
    document: JsonValue = {"companies": [{"id": 1, "type": "A"}, {"id": 2, "type": "B"}, {"id": 3, "type": "C"}, 7]}
    tables: dict[str, JsonObject] = {
        "bars": {**kind("venue"), "from": "companies", "only": {"type": "A"}},
        "firms": {**kind("organization"), "from": "companies", "only": {"type": ["B"]}},
    }
    found = rows(tmp_path, document, mapping("directus", **tables))
    assert [(row.line, row.table, row.problem) for row in found] == [
        (1, "bars", ""), (4, "bars", "a JSON object is wanted, this is a int"), (2, "firms", ""),
    ]  # fmt: skip


@pytest.mark.parametrize("content", ["{", "3", '"x"', "[" * 100_000])
def test_a_file_that_is_no_export_says_what_to_do(tmp_path: Path, content: str) -> None:
    path = tmp_path / "export.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        list(read_rows(path, mapping=mapping("mongo", a=kind())))
    assert caught.value.next_step


def test_an_unknown_system_names_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="Unknown system 'mongodb'") as caught:
        rows(tmp_path, {}, mapping("mongodb", a=kind()))
    assert "mongo" in caught.value.next_step


def test_a_broken_line_takes_no_other_with_it(tmp_path: Path) -> None:
    path = tmp_path / "tickets.jsonl"
    path.write_text('{"_id": 1, "name": "A"}\n{"_id": 2\n{"_id": 3, "name": "C"}\n', encoding="utf-8")
    found = list(read_rows(path, mapping=mapping("mongo", tickets=kind())))
    assert [(row.line, row.content is None) for row in found] == [(1, False), (2, True), (3, False)]


def test_one_document_a_line_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "tickets.jsonl"
    path.write_text('{"_id": {"$oid": "1"}, "name": "A"}\n\n{"_id": {"$oid": "2"}, "name": "B"}\n', encoding="utf-8")
    found = list(read_rows(path, mapping=mapping("mongo", tickets=kind())))
    assert [row.content for row in found] == [{"_id": "1", "name": "A"}, {"_id": "2", "name": "B"}]


def test_a_systems_export_can_be_looked_at_with_its_mapping(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text('{"places": [{"_id": {"$oid": "1"}, "name": "Lido"}, {"_id": 2}], "logs": [{}]}', encoding="utf-8")
    now = datetime(2026, 11, 21, tzinfo=UTC)
    found = inspect(path, legends=shipped_legends(), now=now, mapping=mapping("mongo", places=kind()))
    assert (found.rows, found.preview.taken) == (2, 1)
