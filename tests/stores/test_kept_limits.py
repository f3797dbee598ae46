"""Whose answer is kept from whom, how long it lasts, and what happens when a store is behind or away."""

import json
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import pytest

from sonik.engine import Engine
from sonik.retrieval.kept import CacheReport, KeptAnswers
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.stores.graph import CYPHER
from sonik.types import Scope
from tests.fix_engine import NOW, READER, deliver, deliver_projected
from tests.fix_kept import VENUE, Asking, ask, night
from tests.fix_mcp import Wire
from tests.fix_redis import RedisServer

pytestmark = pytest.mark.anyio

TONIGHT = "¿Qué hay esta noche en Medellín?"
SALSA = "noche-de-salsa-brava-2026-11-21"
ACME, RIVAL, STAFF = Scope(organisation="acme"), Scope(organisation="rival"), Scope(role="staff")


@pytest.fixture
async def town(engine: Engine) -> Engine:
    """One night at the Teatro Lido."""
    await deliver_projected(engine, VENUE, night("e1", "Noche de Salsa Brava"))
    return engine


async def asked_at(moment: datetime, settings: Settings, query: str = TONIGHT) -> Asking:
    """Ask as another process would at another moment."""
    async with Engine.open(settings.model_copy(update={"now": moment}), project=False) as later:
        return await ask(later, query)


def kept(engine: Engine) -> KeptAnswers:
    assert engine.kept is not None
    return engine.kept


async def test_nobody_is_given_the_answer_of_another_organisation(town: Engine) -> None:
    await deliver_projected(town, night("p1", "Fiesta de Acme", visibility="org", owner_org="acme"))
    both = ("fiesta-de-acme-2026-11-21", SALSA)
    seen = {}
    for _ in range(2):
        for name, scope in (("acme", ACME), ("rival", RIVAL), ("public", READER), ("staff", STAFF)):
            asking = await ask(town, TONIGHT, scope=scope)
            seen[name] = (asking.way, asking.refs)
    assert seen == {"acme": ("exact", both), "rival": ("exact", (SALSA,)), "public": ("exact", (SALSA,)),
                    "staff": ("exact", both)}  # fmt: skip


async def test_an_answer_as_of_a_moment_is_never_kept(town: Engine) -> None:
    then = Scope(as_of=NOW - timedelta(minutes=1))
    assert [(await ask(town, TONIGHT, scope=then)).way for _ in range(2)] == ["", ""]


async def test_an_answer_ends_when_the_first_of_its_events_is_over(town: Engine, settings: Settings) -> None:
    first = await ask(town, TONIGHT)
    over = first.answer.hits[0].card.until
    assert over is not None
    lasting = settings.model_copy(update={"cache_ttl_seconds": 86_400})
    async with Engine.open(lasting, project=False) as patient:
        await kept(patient).clear()
        await ask(patient, TONIGHT)
    assert (await asked_at(over - timedelta(seconds=1), lasting)).way == "exact"
    assert (await asked_at(over, lasting)).way == ""


async def test_no_answer_lasts_longer_than_the_settings_allow(town: Engine, settings: Settings) -> None:
    await ask(town, TONIGHT)
    longest = timedelta(seconds=settings.cache_ttl_seconds)
    assert (await asked_at(NOW + longest - timedelta(seconds=1), settings)).way == "exact"
    assert (await asked_at(NOW + longest, settings)).way == ""


async def test_that_nothing_was_found_is_kept_for_a_minute(town: Engine, settings: Settings) -> None:
    nothing = "¿Qué hay esta noche en Quito?"
    assert [((asking := await ask(town, nothing)).refs, asking.way) for _ in range(2)] == [((), ""), ((), "exact")]
    assert (await asked_at(NOW + timedelta(seconds=59), settings, nothing)).way == "exact"
    assert (await asked_at(NOW + timedelta(seconds=60), settings, nothing)).way == ""


async def test_nothing_is_kept_until_every_sink_shows_what_truth_holds(settings: Settings) -> None:
    async with Engine.open(settings, project=False) as engine:
        await deliver(engine, VENUE, night("e1", "Noche de Salsa Brava"))
        behind = [(await ask(engine, TONIGHT)).way for _ in range(2)]
        await engine.rebuild("graph")
        half = [(await ask(engine, TONIGHT)).way for _ in range(2)]
        await engine.rebuild("vectors")
        there = [(await ask(engine, TONIGHT)).way for _ in range(2)]
    assert (behind, half, there) == (["", ""], ["", ""], ["", "exact"])


async def test_nothing_is_kept_while_a_graph_is_older_than_it_was(settings: Settings) -> None:
    async with Engine.open(settings) as engine:
        await deliver_projected(engine, VENUE, night("e1", "Noche de Salsa Brava"))
    async with Engine.open(settings, project=False) as engine:
        graphs = engine._graphs
        place = (await graphs.read("operations", CYPHER["cursor"]))[0]
        back = {"from_txid": place[0], "from_seq": place[1], "txid": 1, "seq": 0}
        await graphs.write("operations", CYPHER["move_cursor"], back)  # as a snapshot from before would have it
        assert [(await ask(engine, TONIGHT)).way for _ in range(2)] == ["", ""]


