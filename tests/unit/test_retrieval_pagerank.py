"""Personalised PageRank: probabilities, true to the linear system they solve, and turned by weights and lenses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonik.retrieval.pagerank import FOLLOW, POWER_STEPS, pagerank, worths
from sonik.types import WalkedEdge

VALUES = {"PERFORMS_AT": 1.0, "HOSTED_BY": 1.0, "PROMOTED_BY": 0.5}
vertices = st.sampled_from([f"v{number}" for number in range(8)])
seeds_of = st.dictionaries(vertices, st.floats(0, 10), max_size=5)


def edge(src: str, dst: str, weight: float = 1.0, kind: str = "PERFORMS_AT") -> WalkedEdge:
    return WalkedEdge(eid=f"{src}-{kind}-{dst}", graph="operations", src=src, type=kind, dst=dst, weight=weight)


def ranked(edges: list[WalkedEdge], seeds: dict[str, float]) -> dict[str, float]:
    return pagerank(worths(edges, values=VALUES), seeds)


edges_of = st.lists(
    st.builds(edge, vertices, vertices, st.floats(0, 1), st.sampled_from([*VALUES, "OWNS"])), max_size=20
)


@settings(deadline=None, max_examples=200)
@given(edges=edges_of, seeds=seeds_of)
def test_ranks_are_probabilities_whatever_the_graph(edges: list[WalkedEdge], seeds: dict[str, float]) -> None:
    ranks = ranked(edges, seeds)
    assert all(rank >= 0 for rank in ranks.values())
    assert set(seeds) <= set(ranks)
    if ranks:
        assert sum(ranks.values()) == pytest.approx(1.0)


def test_nothing_to_walk_ranks_nothing() -> None:
    assert ranked([], {}) == {}


def test_seeds_without_edges_keep_their_weights() -> None:
    assert ranked([], {"a": 3.0, "b": 1.0}) == {"a": 0.75, "b": 0.25}


def test_ranks_solve_the_linear_system_they_stand_for() -> None:
    edges = [edge("a", "b", 0.9), edge("b", "c", 0.4), edge("c", "a", 0.7, "PROMOTED_BY"), edge("c", "d", 0.2)]
    names = ["a", "b", "c", "d"]
    adjacency = np.zeros((4, 4))
    for one in edges:
        worth = one.weight * VALUES[one.type]
        for src, dst in ((one.src, one.dst), (one.dst, one.src)):
            adjacency[names.index(dst), names.index(src)] += worth
    walk = adjacency / adjacency.sum(axis=0)
    jump = np.array([1.0, 0.0, 0.0, 0.0])
    exact = np.linalg.solve(np.eye(4) - FOLLOW * walk, (1 - FOLLOW) * jump)
    ranks = ranked(edges, {"a": 5.0})
    assert [ranks[name] for name in names] == pytest.approx(exact.tolist(), abs=2 * FOLLOW**POWER_STEPS)


def test_the_heavier_edge_leads_to_the_higher_rank() -> None:
    ranks = ranked([edge("a", "strong", 0.9), edge("a", "weak", 0.3)], {"a": 1.0})
    assert ranks["strong"] == pytest.approx(3 * ranks["weak"])


def test_a_type_the_lens_values_less_counts_less_and_one_it_does_not_know_counts_nothing() -> None:
    edges = [edge("a", "artist"), edge("a", "promoter", kind="PROMOTED_BY"), edge("a", "owner", kind="OWNS")]
    ranks = ranked(edges, {"a": 1.0})
    assert ranks["artist"] == pytest.approx(2 * ranks["promoter"])
    assert "owner" not in ranks


def test_a_vertex_two_seeds_share_outranks_what_only_one_reaches() -> None:
    edges = [edge("a", "shared"), edge("b", "shared"), edge("a", "alone"), edge("b", "other")]
    ranks = ranked(edges, {"a": 1.0, "b": 1.0})
    assert ranks["shared"] > ranks["alone"] == pytest.approx(ranks["other"])
