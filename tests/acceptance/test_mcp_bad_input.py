"""Bad input: a tool error that says what to do, or a sane answer; the process lives on either way."""

import json
from collections.abc import Iterator

import pytest
from mcp import Client
from mcp_types import PARSE_ERROR

from tests.fix_mcp import Json, Wire, checked_error, data_of, error_of, tokens_of
from tools.catalog import TOOLS

pytestmark = pytest.mark.anyio

HOSTILE = (
    "'}) DETACH DELETE n //",
    "x' OR 1=1 MATCH (n) RETURN n",
    "$ids; CALL db.labels() YIELD label",
    "'; drop table unified.entities; --",
    "%(collection)s %s {0} {types}",
    "' OR ''='",
    "collection = 'live' OR true",
    'name = "x") OR (1=1',
    '{"$ne": null}',
    '["a", {"b": [',
    "[" * 5_000,
    "<script>alert(1)</script>",
    "\x00",
    "a\x00b\x1b[31m\x07",
    "🪩💃🏽🎺",
    "\u202eogeirr\u202c \u200f",
    "../../etc/passwd",
    "..\\..\\windows",
    "file:///etc/passwd",
    "ñ" * 300,
    "\ufffe\uffff",
    "%00%0a",
    "-1",
    "NaN",
    "tonight' --",
    "\\",
    "AND OR NOT (",
    '"',
    "*",
    "~^:?[]{}",
)
Call = tuple[str, dict[str, object]]
VALID: dict[str, Json] = {
    "sonik_search": {"query": "salsa"},
    "sonik_whats_on": {"when": "tonight"},
    "sonik_get_entity": {"ref": "nebula"},
    "sonik_traverse": {"start": "nebula", "pattern": "neighbors"},
    "sonik_describe": {"topic": "lenses"},
    "sonik_resolve": {"candidates": [{"kind": "venue", "name": "Nébula"}]},
    "sonik_upsert": {"source": "agenda", "records": []},
    # Of a trace nobody has: these tests share a home and must not write into it.
    "sonik_remember": {"kind": "outcome", "trace_id": "4f1c2a9b", "verdict": "useful"},
    "sonik_recall": {"query": "salsa"},
    "sonik_insights": {"topic": "sync"},
    "sonik_job": {"job_id": "019aa7a5-9d2c-7e34-8d5e-0c1f6f5a2b10"},
}


def string_arguments() -> Iterator[tuple[str, str, bool]]:
    """Yield each tool's arguments that take text, and whether they take a list of it."""
    for tool in TOOLS:
        for name, schema in tool.arguments.model_json_schema()["properties"].items():
            kinds = [schema, *schema.get("anyOf", [])]
            if any(kind.get("type") == "string" for kind in kinds):
                yield tool.name, name, False
            elif any(kind.get("items", {}).get("type") == "string" for kind in kinds):
                yield tool.name, name, True


@pytest.mark.parametrize(("tool", "argument", "listed"), list(string_arguments()))
async def test_hostile_text_in_any_argument_is_told_off_or_searched_for(
    memory_client: Client, tool: str, argument: str, listed: bool
) -> None:
    for text in HOSTILE:
        told = {**VALID[tool], argument: [text] if listed else text}
        answer = await memory_client.call_tool(tool, told)
        if answer.is_error:
            assert error_of(answer)["code"] in {"invalid_arguments", "invalid_input", "not_found", "not_allowed"}
        else:
            assert tokens_of(answer) <= 1_500
    assert data_of(await memory_client.call_tool("sonik_search", {"query": "Nébula"}))["hits"][0]["ref"] == "nebula"


def search(**told: object) -> Call:
    return "sonik_search", {"query": "salsa", **told}


def whats_on(**told: object) -> Call:
    return "sonik_whats_on", told


