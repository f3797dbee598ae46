"""Records of every other kind: their properties by type, what tells them apart, and who may read them."""

from datetime import timedelta

import pytest

from sonik import ontology
from sonik.ingest.attributes import MAX_TEXT
from sonik.ingest.files import KINDS
from sonik.types import JsonObject, JsonValue
from tests.fix_truth import NIGHT, Truth

pytestmark = pytest.mark.anyio

THINGS = tuple(kind for kind in KINDS if kind not in {"venue", "artist", "organization", "person", "brand", "event"})
VALUES: dict[ontology.ValueType, tuple[JsonValue, JsonValue]] = {
    "text": ("una palabra", "otra palabra"), "number": (0.25, 7), "whole": (3, 4), "truth": (True, False),
    "moment": ("2026-11-01T10:00:00-05:00", "2026-11-02"),
}  # fmt: skip
KEPT: JsonObject = {"2026-11-01T10:00:00-05:00": "2026-11-01T15:00:00+00:00", "2026-11-02": "2026-11-02T00:00:00+00:00"}


def thing(kind: str, source_id: str | None = "t-1", **fields: JsonValue) -> JsonObject:
    """A record of a kind."""
    told: JsonObject = {"kind": kind, "name": f"Un {kind}", "source_id": source_id, **fields}
    return {name: value for name, value in told.items() if value is not None}


def attributes(kind: str, number: int = 0) -> JsonObject:
    """Return a value for every property of a kind."""
    return {
        name: "https://pagina.example/uno" if name == "url" else VALUES[value_type][number]
        for name, value_type in ontology.vertex(kind).described
    }


@pytest.mark.parametrize("kind", THINGS)
async def test_a_record_of_any_kind_is_taken_with_all_its_properties_and_once(truth: Truth, kind: str) -> None:
    told = attributes(kind)
    first = await truth.tell(thing(kind, attributes=told, description="Lo que es"))
    assert (first.outcome, first.problems, first.notes) == ("created", (), ())
    entity = await truth.entity(first.ref)
    kept = {name: KEPT.get(str(value), value) for name, value in told.items()}
    assert entity["metadata"] == {**kept, "description": "Lo que es"}
    before = await truth.everything()
    again = await truth.tell(thing(kind, attributes=told, description="Lo que es"))
    assert (again.outcome, await truth.everything()) == ("unchanged", before)


@pytest.mark.parametrize("kind", [kind for kind in THINGS if ontology.vertex(kind).described])
async def test_a_changed_property_is_an_update_that_keeps_what_was(truth: Truth, kind: str) -> None:
    await truth.tell(thing(kind, attributes=attributes(kind)))
    truth.later(days=1)
    now = attributes(kind, 1)
    after = await truth.tell(thing(kind, attributes=now))
    differing = {name for name, value in now.items() if value != attributes(kind)[name]}
    assert after.outcome == ("updated" if differing else "unchanged")
    assert set(after.changes) == differing
    ended = "select attribute from unified.facts where valid_to = %(now)s"
    assert set(await truth.column(ended, now=NIGHT + timedelta(days=1))) == differing


async def test_properties_a_full_record_leaves_out_are_taken_back_and_a_null_says_nothing(truth: Truth) -> None:
    first = await truth.tell(thing("feature", attributes={"suite": "Grow", "status": "live"}))
    await truth.tell(thing("feature", attributes={"suite": "Grow", "status": None}))
    assert (await truth.entity(first.ref))["metadata"] == {"suite": "Grow"}
    await truth.tell(thing("feature", attributes={"status": "beta"}), partial=True)
    assert (await truth.entity(first.ref))["metadata"] == {"suite": "Grow", "status": "beta"}


