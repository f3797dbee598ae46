"""Dates and amounts as people write them in Spanish, Portuguese and English."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonik.errors import InvalidInput
from sonik.ingest.formats import READERS, nearest_year, reader
from sonik.types import JsonValue


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("05/12/2026", "2026-12-05"), ("5-12-26", "2026-12-05"), ("5.12.2026 21:00", "2026-12-05T21:00:00"),
        ("sáb 05/12/2026 9:30 p. m.", "2026-12-05T21:30:00"), ("05/12/2026, 21h", "2026-12-05T21:00:00"),
        ("05/12/2026 21:00 hs", "2026-12-05T21:00:00"), ("05/12/2026 12 am", "2026-12-05T00:00:00"),
        ("5 de diciembre de 2026", "2026-12-05"), ("sábado 5 de dezembro de 2026 às 21h30", "2026-12-05T21:30:00"),
        ("December 5, 2026 at 9 pm", "2026-12-05T21:00:00"), ("5 dic 2026", "2026-12-05"),
        ("5 set. 2026", "2026-09-05"),
        ("2026-12-05 21h", "2026-12-05T21:00:00"), ("2026/12/05", "2026-12-05"),
        ("2026-12-05T21:00:00-05:00", "2026-12-05T21:00:00-05:00"), ("2026-12-05", "2026-12-05"),
        # What is no date, or would be another moment, stays for the record to refuse.
        ("32/12/2026", "32/12/2026"), ("pronto", "pronto"), ("5 de brumario de 2026", "5 de brumario de 2026"),
        ("05/12/2026 21:00 UTC", "05/12/2026 21:00 UTC"), ("05/12/2026 25:00", "05/12/2026 25:00"),
        (7, 7), (None, None),
    ],
)  # fmt: skip
def test_a_date_with_the_day_first(text: JsonValue, expected: JsonValue) -> None:
    assert reader("day-first")(text) == expected


def test_a_date_with_the_month_first() -> None:
    assert [reader("month-first")(text) for text in ("12/05/2026", "5 dic 2026")] == ["2026-12-05", "2026-12-05"]


@pytest.mark.parametrize("value", [1_796_000_400, "1796000400", 1_796_000_400_000, 1_796_000_400.0])
def test_seconds_and_milliseconds_since_1970(value: JsonValue) -> None:
    assert reader("epoch")(value) == "2026-11-30T01:00:00+00:00"
    assert datetime.fromtimestamp(1_796_000_400, UTC).isoformat() == "2026-11-30T01:00:00+00:00"


@pytest.mark.parametrize("value", ["x", True, None, 1e300, float("nan"), [1]])
def test_what_is_no_epoch_stays(value: JsonValue) -> None:
    assert reader("epoch")(value) is value


@pytest.mark.parametrize(
    ("text", "lowest", "highest"),
    [
        ("$ 25.000", "25000", "25000"), ("R$ 50,00", "50.00", "50.00"), ("US$1,234.50", "1234.50", "1234.50"),
        ("25.000 - 30.000 COP", "25000", "30000"), ("COP25000", "25000", "25000"), ("€ 12.5", "12.5", "12.5"),
        ("desde 15 mil", "15000", "15000"), ("20k", "20000", "20000"), ("S/. 35", "35", "35"),
        ("1.234.567", "1234567", "1234567"),
        ("1.234,5", "1234.5", "1234.5"), ("12'500", "12500", "12500"), ("Entrada liberada", 0, 0), ("gratis", 0, 0),
        ("a consultar", None, None), ("", None, None), (0, 0, 0), (12.5, 12.5, 12.5),
    ],
)  # fmt: skip
def test_an_amount_whatever_signs_part_its_thousands(text: JsonValue, lowest: JsonValue, highest: JsonValue) -> None:
    assert (reader("amount")(text), reader("highest-amount")(text)) == (lowest, highest)


@pytest.mark.parametrize(("text", "expected"), [("-33,0472", -33.0472), ("1.234,5", 1234.5), ("x", "x"), (3, 3)])
def test_a_number_with_a_decimal_comma(text: JsonValue, expected: JsonValue) -> None:
    assert reader("decimal-comma")(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sáb 28 nov · 9:00 p.m.", "2026-11-28T21:00:00"), ("SÁBADO 28/11 21:00h", "2026-11-28T21:00:00"),
        ("domingo 3 de enero, 00:30", "2027-01-03T00:30:00"), ("30 de octubre", "2026-10-30"),
        ("29 de febrero", "--02-29"), ("1 de agosto", "2027-08-01"), ("31/11 21:00", "31/11 21:00"),
        ("a las 21:00", "a las 21:00"),
    ],
)  # fmt: skip
def test_a_date_without_a_year_lies_nearest_to_when_it_was_written(text: str, expected: str) -> None:
    near = datetime(2026, 11, 20, tzinfo=UTC)
    assert nearest_year(reader("day-first")(text), near=near) == expected


def test_without_knowing_when_it_was_written_no_year_is_guessed() -> None:
    assert nearest_year(reader("day-first")("Sáb 28 nov"), near=None) == "--11-28"


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match="No format is called 'iso'") as caught:
        reader("iso")
    assert "day-first" in str(caught.value)


@given(
    name=st.sampled_from([*READERS, "%d/%m/%Y", "%H:%M"]),
    value=st.text(max_size=60) | st.integers() | st.floats() | st.booleans() | st.none()
    | st.from_regex(r"\d{1,4}[-/. ]\d{1,9}[-/., ]\d{1,9}( \d{1,2}[:h]\d{2})?( ?[ap]\.? ?m)?", fullmatch=True),
)  # fmt: skip
def test_no_value_breaks_a_reader(name: str, value: JsonValue) -> None:
    read = reader(name)(value)
    assert read is None or isinstance(read, str | int | float)
