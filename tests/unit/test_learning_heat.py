"""Paths too hot: judged by their own history, and told apart by who walks them and what comes of it."""

from datetime import date, timedelta
from uuid import UUID

import pytest

from sonik.learning.heat import HISTORY_DAYS, HotPath, Walks, find_hot
from sonik.learning.trails import NamedEdge

TODAY = date(2026, 11, 21)
EDGES = {
    UUID(int=number): NamedEdge(eid=UUID(int=number), src=f"s{number}", type="HOSTED_BY", dst="d", evidence=0.9)
    for number in range(1, 4)
}


def walks(
    edge: int, walked: int, *, back: int = 0, organisation: str = "acme", actor: str = "ana", said: float = 0.0
) -> Walks:
    day = TODAY - timedelta(days=back)
    return Walks(eid=UUID(int=edge), day=day, owner_org=organisation, actor=actor, walks=walked, said=said)


def usual(edge: int = 1, *, each: int = 30) -> list[Walks]:
    """A month in which many walk an edge, more on one day than on another."""
    return [walks(edge, each + back % 5, back=back) for back in range(1, HISTORY_DAYS + 1)]


def crowd(edge: int = 1, *, actors: int, each: int, organisations: int = 7, said: float = 0.0) -> list[Walks]:
    return [
        walks(edge, each, organisation=f"org-{number % organisations}", actor=f"a{number}", said=said)
        for number in range(actors)
    ]  # fmt: skip


def hot(*found: Walks) -> list[HotPath]:
    return find_hot(found, EDGES, today=TODAY)


def test_a_day_like_the_others_is_not_hot() -> None:
    assert hot(*usual(), *crowd(actors=11, each=3)) == []


def test_a_day_far_above_its_own_history_is_hot() -> None:
    (path,) = hot(*usual(), *crowd(actors=40, each=5, said=1.0))
    assert (path.walks, path.usual, path.z > 3.5) == (200, 32, True)


def test_what_is_much_for_one_edge_is_usual_for_another() -> None:
    busy, quiet = usual(1, each=200), usual(2, each=10)
    found = hot(*busy, *quiet, *crowd(1, actors=40, each=5), *crowd(2, actors=40, each=5))
    assert [str(path.edges[0]) for path in found] == ["s2 HOSTED_BY d"]


def test_a_new_edge_is_hot_only_when_many_come() -> None:
    assert hot(walks(1, 19)) == []
    assert [path.usual for path in hot(walks(1, 20))] == [0]


@pytest.mark.parametrize(
    ("today", "cause"),
    [
        ([walks(1, 400, said=90.0)], "loop"),
        ([walks(1, 360), walks(1, 40, actor="bruno")], "loop"),
        (crowd(actors=50, each=8, organisations=1, said=4.0), "burst"),
        (crowd(actors=50, each=8, said=0.0), "burst"),
        (crowd(actors=3, each=100, organisations=3, said=20.0), "burst"),
        (crowd(actors=50, each=8, said=1.0), "trend"),
    ],
)
def test_a_loop_a_bot_and_a_trend_are_told_apart(today: list[Walks], cause: str) -> None:
    assert [path.cause for path in hot(*usual(), *today)] == [cause]


def test_edges_walked_together_are_one_path() -> None:
    together = [*crowd(1, actors=30, each=5), *crowd(2, actors=30, each=5)]
    paths = hot(*together, *crowd(3, actors=10, each=9))
    assert [[str(edge) for edge in path.edges] for path in paths] == [
        ["s1 HOSTED_BY d", "s2 HOSTED_BY d"], ["s3 HOSTED_BY d"],
    ]  # fmt: skip


def test_an_edge_the_caller_may_not_see_is_not_told() -> None:
    assert hot(walks(9, 500)) == []
