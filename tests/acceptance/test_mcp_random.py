"""Calls nobody thought of: whatever the arguments, an answer within its budget or an error that says what to do."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp import Client

from sonik.ontology import GRAPHS, KINDS, SEARCHABLE_KINDS
from sonik.retrieval.describe import TOPICS
from sonik.retrieval.entity import SECTIONS
from sonik.retrieval.lenses import LENSES
from sonik.retrieval.patterns import PATTERNS
from tests.fix_mcp import Json, error_of, text_of, tokens_of
from tools.catalog import BY_NAME

pytestmark = pytest.mark.anyio

CALL_SECONDS = 5
MOST_TOKENS = {"concise": 1_500, "detailed": 6_000}
WORDS = (
    "salsa techno jazz gratis hoy mañana viernes esta noche finde próximo weekend hoje amanhã tonight under menos de "
    "50 mil 20 000 pesos cerca de 6.24,-75.59 km quién toca en el la Nébula Sonora del Ceibal Candil @lomaybongo "
    "festival bar club concierto 2026-12-05 31 de febrero after medianoche Quito Bogotá ¿ ? - : / \" ' ñ 🪩"
).split(" ")
sentences = st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)
texts = st.one_of(sentences, st.text(max_size=40), st.text(alphabet="()[]{}'\"\\;:%$*?~^|&<>\x00", max_size=20))
numbers = st.one_of(st.floats(), st.integers(-3, 60), st.integers())
junk = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=5,
)


def mostly(right: st.SearchStrategy[Any], wrong: st.SearchStrategy[Any] = junk) -> st.SearchStrategy[Any]:
    """Return values that are right, and one in twenty that hardly is."""
    return st.integers(0, 19).flatmap(lambda drawn: wrong if drawn == 19 else right)


def one(*values: str) -> st.SearchStrategy[Any]:
    """Return mostly one of these."""
    return mostly(st.sampled_from(values), texts)


circles = st.fixed_dictionaries(
    {"lat": mostly(st.floats(5, 7), numbers), "lng": mostly(st.floats(-77, -74), numbers)},
    optional={"km": mostly(st.floats(0.1, 400), numbers)},
)
moments = st.datetimes(timezones=st.timezones(), allow_imaginary=False).map(lambda moment: moment.isoformat())
WHEN = ("tonight", "this_weekend", "2026-12-05", "2026-12-05/2027-12-07", "esta noche después de las 11", "amanhã")
REFS = ("nebula", "@lomaybongo", "guayacan-y-timbal", "Subsuelo", "pulsonorte.example", "medellin")
READING: dict[str, st.SearchStrategy[Any]] = {
    "response_format": one("concise", "detailed"),
    "max_tokens": mostly(st.integers(400, 7_000), numbers),
}
PAGED = {
    **READING,
    "limit": mostly(st.integers(1, 50), numbers),
    "near": mostly(circles),
    "market": one("medellin", "Quito", "São Paulo"),
    "when": one(*WHEN, "0001-01-01", "9999-12-31"),
}
ASKED: dict[str, tuple[dict[str, st.SearchStrategy[Any]], dict[str, st.SearchStrategy[Any]]]] = {
    "sonik_search": (
        {"query": texts},
        {
            **PAGED,
            "kinds": mostly(st.lists(st.sampled_from(SEARCHABLE_KINDS), max_size=4)),
            "lens": one(*LENSES),
            "explain": st.booleans(),
        },
    ),
    "sonik_whats_on": (
        {},
        {
            **PAGED,
            "genres": mostly(st.lists(st.sampled_from(["salsa", "techno", "teatro", "Jazz"]), max_size=4), texts),
            "price_max": mostly(st.floats(0, 1e6), numbers),
            "sort": one("time", "price"),
        },
    ),
    "sonik_traverse": (
        {"start": one(*REFS), "pattern": one(*PATTERNS)},
        {
            **READING,
            "limit": mostly(st.integers(1, 50), numbers),
            "lens": one(*LENSES),
            "graphs": mostly(st.lists(st.sampled_from(GRAPHS), max_size=3)),
            "max_hops": mostly(st.integers(1, 3), numbers),
            "min_confidence": mostly(st.floats(0, 1), numbers),
            "as_of": mostly(st.just("2026-11-21T20:00:00Z"), moments),
        },
    ),
    "sonik_describe": (
        {"topic": one(*TOPICS)},
        {**READING, "name": mostly(st.sampled_from([*KINDS, *LENSES, *PATTERNS, "events", "medellin"]), texts)},
    ),
    "sonik_resolve": (
        {
            "candidates": mostly(
                st.lists(
                    st.fixed_dictionaries(
                        {
                            "kind": one("venue", "artist", "event", "feature", "note"),
                            "name": one("Nébula", "Loma y Bongó"),
                        },
                        optional={
                            "identifiers": mostly(
                                st.dictionaries(
                                    one("instagram", "google_place_id", "website", "source", "source_id"), texts
                                )
                            ),
                            "when": mostly(moments),
                            "venue": mostly(st.just({"name": "Nébula", "city": "Medellín"})),
                            "city": texts,
                        },
                    ),
                    max_size=4,
                )
            )
        },
        {},
    ),
    "sonik_upsert": (
        {"records": mostly(st.lists(mostly(st.dictionaries(texts, junk, max_size=3)), max_size=4)), "source": texts},
        {"source_cursor": texts, "dry_run": st.booleans(), "idempotency_key": texts, "wait_for": one("projected")},
    ),
    "sonik_get_entity": (
        {"ref": one(*REFS)},
        {
            **READING,
            "include": mostly(st.lists(st.sampled_from(SECTIONS), max_size=6)),
            "as_of": mostly(st.just("2026-11-21T20:00:00Z"), moments),
        },
    ),
    "sonik_job": ({"job_id": mostly(st.uuids().map(str), texts)}, {}),
}


@st.composite
def arguments_of(draw: st.DrawFn, tool: str) -> Json:
    """Return arguments of a tool: mostly right, sometimes with one that nobody knows, and now and then a cursor."""
    needed, optional = ASKED[tool]
    drawn: Json = draw(st.fixed_dictionaries(needed, optional=optional))
    if draw(st.integers(0, 29)) == 29:
        drawn[draw(st.sampled_from(["vector", "cursor"]))] = draw(junk)
    return drawn


thorough = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@thorough
@given(arguments=arguments_of("sonik_search"))
async def test_any_search_is_answered_or_told_off(memory_client: Client, arguments: Json) -> None:
    await answered(memory_client, "sonik_search", arguments)


@thorough
@given(arguments=arguments_of("sonik_whats_on"))
async def test_any_listing_is_answered_or_told_off(memory_client: Client, arguments: Json) -> None:
    await answered(memory_client, "sonik_whats_on", arguments)


@thorough
@given(arguments=arguments_of("sonik_get_entity"))
async def test_any_entity_is_answered_or_told_off(memory_client: Client, arguments: Json) -> None:
    await answered(memory_client, "sonik_get_entity", arguments)


@thorough
@given(arguments=arguments_of("sonik_traverse"))
async def test_any_walk_is_answered_or_told_off(memory_client: Client, arguments: Json) -> None:
    await answered(memory_client, "sonik_traverse", arguments)


@thorough
@given(arguments=arguments_of("sonik_describe"))
async def test_any_description_is_given_or_told_off(memory_client: Client, arguments: Json) -> None:
    await answered(memory_client, "sonik_describe", arguments)


@thorough
@given(arguments=arguments_of("sonik_resolve"))
async def test_any_candidates_are_settled_or_told_off(memory_client: Client, arguments: Json) -> None:
    await answered(memory_client, "sonik_resolve", arguments)


@thorough
@given(arguments=arguments_of("sonik_upsert"))
async def test_no_upsert_of_a_reader_gets_through(memory_client: Client, arguments: Json) -> None:
    answer = await memory_client.call_tool("sonik_upsert", arguments)
    assert error_of(answer)["code"] in {"invalid_arguments", "not_allowed", "invalid_input"}, text_of(answer)


@thorough
@given(arguments=arguments_of("sonik_job"))
async def test_any_job_is_answered_or_told_off(memory_client: Client, arguments: Json) -> None:
    await answered(memory_client, "sonik_job", arguments)


async def answered(client: Client, tool: str, arguments: Json) -> None:
    """Call a tool and check what every call must hold."""
    async with asyncio.timeout(CALL_SECONDS):
        answer = await client.call_tool(tool, arguments)
    if answer.is_error:
        assert error_of(answer)["code"] in {"invalid_arguments", "invalid_input", "not_found"}, text_of(answer)
    else:
        unasked = "concise" if "response_format" in BY_NAME[tool].arguments.model_fields else "detailed"
        budget = MOST_TOKENS[arguments.get("response_format", unasked)]
        assert tokens_of(answer) <= int(arguments.get("max_tokens") or budget)
