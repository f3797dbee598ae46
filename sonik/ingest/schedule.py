"""When an event is on: its true start, its service night, and when it is surely over."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sonik.clock import DAY_STARTS, service_day, service_night
from sonik.truth.rows import Record
from sonik.types import JsonValue

ASSUMED_LENGTH = timedelta(hours=4)
SHORTEST = timedelta(minutes=30)


def true_start(start: datetime, *, all_day: bool, zone: ZoneInfo) -> datetime:
    """Return when it starts; a whole-day event starts with its service day, though its date begins at midnight."""
    if not all_day:
        return start
    return datetime.combine(start.astimezone(zone).date(), DAY_STARTS, tzinfo=zone)


def times(values: Mapping[str, JsonValue], zone: ZoneInfo) -> Record:
    """Return the time columns of an event from its winning values.

    An end that is missing, or so close to the start that it cannot be meant, is taken to be four hours later.
    """
    all_day = bool(values.get("all_day"))
    start = true_start(datetime.fromisoformat(str(values["starts_at"])), all_day=all_day, zone=zone)
    end = datetime.fromisoformat(str(values["ends_at"])) if values.get("ends_at") else None
    if end is not None and end < start:
        end = None
    if all_day:
        until = service_day(service_night(end or start, zone), zone).end
    else:
        until = end if end is not None and end - start >= SHORTEST else start + ASSUMED_LENGTH
    return {
        "starts_at": start, "ends_at": end, "until": until, "night": service_night(start, zone), "timezone": zone.key,
    }  # fmt: skip
