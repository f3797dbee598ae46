"""Blockers: what led nowhere is gathered by what was wanted, and ranked by how many wanted it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from sonik.learning.blockers import Blocker, Failure, cluster, slots_of
from sonik.types import JsonObject

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
numbers = count()
SUNDAY: JsonObject = {
    "market": "quito", "genres": ["salsa"], "from": "2026-11-22T11:00:00+00:00", "to": "2026-11-23T11:00:00+00:00",
}  # fmt: skip


def failure(
    query: str = "salsa en quito el domingo", *, asker: str = "acme/ana", hits: int = 0, verdict: str | None = None,
    next_words: str | None = None, understood: JsonObject | None = None,
) -> Failure:  # fmt: skip
    number = next(numbers)
    return Failure(
        trace_id=f"t{number}", at=NOW + timedelta(seconds=number), asker=asker, query=query, words=query, hits=hits,
        understood=SUNDAY if understood is None else understood, verdict=verdict, next_words=next_words,
    )  # fmt: skip


def told(found: Sequence[Blocker]) -> list[tuple[str, int, int]]:
    return [(one.wanted, one.asks, one.askers) for one in found]


def test_forty_one_asks_for_the_same_night_are_one_blocker() -> None:
    asked = [failure(f"salsa {number}", asker=f"org/{number % 12}") for number in range(41)]
    assert told(cluster(asked)) == [("salsa quito sunday", 41, 12)]


def test_one_that_asks_in_a_loop_stands_behind_several_that_ask_once() -> None:
    loop = [failure("rock", understood={"market": "lima", "genres": ["rock"]}) for _ in range(50)]
    few = [failure(asker=f"org/{number}") for number in range(3)]
    assert told(cluster([*loop, *few])) == [("salsa quito sunday", 3, 3), ("rock lima", 50, 1)]


def test_questions_without_slots_are_gathered_by_their_words() -> None:
    asked = ["bares con piscina", "bar con piscina y bares", "piscina bares", "karaoke para ninos"]
    found = cluster([failure(query, understood={}) for query in asked])
    assert sorted((one.asks, one.in_words) for one in found) == [(1, True), (3, True)]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (failure(hits=0), "zero"),
        (failure(hits=3), None),
        (failure(hits=3, understood={**SUNDAY, "dropped": ["salsa"]}), "zero"),
        (failure(hits=3, verdict="dead_end"), "dead_end"),
        (failure(hits=3, verdict="wrong"), "dead_end"),
        (failure(hits=0, verdict="useful"), None),
        (failure("salsa en quito", hits=3, next_words="salsa domingo quito"), "abandoned"),
        (failure("salsa en quito", hits=3, next_words="salsa en quito"), None),
        (failure("salsa en quito", hits=3, next_words="techno berlin hoy"), None),
        (failure("salsa en quito", hits=3, verdict="useful", next_words="salsa quito"), None),
    ],
)
def test_a_question_counts_when_it_was_not_met_judged_useless_or_put_otherwise(
    given: Failure, reason: str | None
) -> None:
    assert given.reason == reason
    assert len(cluster([given])) == (reason is not None)


@pytest.mark.parametrize(
    ("understood", "slots"),
    [
        ({"market": "quito"}, ""),
        ({"market": "quito", "is_free": True, "genres": ["jazz"]}, "jazz quito free"),
        ({**SUNDAY, "to": "2026-11-25T11:00:00+00:00", "when": "this_weekend"}, "salsa quito this_weekend"),
        ({**SUNDAY, "to": "2026-11-25T11:00:00+00:00"}, "salsa quito 2026-11-22 to 2026-11-25"),
    ],
)
def test_what_is_wanted_is_told_by_its_slots(understood: JsonObject, slots: str) -> None:
    assert slots_of(understood) == slots
