"""Documents on the command line: taken in from a folder, told line by line, and asked."""

import json
from pathlib import Path

from tests.acceptance.test_cli import said, sonik

TEXTS = {
    "carnaval.md": "# Carnaval de Barranquilla\n\nSe celebra cada febrero en Barranquilla.\n",
    "ciudad/barranquilla.txt": "Un puerto cerca de la desembocadura del Río Magdalena.\n",
    "rio.md": "# Río Magdalena (Colombia)\n\nNace en el Páramo de las Papas.\n",
    "roto.txt": "\udcff",
    "imagen.png": "no es un texto",
}


def folder_of(place: Path) -> Path:
    for name, text in TEXTS.items():
        file = place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", errors="surrogateescape")
    return place


def test_a_folder_of_texts_is_taken_in_and_asked(embedded_home: Path, tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "guia")
    said(sonik(embedded_home, "up"))
    first = sonik(embedded_home, "ingest", "docs", str(folder), "--collection", "guia", "--json")
    receipts = [json.loads(line) for line in first.stdout.splitlines()]
    assert first.returncode == 1
    assert [(receipt["outcome"], receipt.get("name")) for receipt in receipts] == [
        ("created", "Carnaval de Barranquilla"), ("created", "barranquilla"),
        ("created", "Río Magdalena (Colombia)"), ("refused", None),
    ]  # fmt: skip
    assert receipts[3]["problems"] == [{"field": "line", "reason": "roto.txt is not UTF-8"}]
    asked = "¿Dónde nace el río de la ciudad del Carnaval de Barranquilla?"
    found = said(sonik(embedded_home, "search", asked, "--json", SONIK_COLLECTION="guia"))
    hits = json.loads(found)["hits"]
    assert {hit["name"] for hit in hits} == {"Carnaval de Barranquilla", "barranquilla", "Río Magdalena (Colombia)"}
    assert all(hit["why"] for hit in hits)


def test_what_is_no_document_is_told_with_the_next_step(tmp_path: Path) -> None:
    nothing = sonik(tmp_path, "ingest", "docs")
    empty = sonik(tmp_path, "ingest", "docs", str(tmp_path))
    two = sonik(tmp_path, "ingest", "sample", "more.jsonl")
    assert [done.returncode for done in (nothing, empty, two)] == [2, 2, 2]
    assert "Which documents?" in nothing.stderr
    assert "There is no text below" in empty.stderr
    assert "sonik ingest docs" in two.stderr
