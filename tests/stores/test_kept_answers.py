"""Answers that are given twice, and every change after which they are not."""

import pytest

from sonik.engine import Engine
from tests.fix_engine import deliver, deliver_projected
from tests.fix_kept import VENUE, ask, night

pytestmark = pytest.mark.anyio

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
