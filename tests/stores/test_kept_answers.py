"""Answers that are given twice, and every change after which they are not."""

from datetime import date

import pytest

from sonik.engine import Engine
from sonik.types import JsonObject
from tests.fix_engine import deliver, deliver_projected
from tests.fix_kept import VENUE, ask, night

pytestmark = pytest.mark.anyio

NIGHT = date(2026, 11, 21)
TONIGHT = "¿Qué hay esta noche en Medellín?"


@pytest.fixture
async def town(engine: Engine) -> Engine:
    """Two nights at the Teatro Lido."""
    later = night("e2", "Noche de Bolero", starts_at="2026-11-24T21:00:00-05:00")
    await deliver_projected(engine, VENUE, night("e1", "Noche de Salsa Brava"), later)
    return engine


async def test_the_same_question_is_answered_from_the_cache_as_it_was_before(town: Engine) -> None:
    first, second = await ask(town, TONIGHT), await ask(town, TONIGHT)
    assert (first.way, second.way) == ("", "exact")
    assert second.answer.hits == first.answer.hits
    assert second.answer.understood == first.answer.understood
    assert (second.answer.more, second.answer.dropped) == (first.answer.more, first.answer.dropped)
    assert second.answer.trace.trace_id != first.answer.trace.trace_id


async def test_a_new_event_in_the_window_is_told_of_at_once_also_before_it_is_projected(town: Engine) -> None:
    await ask(town, TONIGHT)
    assert (await ask(town, TONIGHT)).refs == ("noche-de-salsa-brava-2026-11-21",)
    await deliver(town, night("e3", "Noche de Son"))
    after = await ask(town, TONIGHT)
    assert after.way == ""
    assert after.refs == ("noche-de-salsa-brava-2026-11-21", "noche-de-son-2026-11-21")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"status": "cancelled"}, []),
        ({"name": "Noche de Salsa Mansa"}, ["Noche de Salsa Mansa"]),
        ({"starts_at": "2026-11-22T21:00:00-05:00"}, []),
        ({"lineup": [{"name": "Los Titiribí"}]}, ["Noche de Salsa Brava"]),
        ({"promoters": [{"name": "Clave Mayor"}]}, ["Noche de Salsa Brava"]),
        ({"venue": {"name": "Bar El Faro", "city": "Medellín"}}, ["Noche de Salsa Brava"]),
        ({"visibility": "staff"}, []),
        ({"price_min": 20_000, "currency": "COP"}, ["Noche de Salsa Brava"]),
    ],
    ids=["cancelled", "renamed", "moved out", "line-up", "promoter", "moved to another house", "hidden", "priced"],
)
async def test_an_answer_does_not_outlive_a_change_of_its_event(
    town: Engine, change: JsonObject, expected: list[str]
) -> None:
    await ask(town, TONIGHT)
    assert (await ask(town, TONIGHT)).way == "exact"
    await deliver(town, night("e1", "Noche de Salsa Brava", **change))
    after = await ask(town, TONIGHT)
    assert after.way == ""
    assert [hit.card.name for hit in after.answer.hits if hit.card.night == NIGHT] == expected


async def test_an_event_that_is_moved_into_the_window_is_told_of_at_once(town: Engine) -> None:
    await ask(town, TONIGHT)
    await deliver(town, night("e2", "Noche de Bolero"))
    assert (await ask(town, TONIGHT)).refs == ("noche-de-bolero-2026-11-24", "noche-de-salsa-brava-2026-11-21")


async def test_a_house_that_is_renamed_is_called_so_in_the_next_answer(town: Engine) -> None:
    await ask(town, TONIGHT)
    await deliver(town, {**VENUE, "name": "Teatro Lido de Medellín"})
    after = await ask(town, TONIGHT)
    assert (after.way, after.answer.hits[0].card.venue) == ("", "Teatro Lido de Medellín")


async def test_what_happens_on_another_night_or_in_another_town_leaves_an_answer_alone(town: Engine) -> None:
    await ask(town, TONIGHT)
    quito = night("q1", "Noche de Pasillo", market="quito", venue={"name": "Casa del Pasillo", "city": "Quito"})
    await deliver_projected(town, night("e4", "Otra Noche", starts_at="2026-11-27T21:00:00-05:00"), quito)
    assert (await ask(town, TONIGHT)).way == "exact"
