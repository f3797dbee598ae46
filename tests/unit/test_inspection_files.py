"""How an unknown file is written, found out from the file alone."""

import json
from pathlib import Path

import pytest

from sonik.errors import InvalidInput
from sonik.ingest.files import read_rows
from sonik.ingest.inspection.sniffing import sniff
from sonik.ingest.rows import FileForm

RECORD = {"título": "Peña en Ñuñoa", "fecha": "2026-12-05"}
ONE = json.dumps(RECORD, ensure_ascii=False)


@pytest.mark.parametrize(
    ("text", "encoding", "expected"),
    [
        (f"{ONE}\n{ONE}\n", "utf-8", FileForm(format="jsonl")),
        (f"{ONE}\n{ONE}\n", "cp1252", FileForm(format="jsonl", encoding="cp1252")),
        (f"{ONE}\n{{broken\n{ONE}\n", "utf-8", FileForm(format="jsonl")),
        (ONE, "utf-8", FileForm(format="jsonl")),
        (f"[{ONE},\n {ONE}]", "utf-8", FileForm(format="json")),
        (
            f'{{"meta": {{"n": 2}}, "data": {{"items": [{ONE}, {ONE}]}}}}', "utf-8",
            FileForm(format="json", records="data.items"),
        ),
        (
            f'{{\n "events": [{ONE}],\n "tags": ["a"]\n}}', "utf-16",
            FileForm(format="json", encoding="utf-16", records="events"),
        ),
        ("título,fecha\nPeña,2026\n", "utf-8", FileForm(format="csv")),
        ("título;fecha\nPeña, la;2026\n", "cp1252", FileForm(format="csv", encoding="cp1252", separator=";")),
        ("título\tfecha\nPeña\t2026\n", "utf-16", FileForm(format="csv", encoding="utf-16", separator="\t")),
        ("título|fecha\nPeña|2026\n", "utf-8-sig", FileForm(format="csv", separator="|")),
        ("título\nPeña\nAño\n", "utf-8", FileForm(format="csv")),
    ],
)  # fmt: skip
def test_a_file_says_itself_how_it_is_written(tmp_path: Path, text: str, encoding: str, expected: FileForm) -> None:
    path = tmp_path / "unknown.dat"
    path.write_bytes(text.encode(encoding))
    assert sniff(path) == expected
    assert any(row.content for row in read_rows(path, expected))


def test_one_broken_letter_does_not_change_the_encoding_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "agenda.csv"
    path.write_bytes("título,lugar\nPeña,Ñuñoa\n".encode() + "Año,x\n".encode("cp1252"))
    assert sniff(path).encoding == "utf-8"


@pytest.mark.parametrize(
    ("content", "message", "step"),
    [
        (b"", "is empty", "records in it"), (b" \n\n ", "is empty", "records in it"),
        (b"PK\x03\x04\x00\x00", "is no text file", "Export a spreadsheet as CSV"),
        (b'{"a": 1,\n "b": [1, 2]}', "holds no list of records", "Export a list"),
        (b"[1, 2\n,", "is not JSON", "Mend it"),
        ("{}\n{}\n".encode("utf-16"), "JSON lines in UTF-16", "iconv"),
    ],
    ids=["empty", "blank", "zip", "no list", "broken", "utf-16 lines"],
)  # fmt: skip
def test_a_file_nobody_could_read_says_what_to_do(tmp_path: Path, content: bytes, message: str, step: str) -> None:
    path = tmp_path / "unknown.dat"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=message) as caught:
        sniff(path)
    assert step in caught.value.next_step


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="There is no file"):
        sniff(tmp_path / "none.csv")
