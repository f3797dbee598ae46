from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonik.clock import Clock
from sonik.errors import InvalidInput
from sonik.retrieval.when import parse_when

BOGOTA = ZoneInfo("America/Bogota")
SANTIAGO = ZoneInfo("America/Santiago")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
ZONES = (BOGOTA, SANTIAGO, SAO_PAULO)

# Three local moments of one service day, Wednesday 18 November 2026: 02:00 is the night's, not Thursday's.
MOMENTS = ("2026-11-18 14:00", "2026-11-18 23:30", "2026-11-19 02:00")

ON_WEDNESDAY = {
    # the argument's own words
    "tonight": "2026-11-18 17:00 > 2026-11-19 06:00",
    "today": "2026-11-18 06:00 > 2026-11-19 06:00",
    "tomorrow": "2026-11-19 06:00 > 2026-11-20 06:00",
    "this_weekend": "2026-11-20 17:00 > 2026-11-23 06:00",
    "this_week": "2026-11-18 06:00 > 2026-11-23 06:00",
    "next_week": "2026-11-23 06:00 > 2026-11-30 06:00",
    "2026-12-05": "2026-12-05 06:00 > 2026-12-06 06:00",
    "2026-12-05/2026-12-07": "2026-12-05 06:00 > 2026-12-08 06:00",
    "2026-12-05..2026-12-07": "2026-12-05 06:00 > 2026-12-08 06:00",
    "2026-12-05T20:00": "2026-12-05 20:00 > 2026-12-06 06:00",
    "2026-12-06T01:30": "2026-12-06 01:30 > 2026-12-06 06:00",
    "2026-12-05T20:00/2026-12-06T02:00": "2026-12-05 20:00 > 2026-12-06 02:00",
    "2026-12-05T20:00..2026-12-06": "2026-12-05 20:00 > 2026-12-07 06:00",
    # relative days
    "hoy": "2026-11-18 06:00 > 2026-11-19 06:00",
    "HOJE": "2026-11-18 06:00 > 2026-11-19 06:00",
    "mañana": "2026-11-19 06:00 > 2026-11-20 06:00",
    "manana": "2026-11-19 06:00 > 2026-11-20 06:00",
    "amanhã": "2026-11-19 06:00 > 2026-11-20 06:00",
    "pasado mañana": "2026-11-20 06:00 > 2026-11-21 06:00",
    "depois de amanhã": "2026-11-20 06:00 > 2026-11-21 06:00",
    "the day after tomorrow": "2026-11-20 06:00 > 2026-11-21 06:00",
    "ayer": "2026-11-17 06:00 > 2026-11-18 06:00",
    "anoche": "2026-11-17 17:00 > 2026-11-18 06:00",
    "last night": "2026-11-17 17:00 > 2026-11-18 06:00",
    "hoy o mañana": "2026-11-18 06:00 > 2026-11-20 06:00",
    "tonight and tomorrow": "2026-11-18 17:00 > 2026-11-20 06:00",
    "en 3 días": "2026-11-21 06:00 > 2026-11-22 06:00",
    "daqui a dois dias": "2026-11-20 06:00 > 2026-11-21 06:00",
    "in two weeks": "2026-11-30 06:00 > 2026-12-07 06:00",
    "los próximos 7 días": "2026-11-18 06:00 > 2026-11-25 06:00",
    "next few days": "2026-11-18 06:00 > 2026-11-25 06:00",
    "próximos dias": "2026-11-18 06:00 > 2026-11-25 06:00",
    # parts of a day: "mañana" is tomorrow and morning, "manhã" and "amanhã" are two words
    "esta noche": "2026-11-18 17:00 > 2026-11-19 06:00",
    "hoje à noite": "2026-11-18 17:00 > 2026-11-19 06:00",
    "hoy a la noche": "2026-11-18 17:00 > 2026-11-19 06:00",
    "hoy en la tarde": "2026-11-18 12:00 > 2026-11-18 19:00",
    "esta tarde": "2026-11-18 12:00 > 2026-11-18 19:00",
    "mañana por la noche": "2026-11-19 17:00 > 2026-11-20 06:00",
    "mañana por la mañana": "2026-11-19 06:00 > 2026-11-19 12:00",
    "mañana en la mañana": "2026-11-19 06:00 > 2026-11-19 12:00",
    "amanhã de manhã": "2026-11-19 06:00 > 2026-11-19 12:00",
    "amanhã à noite": "2026-11-19 17:00 > 2026-11-20 06:00",
    "tomorrow night": "2026-11-19 17:00 > 2026-11-20 06:00",
    "la mañana del sábado": "2026-11-21 06:00 > 2026-11-21 12:00",
    "la noche del viernes": "2026-11-20 17:00 > 2026-11-21 06:00",
    "viernes noche": "2026-11-20 17:00 > 2026-11-21 06:00",
    "sexta à noite": "2026-11-20 17:00 > 2026-11-21 06:00",
    "domingo al mediodía": "2026-11-22 11:00 > 2026-11-22 15:00",
    "madrugada del domingo": "2026-11-22 00:00 > 2026-11-22 06:00",
    "friday late night": "2026-11-21 00:00 > 2026-11-21 06:00",
    "esta madrugada": "2026-11-19 00:00 > 2026-11-19 06:00",
    "por la noche": "2026-11-18 17:00 > 2026-11-19 06:00",
    "evening": "2026-11-18 17:00 > 2026-11-19 06:00",
    # weekdays: the next such service day, today included
    "miércoles": "2026-11-18 06:00 > 2026-11-19 06:00",
    "el jueves": "2026-11-19 06:00 > 2026-11-20 06:00",
    "el sábado": "2026-11-21 06:00 > 2026-11-22 06:00",
    "martes": "2026-11-24 06:00 > 2026-11-25 06:00",
    "este viernes": "2026-11-20 06:00 > 2026-11-21 06:00",
    "el próximo miércoles": "2026-11-25 06:00 > 2026-11-26 06:00",
    "el viernes que viene": "2026-11-20 06:00 > 2026-11-21 06:00",
    "next friday": "2026-11-27 06:00 > 2026-11-28 06:00",
    "last friday": "2026-11-13 06:00 > 2026-11-14 06:00",
    "el viernes pasado": "2026-11-13 06:00 > 2026-11-14 06:00",
    "sexta": "2026-11-20 06:00 > 2026-11-21 06:00",
    "sexta-feira": "2026-11-20 06:00 > 2026-11-21 06:00",
    "segunda-feira": "2026-11-23 06:00 > 2026-11-24 06:00",
    "terça": "2026-11-24 06:00 > 2026-11-25 06:00",
    "quarta que vem": "2026-11-25 06:00 > 2026-11-26 06:00",
    "quinta": "2026-11-19 06:00 > 2026-11-20 06:00",
    "viernes y sábado": "2026-11-20 06:00 > 2026-11-22 06:00",
    "de jueves a domingo": "2026-11-19 06:00 > 2026-11-23 06:00",
    "domingo a martes": "2026-11-22 06:00 > 2026-11-25 06:00",
    "thu-sat": "2026-11-19 06:00 > 2026-11-22 06:00",
    "sat": "2026-11-21 06:00 > 2026-11-22 06:00",
    "sábado 28": "2026-11-28 06:00 > 2026-11-29 06:00",
    "sábado de la próxima semana": "2026-11-28 06:00 > 2026-11-29 06:00",
    # weekends and weeks
    "este finde": "2026-11-20 17:00 > 2026-11-23 06:00",
    "fin de semana": "2026-11-20 17:00 > 2026-11-23 06:00",
    "fim de semana": "2026-11-20 17:00 > 2026-11-23 06:00",
    "final de semana": "2026-11-20 17:00 > 2026-11-23 06:00",
    "el próximo fin de semana": "2026-11-20 17:00 > 2026-11-23 06:00",
    "next weekend": "2026-11-27 17:00 > 2026-11-30 06:00",
    "last weekend": "2026-11-13 17:00 > 2026-11-16 06:00",
    "este puente": "2026-11-20 17:00 > 2026-11-24 06:00",
    "feriadão": "2026-11-20 17:00 > 2026-11-24 06:00",
    "finde del 5 de diciembre": "2026-12-04 17:00 > 2026-12-07 06:00",
    "primer finde de diciembre": "2026-12-04 17:00 > 2026-12-07 06:00",
    "esta semana": "2026-11-18 06:00 > 2026-11-23 06:00",
    "la próxima semana": "2026-11-23 06:00 > 2026-11-30 06:00",
    "la semana que viene": "2026-11-23 06:00 > 2026-11-30 06:00",
    "semana que vem": "2026-11-23 06:00 > 2026-11-30 06:00",
    "la semana pasada": "2026-11-09 06:00 > 2026-11-16 06:00",
    # dates, day first
    "5 de diciembre": "2026-12-05 06:00 > 2026-12-06 06:00",
    "5 dez": "2026-12-05 06:00 > 2026-12-06 06:00",
    "Dec 5": "2026-12-05 06:00 > 2026-12-06 06:00",
    "December 5th, 2027": "2027-12-05 06:00 > 2027-12-06 06:00",
    "the 5th of December": "2026-12-05 06:00 > 2026-12-06 06:00",
    "1º de dezembro": "2026-12-01 06:00 > 2026-12-02 06:00",
    "05/12": "2026-12-05 06:00 > 2026-12-06 06:00",
    "05/12/2026": "2026-12-05 06:00 > 2026-12-06 06:00",
    "5/12/26": "2026-12-05 06:00 > 2026-12-06 06:00",
    "5-12-2026": "2026-12-05 06:00 > 2026-12-06 06:00",
    "sábado 5 de diciembre": "2026-12-05 06:00 > 2026-12-06 06:00",
    "5 de diciembre por la noche": "2026-12-05 17:00 > 2026-12-06 06:00",
    "el día 28": "2026-11-28 06:00 > 2026-11-29 06:00",
    "on the 28th": "2026-11-28 06:00 > 2026-11-29 06:00",
    "29 de febrero": "2028-02-29 06:00 > 2028-03-01 06:00",
    "último viernes de noviembre": "2026-11-27 06:00 > 2026-11-28 06:00",
    "nochevieja": "2026-12-31 17:00 > 2027-01-01 06:00",
    # within 60 days a date is past, before that it is next year's
    "20 de septiembre": "2026-09-20 06:00 > 2026-09-21 06:00",
    "18 de septiembre": "2027-09-18 06:00 > 2027-09-19 06:00",
    "5 de enero": "2027-01-05 06:00 > 2027-01-06 06:00",
    # ranges
    "del 5 al 8 de diciembre": "2026-12-05 06:00 > 2026-12-09 06:00",
    "de 5 a 8 de dezembro": "2026-12-05 06:00 > 2026-12-09 06:00",
    "entre el 5 y el 8 de diciembre": "2026-12-05 06:00 > 2026-12-09 06:00",
    "from 2 to 5 December": "2026-12-02 06:00 > 2026-12-06 06:00",
    "Dec 5-8": "2026-12-05 06:00 > 2026-12-09 06:00",
    "05/12 al 08/12": "2026-12-05 06:00 > 2026-12-09 06:00",
    "del 28 al 5 de diciembre": "2026-11-28 06:00 > 2026-12-06 06:00",
    "28 de diciembre al 3 de enero": "2026-12-28 06:00 > 2027-01-04 06:00",
    "hasta el domingo": "2026-11-18 06:00 > 2026-11-23 06:00",
    "before friday": "2026-11-18 06:00 > 2026-11-20 06:00",
    "desde el viernes": "2026-11-20 06:00 > 2027-02-19 06:00",
    # months
    "en diciembre": "2026-12-01 06:00 > 2027-01-01 06:00",
    "em março": "2027-03-01 06:00 > 2027-04-01 06:00",
    "in May": "2027-05-01 06:00 > 2027-06-01 06:00",
    "diciembre de 2027": "2027-12-01 06:00 > 2028-01-01 06:00",
    "este mes": "2026-11-18 06:00 > 2026-12-01 06:00",
    "mês que vem": "2026-12-01 06:00 > 2027-01-01 06:00",
    "este año": "2026-11-18 06:00 > 2027-01-01 06:00",
    "ano que vem": "2027-01-01 06:00 > 2028-01-01 06:00",
    # hours
    "hoy a partir de las 22": "2026-11-18 22:00 > 2026-11-19 06:00",
    "a partir de las 10 de la noche": "2026-11-18 22:00 > 2026-11-19 06:00",
    "hoje às 21h": "2026-11-18 21:00 > 2026-11-19 06:00",
    "depois das 22h": "2026-11-18 22:00 > 2026-11-19 06:00",
    "tomorrow after 10pm": "2026-11-19 22:00 > 2026-11-20 06:00",
    "sábado después de la medianoche": "2026-11-22 00:00 > 2026-11-22 06:00",
    "sábado después de las 3 am": "2026-11-22 03:00 > 2026-11-22 06:00",
    "tonight from 10pm to 2am": "2026-11-18 22:00 > 2026-11-19 02:00",
    "mañana entre las 8 y las 11": "2026-11-19 20:00 > 2026-11-19 23:00",
    "sábado hasta las 12": "2026-11-21 06:00 > 2026-11-22 00:00",
    "viernes 21:30": "2026-11-20 21:30 > 2026-11-21 06:00",
}  # fmt: skip

