"""What values look like, whatever their column is called: a share from 0 to 1, and how to read them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sonik.errors import InvalidInput
from sonik.identity import contact, instagram, places
from sonik.identity.names import fold
from sonik.ingest.formats import amounts_in, reader
from sonik.ingest.legends import Legends
from sonik.ingest.records import YEARS
from sonik.types import JsonValue

Test = Callable[[JsonValue], bool]
_WEB: Final = re.compile(r"(https?://)?[^\s/@]+\.[a-z]{2,}(:\d+)?([/?#]\S*)?", re.IGNORECASE)
_CLOCK: Final = re.compile(r"\d{1,2}([:.h]\d{2}(:\d{2})?)?\s*(h|hs|hrs|horas|[ap]\.?\s?m\.?)?\.?", re.IGNORECASE)
_CLOCK_SIGN: Final = re.compile(r"[:.h]|[ap]\.?\s?m", re.IGNORECASE)
_POINT: Final = re.compile(r"\s*-?\d{1,2}\.\d+\s*,\s*-?\d{1,3}\.\d+\s*")
_DECIMAL_COMMA: Final = re.compile(r"\s*-?\d{1,3},\d+\s*")
_DAY_PARTS: Final = re.compile(r"(?<!\d)(\d{1,2})\s?[-/.]\s?(\d{1,2})\s?[-/.]\s?\d{2,4}(?!\d)")
_HANDLE: Final = re.compile(r"@\w[\w.]+|.*instagram\.com/.+|.*instagr\.am/.+", re.IGNORECASE)
# Seconds or milliseconds between 2001 and 2065: an id or a price is seldom there, and seldom all of them.
_EPOCHS: Final = (range(1_000_000_000, 3_000_000_000), range(1_000_000_000_000, 3_000_000_000_000))
_YES: Final = frozenset("si yes sim true verdadero verdadeiro 1 x".split())
_NO: Final = frozenset("no nao false falso 0".split())
_CURRENCY_SIGNS: Final = {"R$": "BRL", "S/": "PEN", "US$": "USD", "U$": "USD", "€": "EUR", "CLP$": "CLP", "MX$": "MXN"}
_CURRENCY_CODE: Final = re.compile(r"\b(?:ARS|BRL|CLP|COP|EUR|MXN|PEN|USD|UYU)\b")
_LATITUDES, _LONGITUDES = 90, 180
_LONGEST_NAME: Final = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Dates:
    """How the dates of a column are read: the share that can be, the format, and whether they say the hour."""

    share: float = 0.0
    format: str = ""
    with_hour: bool = False
    is_sure: bool = True


def dates(values: Sequence[JsonValue]) -> Dates:
    """Return how most of these values read as dates: ISO first, then day before month, then seconds since 1970."""
    iso = [text for value in values if isinstance(value, str) and (text := _iso(value)) is not None]
    if len(iso) >= len(values) / 2 and iso:
        hours = sum(len(text) > len("2026-12-05") for text in iso)
        return Dates(share=len(iso) / len(values), with_hour=hours > len(iso) / 2)
    if share(values, _is_epoch) > 0.9:
        return Dates(share=share(values, _is_epoch), format="epoch", with_hour=True)
    day_first, month_first = (_read(values, name) for name in ("day-first", "month-first"))
    best = month_first if month_first.share > day_first.share else day_first
    return Dates(
        share=best.share, format=best.format, with_hour=best.with_hour, is_sure=_tells_days_from_months(values)
    )


def share(values: Sequence[JsonValue], test: Test) -> float:
    """Return how many of these values pass a test, from 0 to 1."""
    return sum(map(test, values)) / len(values) if values else 0.0


def is_clock(value: JsonValue) -> bool:
    """Say whether it is an hour of the day."""
    text = value.strip() if isinstance(value, str) else ""
    return bool(_CLOCK.fullmatch(text) and _CLOCK_SIGN.search(text))


def is_amount(value: JsonValue) -> bool:
    """Say whether it is an amount, or a text with one and little else."""
    if isinstance(value, int | float):
        return not isinstance(value, bool) and value >= 0
    if not isinstance(value, str) or len(value) > 60 or _iso(value) is not None:
        return False
    return reader("amount")(value) is not None


def is_plain_number(value: JsonValue) -> bool:
    """Say whether a record takes it as a number as it stands."""
    if isinstance(value, int | float):
        return not isinstance(value, bool)
    return isinstance(value, str) and bool(re.fullmatch(r"\s*-?\d+(\.\d{1,2})?\s*", value))


def is_range(value: JsonValue) -> bool:
    """Say whether a text holds two amounts."""
    return isinstance(value, str) and len(set(amounts_in(value))) > 1


def is_latitude(value: JsonValue) -> bool:
    """Say whether it can be a latitude."""
    return _is_degree(value, _LATITUDES)


def is_longitude(value: JsonValue) -> bool:
    """Say whether it can be a longitude."""
    return _is_degree(value, _LONGITUDES)


def is_point(value: JsonValue) -> bool:
    """Say whether it is a latitude and a longitude in one text."""
    return isinstance(value, str) and bool(_POINT.fullmatch(value))


def has_decimal_comma(value: JsonValue) -> bool:
    """Say whether it is a number whose decimals follow a comma."""
    return isinstance(value, str) and bool(_DECIMAL_COMMA.fullmatch(value))


def is_web_address(value: JsonValue) -> bool:
    """Say whether it is an address of the web."""
    return isinstance(value, str) and len(value) < 2000 and bool(_WEB.fullmatch(value.strip()))


def is_web_path(value: JsonValue) -> bool:
    """Say whether it is the end of an address."""
    return isinstance(value, str) and value.startswith("/") and " " not in value


def is_instagram(value: JsonValue) -> bool:
    """Say whether it is a handle with its sign, or a profile's address."""
    return isinstance(value, str) and bool(_HANDLE.fullmatch(value.strip())) and _passes(instagram.normalise, value)