WRONG: list[tuple[str, JsonObject, str, str]] = [
    ("feature", {"suiet": "x"}, "attributes.suiet", "Unknown property of the kind feature. Did you mean 'suite'?"),
    ("feature", {"path": "x"}, "attributes.path", "Known: revenue_impact, status, suite."),
    ("feature", {"name": "x"}, "attributes.name", "Unknown property"),
    ("feature", {"visibility": "staff"}, "attributes.visibility", "Unknown property"),
    ("feature", {"x" * 5_000: 1}, f"attributes.{'x' * 80}", "Unknown property"),
    ("feature", {"revenue_impact": "mucho"}, "attributes.revenue_impact", "valid number"),
    ("feature", {"revenue_impact": True}, "attributes.revenue_impact", "truth value"),
    ("feature", {"revenue_impact": float("nan")}, "attributes.revenue_impact", "finite number"),
    ("feature", {"revenue_impact": 1e16}, "attributes.revenue_impact", "less than or equal to"),
    ("feature", {"suite": 7}, "attributes.suite", "valid string"),
    ("feature", {"suite": ["Grow"]}, "attributes.suite", "valid string"),
    ("feature", {"suite": "x" * (MAX_TEXT + 1)}, "attributes.suite", "at most 500 characters"),
    ("feature_flag", {"enabled": "quizás"}, "attributes.enabled", "valid boolean"),
    ("code", {"dependencies_count": 1.5}, "attributes.dependencies_count", "valid integer"),
    ("code", {"dependencies_count": 10**30}, "attributes.dependencies_count", "less than or equal to"),
    ("campaign", {"start_date": "2026-02-30"}, "attributes.start_date", "day value is outside"),
    ("campaign", {"start_date": "2026-02-03T10:00:00"}, "attributes.start_date", "timezone"),
    ("campaign", {"start_date": 7}, "attributes.start_date", "A moment is text."),
    ("campaign", {"start_date": "0999-01-01"}, "attributes.start_date", "the year 999 is not between"),
    ("content", {"url": "javascript:alert(1)"}, "attributes.url", "This is no web address."),
]


@pytest.mark.parametrize(("kind", "given", "field", "reason"), WRONG)
async def test_a_wrong_property_is_refused_by_its_name_and_nothing_is_written(
    truth: Truth, kind: str, given: JsonObject, field: str, reason: str
) -> None:
    before = await truth.everything()
    receipt = await truth.tell(thing(kind, attributes=given))
    assert [(problem.field, reason in problem.reason) for problem in receipt.problems] == [(field, True)]
    assert await truth.everything() == {**before, "sources": before["sources"] + 1}


async def test_all_wrong_properties_are_named_at_once(truth: Truth) -> None:
    receipt = await truth.tell(thing("code", attributes={"paht": "x", "importance": "y", "path": "z"}))
    assert [problem.field for problem in receipt.problems] == ["attributes.paht", "attributes.importance"]


async def test_an_address_is_not_said_twice(truth: Truth) -> None:
    told = thing("content", url="https://uno.example", attributes={"url": "https://dos.example"})
    assert [problem.field for problem in (await truth.tell(told)).problems] == ["attributes.url"]


@pytest.mark.parametrize("kind", [kind for kind in THINGS if not ontology.vertex(kind).named])
async def test_what_no_name_tells_apart_needs_its_sources_id(truth: Truth, kind: str) -> None:
    receipt = await truth.tell(thing(kind, None))
    assert [problem.field for problem in receipt.problems] == ["source_id"]
    assert receipt.problems[0].reason.endswith("is not known by its name. Give its source_id.")
    intake = await truth.deliver(thing(kind, "1", name="igual"), thing(kind, "2", name="igual"))
    assert intake.counts["created"] == 2


@pytest.mark.parametrize("kind", [kind for kind in THINGS if ontology.vertex(kind).named])
async def test_what_a_name_tells_apart_is_one_within_its_source(truth: Truth, kind: str) -> None:
    first = await truth.tell(thing(kind, None, name="Alertas de boletas"))
    again = await truth.tell(thing(kind, None, name="ALERTAS  de boletas"))
    other = await truth.tell(thing(kind, None, name="Alertas de boletas"), source="otra")
    numbered = await truth.deliver(thing(kind, "1", name="igual"), thing(kind, "2", name="igual"))
    assert again.entity_id == first.entity_id != other.entity_id
    assert numbered.counts["created"] == 2


async def test_what_people_buy_and_write_is_for_staff_unless_its_record_says_otherwise(truth: Truth) -> None:
    told = [thing(kind) for kind in THINGS]
    await truth.deliver(*told, thing("message", "open", visibility="public"))
    hidden = "select distinct entity_type from unified.entities where visibility = 'staff' order by 1"
    assert await truth.column(hidden) == ["message", "purchase"]
    shown = "select visibility from unified.entities where entity_type = 'message' order by visibility"
    assert await truth.column(shown) == ["public", "staff"]