ON_OTHER_DAYS = [
    # on Saturday and Sunday, and in Sunday's night, "this weekend" is the one that is on
    ("2026-11-20 14:00", "este finde", "2026-11-20 17:00 > 2026-11-23 06:00"),
    ("2026-11-21 14:00", "this weekend", "2026-11-20 17:00 > 2026-11-23 06:00"),
    ("2026-11-22 23:30", "este fim de semana", "2026-11-20 17:00 > 2026-11-23 06:00"),
    ("2026-11-23 02:00", "este finde", "2026-11-20 17:00 > 2026-11-23 06:00"),
    ("2026-11-23 06:00", "este finde", "2026-11-27 17:00 > 2026-11-30 06:00"),
    ("2026-11-21 14:00", "el próximo finde", "2026-11-27 17:00 > 2026-11-30 06:00"),
    ("2026-11-21 14:00", "next weekend", "2026-11-27 17:00 > 2026-11-30 06:00"),
    ("2026-11-22 14:00", "esta semana", "2026-11-22 06:00 > 2026-11-23 06:00"),
    ("2026-11-22 14:00", "la próxima semana", "2026-11-23 06:00 > 2026-11-30 06:00"),
    ("2026-11-22 14:00", "sábado y domingo", "2026-11-28 06:00 > 2026-11-30 06:00"),
    ("2026-11-23 14:00", "este puente", "2026-11-20 17:00 > 2026-11-24 06:00"),
    ("2026-11-24 14:00", "este puente", "2026-11-27 17:00 > 2026-12-01 06:00"),
    ("2026-11-20 23:30", "viernes", "2026-11-20 06:00 > 2026-11-21 06:00"),
    ("2026-11-21 02:00", "viernes", "2026-11-20 06:00 > 2026-11-21 06:00"),
    ("2026-11-21 02:00", "sábado", "2026-11-21 06:00 > 2026-11-22 06:00"),
    ("2026-11-21 02:00", "mañana", "2026-11-21 06:00 > 2026-11-22 06:00"),
    # the small hours of Saturday lie before its sunrise, unless they are over
    ("2026-11-20 23:30", "sábado de madrugada", "2026-11-21 00:00 > 2026-11-21 06:00"),
    ("2026-11-21 14:00", "sábado de madrugada", "2026-11-22 00:00 > 2026-11-22 06:00"),
    ("2026-11-18 14:00", "ahora", "2026-11-18 14:00 > 2026-11-19 06:00"),
    ("2026-11-19 02:00", "right now", "2026-11-19 02:00 > 2026-11-19 06:00"),
    ("2026-12-30 14:00", "el 3 de enero", "2027-01-03 06:00 > 2027-01-04 06:00"),
    ("2026-12-30 14:00", "del 30 de diciembre al 2 de enero", "2026-12-30 06:00 > 2027-01-03 06:00"),
    ("2026-12-30 14:00", "mes que viene", "2027-01-01 06:00 > 2027-02-01 06:00"),
    ("2027-01-03 14:00", "5 de diciembre", "2027-12-05 06:00 > 2027-12-06 06:00"),
    ("2027-01-03 14:00", "el mes pasado", "2026-12-01 06:00 > 2027-01-01 06:00"),
]

