"""Walks and descriptions over MCP: paths, pages, budgets, and hostile arguments that end as errors."""

import json
from typing import Any

import pytest
from mcp import Client

from sonik import ontology
from sonik.engine import Engine
from sonik.retrieval.describe import TOPICS
from sonik.retrieval.lenses import LENSES
from sonik.retrieval.patterns import PATTERNS
from tests.fix_mcp import Json, data_of, error_of, text_of, tokens_of

pytestmark = pytest.mark.anyio

HOSTILE = (
    "' OR 1=1 --", "'; drop table unified.entities; --", "nebula'}) DETACH DELETE n //", "$ids", "{types}",
    "a\"}) MATCH (n) RETURN n //", "\x00x", "../../etc/passwd", "%s", "{{7*7}}", "HOSTED_BY|OWNS", "w_fan, r.source",
)  # fmt: skip


async def walked(client: Client, **arguments: Any) -> Json:
    """Return the result of a walk."""
    return data_of(await client.call_tool("sonik_traverse", arguments))


async def test_each_hit_tells_its_way(client: Client) -> None:
    answer = await walked(client, start="@guayacanytimbal", pattern="artists_at_venue", limit=1)
    assert answer["start"] == {"name": "Guayacán y Timbal", "ref": "guayacan-y-timbal"}
    assert answer["lens"] == "operations"
    assert answer["total"] == 4
    (hit,) = answer["hits"]
    assert (hit["ref"], hit["kind"], hit["score"]) == ("orquesta-loma-y-bongo", "artist", 0.9639)
    assert (
        hit["path"]
        == "“Guayacán y Timbal” <HOSTED_BY 0.90 “Jueves de Timbal” <PERFORMS_AT 0.90 “Orquesta Loma y Bongó”"
    )
    assert [query["graph"] for query in answer["queries"]] == ["operations", "operations"]
    assert "steps" not in hit


async def test_in_detail_the_way_has_refs(memory_client: Client) -> None:
    asked = {"start": "nebula", "pattern": "similar", "limit": 1, "response_format": "detailed"}
    (hit,) = (await walked(memory_client, **asked))["hits"]
    assert [(step["edge"], step["direction"], step["graph"]) for step in hit["steps"]] == [
        ("PERFORMS_AT", "out", "operations"),
        ("PERFORMS_AT", "in", "operations"),
    ]
    assert hit["steps"][-1]["ref"] == hit["ref"]
    assert hit["sources"]


async def test_a_question_across_graphs_shows_each_query(three_graphs_client: Client) -> None:
    asked = {"start": "Teatro Farolillo", "pattern": "impact", "graphs": ["knowledge", "operations"]}
    answer = await walked(three_graphs_client, **asked)
    assert [hit["path"] for hit in answer["hits"]] == [
        "“Teatro Farolillo” <ABOUT 0.60 “Guía de teatros” <IMPACTS 0.45 “Mapa de lugares”",
        "“Teatro Farolillo” <HOSTED_BY 0.90 “Noche de Farol” <ABOUT 0.60 “Agenda de Farol” "
        "<IMPACTS 0.20 “Botón de compra”",
    ]
    assert [(query["graph"], query["rows"]) for query in answer["queries"]] == [
        ("operations", 2), ("operations", 1), ("knowledge", 2),
    ]  # fmt: skip
    assert all(query["ms"] > 0 for query in answer["queries"])


async def test_a_walk_is_logged_under_its_trace(three_graphs: Engine, three_graphs_client: Client) -> None:
    answer = await walked(three_graphs_client, start="farolillo", pattern="impact")
    await three_graphs.log.flush()
    async with three_graphs._postgres.writing() as session:
        query = "select query, lens, hits, edges, steps from unified.traversal_log where trace_id = %(id)s"
        (row,) = await session.rows(query, {"id": answer["trace_id"]})
    assert (row["query"], row["lens"], row["hits"]) == ("impact farolillo", "operations", 2)
    assert {edge["type"] for edge in row["edges"]} == {"ABOUT", "HOSTED_BY", "IMPACTS"}  # type: ignore[attr-defined]
    assert [step["name"] for step in row["steps"]] == [  # type: ignore[attr-defined]
        "start", "operations", "operations", "knowledge", "hydrate",
    ]  # fmt: skip


async def test_pages_hold_every_hit_once_and_in_order(memory_client: Client) -> None:
    asked: Json = {"start": "nebula", "pattern": "neighbors", "max_hops": 3}
    whole = [hit["ref"] for hit in (await walked(memory_client, **asked, limit=50, max_tokens=20_000))["hits"]]
    gathered: list[str] = []
    cursor = None
    while True:
        told = {**asked, "limit": 10, "max_tokens": 500, **({"cursor": cursor} if cursor else {})}
        answer = await memory_client.call_tool("sonik_traverse", told)
        assert tokens_of(answer) <= 500
        gathered += [hit["ref"] for hit in data_of(answer)["hits"]]
        cursor = data_of(answer).get("next_cursor")
        if cursor is None:
            break
    assert gathered == whole
    assert len(whole) == len(set(whole)) > 25


async def test_a_cursor_serves_only_its_own_walk(client: Client) -> None:
    first = await walked(client, start="nebula", pattern="similar", limit=2)
    told = {"start": "nebula", "pattern": "neighbors", "limit": 2, "cursor": first["next_cursor"]}
    assert error_of(await client.call_tool("sonik_traverse", told))["field"] == "cursor"


