"""Reading hours of a night out: "a partir de las 22", "after 10pm", "às 21h", "entre las 8 y las 11".

Hours are minutes after the calendar midnight of the service day; 24:00 and later is after midnight. A bare 6
to 11 is the evening's, and a bare 1 to 5 is after midnight: nobody asks for a party at nine in the morning.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sonik.retrieval.calendar_words import HOUR
from sonik.retrieval.wording import Phrases, listed

DAY_OPENS, DAY_CLOSES = 6 * HOUR, 30 * HOUR
Lead = Literal["start", "end", "range"]
Half = Literal["am", "pm", "night", "24h"]

CLOCK = re.compile(r"([0-9]{1,2})(?:[:h]([0-9]{2}))?(am|pm|h|hs|hrs|hr)?")
LEADS: Phrases[Lead] = Phrases(
    {
        **dict.fromkeys(["a partir de", "despues de", "desde", "pasadas", "a", "tipo", "after", "at"], "start"),
        **dict.fromkeys(["a partir", "depois", "apos", "as", "starting at", "since", "past"], "start"),
        **dict.fromkeys(["antes de", "hasta", "antes", "ate", "before", "until", "till"], "end"),
        **dict.fromkeys(["de", "entre", "from", "between"], "range"),
    }
)
ARTICLES = listed("las das as")
# "a la 1"; a larger number after "la" is a street or a house: "la 33".
ARTICLE_OF_ONE = "la"
BARE_LEADS = listed("after at before as")
AFTER_BARE_HOUR = frozenset(("", "in", "on", "em", "no", "na"))
HALVES: Phrases[Half] = Phrases(
    {
        **dict.fromkeys(["am", "a.m.", "de la manana", "da manha", "de la madrugada", "da madrugada"], "am"),
        **dict.fromkeys(["in the morning"], "am"),
        **dict.fromkeys(["pm", "p.m.", "de la tarde", "da tarde", "in the afternoon"], "pm"),
        **dict.fromkeys(["de la noche", "da noite", "at night", "in the evening"], "night"),
        **dict.fromkeys(["h", "hs", "hrs", "horas"], "24h"),
    }
)
NAMED: Phrases[int] = Phrases(
    {
        **dict.fromkeys(["medianoche", "la medianoche", "media noche", "midnight", "meia noite", "da meia noite"], 24),
        **dict.fromkeys(["mediodia", "el mediodia", "del mediodia", "noon", "meio dia", "do meio dia", "midday"], 12),
    }
)
# "Abierto 24h", "dentro de 2 horas": how long, not when, unless a word such as "desde" leads.
ROUND_THE_CLOCK = "24"
LENGTH_UNIT = "horas"
JOINS_HOURS = listed("y e a to and hasta ate until till -")


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """A span of one service day, in minutes after its calendar midnight, read up to word `stop`."""

    start: int
    end: int
    stop: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Hour:
    """One hour; `sure`: written so that it can be nothing else; `closes`: what it means as an end."""

    opens: int
    closes: int
    stop: int
    sure: bool


def read_hours(left: Sequence[str], index: int) -> Hours | None:
    """Read the hours that start at `index`, or None."""
    lead = LEADS.at(left, index)
    hour = _led_hour(left, lead[1]) if lead else _clock(left, index)
    # "Los Vagabundos de la Medianoche" are a band.
    if left[index] == "de" and lead and NAMED.at(left, lead[1]):
        return None
    if hour is None or (_is_length(left, hour) and (lead is None or lead[0] == "range")):
        return None
    until = _until(left, hour)
    bare = left[index] in BARE_LEADS and (hour.stop >= len(left) or left[hour.stop] in AFTER_BARE_HOUR)
    after_article = lead is not None and lead[0] != "range" and left[hour.stop - 2] in (*ARTICLES, ARTICLE_OF_ONE)
    if not (hour.sure or until or bare or after_article):
        return None
    if lead is not None and lead[0] == "end":
        return Hours(start=DAY_OPENS, end=hour.closes, stop=hour.stop)
    if until is not None:
        return Hours(start=hour.opens, end=until.closes, stop=until.stop)
    return Hours(start=hour.opens, end=DAY_CLOSES, stop=hour.stop)


def _is_length(left: Sequence[str], hour: _Hour) -> bool:
    return left[hour.stop - 1] == LENGTH_UNIT or left[hour.stop - 1].startswith(ROUND_THE_CLOCK)


def _until(left: Sequence[str], hour: _Hour) -> _Hour | None:
    """Return the second hour of a range, when it is surely one and comes later."""
    if hour.stop >= len(left) or left[hour.stop] not in JOINS_HOURS:
        return None
    until = _led_hour(left, hour.stop + 1)
    article = hour.stop + 1 < len(left) and left[hour.stop + 1] in ARTICLES
    return until if until and (until.sure or article) and until.closes > hour.opens else None


def _led_hour(left: Sequence[str], index: int) -> _Hour | None:
    """Read an hour after a leading word: with its article, or named."""
    named = NAMED.at(left, index)
    if named is not None:
        return _Hour(opens=named[0] * HOUR, closes=named[0] * HOUR, stop=named[1], sure=True)
    if index < len(left) and left[index] in ARTICLES:
        return _clock(left, index + 1)
    if index < len(left) and left[index] == ARTICLE_OF_ONE:
        hour = _clock(left, index + 1)
        return hour if hour and (hour.sure or left[index + 1] == "1") else None
    return _clock(left, index)


def _clock(left: Sequence[str], index: int) -> _Hour | None:
    clock = CLOCK.fullmatch(left[index]) if index < len(left) else None
    if clock is None or int(clock[1]) > 24 or int(clock[2] or 0) > 59:
        return None
    after = HALVES.at(left, index + 1) if clock[3] is None else None
    half = after[0] if after else _half_of(clock)
    opens = _opens(int(clock[1]), half) + int(clock[2] or 0)
    closes = opens + 12 * HOUR if clock[1] == "12" and half is None else opens
    return _Hour(
        opens=opens,
        # "Desde las 12" begins at noon, "hasta las 12" ends at midnight, "hasta las 6 am" at the end of the day.
        closes=closes if closes > DAY_OPENS else DAY_CLOSES,
        stop=after[1] if after else index + 1,
        sure=half is not None,
    )


def _half_of(clock: re.Match[str]) -> Half | None:
    if clock[3] == "am":
        return "am"
    if clock[3] == "pm":
        return "pm"
    in_full = clock[2] is not None and (len(clock[1]) == 2 or "h" in clock[0])
    return "24h" if clock[3] or in_full else None


def _opens(hour: int, half: Half | None) -> int:
    if half == "pm":
        hour = hour % 12 + 12
    elif half == "am":
        hour %= 12
    elif 6 <= hour < 12 and half != "24h":
        hour += 12
    elif hour == 12 and half == "night":
        hour = 24
    return (hour if hour >= DAY_OPENS // HOUR else hour + 24) * HOUR
