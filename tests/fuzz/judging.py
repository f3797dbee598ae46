"""What every answer must hold, whatever was asked; each breach is told in a sentence."""

import base64
import json
import math
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
from mcp_types import INVALID_PARAMS, PARSE_ERROR

from server.schemas import output_schema
from sonik.retrieval.pack import cost, count_tokens
from tests.fix_mcp import ROOT, Json
from tests.fuzz.calls import Call
from tools.arguments import CONCISE_TOKENS, DETAILED_TOKENS
from tools.catalog import BY_NAME
from tools.upsert import WAIT_SECONDS

MOST_SECONDS = 5.0
LONGEST_ERROR = 800
MOST_TOKENS = {"concise": CONCISE_TOKENS, "detailed": DETAILED_TOKENS}
# Codes that say that something of ours broke, and not that the caller was wrong.
BROKEN = frozenset({"internal", "error", "store_unavailable", "out_of_time", "misconfigured", "disk_full", "conflict"})
TOLD_OFF = frozenset({INVALID_PARAMS, PARSE_ERROR})
# Of no value that is sent: what is found was not echoed.
TRACES = re.compile(
    r"Traceback \(most recent|File \"[^\"]+\", line \d|site-packages|pydantic\.dev|psycopg\b|SQLSTATE|LINE 1:|"
    r"redis\.exceptions|ResponseError|errMsg:|DataFusion|LanceError|lance error|onnxruntime|asyncio\.|0x[0-9a-f]{8,}"
)
SHORTEST_VECTOR = 32
ENCODED = re.compile(r"[A-Za-z0-9+/_-]{160,}={0,2}")
LARGEST_COMPONENT = 100.0


class Judge:
    """Judges answers of a server; `home` is the folder that no answer may name."""

    def __init__(self, home: Path) -> None:
        self._places = (str(home), str(ROOT), sys.prefix, str(Path.home()) + "/")
        self._schemas = {name: output_schema(tool.result) for name, tool in BY_NAME.items()}

    def breaches(self, call: Call, answer: Json, *, seconds: float) -> Iterator[str]:
        """Yield what an answer does not hold."""
        allowed = MOST_SECONDS + (WAIT_SECONDS if call.arguments.get("wait_for") == "projected" else 0)
        if seconds > allowed:
            yield f"it took {seconds:.1f} s"
        yield from self._leaks(json.dumps(answer, ensure_ascii=False).replace("\\", ""))
        yield from (f"a vector at {at}" for at in vectors(answer))
        if "error" in answer:
            yield from _refused_by_protocol(answer["error"])
        elif call.method == "tools/call":
            yield from self._tool_breaches(call, answer["result"])

    def _leaks(self, text: str) -> Iterator[str]:
        if found := TRACES.search(text):
            yield f"it tells of its inside: {text[max(0, found.start() - 60) : found.end() + 60]!r}"
        yield from (f"it names the path {place}" for place in self._places if place in text)

    def _tool_breaches(self, call: Call, result: Json) -> Iterator[str]:
        if result.get("isError"):
            yield from _refused_by_tool(result)
            return
        try:
            jsonschema.validate(result.get("structuredContent"), self._schemas[call.target])
        except jsonschema.ValidationError as error:
            yield f"it does not fit its output schema: {error.message[:200]}"
        else:
            yield from _over_budget(call, result)


def is_refused(answer: Json) -> bool:
    """Return whether an answer is an error of the tool or of the protocol."""
    return "error" in answer or bool(answer["result"].get("isError"))


def _over_budget(call: Call, result: Json) -> Iterator[str]:
    """Yield by how much a result is longer than its caller allows."""
    shortens = "response_format" in BY_NAME[call.target].arguments.model_fields
    asked = call.arguments.get("response_format", "concise" if shortens else "detailed")
    budget = int(call.arguments.get("max_tokens") or MOST_TOKENS[asked])
    spent = cost(result["structuredContent"]) + sum(count_tokens(part["text"]) for part in result["content"])
    if spent > budget:
        yield f"it takes {spent} tokens of {budget}"


def _refused_by_tool(result: Json) -> Iterator[str]:
    text = "".join(part.get("text", "") for part in result["content"])
    if len(text) > LONGEST_ERROR:
        yield f"an error of {len(text)} characters"
    try:
        told = json.loads(text)
    except ValueError:
        yield f"an error that is no JSON: {text[:200]!r}"
        return
    yield from (f"an error without {name}: {text[:200]}" for name in ("code", "message", "fix") if not told.get(name))
    if told.get("code") in BROKEN:
        yield f"something broke: {text[:300]}"


def _refused_by_protocol(error: Json) -> Iterator[str]:
    if error["code"] not in TOLD_OFF:
        yield f"something broke: {error}"
    if len(error["message"]) > LONGEST_ERROR:
        yield f"an error of {len(error['message'])} characters"


def vectors(value: object, at: str = "$") -> Iterator[str]:
    """Yield where a value holds a list of numbers, or a text of them, that could be a vector."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from vectors(inner, f"{at}.{name}")
    elif isinstance(value, list):
        if len(value) >= SHORTEST_VECTOR and all(isinstance(part, float) for part in value):
            yield at
        for number, inner in enumerate(value):
            yield from vectors(inner, f"{at}[{number}]")
    elif isinstance(value, str):
        yield from (at for run in ENCODED.findall(value) if _encodes_numbers(run))


def _encodes_numbers(run: str) -> bool:
    """Return whether a text is base64 of four-byte numbers, few of them alike, as an embedding's are."""
    raw = base64.b64decode(run.translate({45: 43, 95: 47})[: len(run) // 16 * 16])
    numbers = [number for (number,) in struct.iter_unpack("<f", raw)]
    sane = all(math.isfinite(number) and 1e-9 < abs(number) < LARGEST_COMPONENT for number in numbers)
    return sane and len(set(numbers)) > len(numbers) // 2
