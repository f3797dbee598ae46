"""What a client reads before it asks: the tools, their hints and schemas, within the budget of a list."""

import json
import re

import pytest
from jsonschema import Draft202012Validator
from mcp import Client

from sonik.retrieval.pack import count_tokens
from tests.fix_mcp import data_of, error_of, text_of
from tools.catalog import TOOLS

pytestmark = pytest.mark.anyio

# What the tools of the foundation may cost to read, and all of them together.
FOUNDATION_TOKENS = 4_500
LIST_TOKENS = 6_000
FOUNDATION = (
    "sonik_search", "sonik_whats_on", "sonik_get_entity", "sonik_traverse", "sonik_describe", "sonik_resolve",
    "sonik_upsert", "sonik_job",
)  # fmt: skip
EXAMPLE = re.compile(r"Example: (\{.*\})\.")


async def test_the_tools_come_in_the_order_of_the_catalogue(client: Client) -> None:
    listed = await client.list_tools()
    assert [tool.name for tool in listed.tools] == [tool.name for tool in TOOLS]
    assert [tool.title for tool in listed.tools] == [tool.title for tool in TOOLS]


async def test_every_tool_states_all_four_hints(client: Client) -> None:
    for tool in (await client.list_tools()).tools:
        assert tool.annotations is not None
        hints = tool.annotations.model_dump(by_alias=True, exclude_none=True)
        assert hints == {
            "readOnlyHint": tool.name not in {"sonik_upsert", "sonik_remember"},
            "destructiveHint": tool.name == "sonik_upsert",
            "idempotentHint": True, "openWorldHint": False,
        }  # fmt: skip


async def test_every_tool_refuses_arguments_it_does_not_know_and_says_what_comes_back(client: Client) -> None:
    for tool in (await client.list_tools()).tools:
        assert tool.input_schema["additionalProperties"] is False
        assert tool.output_schema is not None
        assert {"trace_id", "as_of"} <= set(tool.output_schema["required"])
        for schema in (tool.input_schema, tool.output_schema):
            Draft202012Validator.check_schema(schema)


async def test_every_description_has_an_example_that_runs(client: Client) -> None:
    for tool in (await client.list_tools()).tools:
        found = EXAMPLE.search(tool.description or "")
        assert found is not None, tool.name
        arguments = json.loads(found[1])
        Draft202012Validator(tool.input_schema).validate(arguments)
        answer = await client.call_tool(tool.name, arguments)
        # A reader may not write, and the ids of jobs and traces are the caller's own.
        refused = {
            "sonik_upsert": "not_allowed", "sonik_job": "not_found", "sonik_remember": "not_found"
        }.get(tool.name)  # fmt: skip
        if refused is not None:
            assert error_of(answer)["code"] == refused
            continue
        found_there = data_of(answer)
        if tool.name in {"sonik_recall", "sonik_insights"}:  # hardly anybody has used the sample market yet
            assert found_there.get("notes") or found_there["items"]
            continue
        assert any(found_there.get(name) for name in ("hits", "events", "entity", "items", "resolved"))


async def test_the_list_stays_within_its_tokens(client: Client) -> None:
    tools = (await client.list_tools()).tools
    listed = {tool.name: tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in tools}
    spent = {name: count_tokens(json.dumps(tool, ensure_ascii=False)) for name, tool in listed.items()}
    print(f"tool list: {sum(spent.values())} tokens, {spent}")
    assert sum(spent[name] for name in FOUNDATION) <= FOUNDATION_TOKENS
    assert sum(spent.values()) <= LIST_TOKENS


async def test_the_server_says_who_it_is_and_where_to_begin(client: Client) -> None:
    assert client.server_info is not None
    assert client.server_info.name == "sonik"
    assert "sonik_search" in (client.instructions or "")


async def test_both_eras_get_the_same_answer(stdio_clients: dict[str, Client]) -> None:
    asked = {"query": "¿Qué hay esta noche en Medellín?"}
    modern, legacy = [data_of(await client.call_tool("sonik_search", asked)) for client in stdio_clients.values()]
    assert modern.pop("trace_id") != legacy.pop("trace_id")
    assert modern == legacy


async def test_a_call_is_read_without_its_data_too(client: Client) -> None:
    answer = await client.call_tool("sonik_whats_on", {"when": "tonight", "limit": 1})
    assert text_of(answer).splitlines()[1] == (
        "- “Sábado Orquídea” (sabado-orquidea-2026-11-21): 2026-11-21 18:00, “Terraza Orquídea Negra”, COP 30000-45000"
    )
