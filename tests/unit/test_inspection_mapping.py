"""A mapping proposed for an unknown file: by the names of its columns, and never against what stands in them."""

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonik.errors import InvalidInput
from sonik.ingest.inspection.columns import survey
from sonik.ingest.inspection.report import Inspection, inspect
from sonik.ingest.inspection.toml_text import mapping_text
from sonik.ingest.inspection.words import meaning
from sonik.ingest.legends import shipped_legends
from sonik.ingest.mapping import load_mapping, parse_mapping
from sonik.ingest.rows import FileForm
from sonik.types import JsonObject, JsonValue
from tests.fix_truth import NIGHT, PLACE_IDS

LEGENDS = shipped_legends()
NIGHTS = ("05/12/2026", "13/12/2026", "28/12/2026")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def looked_at(folder: Path, *rows: JsonObject, limit: int = 1000) -> Inspection:
    path = folder / "agenda.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return inspect(path, legends=LEGENDS, now=NIGHT, limit=limit)


def fields(found: Inspection) -> JsonObject:
    proposed: JsonObject = tomllib.loads(found.mapping or "")["fields"]
    return proposed


@pytest.mark.parametrize(
    ("column", "subject", "attribute"),
    [
        ("titulo", None, "name"), ("nombre_evento", "event", "name"), ("nomeLocal", "venue", "name"),
        ("sala", "venue", "name"),
        ("fecha_inicio", None, "starts_at"), ("dataInicio", None, "starts_at"), ("start.dateTime", None, "starts_at"),
        ("hora", None, "hour"), ("fecha de término", None, "ends_at"), ("preço", None, "price_min"),
        ("venue_id", "venue", "source_id"),
        ("place.location.lat", "venue", "lat"), ("artista_1", "lineup", "name"),
        ("lineup.artist_name", "lineup", "name"),
        ("organizador", "promoters", "name"), ("tickets_url", None, "ticket_url"), ("dirección", None, "address"),
        ("organizer.instagram", "promoters", "instagram"), ("precio_máximo", None, "price_max"),
        ("es_gratis", None, "is_free"),
    ],
)  # fmt: skip
def test_a_name_in_three_languages_tells_whose_and_which(column: str, subject: str | None, attribute: str) -> None:
    found = meaning(column)
    assert found is not None
    assert (found.subject, found.attribute) == (subject, attribute)


@pytest.mark.parametrize("column", ["x", "", "schedule_text", "n_djs_", "42", "🎉"])
def test_a_name_that_tells_nothing_is_not_guessed(column: str) -> None:
    found = meaning(column)
    assert found is None or found.strength < 1 or found.subject == "lineup"


def test_a_spanish_table_is_mapped_with_its_hours_prices_and_lists(folder: Path) -> None:
    rows: list[JsonObject] = [
        {
            "ref": f"c-{n}", "titulo": f"Noche {n}", "fecha": night, "hora": "22:00", "sala": "Casa Ámbar",
            "ciudad": "Medellín",
            "estilo": "salsa, jazz", "precio": "$ 25.000 - $ 30.000", "artistas": "Los Faroles, DJ Mirla",
            "moneda": "cop",
            "gratis": "no", "web": "https://casa.example/1", "estado": "Cancelado" if n else "programado",
        }
        for n, night in enumerate(NIGHTS)
    ]  # fmt: skip
    found = looked_at(folder, *rows)
    assert (found.kind, found.preview.taken, found.hints) == ("event", 3, ())
    assert fields(found) == {
        "source_id": "ref", "name": "titulo", "market": "ciudad", "url": "web",
        "starts_at": {"from": ["fecha", "hora"], "join": " ", "format": "day-first"},
        "status": {"from": "estado", "map": {"Cancelado": "cancelled", "programado": "scheduled"}},
        "genres": {"from": "estilo", "split": ","}, "lineup": {"from": "artistas", "split": ","},
        "price_min": {"from": "precio", "format": "amount"},
        "price_max": {"from": "precio", "format": "highest-amount"},
        "currency": {"from": "moneda", "map": {"cop": "COP"}}, "is_free": {"from": "gratis", "map": {"no": False}},
        "venue": {"name": "sala", "city": "ciudad"},
    }  # fmt: skip
    first = found.preview.records[0]
    assert (first["starts_at"], first["price_max"]) == ("2026-12-05T22:00:00-05:00", "30000")


