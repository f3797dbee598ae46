"""`sonik ingest FILE --inspect` as a shell runs it: a mapping is proposed and tried, and no store is even started."""

import json
from pathlib import Path

import pytest

from tests.acceptance.test_cli import said, sonik

TABLE = (
    "ref;titulo;fecha;sala;ciudad\n"
    "c-1;Noche de Cumbia;05/12/2026 22:00;Casa Ámbar;Medellín\n"
    "c-2;Peña;pronto;Casa Ámbar;Medellín\n"
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table as an old spreadsheet writes it."""
    file = tmp_path / "la agenda.csv"
    file.write_bytes(TABLE.encode("cp1252"))
    return file


def test_a_proposed_mapping_is_saved_tried_and_taken_by_ingest(embedded_home: Path, table: Path) -> None:
    saved = table.with_name("agenda.toml")
    proposed = said(sonik(embedded_home, "ingest", str(table), "--inspect", "--save-mapping", str(saved)))
    assert proposed.startswith("la agenda.csv: csv, cp1252, ';'; all 2 rows read. No store was touched.")
    assert "1 would be taken, 1 refused" in proposed
    assert f"--mapping {saved}" in proposed
    running = json.loads(said(sonik(embedded_home, "status", "--json")))["servers"]
    assert not any(server["running"] for server in running)

    tried = said(sonik(embedded_home, "ingest", str(table), "--inspect", "--mapping", str(saved)))
    assert "1 would be taken, 1 refused" in tried
    assert tried.splitlines()[-1] == f"Next: sonik ingest '{table}' --mapping {saved} --dry-run"

    taken = sonik(embedded_home, "ingest", str(table), "--mapping", str(saved), "--no-wait", "--json")
    assert taken.returncode == 1
    receipts = [json.loads(line) for line in taken.stdout.splitlines()]
    assert [(receipt["outcome"], receipt["name"]) for receipt in receipts] == [
        ("created", "Noche de Cumbia"), ("refused", "Peña"),
    ]  # fmt: skip


def test_json_is_the_whole_inspection(tmp_path: Path, table: Path) -> None:
    found = json.loads(said(sonik(tmp_path, "ingest", str(table), "--inspect", "--json", "--sample", "1")))
    assert (found["kind"], found["rows"], found["complete"]) == ("event", 1, False)
    assert found["form"] == {"format": "csv", "encoding": "cp1252", "separator": ";"}
    assert found["columns"][2] == {
        "column": "fecha", "filled": 1, "example": "05/12/2026 22:00", "field": "starts_at", "confidence": 0.95,
        "why": "named so; 100% of the values fit",
    }  # fmt: skip
    assert (found["preview"]["taken"], found["preview"]["reasons"]) == (1, [])
    assert 'starts_at = { from = "fecha", format = "day-first" }' in found["mapping"]


def test_a_file_of_which_nothing_would_be_taken_ends_with_code_1(tmp_path: Path) -> None:
    file = tmp_path / "numbers.csv"
    file.write_text("a,b\n1,2\n", encoding="utf-8")
    done = sonik(tmp_path, "ingest", str(file), "--inspect")
    assert done.returncode == 1
    assert '! No column looks like a name. Add one under [fields]: name = "COLUMN".' in done.stdout
    assert "! No column holds dates" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message", "step"),
    [
        (("none.csv", "--inspect"), "There is no file none.csv", "Check the path."),
        (("{table}", "--inspect", "--save-mapping", "{table}"), "is there already", "Choose another name."),
        (("{table}", "--inspect", "--save-mapping", "/nowhere/m.toml"), "cannot be written", "Choose a folder"),
        (
            ("{table}", "--inspect", "--mapping", "berghain", "--save-mapping", "m"),
            "a mapping already",
            "--mapping out",
        ),
        (("{table}", "--source", "x"), "has one column", "sonik ingest 'la agenda.csv' --inspect"),
    ],
)
def test_what_cannot_be_inspected_says_what_to_do(
    tmp_path: Path, table: Path, arguments: tuple[str, ...], message: str, step: str
) -> None:
    done = sonik(tmp_path, "ingest", *(argument.format(table=table) for argument in arguments))
    assert done.returncode == 2
    assert message in done.stderr
    assert step in done.stderr
    assert "Traceback" not in done.stderr
