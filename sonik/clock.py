"""Time as a night out knows it: now(), market time zones, and the service night.

A show at 00:30 belongs to the evening before, so a service day runs from 06:00 to 06:00 local time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sonik.types import Window

DAY_STARTS = time(6, 0)
EVENING_STARTS = time(17, 0)


def _system_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """The one source of the current moment; tests and demos freeze it."""

    read: Callable[[], datetime] = _system_now

    @classmethod
    def frozen(cls, moment: datetime | None) -> "Clock":
        """Return a clock that stands still at `moment`, or the system clock when it is None."""
        if moment is None:
            return cls()
        fixed = moment.astimezone(UTC)
        return cls(read=lambda: fixed)

    def now(self) -> datetime:
        """Return the current moment as aware UTC."""
        return self.read()


def service_night(moment: datetime, zone: ZoneInfo) -> date:
    """Return the calendar date of the service day a moment belongs to: the local date of (local time - 6 h)."""
    return (moment.astimezone(zone) - timedelta(hours=DAY_STARTS.hour)).date()


def service_day(day: date, zone: ZoneInfo, *, label: str = "") -> Window:
    """Return 06:00 local of `day` to 06:00 local of the next day."""
    return _local_window(day, DAY_STARTS, day + timedelta(days=1), zone=zone, label=label)


def service_evening(day: date, zone: ZoneInfo, *, label: str = "") -> Window:
    """Return 17:00 local of `day` to 06:00 local of the next day."""
    return _local_window(day, EVENING_STARTS, day + timedelta(days=1), zone=zone, label=label)


def service_days(first: date, last: date, zone: ZoneInfo, *, label: str = "") -> Window:
    """Return 06:00 local of `first` to 06:00 local of the day after `last`."""
    return _local_window(first, DAY_STARTS, last + timedelta(days=1), zone=zone, label=label)


def _local_window(first: date, start: time, until: date, *, zone: ZoneInfo, label: str) -> Window:
    opens = datetime.combine(first, start, tzinfo=zone).astimezone(UTC)
    closes = datetime.combine(until, DAY_STARTS, tzinfo=zone).astimezone(UTC)
    return Window(start=opens, end=closes, label=label)
