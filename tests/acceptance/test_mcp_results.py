"""What comes back: true to its schema, within its budget, and never a vector."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mcp import Client
from mcp_types import CallToolResult

from sonik.retrieval.describe import TOPICS
from sonik.retrieval.entity import SECTIONS
from tests.fix_mcp import data_of, tokens_of
from tools.catalog import TOOLS

pytestmark = pytest.mark.anyio

MOST_TOKENS = {"concise": 1_500, "detailed": 6_000}
LONGEST_RUN_OF_NUMBERS = 15
Answered = tuple[str, dict[str, Any], CallToolResult]

QUESTIONS = (
    "¿Qué hay esta noche en Medellín?",
    "what's on this weekend",
    "o que rola neste fim de semana",
    "quién toca en Guayacán y Timbal esta semana",
    "salsa bajo 50 mil",
    "próximos conciertos de Sonora del Ceibal",
    "@lomaybongo",
    "promotores de rock",
    "clubes de techno",
    "Festival Aguacero",
    "Doble pogo: Ceniza Mineral y Los Cables Pelados",
    "qqqq wwww zzzz",
    "conciertos en Bogotá este finde",
)
REFS = (
    "guayacan-y-timbal", "@lomaybongo", "pulsonorte.example", "Nébula", "cerveza-tranvia-ambar", "medellin",
    "festival-aguacero-primer-dia-2026-11-27", "corporacion-cultural-la-acequia", "ChIJl4sSfAYrH5wRQ-Bi-ZKqQYU",
)  # fmt: skip
WALKS = {
    "artists_at_venue": "sotano-turquesa", "venues_by_promoter": "Pulso Norte", "similar": "nebula",
    "lineup": "festival-aguacero-cierre-2026-11-29", "influence": "Nébula", "impact": "guayacan-y-timbal",
}  # fmt: skip
WHENS = ("tonight", "this_weekend", "2026-11-25", "2026-11-20/2026-12-20", "2026-11-14")


def calls() -> Iterator[tuple[str, dict[str, Any]]]:
    for query in QUESTIONS:
        yield "sonik_search", {"query": query}
        yield "sonik_search", {"query": query, "explain": True, "limit": 50}
    for when in WHENS:
        yield "sonik_whats_on", {"when": when, "limit": 50}
        yield "sonik_whats_on", {"when": when, "near": {"lat": 6.2463, "lng": -75.5937}, "sort": "price"}
    for ref in REFS:
        yield "sonik_get_entity", {"ref": ref}
        yield "sonik_get_entity", {"ref": ref, "include": list(SECTIONS)}
        yield "sonik_traverse", {"start": ref, "pattern": "neighbors", "max_hops": 3, "limit": 50}
    for pattern, start in WALKS.items():
        yield "sonik_traverse", {"start": start, "pattern": pattern, "limit": 50}
    for topic in TOPICS:
        yield "sonik_describe", {"topic": topic}


async def schemas(client: Client) -> dict[str, Draft202012Validator]:
    """Return a validator for each tool's published result, that also refuses what the tool's whole result lacks."""
    published = {tool.name: tool.output_schema or {} for tool in (await client.list_tools()).tools}
    whole = {tool.name: tool.result.model_json_schema(by_alias=True, mode="serialization") for tool in TOOLS}
    return {
        name: Draft202012Validator({**whole[name], "allOf": [schema], "additionalProperties": False})
        for name, schema in published.items()
    }


@pytest.fixture(scope="module")
async def answers(memory_client: Client) -> list[Answered]:
    """What every call answers, in both formats."""
    told = [
        (tool, {**arguments, "response_format": response_format})
        for tool, arguments in calls()
        for response_format in MOST_TOKENS
    ]
    return [(tool, arguments, await memory_client.call_tool(tool, arguments)) for tool, arguments in told]


async def test_every_result_is_as_its_schema_says(memory_client: Client, answers: list[Answered]) -> None:
    validators = await schemas(memory_client)
    for tool, _, answer in answers:
        validators[tool].validate(data_of(answer))


async def test_results_over_the_wire_are_as_their_schema_says(client: Client) -> None:
    validators = await schemas(client)
    asked = {"sonik_search": {"query": "salsa"}, "sonik_whats_on": {}, "sonik_get_entity": {"ref": "nebula"}}
    asked |= {"sonik_traverse": {"start": "nebula", "pattern": "similar"}, "sonik_describe": {"topic": "lenses"}}
    for tool, arguments in asked.items():
        validators[tool].validate(data_of(await client.call_tool(tool, arguments)))


async def test_every_result_stays_within_the_tokens_of_its_format(answers: list[Answered]) -> None:
    for tool, arguments, answer in answers:
        assert tokens_of(answer) <= MOST_TOKENS[arguments["response_format"]], (tool, arguments)


@pytest.mark.parametrize(("response_format", "max_tokens"), [("concise", 400), ("detailed", 400), ("detailed", 900)])
async def test_max_tokens_holds_for_data_and_text_together(
    memory_client: Client, response_format: str, max_tokens: int
) -> None:
    for tool, arguments in calls():
        told = {**arguments, "max_tokens": max_tokens, "response_format": response_format}
        assert tokens_of(await memory_client.call_tool(tool, told)) <= max_tokens, (tool, arguments)


async def test_the_smallest_budget_still_gives_an_answer_and_says_it_is_cut(memory_client: Client) -> None:
    told = {"max_tokens": 400, "response_format": "detailed"}
    search = data_of(await memory_client.call_tool("sonik_search", {"query": "salsa", "explain": True, **told}))
    assert len(search["hits"]) == 1
    assert search["truncated"] is True
    assert search["next_cursor"]
    entity = data_of(await memory_client.call_tool("sonik_get_entity", {"ref": "guayacan-y-timbal", **told}))
    assert entity["entity"]["name"] == "Guayacán y Timbal"
    assert entity["truncated"] is True
    assert entity["notes"][0].startswith("Cut to fit: ")


async def test_no_result_holds_a_vector(answers: list[Answered]) -> None:
    for tool, arguments, answer in answers:
        if arguments.get("topic") != "tables":  # which has a column of that name
            assert not list(vectors_in(data_of(answer), tool))


async def test_an_explained_search_tells_its_steps_and_a_plain_one_does_not(memory_client: Client) -> None:
    explained = data_of(await memory_client.call_tool("sonik_search", {"query": "salsa este finde", "explain": True}))
    steps = [step["step"] for step in explained["trace"]["steps"]]
    assert steps[:2] == ["link", "understand"]
    assert all(step["ms"] >= 0 and step["rows"] >= 0 for step in explained["trace"]["steps"])
    plain = data_of(await memory_client.call_tool("sonik_search", {"query": "salsa este finde"}))
    assert "trace" not in plain


async def test_text_from_outside_is_labelled_as_such(memory_client: Client) -> None:
    asked = {"ref": "guayacan-y-timbal", "include": ["sources"]}
    entity = data_of(await memory_client.call_tool("sonik_get_entity", asked))["entity"]
    assert entity["about"]["source_text"].startswith("Salsa bar de pista pequeña")
    assert entity["sources"] == ["sample-medellin (2026-11-21)"]


def vectors_in(value: object, path: str) -> Iterator[str]:
    """Yield where a value holds something that looks like an embedding."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if "vector" in key or "embedding" in key:
                yield f"{path}.{key}"
            yield from vectors_in(inner, f"{path}.{key}")
    if isinstance(value, list):
        numbers = [item for item in value if isinstance(item, float)]
        if len(numbers) > LONGEST_RUN_OF_NUMBERS:
            yield path
        for item in value:
            yield from vectors_in(item, f"{path}[]")