REFUSED = {
    "": "names no time",
    "   ": "names no time",
    "whenever": "names no time",
    "salsa": "names no time",
    "2026-02-30": "2026-02-30 is not a date",
    "2026-13-01": "2026-13-01 is not a date",
    "30 de febrero": "30 de febrero is not a date",
    "31/11": "31/11 is not a date",
    "12/25": "12/25 is not a date",
    "Dec 32": "Dec 32 is not a date",
    "2026-02-30/2026-03-02": "2026-02-30 is not a date",
    "0026-12-05": "0026-12-05 is not a date between 1970 and 2100",
    "9999-12-31": "9999-12-31 is not a date between 1970 and 2100",
    "2026-12-07/2026-12-05": "ends before it starts",
    "2026-12-07T20:00/2026-12-07T18:00": "ends before it starts",
    "2026-12-07T25:00": "2026-12-07T25:00 is not a date and time",
    "9999-12-31T20:00": "9999-12-31T20:00 is not a date between",
    "tonight in Quito": "'Quito' is not part of one time",
    "tonight, friday": "'friday' is not part of one time",
    "x" * 5000: "at most 200 characters",
}


def frozen(local: str, zone: ZoneInfo) -> Clock:
    return Clock.frozen(datetime.fromisoformat(local).replace(tzinfo=zone))