def entity(**told: object) -> Call:
    return "sonik_get_entity", {"ref": "nebula", **told}


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (search(query=""), "query: there is nothing in it"),
        (search(query=" \t\n\x00 "), "query: there is nothing in it"),
        (search(query="salsa " * 1_667), "query: 10,001 characters are too many; 2,000 is the most"),
        (search(query=7), "query: Input should be a valid string"),
        (("sonik_search", {}), "query: Field required"),
        (search(limit=0), "limit: Input should be greater than or equal to 1"),
        (search(limit=-5), "limit: Input should be greater than or equal to 1"),
        (search(limit=10**12), "limit: Input should be less than or equal to 50"),
        (search(max_tokens=1), "max_tokens: Input should be greater than or equal to 400"),
        (search(explain="perhaps"), "explain: Input should be a valid boolean"),
        (search(response_format="short"), "response_format: Input should be 'concise' or 'detailed'"),
        (search(near={"lat": 91, "lng": 0}), "near.lat: Input should be less than or equal to 90"),
        (search(near={"lat": 6.2, "lng": -75.5, "km": 0}), "near.km: Input should be greater than 0"),
        (search(near={"lat": 6.2, "lon": -75.5}), "near.lng: Field required; near.lon: there is no such argument"),
        (search(near="6.2,-75.5"), "near: Input should be a valid dictionary"),
        (search(market="x" * 10_000), "market: 10,000 characters are too many"),
        (search(cursor="x" * 10_000), "cursor: String should have at most 400 characters"),
        (whats_on(price_max=-1), "price_max: Input should be greater than or equal to 0"),
        (whats_on(price_max=1e300), "price_max: Input should be less than or equal to"),
        (whats_on(sort="beauty"), "sort: Input should be 'time' or 'price'"),
        (entity(as_of="2026-11-21T20:00:00"), "as_of: Input should have timezone info"),
        (entity(as_of="9999-12-31T23:59:00-14:00"), "as_of: there is no such moment in UTC"),
    ],
)
async def test_an_argument_of_the_wrong_kind_is_refused_with_an_example(
    memory_client: Client, call: Call, problem: str
) -> None:
    error = error_of(await memory_client.call_tool(*call))
    assert error["code"] == "invalid_arguments"
    assert problem in error["message"]
    assert error["fix"].startswith("Example: {")


@pytest.mark.parametrize(
    ("call", "problem", "fix"),
    [
        (search(market="medelin"), "There is no market 'medelin'.", "Did you mean 'medellin'?"),
        (whats_on(market="Atlantis"), "There is no market 'Atlantis'.", "Known: "),
        (whats_on(when="2026-02-30"), "2026-02-30 is not a date", "Try 'tonight'"),
        (search(when="2026-02-30"), "2026-02-30 is not a date", "Try 'tonight'"),
        (whats_on(when="2026-12-07/2026-12-05"), "ends before it starts", "Try 'tonight'"),
        (whats_on(when="salsa"), "names no time", "Try 'tonight'"),
        (search(query="¿?!... --"), "The query has no words.", "Ask for"),
        (search(lens="fanz"), "Unknown lens 'fanz'.", "Did you mean 'fan'?"),
        (search(kinds=["venu"]), "Unknown kind 'venu'.", "Did you mean 'venue'?"),
        (whats_on(genres=["salza"]), "Unknown genre 'salza'.", "Did you mean 'salsa'?"),
        (entity(include=["event"]), "Unknown section 'event'.", "Did you mean 'events'?"),
        (search(cursor="AAAA"), "This cursor does not belong to this query.", "Repeat the call"),
        (search(cursor="🪩"), "This cursor does not belong to this query.", "Repeat the call"),
    ],
)
async def test_a_value_nobody_knows_is_refused_with_the_right_one(
    memory_client: Client, call: Call, problem: str, fix: str
) -> None:
    error = error_of(await memory_client.call_tool(*call))
    assert error["code"] == "invalid_input"
    assert problem in error["message"]
    assert error["fix"].startswith(fix)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (
            entity(ref="nobody-of-this-name"),
            {
                "code": "not_found",
                "message": "Nothing is known as 'nobody-of-this-name'.",
                "fix": "Find its ref with sonik_search.",
                "field": "ref",
            },
        ),
        (
            entity(as_of="1999-12-31T00:00:00Z"),
            {
                "code": "not_found",
                "message": "Nothing was known of 'nebula' as of 1999-12-31T00:00:00+00:00.",
                "fix": "Ask for a later moment.",
                "field": "as_of",
            },
        ),
        (
            whats_on(genre=["salsa"]),
            {
                "code": "invalid_arguments",
                "message": "genre: there is no such argument",
                "fix": "Did you mean 'genres'?",
                "field": "genre",
            },
        ),
        (
            ("sonik_serch", {}),
            {
                "code": "unknown_tool",
                "message": "There is no tool 'sonik_serch'.",
                "fix": "Did you mean 'sonik_search'?",
            },
        ),
    ],
)
async def test_what_is_not_there_is_told_with_the_next_step(memory_client: Client, call: Call, error: Json) -> None:
    assert error_of(await memory_client.call_tool(*call)) == error


