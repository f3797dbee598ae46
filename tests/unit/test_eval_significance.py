"""A difference is called sure when it is, and not otherwise."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.significance import difference, estimate

shares = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=30)


@settings(max_examples=15, deadline=None)
@given(values=shares)
def test_the_interval_holds_the_mean(values: list[float]) -> None:
    found = estimate(values)
    assert found.low - 1e-9 <= found.mean <= found.high + 1e-9
    assert found.mean == pytest.approx(sum(values) / len(values))


@settings(max_examples=15, deadline=None)
@given(values=shares)
def test_a_run_does_not_differ_from_itself(values: list[float]) -> None:
    found = difference(values, values)
    assert (found.estimate.mean, found.estimate.low, found.estimate.high, found.p) == (0.0, 0.0, 0.0, 1.0)


@settings(max_examples=10, deadline=None)
@given(pairs=st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 0.5, 1.0])), min_size=2))
def test_the_other_way_round_it_is_the_same_difference(pairs: list[tuple[float, float]]) -> None:
    ours, theirs = [a for a, _ in pairs], [b for _, b in pairs]
    there, back = difference(ours, theirs), difference(theirs, ours)
    assert there.estimate.mean == pytest.approx(-back.estimate.mean)
    assert there.p == pytest.approx(back.p, abs=0.05)


def test_a_gain_on_every_question_is_no_chance() -> None:
    found = difference([1.0] * 20, [0.5] * 20)
    assert (found.estimate.mean, found.estimate.low) == (0.5, 0.5)
    assert found.p < 0.001


def test_a_gain_on_five_questions_is_a_chance_of_two_in_thirty_two() -> None:
    assert difference([1.0] * 5, [0.0] * 5).p == pytest.approx(2 / 32)


def test_one_question_proves_nothing() -> None:
    assert difference([1.0], [0.0]).p == 1.0
