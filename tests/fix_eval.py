"""Small invented sets, and the eval's command on them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from eval.cli import main
from eval.systems.system import Workshop
from sonik.settings import Settings
from sonik.stores.embedding import open_embedder

ROOT = Path(__file__).resolve().parent.parent
Line = Mapping[str, object]

PASSAGES: tuple[Line, ...] = (
    {"id": "p1", "title": "Loma Alta", "text": "A club in Quito where Trío Niebla plays every winter."},
    {"id": "p2", "title": "Trío Niebla", "text": "A cumbia trio founded by Inés Paredes."},
    {"id": "p3", "title": "Inés Paredes", "text": "Singer, born in Cuenca beside four rivers."},
    {"id": "p4", "title": "Casa Verde", "text": "A theatre in Bogotá with a garden full of lamps."},
    {"id": "p5", "title": "Los Faroles", "text": "A brass band that plays theatre music in Bogotá."},
    {"id": "p6", "title": "Faro Sur", "text": "A lighthouse turned into a gallery of photographs."},
)
QUERIES: tuple[Line, ...] = (
    {"id": "q1", "question": "Which trio plays at Loma Alta?", "gold_ids": ["p1", "p2"], "type": "bridge"},
    {"id": "q2", "question": "Where was the founder of Trío Niebla born?", "gold_ids": ["p2", "p3"], "type": "bridge"},
    {"id": "q3", "question": "Which theatre in Bogotá has a garden?", "gold_ids": ["p4"], "type": "single"},
    {"id": "q4", "question": "Which brass band plays theatre music?", "gold_ids": ["p5"], "type": "single"},
    {"id": "q5", "question": "What became of the lighthouse?", "gold_ids": ["p6"], "type": "single"},
)


def write_set(
    folder: Path, *, passages: Iterable[Line] = PASSAGES, queries: Iterable[Line] = QUERIES,
    triples: Iterable[Line] | None = None,
) -> Path:  # fmt: skip
    """Write a set into a folder and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"corpus.jsonl": passages, "queries.jsonl": queries, "triples.jsonl": triples}
    for name, lines in files.items():
        if lines is not None:
            text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with one set, `nights`."""
    write_set(tmp_path / "data" / "nights")
    return tmp_path / "data"


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A work folder of its own, with the product's embedder."""
    return Workshop(folder=tmp_path / "work", embedder=open_embedder(Settings(home=tmp_path)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


class Command:
    """`python -m eval`, in this process and in the test's folder."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> Ended:
        """Run a command to its end."""
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        told = self._capsys.readouterr()
        return Ended(code=int(ended.value.code or 0), out=told.out, err=told.err)


@pytest.fixture
def command(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """The command, over the data folder with the set `nights`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SONIK_EVAL_DATA", str(data))
    monkeypatch.setenv("SONIK_EVAL_WORK", str(tmp_path / "work"))
    return Command(capsys)