@pytest.mark.parametrize("lens", LENSES)
async def test_a_lens_shows_its_fields_only(memory_client: Client, lens: str) -> None:
    asked = {"start": "nebula", "pattern": "neighbors", "lens": lens, "response_format": "detailed"}
    answer = await memory_client.call_tool("sonik_traverse", asked)
    told = data_of(answer) if not answer.is_error else {"hits": []}
    assert told.get("lens", lens) == lens
    shown = {field for hit in told["hits"] for field in hit}
    assert ("price" in shown) == ("price" in LENSES[lens].fields and bool(told["hits"]))
    assert ("sources" in shown) == ("sources" in LENSES[lens].fields and bool(told["hits"]))


async def test_a_search_through_a_lens_shows_its_fields_only(memory_client: Client) -> None:
    asked = {"query": "Jueves de Timbal", "response_format": "detailed", "limit": 3}
    for lens, shows in (("operations", True), ("fan", False)):
        hits = data_of(await memory_client.call_tool("sonik_search", {**asked, "lens": lens}))["hits"]
        assert all(("sources" in hit) is shows for hit in hits)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("field", ["start", "pattern", "lens", "graphs", "as_of", "cursor", "max_hops"])
async def test_a_fragment_of_a_query_is_only_a_wrong_word(memory_client: Client, field: str, text: str) -> None:
    told = {"start": "nebula", "pattern": "neighbors", field: [text] if field == "graphs" else text}
    error = error_of(await memory_client.call_tool("sonik_traverse", told))
    assert error["code"] in {"invalid_input", "invalid_arguments", "not_found"}
    assert error["field"].split(".")[0] == field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("start", ""), ("start", None), ("start", ["nebula"]), ("start", "a" * 400), ("pattern", None),
        ("max_hops", 0), ("max_hops", 4), ("max_hops", 1.5), ("min_confidence", -0.1), ("min_confidence", 1.1),
        ("min_confidence", float("nan")), ("min_confidence", "much"), ("as_of", "yesterday"),
        ("as_of", "2026-11-21T20:00:00"), ("graphs", ["operations"] * 4), ("graphs", {"a": 1}), ("limit", 51),
        ("max_tokens", 10), ("hops", 2),
    ],
)  # fmt: skip
async def test_a_wrong_value_is_told_by_its_field(memory_client: Client, field: str, value: object) -> None:
    told = {"start": "nebula", "pattern": "neighbors", field: value}
    error = error_of(await memory_client.call_tool("sonik_traverse", told))
    assert error["code"] == "invalid_arguments"
    assert error["field"].split(".")[0] == field


@pytest.mark.parametrize("topic", TOPICS)
async def test_every_topic_is_told_within_its_budget(memory_client: Client, topic: str) -> None:
    answer = await memory_client.call_tool("sonik_describe", {"topic": topic})
    assert tokens_of(answer) <= 1_500
    assert data_of(answer)["items"]
    names = [item["name"] for item in data_of(answer)["items"]]
    detailed = {"topic": topic, "name": names[0]}
    assert data_of(await memory_client.call_tool("sonik_describe", detailed))["items"]


@pytest.mark.parametrize(
    ("topic", "name", "part", "expected"),
    [
        ("graph", "venue", "edges", "HOSTED_BY"),
        ("graph", "IMPACTS", "lenses", "knowledge"),
        ("tables", "events", "columns", "night"),
        ("ssot", "facts", "statements", "truth.insert_facts"),
        ("status", "event", "moved", "cambió de lugar u hora, mudou de local ou horário, moved"),
        ("lenses", "fan", "hides", "person"),
        ("lenses", "lineup", "routes", "event <PERFORMS_AT artist"),
        ("markets", "CDMX", "currency", "MXN"),
    ],
)
async def test_a_name_is_told_in_detail(memory_client: Client, topic: str, name: str, part: str, expected: str) -> None:
    (item,) = data_of(await memory_client.call_tool("sonik_describe", {"topic": topic, "name": name}))["items"]
    told = item["details"][part]
    assert expected in told


async def test_a_graph_names_all_its_types(memory_client: Client) -> None:
    asked: Json = {"topic": "graph", "name": "knowledge", "max_tokens": 20_000}
    names = [item["name"] for item in data_of(await memory_client.call_tool("sonik_describe", asked))["items"]]
    assert names == [
        *(v.kind for v in ontology.VERTICES if v.graph == "knowledge"),
        *ontology.edge_names("knowledge"),
    ]


async def test_long_topics_come_in_pages(memory_client: Client) -> None:
    asked: Json = {"topic": "tables", "max_tokens": 400}
    names: list[str] = []
    while True:
        answer = data_of(await memory_client.call_tool("sonik_describe", asked))
        names += [item["name"] for item in answer["items"]]
        if "next_cursor" not in answer:
            break
        asked["cursor"] = answer["next_cursor"]
    assert len(names) == len(set(names)) > 20
    assert {"entities", "facts", "relationships"} <= set(names)


@pytest.mark.parametrize(
    ("told", "fix"),
    [
        ({"topic": "graphs"}, "Did you mean 'graph'?"),
        ({"topic": "lenses", "name": "fans"}, "Did you mean 'fan'?"),
        ({"topic": "tables", "name": "entity"}, "Did you mean 'entities'?"),
        ({"topic": "markets", "name": "medelin"}, "Did you mean 'medellin'?"),
        *(({"topic": "tables", "name": text}, None) for text in HOSTILE),
    ],
)
async def test_what_cannot_be_described_is_told_with_the_nearest(
    memory_client: Client, told: Json, fix: str | None
) -> None:
    error = error_of(await memory_client.call_tool("sonik_describe", told))
    assert error["code"] == "invalid_input"
    assert fix is None or error["fix"] == fix


async def test_every_pattern_is_explained(memory_client: Client) -> None:
    text = text_of(await memory_client.call_tool("sonik_describe", {"topic": "lenses", "max_tokens": 20_000}))
    assert all(name in text for name in (*LENSES, *PATTERNS))
    json.dumps(text)
