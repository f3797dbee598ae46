"""How arguments are read: what is unseen is taken out, loose types are understood, the rest is told off."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from tools.arguments import Paged, problems
from tools.entity import EntityArguments
from tools.search import SearchArguments
from tools.whats_on import WhatsOnArguments


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("  salsa  hoy ", "salsa  hoy"),
        ("salsa\x00hoy", "salsa hoy"),
        ("\x1b[31msalsa\x07", "[31msalsa"),
        ("\u202esalsa\u2066", "salsa"),
        ("salsa\u2028hoy\r\n", "salsa hoy"),
        ("ñandú 🪩 «tonight»", "ñandú 🪩 «tonight»"),
    ],
)
def test_unseen_characters_are_taken_out_of_a_text(given: str, read: str) -> None:
    assert SearchArguments(query=given).query == read


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (["salsa", "jazz"], ["salsa", "jazz"]),
        ("salsa", ["salsa"]),
        ("salsa, jazz,,", ["salsa", "jazz"]),
        ('["salsa", "jazz"]', ["salsa", "jazz"]),
        ("[salsa", ["[salsa"]),
        ("", []),
    ],
)
def test_a_list_may_come_as_its_text(given: object, read: list[str]) -> None:
    assert WhatsOnArguments.model_validate({"genres": given}).genres == read


def test_a_text_nested_beyond_reason_is_one_word_too_long() -> None:
    with pytest.raises(ValidationError) as refused:
        WhatsOnArguments.model_validate({"genres": "[" * 100_000})
    assert problems(refused.value) == "genres.0: 100,000 characters are too many; 200 is the most"


def test_a_moment_is_read_in_utc() -> None:
    asked = EntityArguments(ref="x", as_of=datetime(2026, 11, 21, 15, tzinfo=timezone(timedelta(hours=-5))))
    assert asked.as_of == datetime(2026, 11, 21, 20, tzinfo=UTC)
    assert asked.as_of is not None
    assert asked.as_of.tzinfo is UTC


@pytest.mark.parametrize(
    ("told", "budget"),
    [({}, 1_500), ({"response_format": "detailed"}, 6_000), ({"max_tokens": 400, "response_format": "detailed"}, 400)],
)
def test_the_budget_follows_the_format_unless_it_is_told(told: dict[str, object], budget: int) -> None:
    assert Paged.model_validate(told).budget_tokens == budget


def test_every_problem_is_told_in_one_line_and_at_most_five() -> None:
    with pytest.raises(ValidationError) as refused:
        SearchArguments.model_validate({"limit": 0, "qery": "x"})
    assert problems(refused.value) == (
        "limit: Input should be greater than or equal to 1; query: Field required; qery: there is no such argument"
    )
    with pytest.raises(ValidationError) as many:
        SearchArguments.model_validate({f"argument{number}": 1 for number in range(20)})
    assert problems(many.value).count(";") == 4
