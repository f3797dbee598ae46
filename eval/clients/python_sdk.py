"""The Python SDK's client, in one connection."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager

import httpx2
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import ResourceTemplateReference

from eval.clients.plan import MODERN, SERVE, TONIGHT, Plan, Step, Target, Visit
from sonik.types import JsonObject

NAME = "Python SDK (mcp)"
ANSWER_SECONDS = 60


def visit(target: Target, plan: Plan) -> Visit:
    """Do everything in the plan."""
    steps = asyncio.run(_visited(target, plan))
    return Visit(client=NAME, transport=target.transport, era=target.era, steps=steps)


async def _visited(target: Target, plan: Plan) -> list[Step]:
    steps: list[Step] = []

    async def step(kind: str, name: str, work: Awaitable[bool | str]) -> None:
        try:
            told = await work
        except (MCPError, ValueError) as error:
            told = str(error) or type(error).__name__
        steps.append(Step(kind=kind, name=name, ok=told is True, note="" if told is True else str(told)[:200]))

    async with _connected(target) as client:
        await step("lists", "tools", _same(_tools(client), set(plan.tools)))
        await step("lists", "templates", _same(_templates(client), set(plan.templates)))
        await step("lists", "prompts", _same(_prompts(client), set(plan.prompts)))
        for name, given in plan.tools.items():
            await step("tools", name, _called(client, name, given))
        for uri in plan.resources:
            await step("resources", uri, _read(client, uri))
        for name, told in plan.prompts.items():
            await step("prompts", name, _told(client, name, told))
        for uri, argument, typed in plan.completions:
            await step("completions", uri, _completed(client, uri, argument, typed))
        if target.era == "modern":
            await step("subscriptions", TONIGHT, _listened(client))
    return steps


@asynccontextmanager
async def _connected(target: Target) -> AsyncIterator[Client]:
    mode = "legacy" if target.era == "legacy" else MODERN
    if target.transport == "stdio":
        server = StdioServerParameters(command=SERVE[0], args=list(SERVE[1:]), env=dict(target.environment))
        async with Client(server, mode=mode, read_timeout_seconds=ANSWER_SECONDS) as client:
            yield client
        return
    async with (
        httpx2.AsyncClient(headers=dict(target.headers), timeout=ANSWER_SECONDS) as http,
        Client(
            streamable_http_client(target.url, http_client=http), mode=mode, read_timeout_seconds=ANSWER_SECONDS
        ) as client,
    ):
        yield client


async def _same(listed: Awaitable[set[str]], expected: set[str]) -> bool | str:
    found = await listed
    return found == expected or f"differs: {sorted(found ^ expected)}"


async def _tools(client: Client) -> set[str]:
    return {tool.name for tool in (await client.list_tools()).tools}


async def _templates(client: Client) -> set[str]:
    return {one.uri_template for one in (await client.list_resource_templates()).resource_templates}


async def _prompts(client: Client) -> set[str]:
    return {prompt.name for prompt in (await client.list_prompts()).prompts}


async def _called(client: Client, name: str, given: JsonObject) -> bool | str:
    result = await client.call_tool(name, dict(given))
    return (not result.is_error and result.structured_content is not None) or str(result.content)


async def _read(client: Client, uri: str) -> bool | str:
    return bool((await client.read_resource(uri)).contents)


async def _told(client: Client, name: str, given: Mapping[str, str]) -> bool | str:
    return bool((await client.get_prompt(name, dict(given))).messages)


async def _completed(client: Client, ref: str, argument: str, typed: str) -> bool | str:
    template = ResourceTemplateReference(uri=ref)
    return bool((await client.complete(template, {"name": argument, "value": typed})).completion.values)


async def _listened(client: Client) -> bool | str:
    async with client.listen(resource_subscriptions=[TONIGHT]):
        return True
