"""The log as lines of JSON."""

import json
import logging

from server.observing.log import JsonLines
from sonik.correlation import correlated
from sonik.retrieval.trace import new_trace_id


def test_a_record_is_one_line_with_its_facts() -> None:
    record = logging.makeLogRecord(
        {
            "name": "sonik.jobs",
            "levelname": "INFO",
            "msg": "done\nand %s",
            "args": ("dusted",),
            "created": 0.5,
            "job": 7,
        }
    )
    line = JsonLines().format(record)
    assert "\n" not in line
    assert json.loads(line) == {
        "at": "1970-01-01T00:00:00.500+00:00", "level": "INFO", "logger": "sonik.jobs", "message": "done\nand dusted",
        "job": 7,
    }  # fmt: skip


def test_what_is_logged_during_a_call_carries_the_trace_id_of_its_result() -> None:
    record = logging.makeLogRecord({"name": "a", "levelname": "INFO", "msg": "b"})
    with correlated() as call:
        assert json.loads(JsonLines().format(record))["trace_id"] == new_trace_id() == call
    assert "trace_id" not in json.loads(JsonLines().format(record))


def test_an_error_comes_with_its_traceback() -> None:
    try:
        raise ValueError("ñandú")
    except ValueError as error:
        record = logging.LogRecord("a", logging.ERROR, "", 0, "broke", (), (type(error), error, error.__traceback__))
    told = json.loads(JsonLines().format(record))
    assert told["message"] == "broke"
    assert told["exception"].endswith("ValueError: ñandú")
