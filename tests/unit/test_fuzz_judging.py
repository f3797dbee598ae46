"""The judge of random calls: it sees what it is there to see, and nothing where all is well."""

import base64
import json
import random
import struct
from pathlib import Path

import pytest

from tests.fix_mcp import Json
from tests.fuzz.calls import Call
from tests.fuzz.judging import TRACES, Judge
from tests.fuzz.ledger import changed
from tests.fuzz.values import HOSTILE

JUDGE = Judge(Path("/srv/sonik-home"))
CALL = Call(target="sonik_job", family="valid", method="tools/call", params={"arguments": {"job_id": "x"}})
RESULT = {"trace_id": "0", "as_of": "2026-11-21", "truncated": False, "job": "ingest", "state": "done", "done": 1}
CHANCE = random.Random(7)
VECTOR = [CHANCE.uniform(-0.1, 0.1) for _ in range(384)]
ENCODED = base64.b64encode(struct.pack("<384f", *VECTOR)).decode()


def answered(**more: object) -> Json:
    return {"result": {"content": [{"type": "text", "text": "x"}], "structuredContent": {**RESULT, **more}}}


def refused(**told: str) -> Json:
    text = json.dumps({"code": "invalid_input", "message": "It is wrong.", "fix": "Do better.", **told})
    return {"result": {"content": [{"type": "text", "text": text}], "isError": True}}


@pytest.mark.parametrize("answer", [answered(), answered(job="A" * 2_000), refused()])
def test_a_sound_answer_has_no_breach(answer: Json) -> None:
    assert list(JUDGE.breaches(CALL, answer, seconds=4.9)) == []


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (answered(notes=[VECTOR]), "a vector at $.result.structuredContent.notes[0]"),
        (answered(notes=[f"see {ENCODED}"]), "a vector at $.result.structuredContent.notes[0]"),
        (answered(notes=["in /srv/sonik-home/pg"]), "it names the path /srv/sonik-home"),
        (answered(notes=["psycopg.errors.SyntaxError"]), "it tells of its inside"),
        (answered(notes=['File "/x/y.py", line 7, in z']), "it tells of its inside"),
        (answered(done=None), "it does not fit its output schema: None is not of type 'integer'"),
        (refused(fix=""), "an error without fix"),
        (refused(code="internal"), "something broke"),
        (refused(message="x" * 800), "an error of "),
        ({"error": {"code": -32603, "message": "Internal error"}}, "something broke"),
    ],
)
def test_what_must_not_be_is_told(answer: Json, what: str) -> None:
    (told,) = JUDGE.breaches(CALL, answer, seconds=0.1)
    assert told.startswith(what)


def test_a_call_that_takes_too_long_is_told() -> None:
    assert list(JUDGE.breaches(CALL, answered(), seconds=5.1)) == ["it took 5.1 s"]


def test_no_text_that_is_sent_is_taken_for_a_trace_of_the_inside() -> None:
    assert [text for text in HOSTILE if TRACES.search(text)] == []


def test_a_row_more_and_a_row_changed_are_both_seen() -> None:
    before = {"entities": (2, "17"), "facts": (3, "5"), "aliases": (0, "0")}
    assert changed(before, {**before, "entities": (3, "18"), "facts": (3, "6")}) == ["entities", "facts"]
