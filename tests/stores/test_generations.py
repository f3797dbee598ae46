"""What raises a generation: every change that an answer may tell of, and no other night's."""

from datetime import date
from typing import LiteralString

import anyio
import psycopg
import pytest

from tests.fix_truth import Truth, event, venue

pytestmark = pytest.mark.anyio

SATURDAY, SUNDAY, THURSDAY = date(2026, 11, 28), date(2026, 11, 29), date(2026, 12, 3)
RAISE: LiteralString = "select unified.raise_generations('{live,live}', %(markets)s, '{event,event}', %(nights)s)"
SUM: LiteralString = """
    select coalesce(sum(raised), 0)::int as sum from unified.generations
    where collection = 'live' and kind in ('event', 'named') and market in ('', %(market)s)
      and (night between %(first)s and %(last)s or night = '-infinity')
"""
OF_EVENT: LiteralString = "(select id from unified.entities where entity_type = 'event')"


async def generation(truth: Truth, first: date = SATURDAY, last: date | None = None, market: str = "medellin") -> int:
    """Return the generation of some nights of a market's events."""
    rows = await truth.rows(SUM, market=market, first=first, last=last or first)
    return int(str(rows[0]["sum"]))


async def change(truth: Truth, statement: LiteralString) -> None:
    """Change truth past every room."""
    async with await psycopg.AsyncConnection.connect(truth.owner) as connection:
        await connection.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "update unified.entities set deleted_at = now() where id = " + OF_EVENT,
        "update unified.entities set visibility = 'staff' where id = " + OF_EVENT,
        "update unified.entities set market = 'quito' where id = " + OF_EVENT,
        "update unified.events set status = 'cancelled'",
        "update unified.events set starts_at = starts_at + interval '5 days', until = until + interval '5 days'",
        "update unified.events set until = until + interval '30 days'",
        "update unified.relationships set valid_to = valid_from, retracted_at = valid_from where type = 'PERFORMS_AT'",
        "delete from unified.relationships where type = 'HOSTED_BY'",
        "delete from unified.entities where id = " + OF_EVENT,
        "update unified.entities set name = 'Otro' where entity_type = 'artist'",
        "update unified.entities set visibility = 'staff' where entity_type = 'artist'",
        "update unified.entities set version = version + 1 where entity_type = 'venue'",
    ],
)
async def test_whatever_changes_an_event_or_what_it_names_raises_its_night(
    truth: Truth, statement: LiteralString
) -> None:
    await truth.deliver(event("e", lineup=[{"name": "Los Titiribí"}]))
    before = await generation(truth)
    await change(truth, statement)
    assert await generation(truth) > before


@pytest.mark.parametrize(
    "statement",
    [
        "update unified.events set status = status",
        "update unified.entities set version = version + 1 where entity_type = 'artist'",
        "update unified.relationships set observed_at = now(), sources = sources || array['another']",
        "insert into unified.entities (entity_type, name, slug) values ('artist', 'Nadie', 'nadie')",
    ],
)
async def test_what_no_answer_about_the_night_tells_raises_nothing(truth: Truth, statement: LiteralString) -> None:
    await truth.deliver(event("e", lineup=[{"name": "Los Titiribí"}]))
    before = await generation(truth)
    await change(truth, statement)
    assert await generation(truth) == before


async def test_an_event_raises_the_nights_it_covers_in_its_market_and_no_other(truth: Truth) -> None:
    nights = (date(2026, 11, 27), SATURDAY, SUNDAY, date(2026, 11, 30))
    await truth.deliver(venue("v"))
    before = [await generation(truth, night) for night in nights]
    elsewhere = await generation(truth, market="quito")
    await truth.deliver(event("e", ends_at="2026-11-29T23:00:00-05:00"))
    after = [await generation(truth, night) for night in nights]
    assert [new > old for new, old in zip(after, before, strict=True)] == [False, True, True, False]
    assert await generation(truth, market="quito") == elsewhere


async def test_a_moved_event_raises_the_night_it_left_and_the_one_it_came_to(truth: Truth) -> None:
    await truth.deliver(event("e"))
    before = [await generation(truth, night) for night in (SATURDAY, SUNDAY, THURSDAY)]
    await truth.deliver(event("e", starts_at="2026-12-03T21:00:00-05:00"))
    after = [await generation(truth, night) for night in (SATURDAY, SUNDAY, THURSDAY)]
    assert [new > old for new, old in zip(after, before, strict=True)] == [True, False, True]


async def test_what_runs_for_long_raises_every_night(truth: Truth) -> None:
    before = await generation(truth, THURSDAY)
    await truth.deliver(event("e", ends_at="2027-01-31T20:00:00-05:00"))
    assert await generation(truth, THURSDAY) > before


async def test_writers_of_the_same_nights_neither_wait_nor_deadlock(truth: Truth) -> None:
    there = {"markets": ["medellin", "quito"], "nights": [SATURDAY, SUNDAY]}
    back = {"markets": ["quito", "medellin"], "nights": [SUNDAY, SATURDAY]}
    before = await generation(truth)
    with anyio.fail_after(20):
        async with truth.postgres.writing() as one, truth.postgres.writing() as other:
            for session, params in ((one, there), (other, back), (one, back), (other, there)):
                await session.rows(RAISE, params)
    assert await generation(truth) == before + 4


async def test_writers_that_follow_each_other_add_no_rows(truth: Truth) -> None:
    params = {"markets": ["medellin", "medellin"], "nights": [SATURDAY, SATURDAY]}
    sizes = []
    for _ in range(3):
        async with truth.postgres.writing() as session:
            await session.rows(RAISE, params)
        sizes += await truth.column("select count(*) from unified.generations")
    assert sizes[1:] == sizes[:1] * 2
