"""Every call over MCP leaves one row in the audit log, refused ones included, and nothing of what was asked."""

import pytest
from mcp import Client, MCPError
from mcp_types import PromptReference

from server.app import build
from sonik.engine import Engine
from sonik.settings import Settings
from tests.fix_mcp import Standing, data_of

pytestmark = pytest.mark.anyio


async def test_each_kind_of_call_leaves_one_row(settings: Settings) -> None:
    async with (
        Engine.open(settings) as engine,
        Client(build(Standing(engine)), raise_exceptions=True) as client,
    ):
        found = data_of(await client.call_tool("sonik_search", {"query": "salsa con amparo@club.example"}))
        await client.call_tool("sonik_search", {"quest": "bachata"})
        await client.call_tool("sonik_serch", {"query": "bachata"})
        await client.read_resource("sonik://schema/operations")
        with pytest.raises(MCPError):
            await client.read_resource("sonik://entity/amparo@club.example")
        await client.get_prompt("explore_market", {"market": "medellin"})
        await client.complete(PromptReference(name="explore_market"), {"name": "market", "value": "mede"})
        await engine.calls.flush(engine._postgres)
        async with engine._postgres.writing() as session:
            rows = await session.rows("select * from unified.audit_log order by seq")
    told = [(row["action"], row["target"], row["outcome"]) for row in rows]
    print(told)
    assert rows[0]["correlation_id"] == found["trace_id"]
