"""Fusion of graph and text evidence by score."""

import pytest

from sonik.retrieval.expand import Subgraph
from sonik.retrieval.rank import fuse
from sonik.retrieval.seeds import Seeds, scaled
from sonik.types import WalkedEdge

KINDS = {"venue": "venue", "show": "event", "band": "artist", "stranger": "artist"}


def walked(src: str, dst: str) -> WalkedEdge:
    return WalkedEdge(eid=f"{src}-{dst}", graph="operations", src=src, type="PERFORMS_AT", dst=dst, weight=0.9)


def neighbourhood() -> Subgraph:
    edges = (walked("band", "show"), walked("show", "venue"))
    return Subgraph(
        kinds=KINDS, edges={edge.eid: edge for edge in edges}, rank={"venue": 0.2, "show": 0.3, "band": 0.5}
    )


def best_first(scores: dict[str, float]) -> list[str]:
    return sorted(scores, key=lambda key: -scores[key])


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ({}, {}),
        ({"a": 7.0}, {"a": 1.0}),
        ({"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 1.0}),
        ({"a": 1.0, "b": 2.0, "c": 3.0}, {"a": 0.0, "b": 0.5, "c": 1.0}),
    ],
)
def test_scores_are_scaled_between_the_smallest_and_the_largest(
    scores: dict[str, float], expected: dict[str, float]
) -> None:
    assert scaled(scores) == expected


def test_only_the_kinds_asked_for_are_ranked() -> None:
    assert set(fuse(Seeds(), neighbourhood(), kinds=("artist",), timed=False)) == {"band", "stranger"}


def test_the_one_named_stands_before_what_it_leads_to() -> None:
    seeds = Seeds(kinds=KINDS, named={"band": 1.0}, similar={"show": 0.9, "venue": 0.1})
    assert best_first(fuse(seeds, neighbourhood(), kinds=("artist", "event", "venue"), timed=False))[0] == "band"


def test_the_graph_counts_more_where_the_question_names_somebody() -> None:
    text = {"similar": {"stranger": 0.9, "band": 0.1}, "worded": {"stranger": 9.0, "band": 1.0}}
    asked = {"kinds": ("artist",), "timed": False}
    opened = fuse(Seeds(kinds=KINDS, **text), neighbourhood(), **asked)  # type: ignore[arg-type]
    named = fuse(Seeds(kinds=KINDS, named={"venue": 1.0}, **text), neighbourhood(), **asked)  # type: ignore[arg-type]
    assert best_first(opened)[0] == "stranger"
    assert best_first(named)[0] == "band"


def test_whoever_has_nothing_on_in_the_time_asked_for_is_left_out() -> None:
    seeds = Seeds(kinds=KINDS, similar={"stranger": 0.9, "band": 0.1})
    assert set(fuse(seeds, neighbourhood(), kinds=("artist",), timed=True)) == {"band"}


def test_with_a_name_and_a_time_only_what_is_around_the_name_counts() -> None:
    kinds = {**KINDS, "elsewhere": "event"}
    seeds = Seeds(kinds=kinds, named={"venue": 1.0}, similar={"elsewhere": 0.9, "show": 0.1})
    assert set(fuse(seeds, neighbourhood(), kinds=("event",), timed=True)) == {"show"}


def test_a_programme_keeps_its_order_of_time() -> None:
    kinds = {"c": "event", "a": "event", "b": "event"}
    seeds = Seeds(kinds=kinds, named={"venue": 1.0}, listed=("c", "a", "b"))
    walk = Subgraph(rank={"b": 0.9, "a": 0.1})
    scores = fuse(seeds, walk, kinds=("event",), timed=False)
    assert best_first(scores) == ["c", "a", "b"]
    assert all(0 <= score <= 1 for score in scores.values())


def test_whoever_a_programme_leads_to_comes_by_the_first_event_and_then_by_the_walk() -> None:
    edges = [walked("late", "two"), walked("early", "one"), walked("headliner", "one"), walked("headliner", "two")]
    kinds = dict.fromkeys(("late", "early", "headliner", "aside"), "artist")
    walk = Subgraph(kinds=kinds, edges={edge.eid: edge for edge in edges}, rank={"late": 0.9, "headliner": 0.2})
    seeds = Seeds(kinds={"one": "event", "two": "event"}, listed=("one", "two"))
    assert best_first(fuse(seeds, walk, kinds=("artist",), timed=True)) == ["headliner", "early", "late"]


def test_whoever_owns_the_one_named_stands_beside_its_first_event() -> None:
    edges = [walked("promoter", "one"), walked("late", "two")]
    owns = WalkedEdge(eid="o", graph="operations", src="owner", type="OWNS", dst="venue", weight=0.9)
    walk = Subgraph(
        kinds=dict.fromkeys(("promoter", "late", "owner"), "organization"),
        edges={edge.eid: edge for edge in (*edges, owns)}, rank={"owner": 0.9, "promoter": 0.1},
    )  # fmt: skip
    seeds = Seeds(kinds={"one": "event", "two": "event"}, named={"venue": 1.0}, listed=("one", "two"))
    scores = fuse(seeds, walk, kinds=("organization",), timed=False)
    assert best_first(scores) == ["owner", "promoter", "late"]


def test_scores_stay_between_nothing_and_one() -> None:
    seeds = Seeds(kinds=KINDS, named={"band": 1.0}, similar={"band": 0.9}, worded={"band": 12.0})
    scores = fuse(seeds, neighbourhood(), kinds=("artist", "event", "venue"), timed=False)
    assert all(0 <= score <= 1 for score in scores.values())


def test_seed_weights_put_names_before_texts_and_texts_before_a_listing() -> None:
    seeds = Seeds(named={"name": 1.0}, similar={"text": 0.9}, listed=("one", "two"))
    weights = seeds.weights()
    assert weights["name"] > weights["text"] > weights["one"] == weights["two"]
