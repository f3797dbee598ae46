"""Times as people write them: "Sáb 28 nov · 9:00 p.m.", "28/11/2026 21:00", "28 de noviembre". The day comes first."""

import re
from datetime import date, datetime, time, timedelta

from sonik.identity.names import plain

_MONTHS = {
    "ene": 1, "jan": 1, "feb": 2, "fev": 2, "mar": 3, "abr": 4, "apr": 4, "may": 5, "mai": 5, "jun": 6, "jul": 7,
    "ago": 8, "aug": 8, "sep": 9, "set": 9, "oct": 10, "out": 10, "nov": 11, "dic": 12, "dez": 12, "dec": 12,
}  # fmt: skip
_MONTH = rf"(?:{'|'.join(_MONTHS)})[a-z]*\.?"
_YEAR = r"(20[0-9]{2})"
_DATES = (
    re.compile(r"(?<!\d)(?P<year>20[0-9]{2})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)"),
    re.compile(r"(?<!\d)(?P<day>\d{1,2})[-/.](?P<month>\d{1,2})(?:[-/.](?P<year>20[0-9]{2}))?(?![\d:])"),
    re.compile(rf"(?<!\d)(?P<day>\d{{1,2}})[ºo°]?(?: de)? (?P<name>{_MONTH})(?:,?(?: del?)? (?P<year>20[0-9]{{2}}))?"),
    re.compile(rf"\b(?P<name>{_MONTH}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)(?:,? (?P<year>20[0-9]{{2}}))?"),
)
_CLOCK = re.compile(
    r"(?<![\d/.-])(\d{1,2})(?:[:h.](\d{2}))? ?(?:([ap])\.? ?m\b\.?)?(?: ?(?:hrs?|horas?|hs?)\b)?(?![\d/-])"
)
# A date without a year is the one that lies nearest, and listings look ahead rather than back.
_BACK, _AHEAD = timedelta(days=60), timedelta(days=305)


def written_moment(text: str, *, near: date | None) -> str | None:
    """Return a time as ISO 8601 without an offset, a bare date where no hour is said, or None when it is neither.

    `near` is when it was written; without it a date needs its year.
    """
    told = " ".join(plain(text).split())
    for pattern in _DATES:
        match = pattern.search(told)
        if match is None:
            continue
        day = _day(match, near)
        if day is None:
            return None
        clock = _clock(told[: match.start()] + " | " + told[match.end() :])
        return day.isoformat() if clock is None else datetime.combine(day, clock).isoformat()
    return None


def _day(match: re.Match[str], near: date | None) -> date | None:
    parts = match.groupdict()
    month = _MONTHS[parts["name"][:3]] if parts.get("name") else int(parts["month"])
    if parts.get("year"):
        return _date(int(parts["year"]), month, int(parts["day"]))
    if near is None:
        return None
    days = (_date(year, month, int(parts["day"])) for year in (near.year - 1, near.year, near.year + 1))
    return next((day for day in days if day is not None and near - _BACK <= day <= near + _AHEAD), None)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _clock(rest: str) -> time | None:
    for match in _CLOCK.finditer(rest):
        hour, minute, half = int(match[1]), match[2], match[3]
        said = minute is not None or half is not None or match[0].rstrip().endswith(("h", "s"))
        if not said or hour > 23 or int(minute or 0) > 59:
            continue
        if half is not None:
            hour = hour % 12 + (12 if half == "p" else 0)
        return time(hour, int(minute or 0))
    return None
