"""Reading the days a phrase speaks of: relative days, weekdays, weekends, weeks, months and years.

A day here is a service day (06:00 to 06:00). Weekday names mean the next such day, today included. "Next
Friday" in English is the Friday of next week; "el próximo viernes" and "sexta que vem" are the first one after
today. The weekend runs from Friday 17:00; on Saturday and Sunday "this weekend" is the one that is on.
"""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from sonik.retrieval.calendar_words import (
    AFTER_UNIT,
    BEFORE_UNIT,
    COMING_SPAN,
    COUNTED,
    DAY_PARTS,
    FEW,
    FROM_TODAY,
    NEEDS_MODIFIER,
    NOT_A_DAY_AFTER,
    NOT_A_DAY_BEFORE,
    NUMBER_WORDS,
    ORDINAL_WEEKDAYS,
    PLACED_BEFORE_BRIDGE,
    RELATIVE,
    SHORT_WEEKDAYS,
    UNITS,
    WEEKDAYS,
    Modifier,
    Part,
    Unit,
)

FRIDAY, SUNDAY = 4, 6
# "Los próximos días", "the next few weeks": days by the size of the unit.
FEW_DAYS = {1: 7, 7: 28, 30: 90}
MOST_DAYS = 366


@dataclass(frozen=True, kw_only=True, slots=True)
class Days:
    """Service days first..last (inclusive) read from word `start` to before word `stop`.

    `evening`: the first day opens at 17:00; `part`: the phrase names it too ("tonight"); `joined`: of two phrases.
    """

    first: date
    last: date
    stop: int
    kind: Literal["day", "weekday", "date", "weekend", "span"]
    start: int = 0
    evening: bool = False
    part: Part | None = None
    joined: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Today:
    """What days are read against: the current service day, and what the words may be.

    `ordinal_weekdays`: "sexta" is a day in this language; `only_time`: the text is a time and nothing else.
    """

    day: date
    ordinal_weekdays: bool = False
    only_time: bool = False


def read_relative(left: Sequence[str], index: int, today: Today) -> Days | None:
    """Read "hoy", "amanhã", "day after tomorrow", and with a part "esta noche", "last night"."""
    with_part = DAY_PARTS.at(left, index)
    found = with_part or RELATIVE.at(left, index)
    if found is None:
        return None
    offset, part = found[0] if isinstance(found[0], tuple) else (found[0], None)
    day = today.day + timedelta(days=offset)
    return Days(first=day, last=day, stop=found[1], kind="day", part=part)


def read_counted(left: Sequence[str], index: int, today: Today) -> Days | None:
    """Read "los próximos 7 días", "next few days", "en 3 días", "in two weeks"."""
    if left[index] in COMING_SPAN:
        counted = _count(left, index + 1)
        return counted and _span(today.day, counted[0], counted[2])
    lead = FROM_TODAY.at(left, index)
    counted = _count(left, lead[1]) if lead else None
    if counted is None:
        return None
    count, size, stop = counted
    day = today.day + timedelta(days=count)
    if size == 1:
        return Days(first=day, last=day, stop=stop, kind="day")
    monday = _monday(day)
    return Days(first=monday, last=monday + timedelta(days=SUNDAY), stop=stop, kind="span")


def read_unit(left: Sequence[str], index: int, today: Today) -> Days | None:
    """Read a weekday, weekend, week or month with the word beside it: "este finde", "next friday", "semana que vem"."""
    before = BEFORE_UNIT.at(left, index)
    start = before[1] if before else index
    unit = _unit(left, start, today)
    if unit is None:
        return None
    after = AFTER_UNIT.at(left, unit[1]) if before is None or before[0] == "this" else None
    modifier = after[0] if after else before[0] if before else None
    alone = modifier is None and unit[1] == start + 1 and left[start] in NEEDS_MODIFIER
    if alone and not _is_placed_bridge(left, start):
        return None
    return _days_of(unit[0], modifier or "this", today.day, after[1] if after else unit[1])


def weekend_of(day: date, stop: int) -> Days:
    """Return the weekend of the week that holds a day."""
    friday = _monday(day) + timedelta(days=FRIDAY)
    return Days(first=friday, last=friday + timedelta(days=2), stop=stop, kind="weekend", evening=True)


def month_of(year: int, month: int, stop: int) -> Days:
    """Return all days of a month."""
    last = calendar.monthrange(year, month)[1]
    return Days(first=date(year, month, 1), last=date(year, month, last), stop=stop, kind="span")


