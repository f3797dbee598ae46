"""What people attended, bought and shared: staff see who, an organizer how many of five or more, others nothing."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from sonik.engine import Engine
from sonik.errors import SonikError
from sonik.ontology import FAN_EDGES
from sonik.settings import Settings
from sonik.types import JsonObject, Role, Scope
from tests.fix_engine import NOW, deliver_projected
from tools.catalog import BY_NAME

pytestmark = pytest.mark.anyio

STAFF = Scope(role="staff")
OURS = Scope(role="organizer", organisation="acme")
OTHERS: dict[str, Scope] = {
    "another organisation": Scope(role="organizer", organisation="rival"),
    "a reader of ours": Scope(role="reader", organisation="acme"),
    "the public": Scope(),
    **{role: Scope(role=role, organisation="acme") for role in ("content", "ops", "human")},
}
NAMES = ("Ana Rueda", "Beto Luna", "Caro Vega", "Dani Ossa", "Eva Mora", "Fito Paz", "Gaby Sol")
BIG, SMALL = "noche-grande-2026-11-28", "noche-chica-2026-11-29"


def an_event(name: str, days: int) -> JsonObject:
    starts = NOW + timedelta(days=days)
    return {
        "kind": "event", "source_id": name, "name": name, "owner_org": "acme", "market": "medellin",
        "starts_at": starts.isoformat(),
        "venue": {"name": "Sala Acme", "source_id": "v1", "city": "Medellín"},
    }  # fmt: skip


def a_fan(number: int, name: str) -> JsonObject:
    """A guest of the organisation: all came to the big night, two to the small one, six shared it."""
    done = [("ATTENDED", "Noche Grande")]
    done += [("ATTENDED", "Noche Chica")] if number < 2 else []
    done += [("SHARED", "Noche Grande")] if number < 6 else []
    relations: list[Any] = [
        {"type": kind, "target_kind": "event", "target": {"source_id": event, "name": event}} for kind, event in done
    ]
    if number == 0:
        relations.append({"type": "REFERRED", "target_kind": "person", "target": {"source_id": "f1", "name": NAMES[1]}})
    return {
        "kind": "person", "source_id": f"f{number}", "name": name, "visibility": "org", "owner_org": "acme",
        "relations": relations,
    }  # fmt: skip


@pytest.fixture(scope="module")
async def fans(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engine]:
    """Two public events, and the guests of an organisation that only it may see."""
    del anyio_backend
    home = tmp_path_factory.mktemp("fans")
    async with Engine.open(Settings(home=home, now=NOW, market="medellin")) as engine:
        events = (an_event("Noche Grande", 7), an_event("Noche Chica", 8))
        await deliver_projected(engine, *events, *(a_fan(number, name) for number, name in enumerate(NAMES)))
        yield engine


async def told(engine: Engine, scope: Scope, tool: str, arguments: Mapping[str, object]) -> dict[str, Any]:
    try:
        return dict((await BY_NAME[tool].call(engine, scope, arguments)).structured())
    except SonikError as error:
        return {"error": error.code}


async def test_staff_sees_who_came(fans: Engine) -> None:
    night = await told(fans, STAFF, "sonik_get_entity", {"ref": BIG, "response_format": "detailed"})
    came = {near["name"] for near in night["relations"] if near["type"] == "ATTENDED"}
    assert (came, night["audience"]) == (set(NAMES), {"ATTENDED": 7, "SHARED": 6})
    walked = await told(fans, STAFF, "sonik_traverse", {"start": BIG, "pattern": "neighbors", "lens": "virality"})
    assert "ATTENDED" in repr(walked)


async def test_an_organizer_sees_how_many_came_in_fives_and_of_fewer_nothing(fans: Engine) -> None:
    night = await told(fans, OURS, "sonik_get_entity", {"ref": BIG})
    assert night["audience"] == {"ATTENDED": 5, "SHARED": 5}
    assert {near["type"] for near in night["relations"]} & FAN_EDGES == set()
    small = await told(fans, OURS, "sonik_get_entity", {"ref": SMALL})
    assert "audience" not in small


async def test_two_moments_do_not_tell_one_who_came_between(fans: Engine) -> None:
    for scope in (OURS, *OTHERS.values()):
        then = await told(fans, scope, "sonik_get_entity", {"ref": BIG, "as_of": NOW.isoformat()})
        assert "audience" not in then


@pytest.mark.parametrize("who", OTHERS)
async def test_nobody_else_is_told_how_many(fans: Engine, who: str) -> None:
    night = await told(fans, OTHERS[who], "sonik_get_entity", {"ref": BIG})
    assert "audience" not in night
    assert {near["type"] for near in night["relations"]} & FAN_EDGES == set()


@pytest.mark.parametrize("who", ["an organizer", *OTHERS])
async def test_no_walk_and_no_search_leads_over_what_a_fan_did(fans: Engine, who: str) -> None:
    scope = OTHERS.get(who, OURS)
    for start in (BIG, SMALL, "ana-rueda"):
        for pattern in ("neighbors", "influence", "similar"):
            for lens in (None, "virality"):
                asked = {"start": start, "pattern": pattern, "lens": lens, "response_format": "detailed"}
                walked = await told(fans, scope, "sonik_traverse", asked)
                steps = [step["edge"] for hit in walked.get("hits", ()) for step in hit["steps"]]
                assert set(steps) & FAN_EDGES == set()
    for query in ("Ana Rueda", "quién fue a Noche Grande", "Noche Chica"):
        for lens in ("operations", "virality"):
            found = await told(fans, scope, "sonik_search", {"query": query, "lens": lens, "explain": True})
            assert not [edge for edge in FAN_EDGES if edge in repr(found)]


async def test_a_purchase_is_for_staff_alone(fans: Engine) -> None:
    bought: JsonObject = {
        "kind": "purchase",
        "source_id": "p1",
        "name": "Compra 1",
        "visibility": "org",
        "owner_org": "acme",
    }
    await deliver_projected(fans, bought)
    seen: dict[Role, str | None] = {}
    for role in ("organizer", "staff"):
        answer = await told(fans, Scope(role=role, organisation="acme"), "sonik_get_entity", {"ref": "compra-1"})
        seen[role] = answer.get("error")
    assert seen == {"organizer": "not_found", "staff": None}


async def test_truth_and_ontology_name_the_same_edges(fans: Engine) -> None:
    async with fans._postgres.writing() as session:
        (row,) = await session.rows("select unified.fan_edges() as named")
    assert set(row["named"]) == FAN_EDGES  # type: ignore[call-overload]
