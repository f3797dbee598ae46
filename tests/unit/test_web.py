"""What pages say in each language, which one is preferred, and where people are led after signing in."""

from string import Formatter
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.web.signing import local_path
from server.web.words import LANGUAGES, ROLES, WORDS, preferred
from sonik import types

HERE = "https://sonik.example/signin"


def test_every_language_says_everything_with_the_same_values() -> None:
    said = {
        language: {name: [part[1] for part in Formatter().parse(text)] for name, text in words.items()}
        for language, words in WORDS.items()
    }
    assert set(said) == set(LANGUAGES) == set(ROLES)
    assert said["es"] == said["pt"] == said["en"]
    assert {frozenset(roles) for roles in ROLES.values()} == {frozenset(types.ROLES)}


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("", "es"), ("pt-BR,pt;q=0.9,en-US;q=0.8", "pt"), ("de-DE, de;q=0.9, en;q=0.5", "en"), ("EN", "en"),
     ("en;q=0.1, pt;q=0.2", "pt"), ("pt;q=0", "es"), ("fr", "es"), (";;q=,*", "es")],
)  # fmt: skip
def test_the_preferred_language_is_one_of_ours(accepted: str, language: str) -> None:
    assert preferred(accepted) == language


@given(st.text() | st.from_regex(r"[/\\.]{1,4}[\x00-\x20\\/@:.a-z]{0,12}", fullmatch=True))
@example("/\t/evil.example")
@example("/..//evil.example")
def test_nobody_is_led_to_another_host(wanted: str) -> None:
    led = urlsplit(urljoin(HERE, local_path(wanted)))
    assert (led.scheme, led.netloc) == ("https", "sonik.example")


@given(st.text())
def test_no_header_breaks_the_choice_of_a_language(accepted: str) -> None:
    assert preferred(accepted) in LANGUAGES
