"""Metrics mean what their names say, whatever the ranking."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.dataset import Qrels
from eval.metrics import DEPTH, NAMES, judge, mean
from eval.systems.rrf import fused
from sonik.errors import InvalidInput

IDS = [f"p{number}" for number in range(14)]
rankings = st.lists(st.sampled_from(IDS), unique=True, max_size=DEPTH)
relevant = st.sets(st.sampled_from(IDS), min_size=1, max_size=5)


def scores(gold: set[str], ranked: list[str]) -> dict[str, float]:
    """Return the metrics of one question."""
    return judge(Qrels(grades={"q": dict.fromkeys(gold, 1)}), {"q": ranked})["q"]


def test_a_ranking_scores_what_can_be_counted_by_hand() -> None:
    found = scores({"p1", "p2"}, ["p0", "p1", "p3", "p4", "p5", "p6", "p7", "p2"])
    assert {name: round(value, 4) for name, value in found.items()} == {
        "recall@2": 0.5, "recall@5": 0.5, "recall@8": 1.0, "recall@10": 1.0, "ndcg@10": 0.5803, "mrr@10": 0.5,
        "success@1": 0.0, "success@5": 1.0, "all@2": 0.0, "all@5": 0.0, "all@8": 1.0, "all@10": 1.0,
    }  # fmt: skip


@given(gold=relevant, ranked=rankings)
def test_recall_is_the_share_of_the_gold_among_the_first(gold: set[str], ranked: list[str]) -> None:
    found = scores(gold, ranked)
    for cut in (2, 5, 8, 10):
        assert found[f"recall@{cut}"] == pytest.approx(len(gold & set(ranked[:cut])) / len(gold))
        assert found[f"all@{cut}"] == float(gold <= set(ranked[:cut]))


@given(gold=relevant, ranked=rankings)
def test_every_metric_lies_between_zero_and_one(gold: set[str], ranked: list[str]) -> None:
    found = scores(gold, ranked)
    assert list(found) == list(NAMES)
    assert all(0.0 <= value <= 1.0 for value in found.values())


@given(gold=relevant, ranked=rankings)
def test_gold_put_first_is_never_worse(gold: set[str], ranked: list[str]) -> None:
    before = scores(gold, ranked)
    after = scores(gold, sorted(ranked, key=lambda key: key not in gold))
    assert all(after[name] >= before[name] - 1e-12 for name in NAMES)


@given(gold=relevant, ranked=rankings)
def test_a_repeated_id_counts_where_it_stands_first(gold: set[str], ranked: list[str]) -> None:
    assert scores(gold, [*ranked, *ranked]) == scores(gold, ranked)


def test_a_question_without_an_answer_counts_as_nothing_found() -> None:
    qrels = Qrels(grades={"q1": {"p1": 1}, "q2": {"p1": 1}, "q3": {"p1": 1}})
    found = judge(qrels, {"q1": ["p1"], "q2": []})
    assert [found[key]["recall@2"] for key in ("q1", "q2", "q3")] == [1.0, 0.0, 0.0]
    assert mean(list(found.values()))["recall@2"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("grades", [{}, {"p1": 0}, {"p1": 1, "p2": -1}])
def test_judgements_without_a_relevant_passage_are_refused(grades: dict[str, int]) -> None:
    with pytest.raises(InvalidInput, match="The question q has no relevant passage"):
        Qrels(grades={"q": grades})


@given(first=rankings, second=rankings)
def test_fusion_loses_and_doubles_nothing(first: list[str], second: list[str]) -> None:
    found = fused([first, second])
    assert sorted(found) == sorted(set(first) | set(second))


@given(ranked=rankings)
def test_a_list_fused_with_itself_keeps_its_order(ranked: list[str]) -> None:
    assert fused([ranked, ranked]) == ranked


def test_what_both_lists_hold_comes_before_what_one_has_first() -> None:
    assert fused([["a", "b"], ["c", "b"]]) == ["b", "a", "c"]
