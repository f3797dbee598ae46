"""Organisers see their own campaigns and events, with figures from five people on; staff everything, others nothing."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from sonik.clock import Clock
from sonik.engine import Engine
from sonik.learning.log import TraversalLog
from sonik.types import Carried, Role, Scope, Trace
from tests.fix_engine import NOW
from tests.fix_organisers import (
    AUTUMN,
    BIG,
    FEW,
    GUESTS,
    OURS,
    RIVAL,
    SMALL,
    SPRING,
    STAFF,
    a_guest,
    deliver_for,
    settle,
    told,
)

pytestmark = pytest.mark.anyio

OTHERS: tuple[Role, ...] = ("reader", "content", "ingest", "ops", "privacy", "human")
# Mondays of the two last whole weeks before the moment of the tests, and of the one it is in.
LAST, BEFORE, THIS = (datetime.fromisoformat(f"2026-11-{day:02}T09:00:00+00:00") for day in (9, 2, 16))


async def report(engine: Engine, scope: Scope, topic: str, **more: object) -> dict[str, dict[str, Any]]:
    """Return the figures of a report by ref."""
    answer = await told(engine, scope, "sonik_insights", {"topic": topic, **more})
    return {item["figures"]["ref"]: item["figures"] for item in answer["items"]}


async def test_an_organiser_sees_their_campaigns_with_what_they_promote_and_cost(organisers: Engine) -> None:
    assert await report(organisers, OURS, "campaigns") == {
        SPRING: {
            "ref": SPRING, "channel": "instagram", "from": "2026-11-21", "to": "2026-11-30", "budget": 600.0,
            "events": 2, "promotes": f"{BIG}, {SMALL}", "converted": 5, "cost_per_conversion": 120.0,
        },
        AUTUMN: {
            "ref": AUTUMN, "channel": "instagram", "from": "2026-11-21", "to": "2026-11-30", "budget": 600.0,
            "events": 1, "promotes": SMALL, "converted": "fewer than 5",
        },
    }  # fmt: skip


async def test_an_organiser_sees_their_events_those_to_come_first(organisers: Engine) -> None:
    shown = await report(organisers, OURS, "events", days=90)
    assert [(ref, one["attended"], one["bought"], one["shared"]) for ref, one in shown.items()] == [
        (BIG, 5, 5, "fewer than 5"),
        (SMALL, "fewer than 5", "fewer than 5", "fewer than 5"),
        ("noche-vieja-2026-09-22", "fewer than 5", "fewer than 5", "fewer than 5"),
    ]
    assert list(await report(organisers, OURS, "events", days=30)) == [BIG, SMALL]


async def test_another_organisation_sees_its_own_alone(organisers: Engine) -> None:
    assert list(await report(organisers, RIVAL, "campaigns", days=365)) == ["verano-en-rival"]
    assert list(await report(organisers, RIVAL, "events", days=365)) == ["noche-ajena-2026-11-28"]
    nobody = Scope(role="organizer", organisation="nobody")
    assert [await report(organisers, nobody, topic, days=365) for topic in ("campaigns", "events")] == [{}, {}]


async def test_staff_sees_all_and_single_people_or_one_organisations(organisers: Engine) -> None:
    everybodys = await report(organisers, STAFF, "campaigns", days=90)
    assert set(everybodys) == {SPRING, AUTUMN, "invierno-en-acme", "verano-en-rival"}
    assert [everybodys[ref]["converted"] for ref in (SPRING, AUTUMN, "verano-en-rival")] == [GUESTS, FEW, 0]
    assert everybodys[SPRING]["cost_per_conversion"] == 85.71
    assert list(await report(organisers, STAFF, "campaigns", organisation="rival")) == ["verano-en-rival"]
    nights = await report(organisers, STAFF, "events", organisation="acme")
    assert {ref: one["bought"] for ref, one in nights.items()} == {BIG: GUESTS, SMALL: FEW}


@pytest.mark.parametrize("topic", ["campaigns", "events"])
async def test_other_roles_and_other_organisations_are_refused_alike(organisers: Engine, topic: str) -> None:
    for role in OTHERS:
        asker = Scope(role=role, organisation="acme")
        assert (await told(organisers, asker, "sonik_insights", {"topic": topic}))["error"] == "not_allowed"
    refused = [
        await told(organisers, RIVAL, "sonik_insights", {"topic": topic, "organisation": name})
        for name in ("acme", "nobody")
    ]
    assert refused[0] == refused[1] == {"error": "not_allowed", "message": "Only staff ask for another organisation."}
    homeless = await told(organisers, Scope(role="organizer"), "sonik_insights", {"topic": topic})
    assert homeless["error"] == "invalid_input"


async def test_a_report_of_no_organisation_is_not_asked_of_one(organisers: Engine) -> None:
    asked = {"topic": "blockers", "organisation": "acme"}
    assert (await told(organisers, STAFF, "sonik_insights", asked))["error"] == "invalid_input"


async def test_a_campaign_is_found_opened_and_walked_by_its_own_people_and_staff(organisers: Engine) -> None:
    for scope, seen in ((OURS, True), (STAFF, True), (RIVAL, False), (Scope(), False)):
        found = await told(organisers, scope, "sonik_search", {"query": "Primavera en Acme", "kinds": ["campaign"]})
        assert (SPRING in [hit["ref"] for hit in found["hits"]]) is seen
        opened = await told(organisers, scope, "sonik_get_entity", {"ref": SPRING})
        walked = await told(organisers, scope, "sonik_traverse", {"start": SPRING, "pattern": "influence"})
        if seen:
            assert [event["ref"] for event in opened["events"]] == [BIG, SMALL]
            assert {BIG, SMALL} <= {hit["ref"] for hit in walked["hits"]}
        else:
            missing = await told(organisers, scope, "sonik_get_entity", {"ref": "no-hay-tal"})
            assert opened["error"] == walked["error"] == missing["error"] == "not_found"
            assert opened["message"].replace(SPRING, "?") == missing["message"].replace("no-hay-tal", "?")


async def test_of_an_event_only_its_own_people_and_staff_see_the_campaign(organisers: Engine) -> None:
    for scope, seen in ((OURS, {SPRING}), (STAFF, {SPRING}), (RIVAL, set()), (Scope(), set())):
        night = await told(organisers, scope, "sonik_get_entity", {"ref": BIG})
        assert {near["ref"] for near in night["relations"] if near["type"] == "PROMOTES"} == seen
        walked = await told(organisers, scope, "sonik_traverse", {"start": BIG, "pattern": "neighbors"})
        assert {hit["ref"] for hit in walked["hits"] if hit["kind"] == "campaign"} == seen


async def test_a_report_is_the_same_figure_that_the_entity_tells(organisers: Engine) -> None:
    for scope in (OURS, STAFF):
        shown = await report(organisers, scope, "events")
        for ref in (BIG, SMALL):
            audience = (await told(organisers, scope, "sonik_get_entity", {"ref": ref})).get("audience", {})
            counted = {name: shown[ref][name] for name in ("attended", "bought") if isinstance(shown[ref][name], int)}
            expected = {"attended": audience.get("ATTENDED"), "bought": audience.get("PURCHASED")}
            assert {name: people for name, people in counted.items() if people} == {
                name: people for name, people in expected.items() if people
            }


async def test_no_window_tells_another_number_of_people(organisers: Engine) -> None:
    for topic, ref, names in (("campaigns", SPRING, ["converted"]), ("events", BIG, ["attended", "bought"])):
        shown = [(await report(organisers, OURS, topic, days=days))[ref] for days in (1, 2, 7, 30, 31, 365)]
        assert len({tuple(one[name] for name in names) for one in shown}) == 1


async def test_who_bought_is_told_of_the_event_and_to_organisers_of_no_tier(organisers: Engine) -> None:
    tiers = ("palco-0", "palco-1", "general")
    ours = [(await told(organisers, OURS, "sonik_get_entity", {"ref": tier})).get("audience") for tier in tiers]
    staffs = [(await told(organisers, STAFF, "sonik_get_entity", {"ref": tier}))["audience"] for tier in tiers]
    assert ours == [None, None, None]
    assert [one["PURCHASED"] for one in staffs] == [4, 3, FEW]


async def test_one_guest_more_is_not_to_be_seen_in_any_figure(engine: Engine) -> None:
    await settle(engine)
    before = [await report(engine, OURS, topic, days=365) for topic in ("campaigns", "events")]
    did = [("CONVERTED_VIA", "campaign", "Primavera en Acme"), ("CONVERTED_VIA", "campaign", "Otoño en Acme")]
    did += [("PURCHASED", "ticket", tier) for tier in ("Palco 0", "General")]
    did += [(edge, "event", "Noche Grande") for edge in ("ATTENDED", "SHARED")]
    await deliver_for(engine, "acme", [a_guest(99, *did)])
    assert [await report(engine, OURS, topic, days=365) for topic in ("campaigns", "events")] == before
    staffs = await report(engine, STAFF, "events")
    assert [staffs[BIG][name] for name in ("attended", "bought", "shared")] == [GUESTS + 1, GUESTS + 1, 1]


class Asking:
    """Answers that showed an event, written as if they had been given in some week."""

    def __init__(self, engine: Engine, ref: str) -> None:
        self._engine = engine
        self._ref = ref

    async def by(self, callers: Iterator[Scope], at: datetime) -> None:
        """Note an answer to each caller."""
        trace = Trace(trace_id=uuid4().hex[:16], query="", carried=(Carried(id=await self.id()),))
        log = TraversalLog(postgres=self._engine._postgres, clock=Clock.frozen(at))
        for caller in callers:
            log.add(trace, scope=caller, lens="operations", hits=1)
        await log.flush()

    async def id(self) -> str:
        """Return the event's id."""
        return str((await told(self._engine, STAFF, "sonik_get_entity", {"ref": self._ref}))["id"])

    async def seen(self, scope: Scope, **more: object) -> object:
        """Return what a caller is told of how many answers showed it."""
        return (await report(self._engine, scope, "events", **{"days": 365, **more}))[self._ref]["answers"]


