"""The key of an event that carries no identifier of its own: venue, service night and the words of its name.

Equal keys are the same event. Words that come and go with the source (the venue, the city, the date, the price,
"en vivo", "sold out") do not count, so a changed rule needs a new KEY_VERSION and all keys computed anew.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from sonik.clock import service_night
from sonik.identity import refused
from sonik.identity.names import fold, plain

KEY_VERSION = 1
KEY_LENGTH = 24

# All word lists are written folded.
_CONNECTIVES = """
    a al and as at com con da das de del do e el em en in la las los na nas no nos o of on os the with y
"""
CONNECTIVES = frozenset(_CONNECTIVES.split())
_PROMO_WORDS = """
    adiada adiado agotada agotadas agotado agotados anuncia anuncian apresenta apresentam aplazada aplazado boleta
    boletas boleto boletos canceled cancelada cancelado cancelled concert concerto concierto convida convidam entrada
    entradas esgotada esgotado evento event gira hoje hoy ingresso ingressos invita invitan live oficial official
    pospuesto postergada postergado postponed presencial presenta presentan presents preventa reagendada reagendado
    reprogramada reprogramado rescheduled show shows soldout ticket tickets today tonight tour tur turne
"""
PROMO_WORDS = frozenset(_PROMO_WORDS.split())
PROMO_PHRASES = (
    "all ages", "ao vivo", "dj set", "early bird", "em concerto", "en concierto", "en directo", "en vivo",
    "entrada franca", "entrada gratis", "entrada libre", "entrada livre", "entradas agotadas", "esta noche",
    "esta noite", "free admission", "free entry", "gira mundial", "ingressos esgotados", "line up", "live set",
    "new date", "nova data", "nueva fecha", "one night only", "por primera vez", "pre sale", "pre venta",
    "save the date", "sold out", "tour mundial", "turne mundial", "ultimas entradas", "ultimos boletos",
    "ultimos ingressos", "unica fecha", "world tour",
)  # fmt: skip
# The longest goes first: "Teatro Colón Bogotá" before "Bogotá".
_PROMO_PHRASES = sorted((phrase.split() for phrase in PROMO_PHRASES), key=len, reverse=True)

_DAY = r"(?:0?[1-9]|[12][0-9]|3[01])"
_DAYS = rf"(?:{_DAY} ?(?:-|/|al?|e|y|and) ?)?{_DAY}(?:o|st|nd|rd|th)?"
_YEAR = r"20[1-3][0-9]"
_MONTH = (
    r"(?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|sep?tiembre|octubre|noviembre|diciembre"
    r"|janeiro|fevereiro|marco|maio|junho|julho|setembro|outubro|novembro|dezembro"
    r"|january|february|march|april|may|june|july|august|september|october|november|december"
    r"|jan|feb|apr|jun|jul|aug|sept?|oct|nov|dec|ene|abr|ago|dic)\b\.?"
)
# These are words of their own ("sol y mar", "dj set"), so a day must stand before them.
_MONTH_AFTER_DAY = rf"(?:{_MONTH}|(?:fev|mar|mai|set|out|dez)\b\.?)"
_WEEKDAY = (
    r"(?:lunes|martes|miercoles|jueves|viernes|sabado|domingo"
    r"|(?:segunda|terca|quarta|quinta|sexta)[ -]feira"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
)
_SHORT_WEEKDAY = r"(?:lun|mar|mie|jue|vie|sab|dom|seg|ter|qua|qui|sex|mon|tue|wed|thu|fri|sat|sun)"
_CURRENCY = r"(?:usd|eur|cop|clp|mxn|ars|brl|pen|uyu|pesos|soles|reais|dolares|bs)"
_AMOUNT = r"[0-9]+(?:[.,][0-9]+)*(?: ?(?:k|mil)\b)?"
# Prices, dates and times in `plain` text; what is longer comes first, so that no rest of it stays.
_PRICE_DATE_TIME = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:\bdesde )?(?:(?:\b(?:us|r|u|mx|col))?\$|\bs/\.?|€) ?{_AMOUNT}(?: ?{_CURRENCY}\b)?",
        rf"\b(?:desde )?{_AMOUNT} ?(?:{_CURRENCY}\b|€|\$)",
        rf"\b{_SHORT_WEEKDAY}\b[.,]? (?={_DAYS}(?: de)? {_MONTH_AFTER_DAY}|{_DAY}[-/.][0-9]|{_MONTH} {_DAY}\b)",
        rf"\b{_YEAR}([-/.])[0-9]{{1,2}}\1[0-9]{{1,2}}\b",
        rf"\b{_DAY}([-/.])[0-9]{{1,2}}\1(?:20)?[0-9]{{2}}\b",
        rf"\b{_DAYS}(?: de)? {_MONTH_AFTER_DAY}(?:,? (?:del? )?{_YEAR}\b)?",
        rf"\b{_MONTH} {_DAY}(?:st|nd|rd|th)?\b(?:,? {_YEAR}\b)?",
        rf"\b{_MONTH} (?:del? )?{_YEAR}\b",
        rf"\b{_DAY}/(?:0?[1-9]|1[0-2])\b",
        r"\b[0-9]{1,2}[:h][0-9]{2}(?: ?[ap]\.? ?m\b\.?)?(?: ?(?:hs?|hrs?|horas)\b)?",
        r"\b[0-9]{1,2} ?(?:[ap]\.? ?m\b\.?|(?:hs?|hrs?|horas)\b)",
        rf"\b{_WEEKDAY}\b(?:,? {_DAY}\b)?",
        rf"\b{_SHORT_WEEKDAY}\b[.,]? {_DAY}\b",
        rf"\b{_YEAR}\b",
    )
)


def event_key(*, venue_id: str, starts_at: datetime, zone: ZoneInfo, name: str, drop: Iterable[str] = ()) -> str:
    """Return 24 hexadecimal digits that are equal for the same night, venue and name.

    `drop` are phrases that do not tell events apart here: the names of the venue and of its city. An event of which
    only the date is known needs a `starts_at` after 06:00 local, or it counts for the evening before.

    Raises:
        InvalidInput: the venue or the name is empty, or the start has no time zone.
    """
    if not venue_id.strip():
        step = "Resolve the venue first; without it unrelated events would share a key."
        raise refused(venue_id, "is no venue id", next_step=step, field="venue_id")
    night = _night(starts_at, zone)
    name_key = _name_key(name, drop)
    return hashlib.sha256(f"{venue_id}|{night}|{name_key}".encode()).hexdigest()[:KEY_LENGTH]


def event_name_key(name: str, *, venue: str, city: str) -> str:
    """Return the sorted words of an event's name that tell it from others at its venue on its night.

    Raises:
        InvalidInput: the name is empty.
    """
    return _name_key(name, (venue, city))


def _night(starts_at: datetime, zone: ZoneInfo) -> str:
    step = "Give the start with its time zone."
    if starts_at.tzinfo is None:
        raise refused(str(starts_at), "has no time zone", next_step=step, field="starts_at")
    return service_night(starts_at, zone).isoformat()


def _name_key(name: str, drop: Iterable[str]) -> str:
    text = " ".join(plain(name).split())
    if not text:
        raise refused(name, "is no name", next_step="Give the event's name.", field="name")
    everything = fold(text).split()
    stripped = text
    for pattern in _PRICE_DATE_TIME:
        stripped = pattern.sub(" ", stripped)
    words = _without(_PROMO_PHRASES, fold(stripped).split())
    dropped = (_telling(fold(phrase).split()) for phrase in drop)
    words = _without(sorted(dropped, key=len, reverse=True), _telling(words))
    kept = {word for word in words if word not in PROMO_WORDS}
    # A name of signs only is its own key.
    return " ".join(sorted(kept or set(everything))) or text


def _telling(words: list[str]) -> list[str]:
    return [word for word in words if word not in CONNECTIVES]


def _without(phrases: Iterable[list[str]], words: list[str]) -> list[str]:
    """Return the words outside these phrases."""
    for phrase in phrases:
        if phrase and phrase[0] in words:
            words = list(_outside(phrase, words))
    return words


def _outside(phrase: list[str], words: list[str]) -> Iterator[str]:
    index = 0
    while index < len(words):
        if words[index : index + len(phrase)] == phrase:
            index += len(phrase)
        else:
            yield words[index]
            index += 1
