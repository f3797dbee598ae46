"""The test build for the conformance suite: our server, and the suite's fixtures beside our tools."""

import pytest
from mcp import Client
from mcp.client import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult

from eval.conformance.fixtures.server import built
from sonik.engine import Engine
from tests.fix_mcp import Standing, data_of, text_of
from tools.catalog import TOOLS

pytestmark = pytest.mark.anyio


async def told_alice(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    del context, params
    return ElicitResult(action="accept", content={"name": "Alice"})


async def test_the_test_build_has_our_tools_and_the_fixtures(market: Engine) -> None:
    async with Client(built(Standing(market)), elicitation_callback=told_alice) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        greeted = text_of(await client.call_tool("test_input_required_result_elicitation", {}))
        found = data_of(await client.call_tool("sonik_search", {"query": "Nébula"}))
    assert names[: len(TOOLS)] == [tool.name for tool in TOOLS]
    assert all(name.startswith(("test_", "json_schema")) for name in names[len(TOOLS) :])
    assert greeted == "Hello, Alice!"
    assert found["hits"]
