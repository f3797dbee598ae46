"""The server as a process: only protocol on stdout, ready before its stores, gone when told, alive without them."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from signal import SIGINT, SIGTERM, Signals

import pytest

from sonik.settings import Settings
from sonik.stores import embedded
from tests.fix_mcp import Wire, checked_error
from tools.catalog import TOOLS

StartWire = Callable[..., Wire]


def running(home: Path) -> list[str]:
    """Return the names of the embedded servers that run for a home."""
    return [server.name for server in embedded.status(Settings(home=home)).servers if server.running]


def test_only_protocol_goes_to_stdout_even_when_everything_is_logged(
    start_wire: StartWire, medellin_home: Path
) -> None:
    wire = start_wire(medellin_home, SONIK_LOG_LEVEL="DEBUG")
    wire.greet()
    wire.ask("tools/list")
    wire.call("sonik_search", '{"query": "salsa esta noche", "explain": true}')
    wire.call("sonik_get_entity", '{"ref": "nobody-of-this-name"}')
    assert wire.hung_up() == 0
    assert len(wire.rest()) == wire.asked  # each is a JSON-RPC response, or reading it would have failed
    assert logging.getLevelName(logging.DEBUG) in wire.stderr()


def test_nothing_on_stderr_looks_like_a_crash(wire: Wire) -> None:
    wire.call("sonik_search", '{"query": "salsa"}')
    wire.call("sonik_whats_on", '{"when": "2026-02-30"}')
    wire.call("sonik_nothing", "{}")
    wire.send_line("this is no JSON")
    assert len(wire.ask("tools/list")["result"]["tools"]) == len(TOOLS)
    assert "Traceback" not in wire.stderr()


def test_the_tool_list_is_there_before_the_stores(start_wire: StartWire, home: Path) -> None:
    wire = start_wire(home)
    wire.greet()
    tools = wire.ask("tools/list")["result"]["tools"]
    assert len(tools) == len(TOOLS)
    assert running(home) == []
    answer = wire.call("sonik_whats_on", '{"when": "tonight", "market": "medellin"}')
    assert answer["structuredContent"]["total"] == 0
    assert running(home) == ["PostgreSQL", "Redis"]
    assert wire.hung_up() == 0
    assert running(home) == []


@pytest.mark.parametrize(("number", "code"), [(SIGTERM, 143), (SIGINT, 130)])
def test_a_signal_ends_the_process_and_the_servers_nobody_else_uses(
    start_wire: StartWire, embedded_home: Path, number: Signals, code: int
) -> None:
    wire = start_wire(embedded_home)
    wire.greet()
    wire.call("sonik_whats_on", "{}")
    assert running(embedded_home) == ["PostgreSQL", "Redis"]
    assert wire.signalled(number) == code
    assert running(embedded_home) == []
    assert "Traceback" not in wire.stderr()


def test_a_signal_leaves_the_servers_to_the_other_client(start_wire: StartWire, embedded_home: Path) -> None:
    first, second = start_wire(embedded_home), start_wire(embedded_home)
    for wire in (first, second):
        wire.greet()
        wire.call("sonik_whats_on", "{}")
    assert first.signalled(SIGTERM) == 143
    assert second.call("sonik_whats_on", "{}")["structuredContent"]["total"] == 0
    assert second.hung_up() == 0
    assert running(embedded_home) == []


def test_a_signal_while_the_stores_open_ends_the_process_too(start_wire: StartWire, embedded_home: Path) -> None:
    wire = start_wire(embedded_home)
    wire.greet()
    assert wire.signalled(SIGTERM) == 143
    assert "Traceback" not in wire.stderr()


def test_a_store_that_cannot_start_is_a_tool_error_and_the_process_lives(
    start_wire: StartWire, embedded_home: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    wire = start_wire(embedded_home, SONIK_PG_BIN=str(empty))
    wire.greet()
    for _ in range(2):
        answer = wire.call("sonik_search", '{"query": "salsa"}')
        assert answer["isError"] is True
        told = checked_error(answer["content"][0]["text"])
        assert told["code"] == "missing_binary"
        assert str(empty) in told["message"]
    assert len(wire.ask("tools/list")["result"]["tools"]) == len(TOOLS)
    assert wire.ask("resources/templates/list")["result"]["resourceTemplates"]
    assert wire.hung_up() == 0
    assert "Traceback" not in wire.stderr()


def test_stores_that_can_start_again_are_found_by_the_next_call(start_wire: StartWire, home: Path) -> None:
    in_the_way = home / "data"
    in_the_way.touch()
    wire = start_wire(in_the_way / "home")
    wire.greet()
    answer = wire.call("sonik_whats_on", "{}")
    assert checked_error(answer["content"][0]["text"])["code"] == "misconfigured"
    in_the_way.unlink()
    assert wire.call("sonik_whats_on", "{}")["structuredContent"]["total"] == 0
    assert wire.hung_up() == 0


def test_a_setting_that_is_wrong_is_told_in_one_line(start_wire: StartWire, embedded_home: Path) -> None:
    wire = start_wire(embedded_home, SONIK_EDGE_BUDGET="many")
    assert wire.ended() == 1
    assert wire.stderr().splitlines() == [
        "Correct SONIK_* in the environment: edge_budget: Input should be a valid integer, "
        "unable to parse string as an integer"
    ]


def test_the_log_is_json_lines_on_request_and_holds_no_question(start_wire: StartWire, medellin_home: Path) -> None:
    wire = start_wire(medellin_home, SONIK_LOG_LEVEL="INFO", SONIK_LOG_FORMAT="json")
    wire.greet()
    asked = "quimera de marzo ana@example.org"
    for tool, arguments in (
        ("sonik_search", f'{{"query": "{asked}"}}'), ("sonik_get_entity", f'{{"ref": "{asked}"}}'),
        ("sonik_whats_on", f'{{"market": "{asked}"}}'), ("sonik_job", f'{{"job_id": "{asked}"}}'),
    ):  # fmt: skip
        wire.call(tool, arguments)
    wire.hung_up()
    records = [json.loads(line) for line in wire.stderr().splitlines()]
    assert {"at", "level", "logger", "message"} <= set.intersection(*map(set, records))
    assert "quimera" not in wire.stderr()
    assert "ana@" not in wire.stderr()
