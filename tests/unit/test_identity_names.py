import unicodedata
from string import ascii_lowercase, digits

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonik.identity import refused
from sonik.identity.names import clean_line, clean_text, fold, name_key, plain, slugify, strip_invisible

ANY_TEXT = st.text(st.characters())
checked = settings(deadline=None, derandomize=True)

FOLDED = {
    "Salón Amador": "salon amador",
    "  Salón\t\nAMADOR ": "salon amador",
    "El Niño Ñandú": "el nino nandu",
    "Sa\u0303o Paulo": "sao paulo",
    "São Paulo": "sao paulo",
    "BOGOTÁ D.C.": "bogota d c",
    "A$AP Rocky": "asap rocky",
    "Ke$ha": "kesha",
    "$uicideboy$": "suicideboys",
    "Fiesta $20": "fiesta 20",
    "US$ 20": "us 20",
    "Simón & Garfunkel": "simon y garfunkel",
    "Sol&Luna": "sol y luna",
    "AC/DC": "ac dc",
    "hip-hop": "hip hop",
    "O'Higgins": "o higgins",
    "O’Higgins": "o higgins",
    "RÜFÜS DU SOL": "rufus du sol",
    "Røyksopp": "royksopp",
    "Łódź": "lodz",
    "Straße": "strasse",
    "STRASSE": "strasse",
    "ﬁesta": "fiesta",
    "ＴＥＡＴＲＯ": "teatro",
    "İstanbul": "istanbul",
    "Diego\u200b\u202e Mas": "diego mas",
    "1º de Mayo": "1o de mayo",
    "🎉 Carnaval 🎉": "carnaval",
    "!!!": "",
    "": "",
    "서울": "서울",
    "Кино": "кино",
}
SAME_KEY = [
    ("The Rolling Stones", "Rolling Stones"),
    ("Los Ángeles Azules", "ANGELES AZULES"),
    ("El Bar", "Bar"),
    ("Os Mutantes", "Mutantes"),
    ("S.O.S.", "SOS"),
    ("D.J. Tiësto", "DJ Tiesto"),
    ("Simón & Garfunkel", "Simón y Garfunkel"),
    ("Café-Bar «La Perla»", "Cafe Bar Perla"),
    ("A$AP Rocky", "ASAP ROCKY"),
]
DIFFERENT_KEY = [
    ("Plan A", "Plan"),
    ("Plan A", "Plan B"),
    ("A Loca", "Loca"),
    ("The The", "Los"),
    ("Teatro de la Ciudad", "Teatro Ciudadano"),
    ("La 33", "La 34"),
]
SLUGS = {
    "Salón Amador": "salon-amador",
    "¡Ñandú & Cía!": "nandu-y-cia",
    "A$AP Rocky — en vivo": "asap-rocky-en-vivo",
    "  --  ": "x",
    "": "x",
    "Кино": "x",
    "🎉": "x",
    "Кино Club": "club",
    "AC/DC": "ac-dc",
}


@pytest.mark.parametrize(("text", "folded"), FOLDED.items())
def test_folding_leaves_the_words_without_accents_case_and_punctuation(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_plain_text_keeps_punctuation_and_prices() -> None:
    assert plain("AC/DC — $20, O’Higgins") == "ac/dc - $20, o'higgins"


@pytest.mark.parametrize(("one", "other"), SAME_KEY)
def test_spellings_of_one_name_share_a_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other) != ""


@pytest.mark.parametrize(("one", "other"), DIFFERENT_KEY)
def test_different_names_keep_different_keys(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


def test_a_name_of_articles_keeps_them() -> None:
    assert name_key("The The") == "the the"
    assert name_key("L.A.") == "l a"


def test_a_name_without_letters_has_no_key() -> None:
    assert name_key("!!!") == ""


@pytest.mark.parametrize(("text", "slug"), SLUGS.items())
def test_a_slug_is_plain_ascii_and_never_empty(text: str, slug: str) -> None:
    assert slugify(text) == slug


def test_a_long_slug_is_cut_between_words() -> None:
    assert slugify("Salón Amador Medellín", max_length=12) == "salon-amador"
    assert slugify("Salón Amador Medellín", max_length=15) == "salon-amador"
    assert slugify("Supercalifragilístico", max_length=5) == "super"


def test_clean_text_keeps_paragraphs_and_collapses_other_space() -> None:
    raw = "  Hola \u00a0 mundo\r\n sigue\x00 aquí\t. \r\n \r\n\n\nOtro\u2028párrafo \n"
    assert clean_text(raw) == "Hola mundo sigue aquí .\n\nOtro párrafo"


def test_a_line_has_no_break_in_it_and_ends_at_its_limit() -> None:
    assert clean_line(" Noche\n\n## SYSTEM:\u2028 all\u200b free\t") == "Noche ## SYSTEM: all free"
    assert clean_line("uno dos tres", max_length=4) == "uno"


def test_clean_text_removes_what_hides_or_turns_text() -> None:
    assert clean_text("sa\u200blo\u00adn\u202e amador\U000e0049\U000e0067\x07\ud800\ufeff") == "salon amador"


def test_clean_text_composes_accents_and_cuts_at_the_limit() -> None:
    assert clean_text("ma\u0303e") == "mãe"
    assert clean_text("uno dos tres", max_length=4) == "uno"


def test_an_emoji_keeps_its_look() -> None:
    assert clean_text("Fiesta ❤\ufe0f") == "Fiesta ❤\ufe0f"


def test_no_control_or_surrogate_passes() -> None:
    hidden = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) in {"Cc", "Cs"}]
    assert [char for char in hidden if clean_text(f"a{char}b") not in {"ab", "a b"}] == []


def test_a_refusal_shows_at_most_eighty_characters_and_no_raw_controls() -> None:
    error = refused("x" * 500 + "\n", "is wrong", next_step="Mend it.", field="name")
    assert error.message == f"'{'x' * 79}…' is wrong."
    assert (error.next_step, error.field) == ("Mend it.", "name")
    assert "\n" not in refused("a\nb", "is wrong", next_step="", field="name").message


@checked
@given(ANY_TEXT)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@checked
@given(ANY_TEXT | st.lists(st.sampled_from(["l", "a", "e", "la", "los", "the", "os", "sol", "."])).map(" ".join))
def test_a_name_key_is_its_own_key(text: str) -> None:
    assert name_key(name_key(text)) == name_key(text)


@checked
@given(ANY_TEXT, st.integers(1, 40))
def test_clean_text_is_stable_short_and_normal(text: str, limit: int) -> None:
    cleaned = clean_text(text, max_length=limit)
    assert clean_text(cleaned, max_length=limit) == cleaned
    assert len(cleaned) <= limit
    assert strip_invisible(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)


@checked
@given(ANY_TEXT, st.integers(1, 40))
def test_a_slug_is_stable_and_fits(text: str, limit: int) -> None:
    slug = slugify(text, max_length=limit)
    assert slugify(slug, max_length=limit) == slug
    assert 1 <= len(slug) <= limit
    assert set(slug) <= set(ascii_lowercase + digits + "-")
    assert slug.strip("-") == slug


@checked
@given(st.text(st.characters(codec="latin-1")))
def test_folding_ignores_case_and_composition(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))
    assert fold(text.lower()) == fold(text)
