"""The command line, as a shell runs it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sonik.engine import Engine
from sonik.ingest.samples import medellin
from sonik.types import Scope
from tests.fix_engine import NOW
from tests.fix_mcp import ROOT, server_environment
from tools.catalog import BY_NAME

COMMANDS = (
    "search whats-on entity traverse describe resolve ingest serve up down status doctor demo backup restore upgrade "
    "version job people sync"
).split()
DRIVERS = {"lancedb", "mcp", "numpy", "onnxruntime", "psycopg", "redis"}
RECORDS = (
    '{"kind": "venue", "source_id": "patio", "name": "Patio [de] Prueba", "market": "medellin"}',
    '{"kind": "venue", "source_id": "broken", "name": ',
    '{"kind": "venue", "source_id": "capacity", "name": "Sala Llena", "capacity": -3}',
    '{"kind": "festival", "name": "Nadie"}',
    '{"kind": "event", "source_id": "e1", "name": "Noche de Prueba", "starts_at": "2026-11-21T22:00:00-05:00", '
    '"market": "medellin", "venue": {"name": "Patio [de] Prueba", "source_id": "patio"}}',
)


def sonik(home: Path, *arguments: str, given: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command over a home, with what is given on stdin, and return what it said."""
    return subprocess.run(
        [sys.executable, "-m", "server.cli", *arguments],
        env=server_environment(home, COLUMNS="200", **environment),
        cwd=ROOT,
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def said(done: subprocess.CompletedProcess[str]) -> str:
    """Return the stdout of a command that went well."""
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def running_home(embedded_home: Path) -> Path:
    """A home whose servers run on between commands."""
    said(sonik(embedded_home, "up"))
    return embedded_home


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """A file with two good records and three that are not."""
    file = tmp_path / "records.jsonl"
    file.write_text("\n".join(RECORDS), encoding="utf-8")
    return file


def test_help_lists_the_commands(tmp_path: Path) -> None:
    told = said(sonik(tmp_path, "--help"))
    assert all(f"│ {command} " in told for command in COMMANDS)


@pytest.mark.parametrize(
    ("command", "needless"),
    [
        ("--help", DRIVERS | {"sonik.settings"}),
        ("version", DRIVERS | {"sonik.settings"}),
        ("serach", DRIVERS | {"sonik.settings"}),
        ("keys --help", DRIVERS),
        ("people --help", DRIVERS - {"numpy"}),
        ("sync --help", DRIVERS),
        ("doctor --help", DRIVERS - {"psycopg", "redis"}),
        ("serve --help", DRIVERS - {"psycopg", "redis"}),
        ("search --help", {"lancedb", "mcp", "onnxruntime", "redis"}),
    ],
)
def test_a_command_loads_no_library_that_it_does_without(command: str, needless: set[str]) -> None:
    script = "import sys; from server.cli.main import app; app(sys.argv[1:], standalone_mode=False)"
    ending = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))"
    ran = subprocess.run(
        [sys.executable, "-c", f"{ending}; {script}", *command.split()], cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    loaded = set(ran.stderr.splitlines()[-1].split())
    assert "server.cli.main" in loaded
    assert loaded & needless == set()


def test_records_are_taken_in_line_by_line_and_refused_ones_told_with_field_and_reason(
    running_home: Path, records: Path
) -> None:
    dry = said(sonik(running_home, "ingest", "sample", "--dry-run"))
    count = sum(1 for _ in medellin.records(NOW))
    assert dry.startswith(f"dry run: nothing was written: {count} created, 0 updated, 0 unchanged, 0 refused")

    first = sonik(running_home, "ingest", str(records), "--source", "test")
    assert first.returncode == 1
    assert "taken in: 2 created, 0 updated, 0 unchanged, 3 refused" in first.stdout
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in first.stdout.splitlines() if "│" in line]
    assert [row[:3] for row in rows] == [["2", "", "line"], ["3", "Sala Llena", "capacity"], ["4", "Nadie", "kind"]]
    assert rows[0][3].startswith("not JSON")
    assert rows[1][3] == "Input should be greater than or equal to 0"

    again = sonik(running_home, "ingest", str(records), "--source", "test", "--json")
    assert again.returncode == 1
    receipts = [json.loads(line) for line in again.stdout.splitlines()]
    assert [(receipt["line"], receipt["outcome"]) for receipt in receipts] == [
        (1, "unchanged"), (2, "refused"), (3, "refused"), (4, "refused"), (5, "unchanged"),
    ]  # fmt: skip

    tonight = said(sonik(running_home, "whats-on"))
    assert "1 in all" in tonight  # the dry run left nothing
    assert "Patio [de] Prueba" in tonight  # and not read as a style


