"""Counting tokens without a vocabulary, and fitting entries into a budget."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonik.retrieval.pack import cost, count_tokens, fit


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), (" \n\t", 0), ("sol", 1), ("luna", 1), ("salsa", 2), ("2026", 2), ("¿Qué hay?", 4), ("a_b", 3)],
)  # fmt: skip
def test_letters_digits_and_signs_are_counted_apart(text: str, tokens: int) -> None:
    assert count_tokens(text) == tokens


def test_a_value_costs_what_its_compact_json_costs() -> None:
    assert cost({"name": "Nébula", "kinds": ["artist"]}) == count_tokens('{"name":"Nébula","kinds":["artist"]}')


@given(st.text(), st.text())
def test_a_longer_text_never_counts_less(text: str, more: str) -> None:
    assert count_tokens(text + " " + more) == count_tokens(text) + count_tokens(more)


@pytest.mark.parametrize(
    ("budget", "kept", "left_out"), [(100, [3, 4, 5], 0), (12, [3, 4, 5], 0), (11, [3, 4], 1), (3, [3], 2), (0, [3], 2)]
)
def test_the_leading_items_that_fit_are_kept_and_always_one(budget: int, kept: list[int], left_out: int) -> None:
    assert fit([3, 4, 5], budget=budget, price=lambda item: item) == (kept, left_out)


def test_no_items_leave_nothing_out() -> None:
    assert fit([], budget=0, price=lambda _: 1) == ([], 0)
