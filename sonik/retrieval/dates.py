"""Reading calendar dates: "5 de diciembre", "Dec 5", "05/12" (day first), "2026-12-05", "del 5 al 8 de dezembro".

A date without a year is this year's, or next year's when this year's is more than 60 days past.
"""

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sonik.retrieval.calendar_words import (
    BEFORE_MONTH,
    EVES,
    JOINS_DAYS,
    MONTHS,
    NEVER_BEFORE_DAY,
    NIGHT,
    ORDINALS,
    SHY_MONTHS,
    UNITS,
)
from sonik.retrieval.days import Days, month_of, weekend_of
from sonik.retrieval.wording import listed

FORGOTTEN_DAYS = 60
YEARS = range(1970, 2101)
# A 29 February may be eight years away (1896 to 1904, 2096 to 2104).
LEAP_GAP_YEARS = 9
ISO = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
DAY_FIRST = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})(?:[/.-]([0-9]{4}|[0-9]{2}))?")
DAY_NUMBER = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th|o|ro|er)?")
YEAR = re.compile(r"[0-9]{4}")
FIRST_OF_MONTH = frozenset(("primero", "primeiro", "first"))
GLUE = listed("de del do da of d the el")
MOST_GLUE = 3
NUMBERED_WEEKS = 9
NUMBERED_DAYS = 62
DAY_LEADS = frozenset(("dia",))
THE = frozenset(("the", "on"))
# "¿Qué hay el 25?" is a day, "el 25 aniversario" is none: nothing but these may follow.
AFTER_BARE_DAY = frozenset(("", "en", "por", "para", "a", "desde", "hasta", "y", "al"))
ALWAYS_OPEN = "24/7"


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A date as written: the year may be missing, and the day may not exist."""

    year: int | None
    month: int
    day: int
    stop: int

    def resolve(self, today: date) -> date | None:
        """Return the date that is meant, or None where there is no such day."""
        years = range(today.year, today.year + LEAP_GAP_YEARS) if self.year is None else (self.year,)
        for year in years:
            if year in YEARS and 1 <= self.month <= 12 and 1 <= self.day <= calendar.monthrange(year, self.month)[1]:
                day = date(year, self.month, self.day)
                if self.year is not None or (today - day).days <= FORGOTTEN_DAYS:
                    return day
        return None


def read_date(left: Sequence[str], index: int, today: date) -> Days | None:
    """Read the date, the range within one month, or the named eve that starts at `index`."""
    eve = EVES.at(left, index)
    if eve is not None:
        night = _as_days(Written(year=None, month=eve[0][0], day=eve[0][1], stop=eve[1]), today)
        return replace(night, part=NIGHT) if night else None
    ranged = _range_in_month(left, index, today)
    if ranged is not None:
        return ranged
    written = written_at(left, index)
    if written is not None:
        return _as_days(written, today)
    return _day_of_month(left, index, today)


def read_month(left: Sequence[str], index: int, today: date) -> Days | None:
    """Read "en diciembre", "December 2026", or "primer finde de diciembre"."""
    nth = _nth_of_month(left, index, today)
    if nth is not None:
        return nth
    month = MONTHS.get(left[index])
    if month is None:
        return None
    year, stop = _year(left, index + 1)
    if year is None and left[index] in SHY_MONTHS and (index == 0 or left[index - 1] not in BEFORE_MONTH):
        return None
    number_at = index - 2 if index and left[index - 1] in GLUE else index - 1
    if number_at >= 0 and _day_number(left, number_at):
        # "30 de febrero" is no date, and not all of February either.
        return None
    days = _month(year, month, today, stop)
    if days is not None and days.first <= today <= days.last:
        return replace(days, first=today)
    return days


def read_day_of_weekday(left: Sequence[str], index: int, weekday: Days) -> Days | None:
    """Read the number in "sábado 28", when a 28th soon is a Saturday."""
    number = _day_number(left, index) if weekday.kind == "weekday" else None
    weeks = (weekday.first + timedelta(days=7 * ahead) for ahead in range(NUMBERED_WEEKS))
    found = next((day for day in weeks if day.day == number), None)
    return Days(first=found, last=found, stop=index + 1, kind="date") if found else None


def written_at(left: Sequence[str], index: int) -> Written | None:
    """Return what looks like a date at `index`, whether or not such a day exists."""
    text = left[index]
    if not text:
        return None
    iso = ISO.fullmatch(text)
    if iso:
        year, month, day = (int(group) for group in iso.groups())
        return Written(year=year, month=month, day=day, stop=index + 1)
    numeric = DAY_FIRST.fullmatch(text)
    if numeric and text != ALWAYS_OPEN and ("/" in text or numeric[3]):
        shown = int(numeric[3] if len(numeric[3]) == 4 else f"20{numeric[3]}") if numeric[3] else None
        return Written(year=shown, month=int(numeric[2]), day=int(numeric[1]), stop=index + 1)
    return _day_then_month(left, index) or _month_then_day(left, index)


def _as_days(written: Written, today: date) -> Days | None:
    day = written.resolve(today)
    return Days(first=day, last=day, stop=written.stop, kind="date") if day else None


def _day_then_month(left: Sequence[str], index: int) -> Written | None:
    day = _day_number(left, index)
    at = _skip_glue(left, index + 1)
    if day is None or at >= len(left) or left[at] not in MONTHS:
        return None
    year, stop = _year(left, at + 1)
    return Written(year=year, month=MONTHS[left[at]], day=day, stop=stop)


def _month_then_day(left: Sequence[str], index: int) -> Written | None:
    if left[index] not in MONTHS or left[index] in NEVER_BEFORE_DAY:
        return None
    at = index + 2 if index + 1 < len(left) and left[index + 1] == "the" else index + 1
    day = _day_number(left, at)
    if day is None:
        return None
    year, stop = _year(left, at + 1)
    return Written(year=year, month=MONTHS[left[index]], day=day, stop=stop)


def _range_in_month(left: Sequence[str], index: int, today: date) -> Days | None:
    """Read "5 al 8 de diciembre", "5-8 dez", "Dec 5 to 8"."""
    if left[index] in MONTHS:
        first = _month_then_day(left, index)
        second_at = _joined(left, first.stop) if first else None
        day = _day_number(left, second_at) if second_at else None
        if first is None or second_at is None or day is None or _day_then_month(left, second_at):
            return None
        year, stop = (first.year, second_at + 1) if first.year else _year(left, second_at + 1)
        return _range(replace(first, year=year), Written(year=year, month=first.month, day=day, stop=stop), today)
    day = _day_number(left, index)
    second_at = _joined(left, index + 1) if day else None
    second = _day_then_month(left, second_at) if second_at else None
    if day is None or second is None:
        return None
    return _range(replace(second, day=day), second, today)


def _range(first: Written, second: Written, today: date) -> Days | None:
    end = second.resolve(today)
    begin = replace(first, year=end.year).resolve(today) if end else None
    if begin is None or end is None:
        return None
    if begin > end:
        # "del 28 al 5 de diciembre" begins in November.
        before = end.replace(day=1) - timedelta(days=1)
        begin = replace(first, year=before.year, month=before.month).resolve(today)
    return Days(first=begin, last=end, stop=second.stop, kind="span", joined=True) if begin else None


def _day_of_month(left: Sequence[str], index: int, today: date) -> Days | None:
    """Read "el día 28", "on the 28th", "el 25": the next such day, today included."""
    following = left[index + 1] if index + 1 < len(left) else ""
    bare = left[index] == "el" and (index + 2 >= len(left) or left[index + 2] in AFTER_BARE_DAY)
    led = left[index] in DAY_LEADS or (left[index] in THE and following[-2:] == "th") or bare
    day = _day_number(left, index + 1) if led else None
    if day is None or written_at(left, index + 1) or _range_in_month(left, index + 1, today):
        return None
    coming = (today + timedelta(days=ahead) for ahead in range(NUMBERED_DAYS))
    found = next((moment for moment in coming if moment.day == day), None)
    return Days(first=found, last=found, stop=index + 2, kind="date") if found else None


def _nth_of_month(left: Sequence[str], index: int, today: date) -> Days | None:
    nth = ORDINALS.get(left[index])
    unit = UNITS.at(left, index + 1) if nth else None
    at = _skip_glue(left, unit[1]) if unit else len(left)
    if nth is None or unit is None or at >= len(left) or left[at] not in MONTHS:
        return None
    weekday = 4 if unit[0] == "weekend" else unit[0]
    year, stop = _year(left, at + 1)
    month = _month(year, MONTHS[left[at]], today, stop)
    if month is None or not isinstance(weekday, int):
        return None
    days = (month.first + timedelta(days=ahead) for ahead in range((month.last - month.first).days + 1))
    matching = [day for day in days if day.weekday() == weekday]
    day = matching[nth - 1 if nth > 0 else nth]
    return weekend_of(day, stop) if unit[0] == "weekend" else Days(first=day, last=day, stop=stop, kind="date")


def _month(year: int | None, month: int, today: date, stop: int) -> Days | None:
    if year is not None:
        return month_of(year, month, stop) if year in YEARS else None
    days = month_of(today.year, month, stop)
    return month_of(today.year + 1, month, stop) if (today - days.last).days > FORGOTTEN_DAYS else days


def _year(left: Sequence[str], index: int) -> tuple[int | None, int]:
    at = _skip_glue(left, index)
    if at < len(left) and YEAR.fullmatch(left[at]) and int(left[at]) in YEARS:
        return int(left[at]), at + 1
    return None, index


def _day_number(left: Sequence[str], index: int) -> int | None:
    if index >= len(left):
        return None
    if left[index] in FIRST_OF_MONTH:
        return 1
    number = DAY_NUMBER.fullmatch(left[index])
    return int(number[1]) if number else None


def _joined(left: Sequence[str], index: int) -> int | None:
    """Return where the second end of a range stands, when a joining word is at `index`."""
    if index >= len(left) or left[index] not in JOINS_DAYS:
        return None
    return _skip_glue(left, index + 1)


def _skip_glue(left: Sequence[str], index: int) -> int:
    for at in range(index, min(index + MOST_GLUE, len(left))):
        if left[at] not in GLUE:
            return at
    return min(index + MOST_GLUE, len(left))