@pytest.mark.parametrize(
    "call",
    [
        search(limit="3"),
        search(kinds='["event"]'),
        search(kinds="event, venue"),
        search(near=None, market=None, cursor=None),
        whats_on(genres="salsa,techno", price_max="50000"),
        entity(ref="  Nébula  ", include="events"),
    ],
)
async def test_a_loosely_typed_call_is_understood(memory_client: Client, call: Call) -> None:
    assert data_of(await memory_client.call_tool(*call))


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("sonik_search", '{"query": "salsa", "near": {"lat": NaN, "lng": -75.5}}', "invalid_arguments"),
        ("sonik_search", '{"query": "salsa", "near": {"lat": Infinity, "lng": -75.5}}', "invalid_arguments"),
        ("sonik_search", '{"query": "salsa", "near": {"lat": 6.2, "lng": -75.5, "km": 1e999}}', "invalid_arguments"),
        ("sonik_whats_on", '{"price_max": -Infinity}', "invalid_arguments"),
        ("sonik_whats_on", '{"price_max": NaN}', "invalid_arguments"),
        ("sonik_search", '{"query": "salsa", "limit": 1' + "0" * 400 + "}", "invalid_arguments"),
        ("sonik_search", '{"query": "salsa", "near": {"lat": 1' + "0" * 400 + ', "lng": 0}}', "invalid_arguments"),
        ("sonik_search", '{"query": ["salsa"]}', "invalid_arguments"),
        ("sonik_search", '{"query": {"$gt": ""}}', "invalid_arguments"),
        ("sonik_search", '{"query": null}', "invalid_arguments"),
        ("sonik_get_entity", '{"ref": true}', "invalid_arguments"),
    ],
)
def test_numbers_that_are_none_and_wrong_types_are_refused_on_the_wire(
    wire: Wire, tool: str, arguments: str, code: str
) -> None:
    answer = wire.call(tool, arguments)
    assert answer["isError"] is True
    assert checked_error(answer["content"][0]["text"])["code"] == code


@pytest.mark.parametrize(
    "line",
    [
        "",
        "this is no JSON",
        '{"jsonrpc":"2.0","id":900,"method":"tools/call","params":{"name":"sonik_search","arguments":{"query":"\\ud800"}}}',
        '{"jsonrpc":"2.0","id":901,"method":"tools/call","params":{"name":"sonik_search","arguments":[]}}',
        '{"jsonrpc":"2.0","id":902,"method":"tools/call"}',
        '{"jsonrpc":"2.0","id":903,"method":"nothing/of/this/name"}',
        '{"jsonrpc":"1.0","id":904,"method":"tools/list"}',
        "[]",
        "null",
        "[" * 100_000,
    ],
)
def test_the_process_lives_on_after_a_broken_line(wire: Wire, line: str) -> None:
    wire.send_line(line)
    answer = wire.call("sonik_search", json.dumps({"query": "Nébula", "limit": 1}))
    assert answer["structuredContent"]["hits"][0]["ref"] == "nebula"
    assert "Traceback" not in wire.stderr()


@pytest.mark.parametrize("text", ['"\\ud800"', "[" * 300 + "]" * 300], ids=["half a surrogate pair", "nested too deep"])
def test_a_request_that_cannot_be_read_is_answered_under_its_id(wire: Wire, text: str) -> None:
    answer = wire.ask("tools/call", f'{{"name":"sonik_search","arguments":{{"query":{text}}}}}')
    assert answer["error"]["code"] == PARSE_ERROR
    assert answer["error"]["message"].endswith("Send it again without that.")


@pytest.mark.parametrize("line", ["this is no JSON", '{"jsonrpc":"2.0","id":"\\ud800"}', "[" * 100_000, "null"])
def test_a_line_that_is_no_request_is_answered_to_nobody(wire: Wire, line: str) -> None:
    wire.send_line(line)
    assert wire.call("sonik_describe", '{"topic": "markets"}')["isError"] is False
    answer = wire.messages[-2]
    assert (answer["id"], answer["error"]["code"]) == (None, PARSE_ERROR)
