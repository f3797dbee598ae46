"""Files nobody would write: whatever the bytes, every line gets an outcome, and nothing but our errors comes out."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sonik.errors import InvalidInput
from sonik.ingest.files import read_rows, to_record
from sonik.ingest.inspection.preview import preview
from sonik.ingest.inspection.report import inspect
from sonik.ingest.legends import shipped_legends
from sonik.ingest.mapping import FieldMapping, load_mapping, parse_mapping
from sonik.ingest.receipts import Receipt
from sonik.ingest.rows import FileForm
from tests.fix_truth import NIGHT

T = TypeVar("T")
LEGENDS = shipped_legends()
MAPPING = parse_mapping(
    {
        "source": "fuzz", "kind": "event", "missing": ["NA"],
        "fields": {
            "source_id": "id", "name": "title",
            "starts_at": {"from": ["fecha", "hora"], "join": " ", "format": "day-first"},
            "ends_at": {"from": "fin", "format": ["epoch", "%d/%m/%Y"]}, "market": {"value": "medellin"},
            "genres": {"from": ["tags", "estilo"], "split": ","}, "price_min": {"from": "precio", "format": "amount"},
            "url": {"from": "web", "prefix": "https://x.example"}, "is_free": {"from": "gratis", "map": {"si": True}},
            "venue": {"name": "sala.nombre", "lat": {"from": "punto", "split": ",", "at": 0}},
            "lineup": {"each": "artistas", "name": "nombre", "instagram": "ig"},
        },
    }
)  # fmt: skip
KEYS = "id title fecha hora fin tags estilo precio web gratis sala punto artistas name kind starts_at".split()
ENCODINGS = ("utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16", "utf-16-le")

texts = st.text(max_size=30) | st.sampled_from(
    ["05/12/2026", "2026-12-05T21:00", "NA", "$ 5.000", "\x00", "\ud800", "\u202e", "9" * 400, "=1+1", "@@", "e" * 5000]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | texts, inner, max_size=4),
    max_leaves=8,
)
rows = st.dictionaries(st.sampled_from(KEYS) | texts, values, max_size=10)
deep = st.integers(1, 3000).map(lambda depth: '{"title": ' + '{"a": [' * depth + "]}" * depth + "}")
lines = rows.map(lambda row: json.dumps(row, ensure_ascii=False)) | rows.map(json.dumps) | deep
jsonl = st.lists(lines, max_size=6).map("\n".join)
cells = texts | st.sampled_from(['"', '""', '"a\nb"', "a,b", "a;b", "'"])
tables = st.tuples(st.sampled_from(",;\t|"), st.lists(st.lists(cells, max_size=6), max_size=6)).map(
    lambda told: "\n".join(told[0].join(line) for line in told[1])
)
headers = st.lists(st.sampled_from(KEYS), min_size=1, max_size=6).map(",".join)
near = (
    st.tuples(headers, tables).map("\n".join)
    | jsonl
    | tables
    | jsonl.map(lambda text: f"[{text.replace(chr(10), ',')}]")
)
written = st.tuples(near, st.sampled_from(ENCODINGS)).map(
    lambda told: told[0].encode(told[1], errors="surrogatepass" if told[1].startswith("utf") else "replace")
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A file that was well, with a few of its bytes lost, doubled or replaced."""
    content = bytearray(draw(written))
    for _ in range(draw(st.integers(0, 4))):
        if content:
            place = draw(st.integers(0, len(content) - 1))
            content[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(content)


contents = st.binary(max_size=300) | damaged()
slow_disk = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes, str], Path]:
    folder = tmp_path_factory.mktemp("fuzz")

    def write(content: bytes, suffix: str) -> Path:
        path = folder / f"file{suffix}"
        path.write_bytes(content)
        return path

    return write


def told_or(work: Callable[[], T]) -> T | None:
    """Return what the work returns, or None when it is refused with a next step."""
    try:
        return work()
    except InvalidInput as error:
        refusal = error
    assert refusal.next_step
    return None


def outcomes(path: Path, form: FileForm | None, mapping: FieldMapping | None) -> list[int]:
    """Return the lines of all rows, each of which became a record or a receipt that can be shown."""
    found = []
    for row in read_rows(path, form):
        record = to_record(row, mapping=mapping, legends=LEGENDS)
        if isinstance(record, Receipt):
            assert record.outcome == "refused"
            assert record.problems
            json.dumps(record.as_json(), ensure_ascii=False).encode()
        found.append(row.line)
    return found


@slow_disk
@given(content=contents, mapping=st.sampled_from([None, MAPPING]))
def test_every_line_that_is_not_blank_gets_an_outcome(
    file: Callable[[bytes, str], Path], content: bytes, mapping: FieldMapping | None
) -> None:
    found = outcomes(file(content, ".jsonl"), None, mapping)
    assert found == [number for number, line in enumerate(content.split(b"\n"), start=1) if line.strip()]


@slow_disk
@given(
    content=contents, mapping=st.sampled_from([None, MAPPING]), suffix=st.sampled_from([".csv", ".json", ".ndjson"]),
    form=st.none() | st.builds(
        FileForm, format=st.sampled_from(["csv", "json", "jsonl"]), encoding=st.sampled_from(ENCODINGS),
        separator=st.sampled_from(",;\t|"), records=st.sampled_from(["", "a", "data.items"]),
    ),
)  # fmt: skip
def test_a_file_in_any_form_is_read_or_refused_with_what_to_do(
    file: Callable[[bytes, str], Path], content: bytes, mapping: FieldMapping | None, suffix: str, form: FileForm | None
) -> None:
    found = told_or(lambda: outcomes(file(content, suffix), form, mapping))
    assert found is None or found == sorted(found)


@slow_disk
@given(content=contents)
def test_inspect_proposes_a_mapping_that_loads_or_says_what_to_do(
    file: Callable[[bytes, str], Path], content: bytes
) -> None:
    found = told_or(lambda: inspect(file(content, ".dat"), legends=LEGENDS, now=NIGHT, limit=50))
    if found is None:
        return
    saved = file((found.mapping or "").encode(), ".toml")
    assert load_mapping(str(saved)).kind == found.kind
    json.dumps(found.as_json(), ensure_ascii=False).encode()
    assert found.preview.taken + found.preview.refused == found.rows


@slow_disk
@given(content=contents)
def test_a_mapping_file_is_loaded_or_refused(file: Callable[[bytes, str], Path], content: bytes) -> None:
    with suppress(InvalidInput):
        load_mapping(str(file(content, ".toml")))


@slow_disk
@given(told=st.lists(rows, max_size=5))
def test_no_row_keeps_a_preview_from_counting_the_others(
    file: Callable[[bytes, str], Path], told: list[dict[str, object]]
) -> None:
    path = file("\n".join(json.dumps(row) for row in told).encode(), ".jsonl")
    found = preview(read_rows(path), mapping=MAPPING, legends=LEGENDS, now=NIGHT)
    assert found.taken + found.refused == len(told)
