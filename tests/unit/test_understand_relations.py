"""Questions for whoever is around somebody: which kind they ask for, and that every word of them is explained."""

import pytest

from tests.fix_questions import ask

NAME = "loma alta"


@pytest.mark.parametrize(
    "query",
    [
        "¿En qué lugares organiza eventos Loma Alta?",
        "lugares donde produce Loma Alta",
        "Em que lugares Loma Alta organiza eventos?",
        "lugares onde Loma Alta produz",
        "Which venues does Loma Alta put on events at?",
        "venues used by promoter Loma Alta",
        "places where Loma Alta performs",
        "lugares onde Loma Alta se apresenta",
    ],
)
def test_venues_are_asked_for_though_events_are_spoken_of(query: str) -> None:
    understood = ask(query, names={NAME})
    assert (understood.kinds, understood.rest) == (("venue",), "")


@pytest.mark.parametrize(
    "query",
    [
        "¿Con qué artistas comparte cartel Loma Alta?",
        "¿Quién toca junto a Loma Alta?",
        "Com que artistas Loma Alta divide o palco?",
        "Quem toca junto com Loma Alta?",
        "Which artists share a bill with Loma Alta?",
        "Who plays alongside Loma Alta?",
    ],
)
def test_those_on_a_bill_with_somebody_are_artists(query: str) -> None:
    understood = ask(query, names={NAME})
    assert (understood.shares_bill, understood.kinds, understood.rest) == (True, ("artist",), "")


@pytest.mark.parametrize(
    "query", ["quién toca junto a la plaza", "bares junto a Loma Alta", "concerts together with friends"]
)
def test_company_needs_a_name_and_nobody_else_asked_for(query: str) -> None:
    assert not ask(query, names={NAME} if "Loma" in query else ()).shares_bill


@pytest.mark.parametrize(
    "query",
    [
        "¿Qué promotores organizan los conciertos de Loma Alta?",
        "Que produtoras organizam os shows de Loma Alta?",
        "Which promoters put on Loma Alta?",
        "Who organises the shows of Loma Alta?",
    ],
)
def test_promoters_are_asked_for_though_shows_are_spoken_of(query: str) -> None:
    understood = ask(query, names={NAME})
    assert (understood.kinds, understood.rest) == (("organization",), "")


@pytest.mark.parametrize(
    "query",
    [
        "¿Qué programa tiene Loma Alta?",
        "próximas fechas de Loma Alta",
        "O que vai ter no Loma Alta?",
        "What's coming up at Loma Alta?",
        "What is Loma Alta putting on?",
        "upcoming events at Loma Alta",
    ],
)
def test_what_somebody_has_coming_up_is_events(query: str) -> None:
    understood = ask(query, names={NAME})
    assert (understood.kinds, understood.rest) == (("event",), "")


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("bares y fiestas esta noche", ("venue", "event")),
        ("dónde hay conciertos", ("venue", "event")),
        ("where are the concerts tonight", ("venue", "event")),
        ("bares con conciertos esta noche", ("venue",)),
        ("where to go", ("venue",)),
        ("where to go tonight", ("event",)),
        ("¿Dónde hay jazz mañana?", ("event",)),
        ("dónde hay bares hoy", ("venue",)),
    ],
)
def test_where_asks_for_places_or_for_what_is_on(query: str, kinds: tuple[str, ...]) -> None:
    assert ask(query).kinds == kinds
