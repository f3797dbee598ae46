"""From time words to a window: which days a sentence names, which part of them, from when and until when."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sonik.clock import service_day, service_days, service_evening, service_night
from sonik.retrieval.calendar_words import (
    ARTICLES,
    BARE_PARTS,
    BETWEEN_PART_AND_DAY,
    BOUNDS,
    JOINS_DAYS,
    LED_PARTS,
    NIGHT,
    Bound,
    Part,
)
from sonik.retrieval.dates import read_date, read_day_of_weekday, read_month
from sonik.retrieval.days import Days, Today, read_counted, read_relative, read_unit, weekend_of
from sonik.retrieval.hours import Hours, read_hours
from sonik.retrieval.wording import Phrases, Sentence
from sonik.types import Window

# "Desde el 5 de diciembre" has no end of its own.
OPEN_END_DAYS = 90
MOST_JOINED = 6
MOST_SKIPPED = 4
BETWEEN_DAYS = frozenset(("", "de", "del", "of", "da", "do", "the", "el", "la", "este", "este"))
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """What the time words say: the days, and the part of the day where only one day is meant."""

    days: Days
    part: Part | None

    @property
    def is_reversed(self) -> bool:
        """Whether the range as written ends before it starts."""
        return self.days.last < self.days.first


def read_timing(sentence: Sentence, today: Today) -> Timing | None:
    """Read when a sentence speaks of, and take those words."""
    left = list(sentence.left)
    hours = _blank_hours(left)
    part = _blank_first_phrase(left, LED_PARTS)
    days = _blank_days(left, today)
    if days is not None and part is None:
        part = _blank_part_beside(left, days)
    if days is None and part is None and today.only_time:
        part = _blank_first_phrase(left, BARE_PARTS)
    if days is None and hours is None and not (part and today.only_time):
        return None
    for index, text in enumerate(left):
        if not text:
            sentence.take(index, index + 1)
    if hours is not None:
        part = Part(start=hours.start, end=hours.end)
    whole = Days(first=today.day, last=today.day, stop=0, kind="day")
    return Timing(days=days or whole, part=part or (days.part if days else None))


def window_of(timing: Timing, *, zone: ZoneInfo, now: datetime, label: str = "") -> Window:
    """Return the window of days and part; a part narrows one day, never a range of days."""
    first, last = sorted((timing.days.first, timing.days.last))
    if timing.part is not None and first == last:
        return _part_window(first, timing.part, zone=zone, now=now, label=label)
    window = service_days(first, last, zone, label=label)
    evening = timing.days.evening or (timing.days.part is NIGHT and first != last)
    return replace(window, start=service_evening(first, zone).start) if evening else window


def _part_window(day: date, part: Part, *, zone: ZoneInfo, now: datetime, label: str) -> Window:
    today = service_night(now, zone)
    if part.from_now and day == today:
        return replace(service_day(day, zone, label=label), start=now)
    if part.before_sunrise:
        before = _clip(day - ONE_DAY, part, zone=zone, label=label)
        if before.end > now or day < today:
            return before
    return _clip(day, part, zone=zone, label=label)


def _clip(day: date, part: Part, *, zone: ZoneInfo, label: str) -> Window:
    start, end = (_moment(day, minutes, zone) for minutes in (part.start, part.end))
    # An hour that the clocks skip can swallow a short span.
    return Window(start=start, end=end, label=label) if start < end else service_day(day, zone, label=label)


def _moment(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    days, minute = divmod(minutes, 24 * 60)
    local = datetime.combine(day + timedelta(days=days), time(*divmod(minute, 60)), tzinfo=zone)
    return local.astimezone(UTC)


def _blank(left: list[str], start: int, stop: int) -> None:
    left[start:stop] = [""] * (stop - start)


def _blank_hours(left: list[str]) -> Hours | None:
    for index in range(len(left)):
        found = read_hours(left, index)
        if found is not None:
            _blank(left, index, found.stop)
            return found
    return None


def _blank_first_phrase(left: list[str], phrases: Phrases[Part]) -> Part | None:
    for index in range(len(left)):
        found = phrases.at(left, index)
        if found is not None:
            _blank(left, index, found[1])
            return found[0]
    return None


def _blank_part_beside(left: list[str], days: Days) -> Part | None:
    """Read "noche" in "viernes noche" and in "la noche del viernes"."""
    after = BARE_PARTS.at(left, days.stop)
    if after is not None:
        _blank(left, days.stop, after[1])
        return after[0]
    start = days.start - 1
    while start >= max(0, days.start - MOST_SKIPPED) and left[start] in BETWEEN_PART_AND_DAY:
        start -= 1
    before = BARE_PARTS.at(left, start) if start >= 0 else None
    if before is None:
        return None
    _blank(left, start, before[1])
    return before[0]


def _blank_days(left: list[str], today: Today) -> Days | None:
    for index in range(len(left)):
        if left[index]:
            days = _chain(left, index, today) or _bounded(left, index, today)
            if days is not None:
                _blank(left, index, days.stop)
                return replace(days, start=index)
    return None


def _bounded(left: Sequence[str], index: int, today: Today) -> Days | None:
    """Read "desde el viernes", "until Sunday"; a range in itself ("from Friday to Sunday") needs no bound."""
    bound = BOUNDS.at(left, index)
    days = _chain(left, _skip(left, bound[1], ARTICLES), today) if bound else None
    if bound is None or days is None or days.part is not None or days.joined:
        return days
    return _apply(bound[0], days, today.day)


def _apply(bound: Bound, days: Days, today: date) -> Days:
    first, last = {
        "from": (days.first, days.first + timedelta(days=OPEN_END_DAYS)),
        "after": (days.last + ONE_DAY, days.last + timedelta(days=OPEN_END_DAYS)),
        "until": (today, days.last),
        "before": (today, days.first - ONE_DAY),
    }[bound]
    evening = days.evening and bound == "from"
    return replace(days, first=first, last=last, kind="span", evening=evening) if first <= last else days


def _chain(left: Sequence[str], index: int, today: Today) -> Days | None:
    """Read one or more day phrases: joined ("viernes y sábado") or side by side ("sábado 5 de diciembre")."""
    days = _read(left, index, today)
    for _ in range(MOST_JOINED):
        if days is None or days.stop >= len(left):
            break
        joins = left[days.stop] in JOINS_DAYS
        at = _skip(left, days.stop + 1, ARTICLES) if joins else _skip(left, days.stop, BETWEEN_DAYS)
        second = _read(left, at, today) or (None if joins else read_day_of_weekday(left, at, days))
        merged = second and (_join(left, at, days, second) if joins else _merge(left, at, days, second))
        if not merged:
            break
        days = merged
    return days


def _read(left: Sequence[str], index: int, today: Today) -> Days | None:
    if index >= len(left) or not left[index]:
        return None
    return (
        read_date(left, index, today.day)
        or read_month(left, index, today.day)
        or read_counted(left, index, today)
        or read_unit(left, index, today)
        or read_relative(left, index, today)
    )


def _join(left: Sequence[str], at: int, first: Days, second: Days) -> Days:
    """Return the range of two; a second day that lies before the first is read again from the first on."""
    if second.first < first.first and second.kind in ("weekday", "date"):
        second = _read(left, at, Today(day=first.first, ordinal_weekdays=True, only_time=True)) or second
    return replace(first, last=second.last, stop=second.stop, kind="span", joined=True)


def _merge(left: Sequence[str], at: int, first: Days, second: Days) -> Days | None:
    """Return what two phrases side by side mean, or None where the second is another matter."""
    match first.kind, second.kind:
        case "weekday", "date":
            return second
        case "weekday", "weekday":
            return _join(left, at, first, second)
        case "weekday", ("span" | "weekend"):
            day = second.first + timedelta(days=(first.first.weekday() - second.first.weekday()) % 7)
            return replace(first, first=day, last=day, stop=second.stop) if day <= second.last else None
        case "weekend", "date":
            return weekend_of(second.first, second.stop)
        # "Hoy viernes" is one day named twice, when today is Friday.
        case (("day" | "date"), ("weekday" | "date")) if _agree(first, second):
            return replace(first, stop=second.stop)
    return None


def _agree(first: Days, second: Days) -> bool:
    same_weekday = second.kind == "weekday" and first.first.weekday() == second.first.weekday()
    return same_weekday or first.first == second.first


def _skip(left: Sequence[str], index: int, words: Collection[str]) -> int:
    at = index
    while at < min(index + MOST_SKIPPED, len(left)) and left[at] in words:
        at += 1
    return at