def test_the_world_is_rehearsed_delivery_by_delivery(running_home: Path) -> None:
    told = said(sonik(running_home, "ingest", "world", "--dry-run"))
    files = [word for word in told.split() if word.endswith((".json", ".csv", ".jsonl"))]
    assert files == [
        "directus-1.json", "twenty-1.json", "mongo-1.json", "sheet-1.csv", "scraper-1.jsonl", "directus-2.json",
        "mongo-2.json", "sheet-2.csv", "scraper-2.jsonl", "team.jsonl",
    ]  # fmt: skip
    assert told.count(" 0 refused") == len(files)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("command", "tool", "arguments"),
    [
        (("search", "salsa este finde", "--limit", "5"), "sonik_search", {"query": "salsa este finde", "limit": 5}),
        (
            ("whats-on", "this_weekend", "--genre", "salsa", "--genre", "jazz", "--price-max", "45000"),
            "sonik_whats_on",
            {"when": "this_weekend", "genres": ["salsa", "jazz"], "price_max": 45_000, "limit": 20},
        ),
        (
            ("entity", "@lomaybongo", "--include", "events", "--include", "sources"),
            "sonik_get_entity",
            {"ref": "@lomaybongo", "include": ["events", "sources"], "response_format": "detailed"},
        ),
        (
            ("traverse", "nebula", "neighbors", "--max-hops", "2", "--lens", "fan", "--graph", "operations"),
            "sonik_traverse",
            {
                "start": "nebula", "pattern": "neighbors", "max_hops": 2, "lens": "fan", "graphs": ["operations"],
                "limit": 20,
            },
        ),
        (
            ("describe", "lenses", "impact"),
            "sonik_describe",
            {"topic": "lenses", "name": "impact"},
        ),
        (
            ("resolve", "artist", "Loma y Bongó", "--instagram", "https://instagram.com/lomaybongo"),
            "sonik_resolve",
            {"candidates": [{"kind": "artist", "name": "Loma y Bongó", "identifiers": {"instagram": "lomaybongo"}}]},
        ),
    ],
)  # fmt: skip
async def test_json_is_what_an_agent_gets(
    market: Engine, medellin_home: Path, command: tuple[str, ...], tool: str, arguments: dict[str, Any]
) -> None:
    printed = json.loads(said(sonik(medellin_home, *command, "--json")))
    wide = {"max_tokens": 20_000} if "max_tokens" in BY_NAME[tool].arguments.model_fields else {}
    rendered = await BY_NAME[tool].call(market, Scope(), {**arguments, **wide})
    told = rendered.structured()
    for once in ("trace_id", "next_cursor", "queries"):
        assert (printed.pop(once, None) is None) is (told.pop(once, None) is None)
    assert printed == told


def test_a_search_is_shown_as_a_table_with_its_trace(medellin_home: Path) -> None:
    shown = said(sonik(medellin_home, "search", "techno hoy", "--explain"))
    assert "│ 2026-11-22 02:00 │ Subsuelo │ Sótano Turquesa │ COP 25000-40000 │" in shown
    assert "understand" in shown
    assert "cache" in shown


def test_a_walk_is_shown_as_a_table_with_its_ways(medellin_home: Path) -> None:
    shown = said(sonik(medellin_home, "traverse", "@guayacanytimbal", "artists_at_venue"))
    assert "artists_at_venue of Guayacán y Timbal, 4 in all" in shown
    assert "<HOSTED_BY 0.90 “Jueves de Timbal” <PERFORMS_AT 0.90" in shown