def _unit(left: Sequence[str], start: int, today: Today) -> tuple[Unit, int] | None:
    found = UNITS.at(left, start)
    if found is None and start < len(left):
        weekday = _uncertain_weekday(left, start, today)
        found = None if weekday is None else (weekday, start + 1)
    if found is None or not isinstance(found[0], int):
        return found
    named = start > 0 and left[start - 1] in NOT_A_DAY_AFTER
    return None if named or (found[1] < len(left) and left[found[1]] in NOT_A_DAY_BEFORE) else found


def _uncertain_weekday(left: Sequence[str], start: int, today: Today) -> int | None:
    """Read "sexta" in Portuguese, and "sat" beside another weekday or "this"."""
    text = left[start]
    if text in ORDINAL_WEEKDAYS and (today.ordinal_weekdays or today.only_time):
        return ORDINAL_WEEKDAYS[text]
    beside = any(word in WEEKDAYS for word in left[max(0, start - 2) : start])
    led = start > 0 and BEFORE_UNIT.at(left, start - 1) is not None
    return SHORT_WEEKDAYS.get(text) if today.only_time or beside or led else None


def _is_placed_bridge(left: Sequence[str], start: int) -> bool:
    place = start - 2 if start > 1 and left[start - 1] in ("el", "o", "a") else start - 1
    return left[start] == "puente" and place >= 0 and left[place] in PLACED_BEFORE_BRIDGE


def _days_of(unit: Unit, modifier: Modifier, today: date, stop: int) -> Days:
    if isinstance(unit, int):
        day = _weekday(unit, modifier, today)
        return Days(first=day, last=day, stop=stop, kind="weekday")
    if unit == "weekend":
        return weekend_of(_weekend_day(modifier, today), stop)
    if unit == "bridge":
        # Monday still belongs to the long weekend that began on Friday.
        on_monday = today - timedelta(days=1) if today.weekday() == 0 else today
        weekend = weekend_of(_weekend_day(modifier, on_monday), stop)
        return replace(weekend, last=weekend.last + timedelta(days=1))
    return {"week": _week, "month": _month, "year": _year}[unit](modifier, today, stop)


def _weekday(weekday: int, modifier: Modifier, today: date) -> date:
    ahead = timedelta(days=(weekday - today.weekday()) % 7)
    if modifier == "this":
        return today + ahead
    if modifier == "coming":
        return today + (ahead or timedelta(days=7))
    if modifier == "next":
        return _monday(today) + timedelta(days=7 + weekday)
    return today + ahead - timedelta(days=7)


def _weekend_day(modifier: Modifier, today: date) -> date:
    if modifier == "last":
        return today - timedelta(days=7)
    begun = today.weekday() >= FRIDAY
    return today + timedelta(days=7) if modifier == "next" or (modifier == "coming" and begun) else today


def _week(modifier: Modifier, today: date, stop: int) -> Days:
    sunday = _monday(today) + timedelta(days=SUNDAY)
    if modifier == "this":
        return Days(first=today, last=sunday, stop=stop, kind="span")
    moved = sunday + timedelta(days=-7 if modifier == "last" else 7)
    return Days(first=_monday(moved), last=moved, stop=stop, kind="span")


def _month(modifier: Modifier, today: date, stop: int) -> Days:
    if modifier == "this":
        return replace(month_of(today.year, today.month, stop), first=today)
    year, month = divmod(today.year * 12 + today.month - 1 + (-1 if modifier == "last" else 1), 12)
    return month_of(year, month + 1, stop)


def _year(modifier: Modifier, today: date, stop: int) -> Days:
    year = today.year + {"this": 0, "last": -1}.get(modifier, 1)
    first = today if modifier == "this" else date(year, 1, 1)
    return Days(first=first, last=date(year, 12, 31), stop=stop, kind="span")


def _count(left: Sequence[str], index: int) -> tuple[int, int, int] | None:
    """Return (days, size of the unit in days, stop) of "3 días", "two weeks", "few days", "días"."""
    if index >= len(left):
        return None
    if left[index] in COUNTED:
        size = COUNTED[left[index]]
        return (FEW_DAYS[size], size, index + 1) if left[index].endswith("s") and left[index] != "mes" else None
    size = COUNTED.get(left[index + 1], 0) if index + 1 < len(left) else 0
    if left[index] in FEW and size:
        return FEW_DAYS[size], size, index + 2
    number = _number(left[index])
    if number is None or not 0 < number * size <= MOST_DAYS:
        return None
    return number * size, size, index + 2


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= len(str(MOST_DAYS)) else NUMBER_WORDS.get(text)


def _span(first: date, days: int, stop: int) -> Days:
    return Days(first=first, last=first + timedelta(days=days - 1), stop=stop, kind="span")


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
