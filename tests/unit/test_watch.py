"""Who watches a call sees its parts; when nobody does, nothing is kept."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from server.observing.watching import OK, UNKNOWN, watched_call
from sonik.retrieval.trace import Timer
from sonik.watch import Event, Kind, Part, Store, counted, during, watched_by

pytestmark = pytest.mark.anyio


class Notes:
    """A meter and a watch that write everything down."""

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def called(self, tool: str, *, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        self.told.append(("call", tool, outcome))

    def took(self, kind: Kind, name: str, *, seconds: float) -> None:
        assert seconds >= 0
        self.told.append((kind, name))

    def asked_cache(self, result: str) -> None:
        self.told.append(("cache", result))

    def learned(self, weights: int) -> None:
        self.told.append(("learned", weights))

    def stands(self, store: Store, *, away: bool) -> None:
        self.told.append((store, away))

    @contextmanager
    def during(self, part: Part) -> Iterator[Part]:
        yield part
        self.told.append((part.kind, part.name, part.rows, part.note))

    def counted(self, event: Event, amount: int) -> None:
        self.told.append((event, amount))


def test_a_step_of_a_question_is_told_with_what_came_of_it() -> None:
    notes, timer = Notes(), Timer()
    with watched_by(notes), timer.step("seeds") as step:
        step.rows, step.note = 3, "exact"
    assert notes.told == [("stage", "seeds", 3, "exact")]
    assert [(one.name, one.rows, one.note) for one in timer.steps] == [("seeds", 3, "exact")]


def test_a_step_that_fails_is_told_too() -> None:
    notes, timer = Notes(), Timer()
    with pytest.raises(ValueError, match="no"), watched_call("sonik_search", notes), timer.step("rank"):
        raise ValueError("no")
    assert notes.told == [("stage", "rank"), ("call", "sonik_search", "cancelled")]
    assert [one.name for one in timer.steps] == ["rank"]


def test_nobody_is_told_where_nobody_watches() -> None:
    with during(Part(kind="store", name="graph")) as part:
        part.rows = 1
    counted("cache_exact")


async def test_tasks_that_begin_in_a_call_are_watched_with_it_and_others_are_not() -> None:
    async def store(name: str) -> None:
        with during(Part(kind="store", name=name)):
            await asyncio.sleep(0)

    notes = Notes()
    before = asyncio.create_task(store("before"))
    with watched_call("sonik_search", notes) as call:
        await asyncio.gather(store("graph"), asyncio.create_task(store("vectors")), before)
        call.outcome = OK
    assert sorted(notes.told[:2], key=str) == [("store", "graph"), ("store", "vectors")]
    assert notes.told[2:] == [("call", "sonik_search", "ok")]


@pytest.mark.parametrize(
    ("events", "result"),
    [
        (("cache_missed",), "miss"),
        (("cache_stale", "cache_missed"), "stale"),
        (("cache_stale", "cache_semantic"), "semantic"),
        (("cache_exact",), "exact"),
    ],
)
def test_a_question_to_the_cache_has_one_result(events: tuple[Event, ...], result: str) -> None:
    notes = Notes()
    with watched_call(UNKNOWN, notes):
        for event in events:
            counted(event)
    assert ("cache", result) in notes.told
    assert len(notes.told) == 2
