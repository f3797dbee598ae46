"""Dates and amounts as people write them, read on a mapping's word: the names a rule's ``format`` may have."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from sonik.errors import InvalidInput, did_you_mean
from sonik.identity.names import fold
from sonik.ingest.scraps import untracked, visible_text
from sonik.types import JsonValue

MAX_READ: Final = 200
# The first three letters tell months apart in Spanish, Portuguese and English.
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        "ene jan|feb fev|mar|abr apr|may mai|jun|jul|ago aug|sep set|oct out|nov|dic dez dec".split("|"), start=1
    )
    for name in names.split()
}
_WORD = r"(?P<word>[^\W\d_]{3,10})\.?"
_ISO_DAY = re.compile(r"(?<!\d)(?P<year>\d{4})[-/.](?P<second>\d{1,2})[-/.](?P<first>\d{1,2})(?!\d)")
_NUMBERS = re.compile(r"(?<!\d)(?P<first>\d{1,2})\s?[-/.]\s?(?P<second>\d{1,2})\s?[-/.]\s?(?P<year>\d{4}|\d{2})(?!\d)")
_DAY_WORD = re.compile(
    rf"(?<!\d)(?P<first>\d{{1,2}})[ºª°]?(?:st|nd|rd|th)?[\s/.-]+(?:de\s+)?{_WORD}[\s/.,-]*(?:del?\s+)?(?P<year>\d{{4}})"
)
# Without a year: the month as a word, or two numbers that are no time and no part of a longer one.
_DAY_MONTH = re.compile(rf"(?<!\d)(?P<first>\d{{1,2}})[ºª°]?[\s/.-]+(?:de\s+)?{_WORD}", re.IGNORECASE)
_TWO_NUMBERS = re.compile(r"(?<![\d/.-])(?P<first>\d{1,2})[/-](?P<second>\d{1,2})(?![\d/.-])")
_YEARLESS = re.compile(r"--(\d{2}-\d{2})((?:T.*)?)")
# A date without a year is the one that lies nearest, and listings look ahead rather than back.
_BACK, _AHEAD = timedelta(days=60), timedelta(days=305)
_WORD_DAY = re.compile(rf"{_WORD}\s+(?P<first>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})", re.IGNORECASE)
_HOUR = re.compile(
    r"(?<!\d)(?P<hour>\d{1,2})(?:\s?[:.h]\s?(?P<minute>\d{2})(?::\d{2})?)?\s*"
    r"(?:(?P<half>[ap])\.?\s?m\b\.?|(?P<sign>h(?:s|rs|oras)?)\b\.?)?",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"\s*(?:z\b|utc|gmt|[+-]\d{2}:?\d{2})", re.IGNORECASE)
_AMOUNT = re.compile(r"(?<![\w.,])-?\d+(?:[.,' ]\d{3})*(?:[.,]\d+)?(?:\s?(?P<thousand>k|mil)\b)?", re.IGNORECASE)
_NOTHING_TO_PAY = frozenset(
    "gratis gratuito gratuita free libre liberada liberado franca livre".split()
)  # fmt: skip
_MILLISECONDS_FROM: Final = 100_000_000_000

Reader = Callable[[JsonValue], JsonValue]


def reader(name: str) -> Reader:
    """Return the reader that a rule's ``format`` names: one of `READERS`, or a pattern such as ``%d/%m/%Y %H:%M``.

    Raises:
        InvalidInput: there is none of that name.
    """
    if "%" in name:
        return lambda value: _by_pattern(value, name)
    if name not in READERS:
        step = f"{did_you_mean(name, list(READERS))} Or give a pattern such as %d/%m/%Y."
        raise InvalidInput(f"No format is called '{name[:40]}'.", next_step=step, field="mapping")
    return READERS[name]


def _by_pattern(value: JsonValue, pattern: str) -> JsonValue:
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.strptime(value.strip(), pattern)  # noqa: DTZ007 - the market gives the zone later
    except ValueError:
        return value
    has_time = any(sign in pattern for sign in ("%H", "%I", "%c", "%X"))
    return moment.isoformat() if has_time else moment.date().isoformat()


def _epoch(value: JsonValue) -> JsonValue:
    """Read seconds or milliseconds since 1970, told apart by their size."""
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
        if number is None:
            return value
        return datetime.fromtimestamp(number / 1000 if abs(number) >= _MILLISECONDS_FROM else number, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return value


def _day_first(value: JsonValue) -> JsonValue:
    return _written_date(value, month_first=False)


def _month_first(value: JsonValue) -> JsonValue:
    return _written_date(value, month_first=True)


def _written_date(value: JsonValue, *, month_first: bool) -> JsonValue:
    """Read a date with numbers or a named month, and the hour after it; what is no such date stays as it is."""
    if not isinstance(value, str):
        return value
    text = value.strip()[:MAX_READ]
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return _loose(text, month_first=month_first) or value
    return text


def _loose(text: str, *, month_first: bool) -> str | None:
    for pattern in (_ISO_DAY, _NUMBERS, _DAY_WORD, _WORD_DAY):
        found = pattern.search(text)
        if found is None:
            continue
        swap = month_first and pattern is _NUMBERS
        month = found.groupdict().get("word") or found["first" if swap else "second"]
        day = found["second" if swap else "first"]
        return _moment(found["year"], month, day, rest=text[found.end() :])
    return _yearless(text, month_first=month_first)


def _yearless(text: str, *, month_first: bool) -> str | None:
    """Return a date without a year as ISO 8601 writes it, "--11-28"; `nearest_year` completes it."""
    for pattern in (_TWO_NUMBERS, _DAY_MONTH):
        found = pattern.search(text)
        if found is None:
            continue
        swap = month_first and pattern is _TWO_NUMBERS
        month = found.groupdict().get("word") or found["first" if swap else "second"]
        read = _moment("2000", month, found["second" if swap else "first"], rest=text[found.end() :])
        return None if read is None else f"-{read.removeprefix('2000')}"
    return None


def nearest_year(value: JsonValue, *, near: datetime | None) -> JsonValue:
    """Return a date without a year in the year in which it lies nearest to when it was written; others as they are."""
    found = _YEARLESS.fullmatch(value) if isinstance(value, str) else None
    if found is None or near is None:
        return value
    for year in (near.year - 1, near.year, near.year + 1):
        try:
            day = date.fromisoformat(f"{year:04d}-{found[1]}")
        except ValueError:
            continue
        if near.date() - _BACK <= day <= near.date() + _AHEAD:
            return f"{day.isoformat()}{found[2]}"
    return value


def _moment(year: str, month: str, day: str, *, rest: str) -> str | None:
    number = int(month) if month.isdecimal() else _MONTHS.get(fold(month)[:3])
    hour = next((found for found in _HOUR.finditer(rest) if found["minute"] or found["half"] or found["sign"]), None)
    if number is None or (hour is not None and _OFFSET.match(rest, hour.end())):
        return None
    try:
        read = date(int(year) + (2000 if len(year) == 2 else 0), number, int(day))
        return read.isoformat() if hour is None else datetime.combine(read, _clock(hour)).isoformat()
    except ValueError:
        return None


def _clock(found: re.Match[str]) -> time:
    hour = int(found["hour"])
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].lower() == "p" else 0)
    return time(hour, int(found["minute"] or 0))


def _lowest(value: JsonValue) -> JsonValue:
    return _amount(value, min)


def _highest(value: JsonValue) -> JsonValue:
    return _amount(value, max)


def _amount(value: JsonValue, choose: Callable[[list[Decimal]], Decimal]) -> JsonValue:
    """Read the amounts in a text; a text without any says nothing, unless it says that there is nothing to pay."""
    if not isinstance(value, str):
        return value
    amounts = list(amounts_in(value))
    if amounts:
        return format(choose(amounts), "f")
    return 0 if _NOTHING_TO_PAY & set(fold(value[:MAX_READ]).split()) else None


def amounts_in(text: str) -> Iterator[Decimal]:
    """Yield the amounts in a text, whatever signs part its thousands and decimals."""
    for found in _AMOUNT.finditer(_without_signs(text[:MAX_READ])):
        thousand = found["thousand"]
        digits = found[0][: found.start("thousand") - found.start()] if thousand else found[0]
        try:
            amount = Decimal(_plain_digits(digits.strip()))
        except InvalidOperation:
            continue
        yield amount * 1000 if thousand else amount


def _without_signs(text: str) -> str:
    # "R$50" and "COP25.000": a sign or a code may touch its number.
    return re.sub(r"[$€£]|(?<![^\W\d_])[A-Za-z]{2,3}(?=\d)|S/\.?", " ", text)


def _plain_digits(digits: str) -> str:
    """Return digits with a point before the decimals: the last sign parts them unless three digits follow it."""
    digits = digits.replace("'", "").replace(" ", "")
    last = max(digits.rfind("."), digits.rfind(","))
    if last < 0:
        return digits
    head, tail = re.sub(r"[.,]", "", digits[:last]), digits[last + 1 :]
    both = "." in digits and "," in digits
    many = digits.count(digits[last]) > 1
    is_thousands = len(tail) == 3 and (many or not both)
    return head + tail if is_thousands else f"{head}.{tail}"


def _comma(value: JsonValue) -> JsonValue:
    """Read a number whose decimals follow a comma."""
    if not isinstance(value, str):
        return value
    try:
        return float(Decimal(value.strip().replace(".", "").replace(",", ".")))
    except (InvalidOperation, OverflowError):
        return value


def _visible(value: JsonValue) -> JsonValue:
    return visible_text(value) if isinstance(value, str) else value


def _untracked(value: JsonValue) -> JsonValue:
    return untracked(value) if isinstance(value, str) else value


READERS: Final[Mapping[str, Reader]] = {
    "day-first": _day_first,
    "month-first": _month_first,
    "epoch": _epoch,
    "amount": _lowest,
    "highest-amount": _highest,
    "decimal-comma": _comma,
    "html": _visible,
    "untracked": _untracked,
}