def test_nested_objects_become_mentions_and_points_degrees(folder: Path) -> None:
    row: JsonObject = {
        "_id": "a1", "name": "Noite", "startsAt": 1_796_000_400_000,
        "place": {
            "name": "Clube", "google": PLACE_IDS[0], "geo": {"coordinates": [-46.63, -23.55]}, "city": "São Paulo",
        },
        "artists": [{"name": "Ana", "instagram": "instagram.com/ana.canta"}, {"name": "Beto", "instagram": "@beto"}],
        "price": "R$ 50,00",
    }  # fmt: skip
    found = looked_at(folder, row, row | {"_id": "a2"})
    proposed = fields(found)
    assert proposed["starts_at"] == {"from": "startsAt", "format": "epoch"}
    assert proposed["lineup"] == {"each": "artists", "name": "name", "instagram": "instagram"}
    assert proposed["currency"] == {"value": "BRL"}
    assert proposed["venue"] == {
        "name": "place.name", "google_place_id": "place.google", "city": "place.city",
        "lng": "place.geo.coordinates.0", "lat": "place.geo.coordinates.1",
    }  # fmt: skip
    assert (found.preview.taken, found.preview.refused) == (2, 0)


def test_a_column_is_never_taken_against_its_values(folder: Path) -> None:
    row: JsonObject = {
        "id": 1,
        "name": "Noche",
        "date": "2026-12-05",
        "lat": "norte",
        "precio": "a consultar",
        "email": 7,
    }
    found = looked_at(folder, row)
    assert {column.column for column in found.columns if column.field} == {"id", "name", "date"}


def test_an_id_that_repeats_is_no_id(folder: Path) -> None:
    row: JsonObject = {"id": 1, "date": "2026-12-05"}
    found = looked_at(folder, *(row | {"name": f"Noche {n}"} for n in range(3)))
    assert "source_id" not in fields(found)


def test_days_that_could_be_months_are_pointed_out(folder: Path) -> None:
    found = looked_at(folder, {"name": "Noche", "fecha": "05/12/2026", "ciudad": "Cali"})
    assert any("day-first is assumed" in hint for hint in found.hints)
    found = looked_at(folder, {"name": "Noche", "fecha": "12/31/2026", "ciudad": "Cali"})
    assert fields(found)["starts_at"] == {"from": "fecha", "format": "month-first"}


def test_no_date_column_is_told_with_what_to_do(folder: Path) -> None:
    found = looked_at(folder, {"sala": "Casa Ámbar", "aforo": 300, "direccion": "Cra 50 #1"})
    assert found.kind == "venue"
    assert fields(found) == {"name": "sala", "address": "direccion", "capacity": "aforo"}
    assert "No column holds dates" in found.hints[0]
    assert 'starts_at = { from = "COLUMN"' in found.hints[0]


def test_no_name_column_is_told_and_the_mapping_takes_nothing(folder: Path) -> None:
    found = looked_at(folder, {"x1": "2026-12-05", "x2": 7})
    assert not found.usable
    assert any('name = "COLUMN"' in hint for hint in found.hints)
    assert [(reason.field, reason.count, reason.lines) for reason in found.preview.reasons] == [("name", 1, [1])]


def test_a_missing_market_and_currency_are_asked_for(folder: Path) -> None:
    found = looked_at(folder, {"name": "Noche", "date": "2026-12-05 21:00", "price": 10})
    assert [hint.split(".")[0] for hint in found.hints] == [
        "No column names a market Sonik knows", "No column names a currency",
    ]  # fmt: skip
    assert "local time in no known market" in found.preview.reasons[0].reason


