from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonik.clock import Clock
from sonik.errors import InvalidInput
from sonik.retrieval.understand import Vocabulary, understand
from sonik.retrieval.wording import words_of
from sonik.types import Near
from tests.fix_questions import VOCABULARY, WEDNESDAY_NOON, ask, market

PRICES = {
    "menos de 50 mil": (Decimal(50_000), "COP"),
    "hasta 50 mil pesos": (Decimal(50_000), "COP"),
    "50.000 pesos": (Decimal(50_000), "COP"),
    "$50.000": (Decimal(50_000), "COP"),
    "50k cop": (Decimal(50_000), "COP"),
    "50 lucas": (Decimal(50_000), "COP"),
    "máximo 80000": (Decimal(80_000), "COP"),
    "COP 1.250.000": (Decimal(1_250_000), "COP"),
    "under 20 dollars": (Decimal(20), "USD"),
    "20 usd": (Decimal(20), "USD"),
    "under US$ 12.50": (Decimal("12.50"), "USD"),
    "less than 1,500 mexican pesos": (Decimal(1_500), "MXN"),
    "até R$ 100": (Decimal(100), "BRL"),
    "até 100 reais": (Decimal(100), "BRL"),
    "S/ 50": (Decimal(50), "PEN"),
    "€20": (Decimal(20), "EUR"),
    # nothing costs 20 Colombian pesos: an English speaker's dollars
    "under $20": (Decimal(20), "USD"),
    "menos de 50 lucas en Santiago": (Decimal(50_000), "CLP"),
    "menos de $20 en Quito": (Decimal(20), "USD"),
    "menos de 200 pesos en CDMX": (Decimal(200), "MXN"),
    # no price: no number, a lower bound, or something else is counted
    "barato": (None, None),
    "desde 20 dólares": (None, None),
    "más de 50 mil": (None, None),
    "menos de 3 horas": (None, None),
    "under 500 people": (None, None),
    "festival con 50 mil personas": (None, None),
    "hasta las 2 am": (None, None),
    "menos de 999999999999 millones": (None, None),
}
FREE = {
    "gratis": True,
    "entrada libre": True,
    "sin cover": True,
    "free entry": True,
    "de graça": True,
    "eventos de pago": False,
    "al aire libre": None,
    "free jazz": None,
    "los Sugar Free": None,
}
CIRCLES = {
    "near 6.25,-75.56": Near(lat=6.25, lng=-75.56, km=2.0),
    "bares cerca de 6.2442, -75.5812 3 km": Near(lat=6.2442, lng=-75.5812, km=3.0),
    "a menos de 500 m de 6.2442,-75.5812": Near(lat=6.2442, lng=-75.5812, km=0.5),
    "perto de -23.55,-46.63": Near(lat=-23.55, lng=-46.63, km=2.0),
    "within 900 km of 6.2442,-75.5812": Near(lat=6.2442, lng=-75.5812, km=100.0),
    "cerca de mí": None,
    "near 95.0,-75.56": None,
    "versión 1.2, 3.4.5": None,
}
MARKETS = {
    "conciertos": "medellin",
    "conciertos en bogota": "bogota",
    "CONCIERTOS BOGOTÁ": "bogota",
    "Medellín Techno": "medellin",
    "fiestas en santiago de cali": "cali",
    "fiestas en Santiago de Chile": "santiago",
    "qué hay en medallo": "medellin",
    # the name of a person, a verb, two places at once, a circle
    "Santiago Cruz en concierto": "medellin",
    "yo me quito": "medellin",
    "fiestas en Quito y Lima": None,
    "near -0.18,-78.46": None,
    "quito near -0.18,-78.46": "quito",
}  # fmt: skip


@pytest.mark.parametrize(("query", "expected"), PRICES.items())
def test_a_price_limit_has_the_currency_of_its_word_or_of_the_market(
    query: str, expected: tuple[Decimal | None, str | None]
) -> None:
    understood = ask(query)
    assert (understood.price_max, understood.currency) == expected


@pytest.mark.parametrize(("query", "expected"), FREE.items())
def test_free_entry_is_told_from_other_freedoms(query: str, expected: bool | None) -> None:
    assert ask(query).is_free is expected


@pytest.mark.parametrize(("query", "expected"), CIRCLES.items())
def test_a_circle_needs_coordinates(query: str, expected: Near | None) -> None:
    assert ask(query).near == expected


@pytest.mark.parametrize(("query", "expected"), MARKETS.items())
def test_a_market_is_the_one_named_or_the_assumed_one(query: str, expected: str | None) -> None:
    assert ask(query).market == expected


