from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonik.errors import InvalidInput
from sonik.identity.event_key import KEY_LENGTH, KEY_VERSION, event_key, event_name_key

checked = settings(deadline=None, derandomize=True)

BOGOTA = ZoneInfo("America/Bogota")
VENUE, CITY = "Teatro Colón", "Bogotá"
NIGHT = datetime(2026, 11, 21, 21, 0, tzinfo=BOGOTA)

SOLOMUN = [
    "Solomun",
    "SOLOMUN",
    "  solomun!! ",
    "Sólomun",
    "Solomun en vivo",
    "Solomun EN CONCIERTO",
    "Solomun ao vivo",
    "Solomun live",
    "Solomun (DJ set)",
    "Solomun presenta: Solomun",
    "Gira 2026 | Solomun",
    "SOLOMUN WORLD TOUR 2026",
    "Solomun - Turnê 2026",
    "Solomun · Sold Out",
    "AGOTADO: Solomun",
    "[CANCELADO] Solomun",
    "Solomun (adiado)",
    "Solomun - nueva fecha",
    "Entradas Solomun",
    "Ingressos: Solomun",
    "Tickets Solomun",
    "Solomun en el Teatro Colón",
    "Solomun at Teatro Colon, Bogotá",
    "Solomun @ TEATRO COLÓN",
    "Solomun no Teatro Colón",
    "Solomun en Bogotá",
    "Solomun 21/11",
    "Solomun 21/11/2026",
    "Solomun 2026-11-21",
    "Solomun 21.11.26",
    "Solomun – 21 de noviembre",
    "Solomun – sábado 21 de noviembre de 2026",
    "Solomun | Sáb 21 Nov",
    "Solomun | Sáb. 21/11",
    "Solomun, Sat, Nov 21",
    "Solomun (sáb 21)",
    "Solomun, November 21st, 2026",
    "Solomun, Saturday 21",
    "Solomun sábado 21 de novembro",
    "Solomun 21 y 22 de noviembre",
    "Solomun 20-21 nov",
    "Noviembre 2026: Solomun",
    "Solomun 21:00",
    "Solomun 21h30",
    "Solomun 9 p.m.",
    "Solomun 9:00 p.\u202fm.",
    "Solomun 21 hrs",
    "Solomun desde $50.000",
    "Solomun US$ 20",
    "Solomun R$ 50,00",
    "Solomun S/ 40",
    "Solomun 50 mil pesos",
    "Solomun 20 USD",
    "Hoy: Solomun",
    "Esta noche Solomun",
    "🎉 Solomun 🎉",
]
SAME_EVENT = [
    ("Solomun & Adriatique", "Adriatique + Solomun"),
    ("Solomun y Adriatique", "Solomun, Adriatique"),
    ("Noche de Salsa", "Salsa: La Noche"),
    ("A$AP Rocky", "ASAP ROCKY en vivo"),
    ("Los Ángeles Azules", "Angeles Azules"),
    ("Orgullo y Prejuicio (2025)", "Orgullo y prejuicio"),
    ("!!!", " !!! "),
    ("Teatro Colón", "teatro colon"),
]
DIFFERENT_EVENTS = [
    ("Solomun", "Adriatique"),
    ("Solomun", "Solomun Afterparty"),
    ("Solomun & Adriatique", "Solomun"),
    ("Fiesta 1", "Fiesta 2"),
    ("Vol. 3", "Vol. 4"),
    ("Fiesta", "Fiesta Negra"),
    ("Los 80s", "Los 90s"),
    ("The 1975", "The 1976"),
    ("Sol y Mar", "Sol"),
    ("Salsa", "Bachata"),
    ("🎉", "🎸"),
]
NAME_WORDS = "Solomun Bomba Estéreo Ñandú Niche Salsa Ritvales Pastora 3 Cósmica"
PROMOTION = "en vivo|SOLD OUT|presenta|Gira 2026|tickets|entradas agotadas|ao vivo|(21/11)|LIVE"


def key(name: str, *, venue_id: str = "v1", starts_at: datetime = NIGHT) -> str:
    return event_key(venue_id=venue_id, starts_at=starts_at, zone=BOGOTA, name=name, drop=(VENUE, CITY))


@pytest.mark.parametrize("name", SOLOMUN)
def test_words_that_come_and_go_with_the_source_do_not_count(name: str) -> None:
    assert event_name_key(name, venue=VENUE, city=CITY) == "solomun"


