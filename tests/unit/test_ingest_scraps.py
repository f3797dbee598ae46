"""What comes off a web page: markup goes, what a reader sees stays, and addresses lose their trackers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonik.ingest.scraps import untracked, visible_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("Noche de Salsa", "Noche de Salsa"),
        ("<b>Noche</b> de&nbsp;Salsa<br/>", "Noche de Salsa"),
        ("<p>Uno.</p>\n<p>Dos &amp; tres</p>", "Uno.\n\nDos & tres"),
        ("<script>alert(1)</script>Hola<!-- no -->", "Hola"),
        ("3 < 4 y 5 > 2", "3 < 4 y 5 > 2"),
        ("Los &ntilde;andúes &laquo;vivos&raquo;", "Los ñandúes «vivos»"),
        ("<a href='x'>aquí</a>", "aquí"),
    ],
)
def test_a_text_is_what_a_reader_of_the_page_sees(html: str, text: str) -> None:
    assert visible_text(html) == text


@given(st.text(alphabet=st.characters(exclude_characters="<&\xa0")))
def test_a_text_without_markup_stays_as_it_is(text: str) -> None:
    assert visible_text(text) == text


@pytest.mark.parametrize(
    ("address", "clean"),
    [
        ("https://a.example/e?utm_source=ig&id=7&fbclid=x", "https://a.example/e?id=7"),
        ("https://a.example/e?UTM_Medium=bio", "https://a.example/e"),
        ("https://a.example/e?id=7&q=a%20b", "https://a.example/e?id=7&q=a%20b"),
        ("https://a.example/e#parte", "https://a.example/e#parte"),
        ("http://[::1", "http://[::1"),
        ("no es una dirección", "no es una dirección"),
    ],
)
def test_an_address_loses_its_trackers_and_nothing_else(address: str, clean: str) -> None:
    assert untracked(address) == clean


@given(st.text())
def test_cleaning_an_address_twice_is_cleaning_it_once(address: str) -> None:
    assert untracked(untracked(address)) == untracked(address)