def test_the_stores_agree_and_that_is_the_exit_code(medellin_home: Path) -> None:
    report = json.loads(said(sonik(medellin_home, "sync", "status", "--check", "--json")))
    assert {state["behind"] for state in report["sync"]["sinks"]} == {0}
    assert report["check"]
    assert all(compared["agrees"] for compared in report["check"])


def test_servers_run_from_up_to_down(running_home: Path) -> None:
    status = json.loads(said(sonik(running_home, "status", "--json")))
    assert {server["name"]: server["running"] for server in status["servers"]} == {"PostgreSQL": True, "Redis": True}
    assert said(sonik(running_home, "down")).startswith("Stopped: ")
    shown = said(sonik(running_home, "status"))
    assert shown.count("│ no ") == 2
    assert said(sonik(running_home, "down")) == "Nothing was running.\n"


def test_doctor_examines_and_names_what_is_missing(embedded_home: Path, tmp_path: Path) -> None:
    well = json.loads(said(sonik(embedded_home, "doctor", "--json")))
    assert all(finding["ok"] for finding in well)
    ill = sonik(embedded_home, "doctor", SONIK_PG_BIN=str(tmp_path))
    assert ill.returncode == 1
    assert str(tmp_path) in ill.stdout


@pytest.mark.parametrize(
    ("arguments", "message", "step"),
    [
        (("search",), "Missing argument 'query'", "--help"),
        (("serach", "salsa"), "No such command 'serach'", "--help"),
        (("search", "salsa", "--when-ever"), "No such option: --when-ever", "--help"),
        (("search", "salsa", "--limit", "0"), "Invalid value for '--limit'", "--help"),
        (("search", ""), "query: there is nothing in it", "See --help."),
        (("whats-on", "tonight", "--price-max", "nan"), "price_max: Input should be a finite number", "See --help."),
        (("ingest", "nothing.jsonl", "--source", "x"), "There is no file nothing.jsonl", "Check the path."),
        (("ingest", "README.md", "--source", "x"), "README.md is no .csv, .json or .jsonl file", "--inspect"),
        (("ingest", "{records}"), "Whose records are these?", "--source NAME"),
        (("ingest", "{records}", "--mapping", "nobodys"), "nobodys", "agenda_valparaiso_gijon"),
    ],
)
def test_a_wrong_command_ends_with_code_2_and_says_what_to_do(
    tmp_path: Path, records: Path, arguments: tuple[str, ...], message: str, step: str
) -> None:
    done = sonik(tmp_path, *(argument.format(records=records) for argument in arguments))
    assert done.returncode == 2
    assert message in done.stderr
    assert step in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "message", "step"),
    [
        (("whats-on", "--market", "medelin"), "There is no market 'medelin'.", "Did you mean 'medellin'?"),
        (("sync", "rebuild", "--sink", "graphs"), "Unknown sink 'graphs'.", "Did you mean 'graph'?"),
    ],
)
def test_what_the_engine_refuses_is_told_the_same_way(
    medellin_home: Path, arguments: tuple[str, ...], message: str, step: str
) -> None:
    done = sonik(medellin_home, *arguments)
    assert done.returncode == 2
    assert f"invalid_input: {message}" in done.stderr
    assert step in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_and_a_missing_binary_are_told_too(tmp_path: Path) -> None:
    setting = sonik(tmp_path, "search", "salsa", SONIK_POOL_SIZE="1")
    assert setting.returncode == 2
    assert setting.stderr.splitlines() == [
        "invalid_arguments: pool_size: Input should be greater than or equal to 2",
        "Correct SONIK_* in the environment.",
    ]
    binary = sonik(tmp_path, "search", "salsa", SONIK_PG_BIN=str(tmp_path))
    assert binary.returncode == 2
    assert binary.stderr.startswith("missing_binary: ")
    assert "Traceback" not in binary.stderr