def is_handle(value: JsonValue) -> bool:
    """Say whether it can be a handle, with or without its sign."""
    return isinstance(value, str) and _passes(instagram.normalise, value)


def is_place_id(value: JsonValue) -> bool:
    """Say whether it is an id of Google places."""
    return isinstance(value, str) and _passes(places.normalise, value)


def is_email(value: JsonValue) -> bool:
    """Say whether it is an e-mail address."""
    return isinstance(value, str) and "@" in value and _passes(contact.email, value)


def is_phone(value: JsonValue) -> bool:
    """Say whether it is a phone number, with its country or without."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return False
    return 7 <= len(re.sub(r"\D", "", str(value))) <= 15 and not re.search(r"[^\W\d_]{4}", str(value))


def is_currency(value: JsonValue) -> bool:
    """Say whether it is the code of a currency."""
    return isinstance(value, str) and bool(re.fullmatch(r"[A-Za-z]{3}", value.strip()))


def currency_in(texts: Sequence[str]) -> str | None:
    """Return the code of the one currency that prices name by code or sign; a bare dollar sign is of many countries."""
    found = {code for text in texts for sign, code in _CURRENCY_SIGNS.items() if sign in text.upper()}
    found |= {code for text in texts for code in _CURRENCY_CODE.findall(text.upper())}
    return found.pop() if len(found) == 1 else None


def is_yes_or_no(value: JsonValue) -> bool:
    """Say whether it is yes or no in one of our languages."""
    return isinstance(value, bool) or fold(str(value)[:20]) in _YES | _NO


def yes_or_no(values: Sequence[JsonValue]) -> dict[str, JsonValue]:
    """Return a table that turns these values into true and false; empty where they are so already."""
    texts = sorted({value for value in values if isinstance(value, str)})
    return {text: fold(text) in _YES for text in texts if is_yes_or_no(text)}


def is_name(value: JsonValue) -> bool:
    """Say whether it can be a name: a text with letters that is no address and no date."""
    if not isinstance(value, str) or not 0 < len(value.strip()) <= _LONGEST_NAME:
        return False
    return any(char.isalpha() for char in value) and not is_web_address(value) and _iso(value) is None


def is_text(value: JsonValue) -> bool:
    """Say whether it is a text, or a number that can be one."""
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def is_market(legends: Legends) -> Test:
    """Return the test whether a value names a market."""
    return lambda value: isinstance(value, str) and legends.find_market(value) is not None


def _iso(value: str) -> str | None:
    text = value.strip()
    try:
        moment = datetime.fromisoformat(text) if len(text) >= len("2026-12-05") else None
    except ValueError:
        return None
    return text if moment is not None and moment.year in YEARS else None


def _is_epoch(value: JsonValue) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    text = str(value).removesuffix(".0")
    return text.isdecimal() and len(text) < 15 and any(int(text) in span for span in _EPOCHS)


def _read(values: Sequence[JsonValue], name: str) -> Dates:
    read = [reader(name)(value) for value in values if isinstance(value, str)]
    good = [text for text in read if isinstance(text, str) and _iso(text) is not None]
    hours = sum("T" in text for text in good)
    return Dates(
        share=len(good) / len(values) if values else 0.0,
        format=name,
        with_hour=hours > len(good) / 2 if good else False,
    )


def _tells_days_from_months(values: Sequence[JsonValue]) -> bool:
    """Say whether any value shows which number is the day; 05/12 alone does not."""
    pairs = [found.groups() for value in values if isinstance(value, str) and (found := _DAY_PARTS.search(value))]
    return not pairs or any(int(first) > 12 or int(second) > 12 for first, second in pairs)


def _is_degree(value: JsonValue, most: int) -> bool:
    if isinstance(value, bool):
        return False
    try:
        number = float(str(value).replace(",", "."))
    except ValueError:
        return False
    return abs(number) <= most and "." in str(number) and number != int(number)


def _passes(normalise: Callable[[str], object], value: str) -> bool:
    try:
        normalise(value)
    except InvalidInput:
        return False
    return True