async def test_a_cached_answer_is_logged_like_any_other(town: Engine) -> None:
    query = "¿Quién toca en el Teatro Lido?"
    await deliver_projected(town, night("e1", "Noche de Salsa Brava", lineup=[{"name": "Los Titiribí"}]))
    first, second = await ask(town, query), await ask(town, query)
    assert (first.way, second.way) == ("", "exact")
    assert first.answer.trace.edges
    assert second.answer.trace.edges == first.answer.trace.edges
    assert second.answer.trace.carried == first.answer.trace.carried
    await town.log.flush()
    async with town._postgres.reading(READER) as session:
        rows = await session.rows(
            "select trace_id, words, hits, edges, carried from unified.traversal_log order by seq"
        )
    logged = [{**row, "trace_id": ""} for row in rows]
    assert logged[0] == logged[1]
    assert [row["trace_id"] for row in rows] == [one.answer.trace.trace_id for one in (first, second)]


async def test_how_questions_fared_is_counted(town: Engine) -> None:
    for query in ("un lugar tranquilo con terraza", "un lugar tranquilo con terraza", "sitio tranquilo con terrazas"):
        await ask(town, query)
    await deliver_projected(town, night("e9", "Otra Terraza"))
    await ask(town, "un lugar tranquilo con terraza")
    assert await kept(town).report() == CacheReport(exact=1, semantic=1, missed=2, stale=2, kept=1)
    await kept(town).clear()
    assert (await kept(town).report()).kept == 0


@pytest.mark.usefixtures("town")
async def test_with_the_cache_off_every_question_is_answered_anew(settings: Settings) -> None:
    async with Engine.open(settings.model_copy(update={"cache": "off"}), project=False) as plain:
        assert plain.kept is None
        assert [(await ask(plain, TONIGHT)).way for _ in range(2)] == ["", ""]


async def test_a_second_process_is_given_what_the_first_one_found(
    town: Engine, settings: Settings, start_wire: Callable[..., Wire]
) -> None:
    first = await ask(town, TONIGHT)
    wire = start_wire(settings.home)
    wire.greet()
    told = json.dumps({"query": TONIGHT, "explain": True})
    answer = (await anyio.to_thread.run_sync(wire.call, "sonik_search", told))["structuredContent"]
    assert [hit["ref"] for hit in answer["hits"]] == list(first.refs)
    assert [step["note"] for step in answer["trace"]["steps"] if step["step"] == "cache"] == ["exact"]
    assert answer["trace_id"] != first.answer.trace.trace_id


async def test_a_killed_redis_is_no_error_and_comes_back_empty(settings: Settings) -> None:
    with RedisServer() as server:
        apart = Settings(**{**settings.model_dump(), "redis_url": f"unix://{server.socket}"})
        async with Engine.open(apart) as engine:
            await deliver_projected(engine, VENUE, night("e1", "Noche de Salsa Brava"))
            before = [(await ask(engine, TONIGHT)).way for _ in range(2)]
            with server.client() as client:
                client.save()
            server.kill()
            away = [await ask(engine, TONIGHT) for _ in range(2)]
            server.start()
            async with Engine.open(apart, project=False) as other:
                after = [(await ask(other, TONIGHT)).way for _ in range(2)]
    assert before == ["", "exact"]
    assert [(asking.way, asking.refs) for asking in away] == [("", (SALSA,))] * 2
    assert after == ["", "exact"]


async def test_databases_that_share_a_redis_share_no_answers(town: Engine, settings: Settings) -> None:
    assert [(await ask(town, TONIGHT)).way for _ in range(2)] == ["", "exact"]
    with tempfile.TemporaryDirectory(prefix="sonik-test-") as elsewhere:
        redis_url = f"unix://{embedded.status(settings).servers[1].socket}"
        theirs = Settings(**{**settings.model_dump(), "home": Path(elsewhere), "redis_url": redis_url})
        async with Engine.open(theirs) as other:
            await deliver_projected(other, VENUE, night("e1", "Noche de Salsa Brava"))
            assert [(await ask(other, TONIGHT)).way for _ in range(2)] == ["", "exact"]


async def test_a_rebuild_forgets_every_answer(settings: Settings) -> None:
    async with Engine.open(settings) as engine:
        await deliver_projected(engine, VENUE, night("e1", "Noche de Salsa Brava"))
        await ask(engine, TONIGHT)
    async with Engine.open(settings, project=False) as engine:
        await ask(engine, TONIGHT)
        await engine.rebuild("graph")
        assert (await kept(engine).report()).kept == 0
