"""The `when` argument of tools: words, a date, a range or two moments, as one window."""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sonik.clock import Clock, service_day, service_night
from sonik.errors import InvalidInput
from sonik.retrieval.dates import YEARS, written_at
from sonik.retrieval.days import Today
from sonik.retrieval.windows import read_timing, window_of
from sonik.retrieval.wording import Sentence, words_of
from sonik.types import Window

EXAMPLES = "Try 'tonight', 'this_weekend', '2026-12-05', '2026-12-05/2026-12-07' or 'el próximo viernes'."
LONGEST = 200
QUOTED = 60
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]{4,15}(?:Z|[+-][0-9:]{4,6})?)?", re.IGNORECASE)
DATE_LENGTH = len("2026-12-05")


def parse_when(text: str, *, zone: ZoneInfo, clock: Clock) -> Window:
    """Return the window a `when` argument names, in a market's time zone.

    It takes "tonight", "today", "tomorrow", "this_weekend", "this_week", "next_week", ISO dates and moments, two of
    them joined by "/" or "..", and whatever es, pt or en phrase a question may use.

    Raises:
        InvalidInput: it names no time, a date that does not exist, or more than a time.

    """
    if len(text) > LONGEST:
        raise _refused(f"a time is at most {LONGEST} characters long.")
    return _between_moments(text, zone) or _phrase(text, zone=zone, clock=clock)


def _phrase(text: str, *, zone: ZoneInfo, clock: Clock) -> Window:
    now = clock.now()
    sentence = Sentence(words_of(text))
    timing = read_timing(sentence, Today(day=service_night(now, zone), only_time=True))
    unread = sentence.unexplained()
    if timing is None or unread:
        raise _refused(_reason(text, sentence, unread))
    if timing.is_reversed:
        raise _refused(f"{_quoted(text)} ends before it starts.")
    return window_of(timing, zone=zone, now=now, label=" ".join(text.split()))


def _reason(text: str, sentence: Sentence, unread: list[int]) -> str:
    today = date(2000, 1, 1)
    for index in range(len(sentence.left)):
        written = written_at(sentence.left, index)
        if written is not None and written.resolve(today) is None:
            shown = " ".join(word.raw for word in sentence.words[index : written.stop])
            years = f" between {YEARS[0]} and {YEARS[-1]}" if written.year and written.year not in YEARS else ""
            return f"{shown} is not a date{years}."
    if not unread or len(unread) == len(sentence.words):
        return f"{_quoted(text)} names no time."
    return f"{_quoted(' '.join(sentence.words[index].raw for index in unread))} is not part of one time."


def _between_moments(text: str, zone: ZoneInfo) -> Window | None:
    """Read ISO moments: one (to the end of its service day) or two; None when the text is something else."""
    parts = [part.strip() for part in text.replace("..", "/").split("/")]
    if len(parts) > 2 or not all(MOMENT.fullmatch(part) for part in parts):
        return None
    if all(len(part) == DATE_LENGTH for part in parts):
        return None
    start, end = _moment(parts[0], zone, closing=False), _moment(parts[-1], zone, closing=True)
    if len(parts) == 1:
        end = service_day(service_night(start, zone), zone).end
    if end <= start:
        raise _refused(f"{_quoted(text)} ends before it starts.")
    return Window(start=start, end=end, label=" ".join(text.split()))


def _moment(part: str, zone: ZoneInfo, *, closing: bool) -> datetime:
    try:
        moment = datetime.fromisoformat(part)
    except ValueError as error:
        raise _refused(f"{part} is not a date and time.") from error
    if moment.year not in YEARS:
        raise _refused(f"{part} is not a date between {YEARS[0]} and {YEARS[-1]}.")
    if len(part) == DATE_LENGTH:
        day = service_day(moment.date(), zone)
        return day.end if closing else day.start
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _quoted(text: str) -> str:
    shown = " ".join(text.split())
    return f"'{shown[:QUOTED]}…'" if len(shown) > QUOTED else f"'{shown}'"


def _refused(reason: str) -> InvalidInput:
    return InvalidInput(f"`when`: {reason}", next_step=EXAMPLES, field="when")
