"""Resources: an entity as a page, the schema of each graph, and a plain refusal of everything else."""

import json

import pytest
from mcp import Client, MCPError
from mcp_types import INVALID_PARAMS, TextResourceContents

from sonik import ontology
from tests.fix_mcp import Json, data_of

pytestmark = pytest.mark.anyio


async def page(client: Client, uri: str) -> Json:
    """Return a resource as data."""
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    assert content.mime_type == "application/json"
    read: Json = json.loads(content.text)
    return read


async def test_the_templates_are_listed(client: Client) -> None:
    listed = await client.list_resource_templates()
    assert {template.uri_template for template in listed.resource_templates} == {
        "sonik://entity/{ref}",
        "sonik://schema/{graph}",
        "sonik://market/{slug}/tonight",
    }
    assert all(template.description for template in listed.resource_templates)


async def test_an_entity_page_is_what_the_tool_tells_in_detail(client: Client) -> None:
    read = await page(client, "sonik://entity/guayacan-y-timbal")
    asked = {"ref": "guayacan-y-timbal", "include": ["relations", "events", "sources"], "response_format": "detailed"}
    told = data_of(await client.call_tool("sonik_get_entity", asked))
    assert {**read, "trace_id": ""} == {**told, "trace_id": ""}
    assert read["events"][0]["ref"] == "salsa-desde-cero-2026-11-21"


@pytest.mark.parametrize(
    ("ref", "found"),
    [
        ("@lomaybongo", "orquesta-loma-y-bongo"),
        ("N%C3%A9bula", "nebula"),
        ("pulsonorte.example", "pulso-norte-producciones"),
    ],
)
async def test_a_page_is_found_by_any_ref(client: Client, ref: str, found: str) -> None:
    assert (await page(client, f"sonik://entity/{ref}"))["entity"]["ref"] == found


async def test_the_evening_of_a_market_is_a_page(client: Client) -> None:
    read = await page(client, "sonik://market/medellin/tonight")
    told = data_of(await client.call_tool("sonik_whats_on", {"market": "medellin", "limit": 50}))
    assert [event["ref"] for event in read["events"]] == [event["ref"] for event in told["events"]]
    assert read["events"][0]["sources"]


@pytest.mark.parametrize("graph", ontology.GRAPHS)
async def test_a_graph_tells_its_types(client: Client, graph: ontology.Graph) -> None:
    read = await page(client, f"sonik://schema/{graph}")
    assert read["graph"] == graph
    assert [vertex["label"] for vertex in read["vertices"]] == list(ontology.labels(graph))
    assert [edge["type"] for edge in read["edges"]] == [e.name for e in ontology.EDGES if e.graph == graph]
    assert {"weight", "timestamp", "source", "confidence"} <= set(read["every_edge_has"])


@pytest.mark.parametrize(
    "uri",
    [
        "sonik://entity/nobody-of-this-name", "sonik://schema/operation", "sonik://schema/", "sonik://entity/",
        "sonik://nothing/here",
        "sonik://market/atlantis/tonight", "sonik://market/medellin/never", "sonik://entity/..%2f..%2fetc%2fpasswd", "sonik://schema/..%2foperations",
        "sonik://entity/%00", "sonik://entity/" + "a" * 2_000, "file:///etc/passwd",
        "sonik://entity/" + "a" * 200_000, "sonik://market/" + "🪩" * 300 + "/tonight",
    ],
)  # fmt: skip
async def test_what_is_not_there_is_refused_as_not_found(client: Client, uri: str) -> None:
    with pytest.raises(MCPError) as refused:
        await client.read_resource(uri)
    assert refused.value.error.code == INVALID_PARAMS
    assert len(refused.value.error.message) <= 400
    assert not any(word in refused.value.error.message for word in ("Traceback", "pydantic"))


async def test_a_graph_misspelt_is_answered_with_the_right_name(client: Client) -> None:
    with pytest.raises(MCPError, match="Did you mean 'operations'"):
        await client.read_resource("sonik://schema/operation")
