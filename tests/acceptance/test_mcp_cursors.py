"""Pages: each event once and in order, and a cursor that serves only the call it was made for."""

from typing import Any

import pytest
from mcp import Client

from sonik.engine import Engine
from sonik.errors import InvalidInput
from sonik.retrieval.listing import Wish
from sonik.types import Scope
from tests.fix_mcp import Json, data_of, error_of
from tools.whats_on import WhatsOnArguments, sonik_whats_on

pytestmark = pytest.mark.anyio

MONTH = {"when": "2026-11-20/2026-12-20", "market": "medellin"}


async def pages(client: Client, tool: str, field: str, arguments: dict[str, Any]) -> list[list[Json]]:
    """Return the pages of a call, to the last."""
    gathered: list[list[Json]] = []
    cursor: str | None = None
    while True:
        answer = data_of(await client.call_tool(tool, {**arguments, **({"cursor": cursor} if cursor else {})}))
        gathered.append(answer[field])
        cursor = answer.get("next_cursor")
        assert answer["truncated"] is (cursor is not None)
        if cursor is None:
            return gathered


@pytest.mark.parametrize(
    "told",
    [
        {"limit": 7},
        {"limit": 50},
        {"limit": 10, "sort": "price"},
        {"limit": 50, "response_format": "detailed"},
        {"limit": 20, "max_tokens": 400, "genres": ["salsa", "techno"]},
    ],
)
async def test_the_pages_hold_every_event_once_and_in_order(
    memory_client: Client, market: Engine, told: dict[str, Any]
) -> None:
    gathered = await pages(memory_client, "sonik_whats_on", "events", {**MONTH, **told})
    entries = [entry for page in gathered for entry in page]
    whole = {"sort": told.get("sort", "time"), "genres": tuple(told.get("genres", ())), "limit": 1_000}
    wish = Wish(when=MONTH["when"], market=MONTH["market"], **whole)
    programme = await market.whats_on(wish, scope=Scope())
    assert [entry["ref"] for entry in entries] == [card.ref for card in programme.cards]
    assert len({entry["ref"] for entry in entries}) == len(entries) == programme.total
    if wish.sort == "time":
        assert [entry["when"] for entry in entries] == sorted(entry["when"] for entry in entries)


async def test_a_search_goes_on_where_its_page_ended(memory_client: Client) -> None:
    asked = {"query": "eventos de Parche Vivo", "limit": 3}
    gathered = await pages(memory_client, "sonik_search", "hits", asked)
    refs = [hit["ref"] for page in gathered for hit in page]
    assert all(len(page) == 3 for page in gathered[:-1])
    assert len(refs) == len(set(refs))
    assert refs[:6] == [
        hit["ref"] for hit in data_of(await memory_client.call_tool("sonik_search", {**asked, "limit": 6}))["hits"]
    ]


@pytest.mark.parametrize(
    "changed",
    [{"when": "2026-11-20/2026-12-19"}, {"market": "quito"}, {"genres": ["salsa"]}, {"sort": "price"}, {"limit": 6}],
)
async def test_a_cursor_of_another_query_is_refused_with_the_remedy(client: Client, changed: dict[str, Any]) -> None:
    first = data_of(await client.call_tool("sonik_whats_on", {**MONTH, "limit": 5}))
    told = {**MONTH, "limit": 5, **changed, "cursor": first["next_cursor"]}
    error = error_of(await client.call_tool("sonik_whats_on", told))
    assert error == {
        "code": "invalid_input",
        "message": "This cursor does not belong to this query.",
        "fix": "Repeat the call without a cursor, with the same arguments for each page.",
        "field": "cursor",
    }


async def test_a_cursor_of_another_tool_is_refused(memory_client: Client) -> None:
    first = data_of(await memory_client.call_tool("sonik_whats_on", {**MONTH, "limit": 5}))
    told = {"query": "salsa", "cursor": first["next_cursor"]}
    assert error_of(await memory_client.call_tool("sonik_search", told))["field"] == "cursor"


async def test_a_tampered_cursor_is_refused(memory_client: Client) -> None:
    cursor = data_of(await memory_client.call_tool("sonik_whats_on", {**MONTH, "limit": 5}))["next_cursor"]
    for place in range(len(cursor)):
        other = "A" if cursor[place] != "A" else "B"
        tampered = cursor[:place] + other + cursor[place + 1 :]
        told = {**MONTH, "limit": 5, "cursor": tampered}
        assert error_of(await memory_client.call_tool("sonik_whats_on", told))["field"] == "cursor"


async def test_a_cursor_of_another_caller_is_refused(market: Engine) -> None:
    asked = WhatsOnArguments.model_validate({**MONTH, "limit": 5})
    first = await sonik_whats_on(market, Scope(organisation="one"), asked)
    following = asked.model_copy(update={"cursor": first.result.next_cursor})
    with pytest.raises(InvalidInput, match="does not belong"):
        await sonik_whats_on(market, Scope(organisation="another"), following)


async def test_a_cursor_outlives_a_change_of_format(memory_client: Client) -> None:
    first = data_of(await memory_client.call_tool("sonik_whats_on", {**MONTH, "limit": 5}))
    told = {**MONTH, "limit": 5, "cursor": first["next_cursor"], "response_format": "detailed"}
    second = data_of(await memory_client.call_tool("sonik_whats_on", told))
    assert {entry["ref"] for entry in first["events"]}.isdisjoint(entry["ref"] for entry in second["events"])
