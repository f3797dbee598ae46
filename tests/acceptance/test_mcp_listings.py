"""Listings and entities of the sample market, asked through MCP on a Saturday at 15:00."""

from typing import Any

import pytest
from mcp import Client

from tests.fix_mcp import data_of
from tests.fix_nights import SUNDAY, TONIGHT, WEDNESDAY

pytestmark = pytest.mark.anyio


async def listed(client: Client, **wish: object) -> list[str]:
    """Return the refs of a listing."""
    return [event["ref"] for event in data_of(await client.call_tool("sonik_whats_on", wish))["events"]]


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"when": "tonight"}, TONIGHT),
        ({"when": "2026-11-22", "market": "Medellín"}, SUNDAY),
        ({"when": "2026-11-25"}, WEDNESDAY),
        ({"when": "tonight", "genres": ["salsa"]}, ["salsa-desde-cero-2026-11-21", TONIGHT[4]]),
        (
            {"when": "this_weekend", "genres": ["salsa"], "price_max": 15_000},
            ["salsa-desde-cero-2026-11-21", "domingo-de-vermu-y-son-2026-11-22"],
        ),
        (
            {"when": "tonight", "sort": "price", "limit": 3},
            ["salsa-desde-cero-2026-11-21", "trasnoche-electrica-tarabita-2026-11-21", TONIGHT[4]],
        ),
        (
            {"when": "mañana", "near": {"lat": 6.2463, "lng": -75.5937, "km": 1}},
            ["los-improbables-contra-el-publico-2026-11-22"],
        ),
        ({"when": "2026-11-26", "genres": ["danza"]}, ["jueves-de-timbal-2026-11-26"]),  # the other is postponed
        ({"when": "2026-11-14"}, []),
        ({"when": "tonight", "market": "quito"}, []),
    ],
)
async def test_a_listing_holds_what_is_on_and_nothing_else(
    memory_client: Client, wish: dict[str, Any], expected: list[str]
) -> None:
    assert await listed(memory_client, **wish) == expected


async def test_an_entity_tells_its_coming_events_in_order(memory_client: Client) -> None:
    answer = data_of(await memory_client.call_tool("sonik_get_entity", {"ref": "Nébula"}))
    assert [(event["ref"], event["when"]) for event in answer["events"]] == [
        ("viernes-turquesa-2026-11-27", "2026-11-27 23:00"),
        ("cascajo-total-2026-12-05", "2026-12-05 23:00"),
        ("viernes-turquesa-2026-12-11", "2026-12-11 23:00"),
    ]


async def test_a_person_is_for_staff_only(memory_client: Client) -> None:
    answer = await memory_client.call_tool("sonik_get_entity", {"ref": "@amparo.villada.q"})
    assert answer.is_error
    asked = {"query": "Amparo Villada Quirama", "limit": 50}
    found = data_of(await memory_client.call_tool("sonik_search", asked))["hits"]
    assert "amparo-villada-quirama" not in {hit["ref"] for hit in found}
    bar = data_of(await memory_client.call_tool("sonik_get_entity", {"ref": "guayacan-y-timbal"}))
    assert "OWNS" not in {relation["type"] for relation in bar["relations"]}
