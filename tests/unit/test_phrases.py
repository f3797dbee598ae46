"""Phrases: what is compared when passages and questions name the same thing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonik.retrieval.phrases import (
    capitalised,
    content_words,
    grams,
    longest_first,
    runs,
    title_keys,
    tokens,
)


def words(text: str) -> list[str]:
    return [token.text for token in tokens(text)]


@pytest.mark.parametrize(
    ("title", "keys"),
    [
        ("Río Magdalena (Colombia)", {"rio magdalena colombia", "rio magdalena"}),
        ("La Habana", {"la habana"}),
        ("Los Ángeles Azules", {"los angeles azules", "angeles azules"}),
        ("The Who", {"the who"}),
        ("It", set()),
        ("São Paulo", {"sao paulo"}),
        ("100 años de soledad", {"100 anos de soledad"}),
        ("(…)", set()),
    ],
)
def test_a_title_is_known_with_and_without_its_bracket(title: str, keys: set[str]) -> None:
    assert set(title_keys(title)) == keys


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("El Carnaval de Barranquilla es en febrero.", {"carnaval de barranquilla"}),
        ("Nació en San Luis Potosí, México.", {"san luis potosi", "mexico", "nacio"}),
        ("la obra de García Márquez y de Vargas Llosa", {"garcia marquez y de vargas llosa"}),
        ("O Rio de Janeiro continua lindo", {"rio de janeiro"}),
        ("the Copa América 2011 final", {"copa america 2011"}),
        ("todo en minúsculas", set()),
        ("En 1984. La", set()),
        ("Es de El Salvador. El Teatro Colón está en São Paulo.", {"el salvador", "teatro colon", "sao paulo"}),
    ],
)
def test_a_capitalised_span_keeps_the_small_words_inside_and_none_around(text: str, spans: set[str]) -> None:
    assert set(capitalised(text)) == spans


def test_a_span_is_kept_as_it_was_first_written() -> None:
    assert capitalised("Bogotá y bogotá y BOGOTÁ")["bogota"] == "Bogotá"


def test_the_longest_known_phrase_wins_and_none_overlap() -> None:
    known = {"san luis", "san luis potosi", "potosi", "mexico"}
    assert list(longest_first(words("San Luis Potosí, México"), known)) == ["san luis potosi", "mexico"]


def test_content_words_are_those_that_carry_meaning() -> None:
    assert content_words(words("¿Dónde nace el río de la ciudad?")) == ["ciudad", "nace", "rio"]


@given(st.text(max_size=200))
def test_any_text_is_cut_into_folded_words_that_stand_where_they_say(text: str) -> None:
    for token in tokens(text):
        assert token.text
        assert " " not in token.text
        assert token.raw


@given(st.text(alphabet="la Río San.1 ", max_size=60))
def test_what_a_text_names_a_question_can_name_too(text: str) -> None:
    assert grams(tokens(text)) <= runs(words(text))