def others(count: int, *, each: int = 1, role: Role = "reader") -> Iterator[Scope]:
    """Yield callers of a third organisation, each as often as told."""
    return (Scope(role=role, organisation="third", user=f"u{who}") for who in range(count) for _ in range(each))


def ours(count: int) -> Iterator[Scope]:
    """Yield callers of the organisation itself."""
    return (Scope(organisation="acme", user=f"o{who}") for who in range(count))


async def test_answers_are_counted_in_fives_where_five_callers_of_others_were_answered(organisers: Engine) -> None:
    asking = Asking(organisers, BIG)
    assert [await asking.seen(scope) for scope in (OURS, STAFF)] == ["too few callers", 0]
    await asking.by(others(4, each=3), LAST)
    await asking.by(ours(9), LAST)
    await asking.by(others(9, role="staff"), LAST)
    assert [await asking.seen(scope) for scope in (OURS, STAFF)] == ["too few callers", 30]
    await asking.by(iter([Scope(user="somebody")]), LAST)
    assert [await asking.seen(scope) for scope in (OURS, STAFF)] == [10, 31]


async def test_a_week_that_one_caller_makes_is_in_no_window(organisers: Engine) -> None:
    asking = Asking(organisers, SMALL)
    await asking.by(others(6), BEFORE)
    await asking.by(others(1), LAST)
    await asking.by(others(20), THIS)
    seen = {days: await asking.seen(OURS, days=days) for days in (1, 7, 12, 13, 14, 19, 20, 30, 365)}
    assert set(seen.values()) == {"too few callers", 5}
    assert [days for days, answers in seen.items() if answers == 5] == [13, 14, 19, 20, 30, 365]


async def test_a_week_of_which_questions_are_forgotten_is_not_counted(organisers: Engine) -> None:
    asking = Asking(organisers, "noche-vieja-2026-09-22")
    await asking.by(others(6), NOW - timedelta(days=89, hours=23))
    assert [await asking.seen(scope) for scope in (OURS, STAFF)] == ["too few callers", 0]
    await asking.by(others(6), NOW - timedelta(days=88))
    assert [await asking.seen(scope) for scope in (OURS, STAFF)] == [5, 6]


async def test_who_tells_nothing_of_an_event_is_not_told_how_many_were_shown_it(organisers: Engine) -> None:
    asking = Asking(organisers, "noche-ajena-2026-11-28")
    await asking.by(others(6), LAST)
    query = "select answers from unified.showings(array[%(id)s::uuid], %(since)s, %(now)s)"
    params = {"id": await asking.id(), "since": NOW - timedelta(days=30), "now": NOW}
    counts = []
    for scope in (RIVAL, OURS, Scope(organisation="rival"), Scope()):
        async with organisers._postgres.reading(scope) as session:
            counts.append([row["answers"] for row in await session.rows(query, params)])
    assert counts == [[5], [], [], []]
