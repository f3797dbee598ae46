"""Mappings: another system's rows in the shape of records, local times in their market's zone, whole days as such."""

import json
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonik.errors import InvalidInput
from sonik.identity.sighting import Source
from sonik.ingest.files import Row, to_record
from sonik.ingest.legends import Legends, Market
from sonik.ingest.mapping import FieldMapping, apply, load_mapping, shipped_mappings
from sonik.ingest.receipts import Problem, Receipt
from sonik.ingest.records import EventRecord
from sonik.types import JsonObject, JsonValue

MEDELLIN = Market(
    slug="medellin", name="Medellín", country="CO", timezone="America/Bogota", currency="COP", lat=6.24, lng=-75.58,
    aliases=[],
)  # fmt: skip
GIJON = Market(
    slug="gijon", name="Gijón", country="ES", timezone="Europe/Madrid", currency="EUR", lat=43.5, lng=-5.66, aliases=[]
)
LEGENDS = Legends(
    markets={"medellin": MEDELLIN, "gijon": GIJON}, market_names={"medellin": "medellin", "gijon": "gijon"}, genres={},
    genre_list=(),
)  # fmt: skip
FIELDS: dict[str, object] = {
    "source_id": "id", "name": "title", "starts_at": "start", "ends_at": "end", "market": "region",
    "genres": {"from": ["category", "tags"]}, "language": {"value": "es"},
    "status": {"from": "state", "map": {"off": "cancelled", "on": "scheduled"}}, "price_min": "price.from",
    "venue": {"name": "place.name", "city": "place.city", "lat": "place.lat"}, "promoters": {"name": "organizer"},
    "lineup": {"from": "acts"},
}  # fmt: skip
MAPPING = FieldMapping(source=Source(code="x"), kind="event", fields=FIELDS)
ROW: JsonObject = {"id": "1", "title": "Noche", "start": "2026-11-28T21:00", "region": "medellin"}


def mapped(**fields: JsonValue) -> JsonObject:
    return apply(MAPPING, {**ROW, **fields}, legends=LEGENDS)


def test_columns_paths_lists_tables_and_constants_become_a_record() -> None:
    row: JsonObject = {
        "category": "Salsa", "tags": ["Baile", ""], "state": "off", "price": {"from": 20000}, "acts": ["Ana", "Beto"],
        "place": {"name": "Lido", "city": "Medellín", "lat": 6.25}, "organizer": "Pulso",
    }  # fmt: skip
    assert mapped(**row) == {
        "kind": "event", "source_id": "1", "name": "Noche", "starts_at": "2026-11-28T21:00:00-05:00",
        "market": "medellin", "genres": ["Salsa", "Baile"], "language": "es", "status": "cancelled",
        "price_min": 20000, "venue": {"name": "Lido", "city": "Medellín", "lat": 6.25},
        "promoters": [{"name": "Pulso"}], "lineup": [{"name": "Ana"}, {"name": "Beto"}],
    }  # fmt: skip


def test_a_mention_without_a_name_is_left_out() -> None:
    assert "venue" not in mapped(place={"city": "Medellín"})


def test_a_number_for_an_id_is_its_text_and_zero_is_a_price() -> None:
    found = mapped(id=4711, price={"from": 0})
    assert (found["source_id"], found["price_min"]) == ("4711", 0)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-11-28T21:00", "2026-11-28T21:00:00-05:00"),
        ("2026-11-28 21:00:00", "2026-11-28T21:00:00-05:00"),
        ("2026-11-29T02:00:00Z", "2026-11-29T02:00:00+00:00"),
        ("2026-11-28T21:00:00+02:00", "2026-11-28T21:00:00+02:00"),
    ],
)
def test_a_time_without_an_offset_is_local_to_its_market(start: str, expected: str) -> None:
    assert mapped(start=start)["starts_at"] == expected


@pytest.mark.parametrize("where", [{"region": "gijon"}, {"region": None, "place": {"name": "x", "city": "Gijón"}}])
def test_the_market_is_the_rows_own_or_that_of_its_venue(where: JsonObject) -> None:
    assert mapped(start="2026-07-01T21:00", **where)["starts_at"] == "2026-07-01T21:00:00+02:00"


def test_a_local_time_in_no_known_market_is_refused_and_not_guessed() -> None:
    refused = to_record(Row(line=7, content={**ROW, "region": "atlantis"}), mapping=MAPPING, legends=LEGENDS)
    reason = (
        "'2026-11-28T21:00:00' is a local time in no known market. Name a known market, or give the time its offset."
    )
    assert refused == Receipt(
        line=7, outcome="refused", name="Noche", problems=(Problem(field="starts_at", reason=reason),)
    )


