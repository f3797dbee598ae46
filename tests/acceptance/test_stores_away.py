"""A store that is away takes its part of an answer with it, says so, and is back by itself."""

import logging

import anyio
import pytest

from sonik.stores.breaker import OPEN_SECONDS
from tests.fix_engine import READER
from tests.fix_outage import Frail
from tools.results import LACKING

pytestmark = pytest.mark.anyio

# Of a store that hangs every caller of the first moment waits once; it is waited for one second here.
SOON_SECONDS = 4.0
TEXTUAL = "un lugar tranquilo para bailar con amigos"
NAMED = "quién toca con Nébula"
TONIGHT = {"when": "this_weekend", "market": "medellin"}
ALIKE = {"start": "nebula", "pattern": "similar"}


@pytest.fixture(params=["dead", "hanging"])
def how(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_without_the_graph_answers_come_from_truth_and_texts_and_say_so(frail: Frail, how: str) -> None:
    programme = (await frail.ask("sonik_whats_on", **TONIGHT))["events"]
    card = (await frail.ask("sonik_get_entity", ref="nebula", include=["relations"]))["entity"]
    with anyio.fail_after(3 * SOON_SECONDS), getattr(frail, how)("Redis"):
        for round_ in range(2):
            answer = await frail.ask("sonik_search", query=f"{TEXTUAL} {how} {round_}", explain=True)
            assert (answer["missing"], answer["notes"][0]) == (["graph"], LACKING["graph"])
            assert answer["hits"]
            assert [step["note"] for step in answer["trace"]["steps"] if step["step"] == "missing"] == ["graph"]
        assert (await frail.ask("sonik_whats_on", **TONIGHT))["events"] == programme
        assert (await frail.ask("sonik_get_entity", ref="nebula", include=["relations"]))["entity"] == card
        walked = await frail.ask("sonik_traverse", **ALIKE)
        assert (walked["error"], walked["again"], walked["fix"]) == ("store_unavailable", True, "Try again in 1 s.")
    assert (await frail.whole("sonik_search", query=f"{TEXTUAL} {how} back"))["hits"]
    assert (await frail.whole("sonik_traverse", **ALIKE))["hits"]


async def test_once_a_store_is_known_to_be_away_nobody_waits_for_it(frail: Frail) -> None:
    with frail.hanging("Redis"):
        await frail.ask("sonik_search", query=f"{TEXTUAL} primero")
        await frail.ask("sonik_search", query=f"{TEXTUAL} segundo")
        with anyio.fail_after(1.5):  # where each waited for the graph, they would take twenty seconds
            for number in range(10):
                assert (await frail.ask("sonik_search", query=f"{TEXTUAL} {number}"))["missing"] == ["graph"]
    await frail.whole("sonik_traverse", **ALIKE)


async def test_without_the_texts_names_and_relations_answer_and_programmes_are_whole(frail: Frail) -> None:
    programme = (await frail.ask("sonik_whats_on", **TONIGHT))["events"]
    with frail.without_texts():
        named = await frail.ask("sonik_search", query=NAMED)
        assert ("missing" not in named, bool(named["hits"])) == (True, True)
        textual = await frail.ask("sonik_search", query=f"{TEXTUAL} sin textos")
        assert textual["missing"] == ["texts"]
        assert textual["notes"] == [LACKING["texts"], "Nothing found otherwise; ask again in a while."]
        assert (await frail.ask("sonik_recall", query="salsa"))["missing"] == ["texts"]
        assert (await frail.ask("sonik_whats_on", **TONIGHT))["events"] == programme
        health = await frail.engine.health()
        assert [health[store] for store in ("postgres", "graph", "vectors")] == [True, True, False]
    assert (await frail.whole("sonik_search", query=f"{TEXTUAL} con textos"))["hits"]


async def test_while_the_model_fails_texts_are_searched_by_words(frail: Frail) -> None:
    frail.model.fails = True
    answer = await frail.ask("sonik_search", query="salsa en vivo con orquesta")
    frail.model.fails = False
    assert (answer["missing"], answer["notes"][0]) == (["meaning"], LACKING["meaning"])
    assert answer["hits"]
    await frail.whole("sonik_search", query="salsa en vivo con orquesta grande")


async def test_past_the_truth_nothing_is_answered(frail: Frail, how: str) -> None:
    with getattr(frail, how)("PostgreSQL"):
        with anyio.fail_after(SOON_SECONDS):
            async with anyio.create_task_group() as asked:
                for _ in range(8):
                    asked.start_soon(frail.ask, "sonik_whats_on")
        with anyio.fail_after(1):
            for tool, arguments in {"sonik_search": {"query": NAMED}, "sonik_traverse": ALIKE}.items():
                answer = await frail.ask(tool, **arguments)
                assert answer.pop("fix").startswith("Try again in ")
                told = {"error": "store_unavailable", "message": "PostgreSQL does not answer.", "again": True}
                assert answer == told
    assert (await frail.whole("sonik_whats_on", **TONIGHT))["events"]
    assert (await frail.whole("sonik_search", query=NAMED))["hits"]


async def test_what_is_not_whole_is_neither_kept_nor_learned_from(frail: Frail) -> None:
    asked = "bachata en una terraza con piscina"
    with frail.without_texts():
        lacking = await frail.ask("sonik_search", query=asked)
        judged = await frail.ask(
            "sonik_remember", kind="outcome", text="nada", trace_id=lacking["trace_id"], verdict="dead_end"
        )
        assert (lacking["missing"], "error" in judged) == (["texts"], False)
    whole = await frail.whole("sonik_search", query=asked)
    assert (len(lacking["hits"]), bool(whole["hits"])) == (0, True)
    await frail.engine.log.flush()
    found = await frail.engine.insights.blockers(scope=READER, days=1, limit=50)
    assert [one for one in found if "bachata" in str(one.examples)] == []


async def test_the_log_says_once_that_a_store_went_and_once_that_it_is_back(
    frail: Frail, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="sonik.stores.breaker"):
        with frail.without_texts():
            for number in range(5):
                await frail.ask("sonik_search", query=f"{TEXTUAL} registro {number}")
            await anyio.sleep(OPEN_SECONDS)
            await frail.ask("sonik_search", query=f"{TEXTUAL} registro otra vez")
        await frail.whole("sonik_search", query=f"{TEXTUAL} registro al final")
    said = [record for record in caplog.records if record.name == "sonik.stores.breaker"]
    assert [record.message for record in said] == ["a store is out of service", "a store is in service again"]
    assert {vars(record)["store"] for record in said} == {"vectors"}