@pytest.mark.parametrize(("one", "other"), SAME_EVENT)
def test_two_titles_of_one_event_share_a_key(one: str, other: str) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT_EVENTS)
def test_two_events_of_one_night_keep_their_keys(one: str, other: str) -> None:
    assert key(one) != key(other)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Gira", "gira"),
        ("Sold Out", "out sold"),
        ("Noviembre 2026", "2026 noviembre"),
        ("21/11", "11 21"),
        ("Bogotá en vivo", "bogota en vivo"),
        ("Concierto en el Teatro Colón", "colon concierto el en teatro"),
    ],
)
def test_a_name_of_nothing_else_keeps_its_words(name: str, words: str) -> None:
    assert event_name_key(name, venue=VENUE, city=CITY) == words


def test_months_and_weekdays_that_are_words_of_a_name_stay() -> None:
    assert event_name_key("Sol y Mar", venue="", city="") == "mar sol"
    assert event_name_key("May Roosevelt", venue="", city="") == "may roosevelt"
    assert event_name_key("Abril Sosa", venue="", city="") == "abril sosa"


def test_the_longest_phrase_is_dropped_first() -> None:
    assert event_name_key("Jazz en Bogotá Theatre Bogotá", venue="Bogotá Theatre", city="Bogotá") == "jazz"


def test_the_key_is_short_lower_hexadecimal_and_pinned() -> None:
    assert KEY_VERSION == 1
    assert len(key("Solomun")) == KEY_LENGTH
    assert key("Solomun") == "9e6a47b3f6815a13fb874edf"


def test_a_show_after_midnight_belongs_to_the_evening_before() -> None:
    assert key("Solomun", starts_at=datetime(2026, 11, 22, 0, 30, tzinfo=BOGOTA)) == key("Solomun")
    assert key("Solomun", starts_at=datetime(2026, 11, 22, 6, 0, tzinfo=BOGOTA)) != key("Solomun")


def test_the_night_is_the_markets_not_the_senders() -> None:
    assert key("Solomun", starts_at=NIGHT.astimezone(UTC)) == key("Solomun")


def test_another_venue_or_night_is_another_event() -> None:
    assert (
        len({key("Solomun"), key("Solomun", venue_id="v2"), key("Solomun", starts_at=NIGHT + timedelta(days=1))}) == 3
    )


@pytest.mark.parametrize("name", ["", "  ", "\u200b", "\x00"])
def test_an_event_without_a_name_has_no_key(name: str) -> None:
    with pytest.raises(InvalidInput, match="is no name") as refusal:
        key(name)
    assert refusal.value.field == "name"


def test_an_event_without_a_venue_or_a_time_zone_has_no_key() -> None:
    with pytest.raises(InvalidInput, match="is no venue id"):
        key("Solomun", venue_id=" ")
    with pytest.raises(InvalidInput, match="has no time zone"):
        key("Solomun", starts_at=NIGHT.replace(tzinfo=None))


@checked
@given(
    st.lists(st.sampled_from(NAME_WORDS.split()), min_size=1, max_size=5, unique=True),
    st.lists(st.sampled_from(PROMOTION.split("|")), max_size=3),
    st.randoms(),
)
def test_the_key_survives_accents_case_order_and_promotion(words: list[str], promos: list[str], random: Random) -> None:
    plain = key(" ".join(words))
    shuffled = random.sample(words, len(words))
    dressed = " ".join(shuffled).translate(str.maketrans("éÑúó", "eNuo")).upper()
    assert key(f"{dressed} {' '.join(promos)}") == plain
    assert key(f"{' · '.join([*promos, *shuffled])} en {VENUE}, {CITY}") == plain


@checked
@given(st.integers(0, 12 * 60 - 1), st.integers(0, 12 * 60 - 1))
def test_any_two_starts_of_one_night_share_a_key(one: int, other: int) -> None:
    evening = datetime(2026, 11, 21, 18, 0, tzinfo=BOGOTA)
    starts = (evening + timedelta(minutes=one), evening + timedelta(minutes=other))
    assert len({key("Solomun", starts_at=start) for start in starts}) == 1


@checked
@given(st.text(st.characters()), st.text(st.characters()), st.text(st.characters()))
def test_any_name_has_a_key_or_is_refused(name: str, venue: str, city: str) -> None:
    try:
        words = event_name_key(name, venue=venue, city=city)
    except InvalidInput:
        return
    assert words
    assert event_name_key(name, venue=venue, city=city) == words
    assert len(event_key(venue_id="v1", starts_at=NIGHT, zone=BOGOTA, name=name, drop=(venue, city))) == KEY_LENGTH
