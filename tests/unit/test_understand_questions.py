from collections.abc import Mapping
from decimal import Decimal

import pytest

from tests.fix_questions import VOCABULARY, ask

TONIGHT = "2026-11-18 17:00 > 2026-11-19 06:00"
TODAY = "2026-11-18 06:00 > 2026-11-19 06:00"
TOMORROW = "2026-11-19 06:00 > 2026-11-20 06:00"
FRIDAY = "2026-11-20 06:00 > 2026-11-21 06:00"
SATURDAY = "2026-11-21 06:00 > 2026-11-22 06:00"
WEEKEND = "2026-11-20 17:00 > 2026-11-23 06:00"


def told(query: str, default: str | None = "medellin") -> dict[str, object]:
    """What was understood, without what stayed empty and with the window as local times of the market."""
    understood = ask(query, default)
    facts: dict[str, object] = {
        "language": understood.language,
        "market": understood.market,
        "near": understood.near,
        "price": understood.price_max,
        "currency": understood.currency,
        "free": understood.is_free,
        "kinds": " ".join(understood.kinds),
        "genres": " ".join(understood.genres),
        "content": understood.content,
        "intent": understood.intent,
    }
    if understood.window is not None:
        zone = VOCABULARY.zone(understood.market)
        bounds = (understood.window.start, understood.window.end)
        facts["when"] = " > ".join(f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" for moment in bounds)
    return {name: value for name, value in facts.items() if value not in (None, "")}


def listing(language: str, market: str, **slots: object) -> Mapping[str, object]:
    return {"language": language, "market": market, "intent": "listing", **slots}


def lookup(language: str, content: str, market: str = "medellin", **slots: object) -> Mapping[str, object]:
    return {"language": language, "market": market, "content": content, "intent": "lookup", **slots}


def described(language: str, content: str, market: str = "medellin", **slots: object) -> Mapping[str, object]:
    return {"language": language, "market": market, "content": content, "intent": "open", **slots}


IN_COLOMBIA = {
    # Spanish
    "¿Qué hay este finde en Medellín?": listing("es", "medellin", kinds="event", when=WEEKEND),
    "rumba esta noche": listing("es", "medellin", kinds="event", when=TONIGHT),
    "farra el viernes": listing("es", "medellin", kinds="event", when=FRIDAY),
    "parche para el viernes con menos de 50.000 pesos": listing(
        "es", "medellin", kinds="event", when=FRIDAY, price=Decimal(50_000), currency="COP"
    ),
    "carrete en Santiago este viernes": listing("es", "santiago", kinds="event", when=FRIDAY),
    "antros en cdmx": listing("es", "ciudad-de-mexico", kinds="venue"),
    "salsa en Cali mañana": listing("es", "cali", genres="salsa", content="salsa", when=TOMORROW),
    "planes baratos este fin de semana": listing("es", "medellin", kinds="event", when=WEEKEND),
    "un bar de salsa en Quito": listing("es", "quito", kinds="venue", genres="salsa", content="salsa"),
    "dónde escuchar techno en Bogotá gratis": listing(
        "es", "bogota", kinds="venue", genres="techno", content="techno", free=True
    ),
    "conciertos en diciembre": listing(
        "es", "medellin", kinds="event", when="2026-12-01 06:00 > 2027-01-01 06:00"
    ),
    "promotores de techno en Medellín": listing(
        "es", "medellin", kinds="organization", genres="techno", content="techno"
    ),
    "¿qué artistas de reggaetón vienen a Bogotá?": listing(
        "es", "bogota", kinds="artist", genres="reggaeton", content="reggaeton"
    ),
    "música electrónica hoy": listing(
        "es", "medellin", genres="electronic", content="musica electronica", when=TODAY
    ),
    "las 10 mejores discotecas de Bogotá": listing("es", "bogota", kinds="venue"),
    "rumba flamenca mañana": listing(
        "es", "medellin", genres="flamenco", content="rumba flamenca", when=TOMORROW
    ),
    "SALSA EN CALI ESTE VIERNES": listing("es", "cali", genres="salsa", content="salsa", when=FRIDAY),
    "Medellín": listing("es", "medellin"),
    "quién toca en el Teatro Colón el sábado": lookup("es", "teatro colon", kinds="artist", when=SATURDAY),
    "¿Quién es Bomba Estéreo?": lookup("es", "bomba estereo"),
    "Bomba Estéreo": lookup("es", "bomba estereo"),
    "bomba estereo": lookup("es", "bomba estereo"),
    "bomba estereo en bogota": described("es", "bomba estereo", "bogota"),
    "háblame de @bombaestereo": lookup("es", "bombaestereo"),
    "los vagabundos de la medianoche": lookup("es", "vagabundos medianoche"),
    "bar La 33": lookup("es", "bar 33"),
    "Club de la Noche": lookup("es", "club noche"),
    "boletas para Bad Bunny": lookup("es", "bad bunny"),
    "¿a qué hora toca Bad Bunny?": lookup("es", "bad bunny", kinds="event"),
    "¿dónde queda Video Club?": lookup("es", "video club", kinds="venue"),
    "Salsa al Parque": lookup("es", "salsa parque", genres="salsa"),
    "Julio Iglesias en octubre": lookup("es", "julio iglesias", when="2026-10-01 06:00 > 2026-11-01 06:00"),
    "Mon Laferte en Santiago": lookup("es", "mon laferte", "santiago"),
    # English
    "What's on in Quito tonight under 20 dollars?": listing(
        "en", "quito", kinds="event", when=TONIGHT, price=Decimal(20), currency="USD"
    ),
    "things to do tomorrow": listing("en", "medellin", kinds="event", when=TOMORROW),
    "free parties this weekend": listing("en", "medellin", kinds="event", when=WEEKEND, free=True),
    "best clubs in Lima": listing("en", "lima", kinds="venue"),
    "Top 10 clubs in Medellín": listing("en", "medellin", kinds="venue"),
    "friday night salsa": listing(
        "en", "medellin", genres="salsa", content="salsa", when="2026-11-20 17:00 > 2026-11-21 06:00"
    ),
    "organizers of jazz events in Bogota": listing("en", "bogota", kinds="organization", genres="jazz", content="jazz"),
    "R&B tonight": listing("en", "medellin", genres="soul", content="r y b", when=TONIGHT),
    "who is playing at Vibra this weekend": lookup("en", "vibra", kinds="artist", when=WEEKEND),
    "where is Video Club": lookup("en", "video club", kinds="venue"),
    "artists at Teatro Colón": lookup("en", "teatro colon", kinds="artist"),
    "Who can introduce me to the owner of Club Vibra?": lookup("en", "introduce club vibra", kinds="person"),
    "Which code change hurt conversion in Medellín?": described("en", "code change hurt conversion"),
    "rooftop with a view tonight": described("en", "rooftop view", when=TONIGHT),
    "free jazz tonight": described("en", "free jazz", genres="jazz", when=TONIGHT),
}  # fmt: skip

IN_BRAZIL = {
    "o que rola hoje à noite?": listing("pt", "sao-paulo", kinds="event", when=TONIGHT),
    "rolê barato amanhã": listing("pt", "sao-paulo", kinds="event", when=TOMORROW),
    "balada sábado": listing("pt", "sao-paulo", kinds="event", when=SATURDAY),
    "festa na sexta": listing("pt", "sao-paulo", kinds="event", when=FRIDAY),
    "shows de sexta até R$ 100": listing(
        "pt", "sao-paulo", kinds="event", when=FRIDAY, price=Decimal(100), currency="BRL"
    ),
    "qual bar tem samba hoje?": listing("pt", "sao-paulo", kinds="venue", genres="samba", content="samba", when=TODAY),
    "o que fazer no fim de semana no Rio": listing("pt", "rio-de-janeiro", kinds="event", when=WEEKEND),
    "de graça amanhã em Sampa": listing("pt", "sao-paulo", free=True, when=TOMORROW),
    "música eletrônica na quinta-feira": listing(
        "pt", "sao-paulo", genres="music electronic", content="musica eletronica", when=TOMORROW
    ),
    "quem organiza festas de techno?": listing(
        "pt", "sao-paulo", kinds="organization", genres="techno", content="techno"
    ),
    "quem toca hoje no Circo Voador": lookup("pt", "circo voador", "sao-paulo", kinds="artist", when=TODAY),
    "onde fica o Circo Voador?": lookup("pt", "circo voador", "sao-paulo", kinds="venue"),
    "techno tonight": listing("en", "sao-paulo", genres="techno", content="techno", when=TONIGHT),
}


@pytest.mark.parametrize(("query", "expected"), IN_COLOMBIA.items())
def test_a_question_in_colombia_is_taken_apart(query: str, expected: Mapping[str, object]) -> None:
    assert told(query) == expected


@pytest.mark.parametrize(("query", "expected"), IN_BRAZIL.items())
def test_a_question_in_brazil_is_taken_apart(query: str, expected: Mapping[str, object]) -> None:
    assert told(query, "sao-paulo") == expected


def test_the_window_keeps_the_words_of_the_question() -> None:
    window = ask("conciertos en Bogotá la noche del Viernes").window
    assert window is not None
    assert window.label == "noche del Viernes"


def test_sexta_is_friday_in_portuguese_and_an_ordinal_in_spanish() -> None:
    assert ask("shows na sexta", "sao-paulo").window is not None
    assert ask("la sexta edición del festival").window is None
    assert ask("fiestas en La Quinta").window is None


def test_a_date_that_does_not_exist_is_left_to_the_search() -> None:
    understood = ask("conciertos 2026-02-30")
    assert (understood.window, understood.content) == (None, "2026-02-30")


def test_an_empty_question_is_open() -> None:
    assert told("", None) == {"language": "es", "intent": "open"}