def spoken(text: str, local: str, zone: ZoneInfo) -> str:
    window = parse_when(text, zone=zone, clock=frozen(local, zone))
    return " > ".join(f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" for moment in (window.start, window.end))


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("local", MOMENTS)
def test_a_phrase_means_the_same_nights_by_day_at_night_and_after_midnight(local: str, zone: ZoneInfo) -> None:
    assert {text: spoken(text, local, zone) for text in ON_WEDNESDAY} == ON_WEDNESDAY


@pytest.mark.parametrize(("text", "expected"), ON_WEDNESDAY.items())
def test_a_phrase_is_read_against_wednesday(text: str, expected: str) -> None:
    assert spoken(text, MOMENTS[0], BOGOTA) == expected


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize(("local", "text", "expected"), ON_OTHER_DAYS)
def test_a_phrase_is_read_against_the_current_service_day(local: str, text: str, expected: str, zone: ZoneInfo) -> None:
    assert spoken(text, local, zone) == expected


@pytest.mark.parametrize(("text", "reason"), REFUSED.items())
def test_what_is_no_time_is_refused_with_the_reason_and_examples(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_when(text, zone=BOGOTA, clock=frozen(MOMENTS[0], BOGOTA))
    assert reason in refused.value.message
    assert "this_weekend" in refused.value.next_step
    assert refused.value.field == "when"


def test_a_refusal_quotes_only_the_beginning_of_a_long_text() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_when("zzz " * 50, zone=BOGOTA, clock=frozen(MOMENTS[0], BOGOTA))
    assert len(refused.value.message) < 120


def test_the_window_keeps_the_words_that_named_it() -> None:
    window = parse_when("  this_weekend ", zone=BOGOTA, clock=frozen(MOMENTS[0], BOGOTA))
    assert window.label == "this_weekend"


def test_a_moment_with_an_offset_is_that_moment() -> None:
    window = parse_when("2026-12-05T20:00-03:00/2026-12-06T01:00Z", zone=BOGOTA, clock=frozen(MOMENTS[0], BOGOTA))
    assert (window.start, window.end) == (
        datetime(2026, 12, 5, 23, 0, tzinfo=UTC),
        datetime(2026, 12, 6, 1, 0, tzinfo=UTC),
    )


def test_the_night_the_clocks_go_forward_is_an_hour_shorter() -> None:
    clock = frozen("2026-09-05 14:00", SANTIAGO)
    night = parse_when("esta noche", zone=SANTIAGO, clock=clock)
    small_hours = parse_when("sábado después de las 12 de la noche", zone=SANTIAGO, clock=clock)
    assert night.end - night.start == timedelta(hours=12)
    assert small_hours.end - small_hours.start == timedelta(hours=5)


TIME_WORDS = [
    *sorted({word for text in ON_WEDNESDAY for word in text.split()}),
    *"31 29 24 0 / .. - 00:00 24h 12am 12 febrero feb 2100 1970 365 nye otra primer last mes months".split(" "),
    *"hasta antes de after 24/7 mon puente el santo".split(" "),
]
MOMENTS_OF_A_CENTURY = st.integers(0, 3_900_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@settings(deadline=None, derandomize=True, max_examples=400)
@given(
    text=st.one_of(st.lists(st.sampled_from(TIME_WORDS), max_size=7).map(" ".join), st.text(max_size=60)),
    moment=MOMENTS_OF_A_CENTURY,
    zone=st.sampled_from(ZONES),
)
def test_any_text_is_a_forward_window_or_refused(text: str, moment: datetime, zone: ZoneInfo) -> None:
    with suppress(InvalidInput):
        window = parse_when(text, zone=zone, clock=Clock.frozen(moment))
        assert window.start < window.end
        assert window.start.tzinfo is UTC
