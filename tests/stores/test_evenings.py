"""The digest of a market's evening: another one for whatever its readers would see change, and for nothing else."""

import pytest

from sonik.engine import Engine
from sonik.errors import InvalidInput
from sonik.types import JsonValue, Scope
from tests.fix_engine import READER, deliver
from tests.fix_truth import event

pytestmark = pytest.mark.anyio

TONIGHT, TOMORROW = "2026-11-21T21:00:00-05:00", "2026-11-22T21:00:00-05:00"
Fields = dict[str, JsonValue]


async def digests(engine: Engine, *scopes: Scope, market: str = "medellin") -> list[str]:
    """Return what each caller's evening is."""
    return [await engine.evening(market, scope=scope) for scope in (READER, *scopes)]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Noche de Salsa Suave"}, {"starts_at": "2026-11-21T22:00:00-05:00"}, {"starts_at": TOMORROW},
        {"status": "cancelled"}, {"price_min": 40_000, "currency": "COP"}, {"venue": {"name": "Otro Lugar"}},
        {"lineup": [{"name": "Los Titiribí"}]},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
async def test_what_is_told_of_an_event_changes_its_evening(engine: Engine, change: Fields) -> None:
    first: Fields = {"starts_at": TONIGHT, "price_min": 30_000, "currency": "COP"}
    await deliver(engine, event("e", **first))
    before = await digests(engine)
    await deliver(engine, event("e", **{**first, **change}))
    assert await digests(engine) != before


async def test_a_new_event_changes_the_evening_of_its_market_and_night_alone(engine: Engine) -> None:
    medellin, quito = await digests(engine), await digests(engine, market="quito")
    await deliver(engine, event("tomorrow", starts_at=TOMORROW), event("e", starts_at=TONIGHT, market="quito"))
    assert await digests(engine) == medellin
    assert await digests(engine, market="quito") != quito


async def test_the_same_told_once_more_changes_nothing(engine: Engine) -> None:
    told = event("e", starts_at=TONIGHT)
    await deliver(engine, told)
    before = await digests(engine)
    await deliver(engine, told)
    assert await digests(engine) == before


async def test_a_private_event_changes_the_evening_of_those_who_see_it(engine: Engine) -> None:
    acme, other = (Scope(role="organizer", organisation=name) for name in ("acme", "other"))
    before = await digests(engine, acme, other)
    await deliver(engine, event("e", starts_at=TONIGHT, visibility="org", owner_org="acme"))
    changed = [new != old for new, old in zip(await digests(engine, acme, other), before, strict=True)]
    assert changed == [False, True, False]


async def test_an_evening_of_an_unknown_market_is_refused(engine: Engine) -> None:
    with pytest.raises(InvalidInput, match="There is no market 'atlantis'"):
        await engine.evening("atlantis", scope=READER)