def test_reasons_are_counted_without_the_values_they_quote(folder: Path) -> None:
    good: JsonObject = {"name": "Noche", "date": "2026-12-05", "city": "Cali"}
    found = looked_at(folder, *[good] * 20, *(good | {"date": f"pronto {n}"} for n in range(7)))
    reason = found.preview.reasons[0]
    assert (len(found.preview.reasons), reason.count, reason.lines) == (1, 7, [21, 22, 23, 24, 25])


def test_only_the_sample_is_read_and_that_is_said(folder: Path) -> None:
    row: JsonObject = {"name": "Noche", "date": "2026-12-05"}
    found = looked_at(folder, *[row] * 5, limit=3)
    assert (found.rows, found.complete) == (3, False)


def test_a_mapping_of_ones_own_is_tried_instead(folder: Path) -> None:
    looked_at(folder, {"a": "Noche", "b": "2026-12-05"})
    mapping = parse_mapping({"source": "x", "kind": "event", "fields": {"name": "a", "starts_at": "b"}})
    found = inspect(folder / "agenda.jsonl", legends=LEGENDS, now=NIGHT, mapping=mapping)
    assert (found.mapping, found.preview.taken) == (None, 1)


def test_a_file_without_one_readable_line_names_the_first(folder: Path) -> None:
    path = folder / "agenda.jsonl"
    path.write_text("{'a': 1}\n{'a': 2}\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"is not JSON|None of 2 lines"):
        inspect(path, legends=LEGENDS, now=NIGHT)


_KEYS = st.text(max_size=12) | st.sampled_from(["fecha", "name", "venue.name", "lat", "precio", 'a"b', "a\nb", "a.b"])
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20)
    | st.sampled_from(["2026-12-05", "05/12/2026", "$ 5.000", "@casa", "-33.0, -71.6", "\x7f\x00", "'''"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3), max_leaves=5,
)  # fmt: skip


@given(rows=st.lists(st.dictionaries(_KEYS, _VALUES, max_size=6), min_size=1, max_size=4))
def test_whatever_the_rows_hold_the_proposal_is_a_mapping_that_can_be_loaded(
    tmp_path_factory: pytest.TempPathFactory, rows: list[JsonObject]
) -> None:
    folder = tmp_path_factory.mktemp("looked")
    path = folder / "agenda.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in [*rows, {"name": "Noche"}]), encoding="utf-8")
    found = inspect(path, legends=LEGENDS, now=NIGHT)
    saved = folder / "agenda.toml"
    saved.write_text(found.mapping or "", encoding="utf-8")
    assert load_mapping(str(saved)).kind == found.kind
    json.dumps(found.as_json(), ensure_ascii=False).encode()
    assert found.preview.taken + found.preview.refused == found.rows


@given(rule=st.dictionaries(_KEYS, _VALUES.filter(lambda value: value is not None), max_size=4))
def test_what_is_written_as_toml_reads_back_as_it_was(rule: JsonObject) -> None:
    if None in _leaves(rule):
        return
    value: JsonObject = {"from": "x", "map": rule}
    text = mapping_text(
        source="a", trust=1, kind="event", form=FileForm(format="jsonl"), fields={"name": value}, comments={}
    )
    assert tomllib.loads(text)["fields"]["name"] == value


def _leaves(value: JsonValue) -> list[JsonValue]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in _leaves(inner)]
    return [leaf for inner in value for leaf in _leaves(inner)] if isinstance(value, list) else [value]


def test_columns_are_counted_by_row_and_keep_their_order() -> None:
    rows: list[JsonObject] = [{"a": [{"b": 1}, {"b": 2}], "c": ""}, {"a": [], "c": "x"}]
    found = [(column.path, column.each, column.rows) for column in survey(rows)]
    assert found == [("a.b", "a", 1), ("c", "", 1), ("a", "", 0)]