def test_the_same_words_are_tonight_of_the_market_asked_about() -> None:
    in_quito, in_rio = ask("tonight in Quito").window, ask("tonight in Rio").window
    assert in_quito is not None
    assert in_rio is not None
    assert in_quito.start == datetime(2026, 11, 18, 22, 0, tzinfo=UTC)
    assert in_rio.start == datetime(2026, 11, 18, 20, 0, tzinfo=UTC)


def test_a_circle_without_a_market_has_the_clock_and_money_of_the_nearest() -> None:
    understood = ask("hoje à noite até 100 perto de -23.55,-46.63", default=None)
    assert understood.window is not None
    assert understood.window.start == datetime(2026, 11, 18, 20, 0, tzinfo=UTC)
    assert ask("menos de 100 cerca de -23.55,-46.63", default=None).currency == "BRL"


def test_a_price_without_any_market_has_no_currency() -> None:
    understood = ask("menos de 50 mil pesos", default=None)
    assert (understood.price_max, understood.currency) == (Decimal(50_000), None)


def test_an_assumed_market_may_be_an_alias() -> None:
    assert ask("conciertos", "Medallo").market == "medellin"


def test_an_unknown_assumed_market_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(InvalidInput) as refused:
        ask("conciertos", "medelin")
    assert refused.value.field == "market"
    assert "'medellin'" in refused.value.next_step


def test_the_region_without_a_market_has_the_clock_of_the_first_one() -> None:
    assert VOCABULARY.zone(None) == ZoneInfo("America/Bogota")


@pytest.mark.parametrize(
    "query",
    ["a " * 1000, "5 de " * 400, "1.1 , " * 330, "este próximo " * 150, "$" * 2000, "9" * 2000,
     "- " * 1000, "\x00\u200b" * 1000],
)  # fmt: skip
def test_a_giant_question_is_read_and_harmless(query: str) -> None:
    assert ask(query[:2000]).language in ("es", "pt", "en")


OTHER_QUESTIONS = (
    "¿Quién toca en el Teatro Colón el sábado por la noche a partir de las 22?",
    "Who is playing at Vibra this weekend from 10pm to 2am on Dec 5-8?",
    "o que rola na sexta à noite no próximo feriadão até a madrugada de 5 a 8 de dezembro",
    "Santiago Cruz y Free Jazz en Club de la Noche, bares de salsa, rumba flamenca & promotores",
)
QUESTION_WORDS = [
    *sorted({word for query in (*PRICES, *FREE, *CIRCLES, *MARKETS, *OTHER_QUESTIONS) for word in query.split()}),
    *'" & $ / .. - 31 2027 febrero de_madrugada 24h ½ ２０ ﬁn ß'.split(" "),
]


@settings(deadline=None, derandomize=True, max_examples=400)
@given(
    query=st.one_of(st.lists(st.sampled_from(QUESTION_WORDS), max_size=12).map(" ".join), st.text(max_size=80)),
    default=st.sampled_from([None, "medellin", "santiago", "sao-paulo"]),
    seconds=st.integers(0, 3_900_000_000),
)
def test_any_question_is_understood_as_something(query: str, default: str | None, seconds: int) -> None:
    clock = Clock.frozen(datetime.fromtimestamp(seconds, UTC))
    understood = understand(query, vocabulary=VOCABULARY, clock=clock, default_market=default)
    if understood.window is not None:
        assert understood.window.start < understood.window.end
    assert understood.price_max is None or 0 <= understood.price_max <= Decimal("1e12")
    assert set(understood.content.split()) <= {text for word in words_of(query) for text in word.text.split()}


def test_without_a_market_the_clock_is_that_of_those_who_are_named_else_the_commonest() -> None:
    def starts(told_by: str | None) -> datetime:
        read = understand(
            "qué hay el 26 de noviembre", vocabulary=VOCABULARY, clock=Clock.frozen(WEDNESDAY_NOON),
            default_market=None, told_by=told_by,
        )  # fmt: skip
        assert read.market is None
        assert read.window is not None
        return read.window.start

    assert starts("ciudad-de-mexico") == datetime(2026, 11, 26, 12, tzinfo=UTC)
    assert starts("sao-paulo") == datetime(2026, 11, 26, 9, tzinfo=UTC)
    berlin = market("berlin", "Berlin", "DE", "Europe/Berlin", "EUR", at=(52.52, 13.405))
    everywhere = Vocabulary(markets=(berlin, *VOCABULARY.markets), genres={})
    assert str(everywhere.zone(None)) == "America/Bogota"
