"""The world of three cities: five messy sources become one truth, as the labels that came with them say."""

from collections import Counter

import pytest

from tests.fix_world import Taken, precision, recall

pytestmark = pytest.mark.anyio


def things(taken: Taken, fate: str) -> set[str]:
    return {event.id for event in taken.world.ground.events if event.fate == fate}


async def test_every_labelled_line_is_taken_in(taken: Taken) -> None:
    refused = [receipt for intake in taken.intakes for receipt in intake.receipts if receipt.outcome == "refused"]
    assert refused == []
    assert {(label.file, label.line) for label in taken.world.labels.lines} <= taken.entities.keys()


async def test_what_is_joined_is_one_and_all_that_exact_keys_can_join_is_joined(taken: Taken) -> None:
    labels = taken.world.labels
    assert precision(taken.pairs, labels.pairs()) == 1.0
    assert recall(taken.pairs, labels.pairs(joinable=True)) == 1.0


async def test_some_pairs_are_left_that_only_likeness_could_join(taken: Taken) -> None:
    assert 0.4 < recall(taken.pairs, taken.world.labels.pairs()) < 0.9


async def test_homonyms_stay_two(taken: Taken) -> None:
    names = Counter((thing.name, type(thing)) for thing in (*taken.world.ground.venues, *taken.world.ground.artists,
                    *taken.world.ground.organizations, *taken.world.ground.people))  # fmt: skip
    twice = {name for name, count in names.items() if count > 1}
    assert {kind.__name__ for _, kind in twice} == {"Venue", "Artist", "Organization", "Person"}
    found: dict[str, set[str]] = {}
    for label in taken.world.labels.lines:
        found.setdefault(taken.entities[label.file, label.line], set()).add(label.entity)
    assert {entity: true for entity, true in found.items() if len(true) > 1} == {}


async def test_the_values_shown_are_those_that_win_by_trust(taken: Taken) -> None:
    shown = await taken.shown()
    expected = {
        thing: {field: value for field, value in winners.items() if field in shown[thing] or field != "venue"}
        for thing, winners in taken.world.labels.winners.items()
        if thing in shown
    }
    assert len(expected) > 500
    wrong = {
        thing: (told, shown[thing]) for thing, told in expected.items() if not told.items() <= shown[thing].items()
    }
    assert wrong == {}


async def test_cancelled_moved_retitled_and_sold_out_show_what_the_trusted_source_said_last(taken: Taken) -> None:
    shown = await taken.shown_of("directus-1.json")
    by_id = {event.id: event for event in taken.world.ground.events}
    assert {shown[thing]["status"] for thing in things(taken, "cancelled")} == {"cancelled"}
    assert {shown[thing]["status"] for thing in things(taken, "sold_out")} == {"sold_out"}
    for thing in things(taken, "moved"):
        there = by_id[thing].later_venue
        assert there is not None
        assert (shown[thing]["status"], shown[thing]["venue"]) == ("moved", there.id)
    assert {shown[thing]["name"] for thing in things(taken, "retitled")} == {
        by_id[thing].later_name for thing in things(taken, "retitled")
    }


async def test_a_second_showing_of_one_night_is_an_event_of_its_own(taken: Taken) -> None:
    by_thing: dict[str, set[str]] = {}
    for label in taken.world.labels.lines:
        by_thing.setdefault(label.entity, set()).add(taken.entities[label.file, label.line])
    for thing in things(taken, "second_showing"):
        assert by_thing[thing].isdisjoint(by_thing[thing.removesuffix("/2")])


async def test_a_second_delivery_of_everything_changes_nothing(taken: Taken) -> None:
    before = await taken.truth.everything()
    again = await taken.deliver()
    changed = [receipt for intake in again for receipt in intake.receipts if receipt.outcome != "unchanged"]
    assert changed == []
    assert await taken.truth.everything() == before