def test_a_bare_date_is_a_whole_day_from_the_start_of_its_service_day() -> None:
    found = mapped(start="2026-11-28")
    assert (found["starts_at"], found["all_day"]) == ("2026-11-28T06:00:00-05:00", True)
    assert "ends_at" not in found


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-11-28", "2026-11-30", "2026-11-30T23:59:00-05:00"),
        ("2026-11-28", "2026-11-28", None),
        ("2026-11-28T21:00", "2026-11-28", None),
        ("2026-11-28T21:00", "2026-12-31", "2026-12-31T23:59:00-05:00"),
        ("2026-11-28T21:00", "2026-11-29T02:00", "2026-11-29T02:00:00-05:00"),
    ],
)
def test_an_end_date_closes_its_day_and_says_nothing_on_the_day_itself(
    start: str, end: str, expected: str | None
) -> None:
    assert mapped(start=start, end=end).get("ends_at") == expected


@pytest.mark.parametrize(
    "start", ["mañana a las 9", "2026-13-45", "28/11/2026", 7, ["x"], {"a": 1}, True, "0001-01-01"]
)
def test_what_is_no_time_is_left_for_the_record_to_refuse(start: JsonValue) -> None:
    refused = to_record(
        Row(line=1, content={**ROW, "start": start, "end": "2026-11-30"}), mapping=MAPPING, legends=LEGENDS
    )
    assert not isinstance(refused, EventRecord) or start == 7
    if isinstance(refused, Receipt):
        assert {problem.field for problem in refused.problems} <= {"starts_at", "record"}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
    | st.datetimes().map(lambda moment: moment.isoformat()) | st.dates().map(lambda day: day.isoformat())
    | st.sampled_from(["medellin", "gijon", "9999-12-31T23:59", "0001-01-01", "2026-W01-1", "\ud800", "a\x00b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
_COLUMNS = ("id", "title", "start", "end", "region", "category", "tags", "state", "price", "place", "organizer", "acts")


@given(row=st.fixed_dictionaries({}, optional=dict.fromkeys(_COLUMNS, _JSON)))
def test_no_row_whatever_it_holds_raises_anything_but_a_refusal(row: JsonObject) -> None:
    try:
        record = apply(MAPPING, row, legends=LEGENDS)
    except InvalidInput:
        return
    assert record["kind"] == "event"


@given(changed=st.dictionaries(st.sampled_from(_COLUMNS), _JSON, max_size=3))
def test_every_row_becomes_a_record_or_a_receipt_that_can_be_shown(changed: JsonObject) -> None:
    found = to_record(Row(line=1, content={**ROW, **changed}), mapping=MAPPING, legends=LEGENDS)
    if isinstance(found, Receipt):
        assert found.problems
        json.dumps(found.as_json(), ensure_ascii=False).encode()


@given(content=st.dictionaries(st.text(max_size=12) | st.sampled_from(["kind", "name", "starts_at", "venue"]), _JSON))
def test_any_object_is_a_record_or_a_receipt_without_a_mapping_too(content: JsonObject) -> None:
    found = to_record(Row(line=1, content=content), mapping=None, legends=LEGENDS)
    if isinstance(found, Receipt):
        assert found.problems
        json.dumps(found.as_json(), ensure_ascii=False).encode()


def test_the_mappings_that_ship_can_be_loaded_by_name() -> None:
    names = [path.stem for path in shipped_mappings()]
    assert "agenda_valparaiso_gijon" in names
    assert all(load_mapping(name).fields or load_mapping(name).tables for name in names)


def test_an_unknown_mapping_names_those_that_ship() -> None:
    with pytest.raises(InvalidInput, match="agenda_valparaiso_gijon") as caught:
        load_mapping("agenda")
    assert caught.value.field == "mapping"


@pytest.mark.parametrize(
    "text", ["", "source = 'x'", "kind = [", "source='x'\nkind='event'\nfields = 3", "source='x'\n[fields]\nname='a'"]
)
def test_a_file_that_is_no_mapping_says_what_it_needs(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.toml"
    path.write_text(text)
    with pytest.raises(InvalidInput, match="is not a mapping") as caught:
        load_mapping(str(path))
    assert caught.value.next_step == "It needs `source`, `kind` and a [fields] table."


@pytest.mark.parametrize("rule", [3, True, None, 1.5])
def test_a_rule_that_says_nothing_is_refused_with_its_field(rule: object) -> None:
    mapping = FieldMapping(source=Source(code="x"), kind="event", fields={"name": rule})
    with pytest.raises(InvalidInput, match="Use a column") as caught:
        apply(mapping, ROW, legends=LEGENDS)
    assert caught.value.field == "name"


def test_the_zone_of_an_unknown_market_is_not_that_of_another() -> None:
    assert LEGENDS.zone("atlantis") == ZoneInfo("UTC")
