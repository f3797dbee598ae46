"""Files in: every line is read or refused with its number, and a broken one takes no other with it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sonik.errors import InvalidInput
from sonik.ingest.files import MAX_LINE_BYTES, Row, read_rows
from sonik.ingest.rows import FileForm, form_from

Writer = Callable[[bytes], Path]
GOOD = b'{"kind": "venue", "name": "Teatro Lido"}'
CONTENT = {"kind": "venue", "name": "Teatro Lido"}


@pytest.fixture
def jsonl(tmp_path: Path) -> Writer:
    return lambda content: written(tmp_path / "rows.jsonl", content)


@pytest.fixture
def csv(tmp_path: Path) -> Writer:
    return lambda content: written(tmp_path / "rows.csv", content)


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def repr_start(content: bytes) -> str:
    return repr(content[:12])


BROKEN = {
    b'{"kind": "venue"': "not JSON: Expecting ',' delimiter",
    b"hola": "not JSON: Expecting value",
    b'{"lat": NaN}': "not JSON: NaN is not a number JSON knows",
    b'{"lat": -Infinity}': "not JSON: -Infinity is not a number JSON knows",
    b"[1, 2]": "a JSON object is wanted, this is a list",
    b"null": "a JSON object is wanted, this is a NoneType",
    b'"text"': "a JSON object is wanted, this is a str",
    b'{"name": "Caf\xe9"}': "not UTF-8",
    b"\xff\xfe{\x00}\x00": "not UTF-8",
    b'{"name": "a\x00b"}': "not JSON: Invalid control character",
    b'{"a": ' + b"9" * 5000 + b"}": "not JSON: Exceeds the limit",
    b"[" * 100_000: "not JSON: maximum recursion depth exceeded",
    b'{"name": "' + b"x" * 2_000_000 + b'"}': "longer than 1,000,000 bytes",
}


@pytest.mark.parametrize("line", BROKEN, ids=lambda line: line[:24].decode("latin-1"))
def test_a_broken_line_is_refused_by_number_and_the_rest_is_read(jsonl: Writer, line: bytes) -> None:
    rows = list(read_rows(jsonl(b"\n".join([GOOD, line, GOOD]))))
    assert [row.line for row in rows] == [1, 2, 3]
    assert [row.content for row in rows] == [CONTENT, None, CONTENT]
    assert rows[1].problem.startswith(BROKEN[line])


def test_blank_lines_are_counted_and_passed_over(jsonl: Writer) -> None:
    assert [row.line for row in read_rows(jsonl(b"\n" + GOOD + b"\n  \r\n\n" + GOOD))] == [2, 5]


def test_a_byte_order_mark_and_windows_line_ends_are_no_part_of_the_content(jsonl: Writer) -> None:
    assert list(read_rows(jsonl(b"\xef\xbb\xbf" + GOOD + b"\r\n"))) == [Row(line=1, content=dict(CONTENT))]


def test_a_line_as_long_as_is_allowed_is_read(jsonl: Writer) -> None:
    line = b'{"name": "' + b"x" * (MAX_LINE_BYTES - 12) + b'"}'
    assert len(line) == MAX_LINE_BYTES
    for end in (b"", b"\n", b"\r\n"):
        rows = list(read_rows(jsonl(line + end)))
        assert [row.content is None for row in rows] == [False]


def test_several_overlong_lines_keep_their_numbers(jsonl: Writer) -> None:
    long = b"x" * (3 * MAX_LINE_BYTES)
    rows = list(read_rows(jsonl(b"\n".join([long, GOOD, long, GOOD]))))
    assert [(row.line, row.content is None) for row in rows] == [(1, True), (2, False), (3, True), (4, False)]


@pytest.mark.parametrize(
    ("name", "message"),
    [("none.jsonl", "There is no file"), ("rows.xlsx", "is no .csv, .json or .jsonl file"), ("", "There is no file")],
)
def test_a_file_that_cannot_be_read_is_refused_before_anything_is(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "rows.xlsx").write_bytes(b"PK")
    with pytest.raises(InvalidInput, match=message) as caught:
        read_rows(tmp_path / name)
    assert caught.value.field == "file"


def test_a_csv_file_is_read_by_its_header(csv: Writer) -> None:
    rows = list(read_rows(csv("\ufeffkind, name ,city\nvenue,Café Bruma,Medellín\n".encode())))
    assert rows == [Row(line=2, content={"kind": "venue", "name": "Café Bruma", "city": "Medellín"})]


def test_quoted_commas_quotes_and_newlines_are_part_of_a_cell(csv: Writer) -> None:
    rows = list(read_rows(csv(b'name,description\n"Bar ""El Sur"", piso 2","Una\nDos"\nLido,Tres\n')))
    assert [(row.line, row.content) for row in rows] == [
        (3, {"name": 'Bar "El Sur", piso 2', "description": "Una\nDos"}), (4, {"name": "Lido", "description": "Tres"}),
    ]  # fmt: skip


def test_an_empty_cell_says_nothing(csv: Writer) -> None:
    rows = list(read_rows(csv(b"name,lat,lng\nLido,, \nSur\n,,\n")))
    assert [row.content for row in rows] == [{"name": "Lido"}, {"name": "Sur"}]


def test_a_row_with_more_cells_than_the_header_is_refused(csv: Writer) -> None:
    rows = list(read_rows(csv(b"name,city\nLido,Medell\xc3\xadn,x,y\nSur,Cali\n")))
    assert rows[0] == Row(line=2, content=None, problem="2 more cells than the header")
    assert rows[1].content == {"name": "Sur", "city": "Cali"}


def test_a_row_that_is_not_utf_8_is_refused_and_the_next_is_read(csv: Writer) -> None:
    rows = list(read_rows(csv(b"name,city\nCaf\xe9,Cali\nLido,Cali\n")))
    assert [row.problem for row in rows] == ["not UTF-8", ""]


def test_a_cell_that_is_too_large_is_refused_and_the_rest_is_read(csv: Writer) -> None:
    rows = list(read_rows(csv(b"name\n" + b"x" * 200_000 + b"\nLido\n")))
    assert rows[0].problem.startswith("not CSV: field larger than field limit")
    assert rows[-1].content == {"name": "Lido"}


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_another_separator_is_not_guessed_but_named(csv: Writer, separator: str) -> None:
    content = "\n".join(separator.join(cells) for cells in (["kind", "name"], ["venue", "Lido"]))
    with pytest.raises(InvalidInput, match="has one column") as caught:
        read_rows(csv(content.encode()))
    assert caught.value.next_step.startswith("`sonik ingest rows.csv --inspect` proposes a mapping")


@pytest.mark.parametrize(
    ("separator", "encoding"), [(";", "cp1252"), ("\t", "utf-16"), ("|", "utf-8"), (",", "latin-1")]
)
def test_a_form_says_how_a_table_is_written(csv: Writer, separator: str, encoding: str) -> None:
    content = "\n".join(separator.join(cells) for cells in (["name", "city"], ["Café Ñandú", "Medellín"]))
    form = FileForm(format="csv", encoding=encoding, separator=separator)
    rows = list(read_rows(csv(content.encode(encoding)), form))
    assert rows == [Row(line=2, content={"name": "Café Ñandú", "city": "Medellín"})]


def test_a_table_that_breaks_off_amid_a_letter_ends_with_a_refused_row(csv: Writer) -> None:
    content = "name\nLido\nSur\n".encode("utf-16") + b"x"
    rows = list(read_rows(csv(content), FileForm(format="csv", encoding="utf-16")))
    assert [row.content for row in rows[:1]] == [{"name": "Lido"}] or rows[0].content is None
    assert rows[-1].problem == "not UTF-16, and no line after this can be read"


def test_a_header_in_another_encoding_is_not_taken_for_names(csv: Writer) -> None:
    with pytest.raises(InvalidInput, match="is not utf-8"):
        read_rows(csv("título,año\nx,y\n".encode("cp1252")))


@pytest.mark.parametrize("separator", ['"', "\n", " "])
def test_what_cannot_separate_columns_is_refused(csv: Writer, separator: str) -> None:
    with pytest.raises(InvalidInput, match="cannot separate columns"):
        read_rows(csv(b"a,b\n"), FileForm(format="csv", separator=separator))


def test_the_records_of_a_json_document_are_numbered(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.json", b'\xef\xbb\xbf[{"name": "Lido"},\n 7, {"name": "Sur"}]')
    assert list(read_rows(path)) == [
        Row(line=1, content={"name": "Lido"}),
        Row(line=2, content=None, problem="a JSON object is wanted, this is a int"),
        Row(line=3, content={"name": "Sur"}),
    ]  # fmt: skip


def test_the_list_inside_a_document_is_found_by_its_path(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.json", b'{"data": {"items": [{"name": "Lido"}]}, "page": 1}')
    form = FileForm(format="json", records="data.items")
    assert [row.content for row in read_rows(path, form)] == [{"name": "Lido"}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[1, 2", "is not JSON: Expecting ',' delimiter: line 1"), (b'{"name": "Lido"}', "is JSON, but no list"),
        (b"7", "is JSON, but no list"),
        (b'["\xe9"]', "is not UTF-8 at byte 2"), (b"[" * 100_000, "is not JSON: maximum"),
    ],
    ids=repr_start,
)  # fmt: skip
def test_a_document_that_cannot_be_read_is_refused_whole(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        read_rows(written(tmp_path / "rows.json", content))
    assert caught.value.next_step


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"format": "xml"}, "names no format"), ({}, "names no format"),
        ({"format": "csv", "separator": ""}, "one character"),
        ({"format": "csv", "encoding": "klingon"}, "No encoding"),
        ({"format": "csv", "seperator": ";"}, "does not know 'seperator'"),
    ],
)  # fmt: skip
def test_a_form_that_is_none_is_refused(table: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as caught:
        form_from(table)
    assert caught.value.next_step


def test_a_form_says_only_what_is_not_usual() -> None:
    form = FileForm(format="csv", separator=";")
    assert form.as_table() == {"format": "csv", "separator": ";"}
    assert form_from(form.as_table()) == form


@pytest.mark.parametrize("content", [b"", b"\n", b",,\n", b"name,name\n", b"name,\n"], ids=repr)
def test_a_header_that_names_no_columns_apart_is_refused(csv: Writer, content: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"header|lack a name") as caught:
        read_rows(csv(content))
    assert caught.value.field == "file"


def test_one_column_without_another_separator_is_a_table(csv: Writer) -> None:
    assert [row.content for row in read_rows(csv(b"name\nLido; y algo\n"))] == [{"name": "Lido; y algo"}]
