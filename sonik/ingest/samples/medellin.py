"""Five weeks of Medellín around tonight: invented venues, organizations, brands, artists, events and people.

Nobody in it exists. A row of `medellin/events.jsonl` says when it happens relative to tonight, so that any day has
answers; all other rows are records as they stand. `{night}` in a row stands for the date of the night.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from sonik.clock import DAY_STARTS, service_night
from sonik.types import JsonObject

SOURCE = "sample-medellin"
ZONE = ZoneInfo("America/Bogota")
FIRST_DAY = -7
LAST_DAY = 28


class _Slot(BaseModel):
    """A time of the service day: 00:30 is half an hour after the midnight that ends it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: time
    hours: float = Field(gt=0)

    def span(self, night: date) -> tuple[datetime, datetime]:
        """Return the local start and end on a night."""
        day = night + timedelta(days=1) if self.at < DAY_STARTS else night
        starts = datetime.combine(day, self.at, tzinfo=ZONE)
        return starts, starts + timedelta(hours=self.hours)


class _OnDay(_Slot):
    """Once, so many days from tonight."""

    day: int = Field(ge=FIRST_DAY, le=LAST_DAY)

    def nights(self, tonight: date) -> list[date]:
        return [tonight + timedelta(days=self.day)]


class _OnWeekday(_Slot):
    """On a weekday (Monday is 0), every week; or once, in the week so many weeks from tonight's."""

    weekday: int = Field(ge=0, le=6)
    week: int | None = Field(None, ge=0, le=3)

    def nights(self, tonight: date) -> list[date]:
        if self.week is not None:
            return [tonight + timedelta(weeks=self.week, days=self.weekday - tonight.weekday())]
        days = (tonight + timedelta(days=day) for day in range(FIRST_DAY, LAST_DAY + 1))
        return [day for day in days if day.weekday() == self.weekday]


class _Listing(BaseModel):
    """An event row: when it happens, what changes from week to week, and a record's fields as extras."""

    model_config = ConfigDict(extra="allow", frozen=True)

    when: _OnDay | _OnWeekday
    editions: tuple[dict[str, JsonValue], ...] = ({},)

    def on(self, night: date) -> JsonObject:
        """Return the event record of one night."""
        starts, ends = self.when.span(night)
        # by week and not by position, so that a date keeps its edition when tonight moves on
        edition = self.editions[night.toordinal() // 7 % len(self.editions)]
        return {
            "kind": "event",
            **{key: _dated(value, night) for key, value in (self.model_extra or {}).items()},
            **edition,
            "market": "medellin",
            "starts_at": starts.isoformat(),
            "ends_at": ends.isoformat(),
        }


def records(now: datetime) -> Iterator[JsonObject]:
    """Yield the market's records as they stand at an aware `now`, each entity before those that mention it."""
    tonight = service_night(now, ZONE)
    for kind, file in (
        ("venue", "venues"),
        ("organization", "organizations"),
        ("brand", "brands"),
        ("artist", "artists"),
    ):
        yield from _plain(kind, file)
    for line in _lines("events"):
        listing = _Listing.model_validate_json(line)
        for night in listing.when.nights(tonight):
            yield listing.on(night)
    yield from _plain("person", "people")


def _plain(kind: str, file: str) -> Iterator[JsonObject]:
    for line in _lines(file):
        yield {"kind": kind, **json.loads(line)}


def _lines(file: str) -> list[str]:
    path = resources.files("sonik.ingest.samples") / "medellin" / f"{file}.jsonl"
    return path.read_text(encoding="utf-8").splitlines()


def _dated(value: JsonValue, night: date) -> JsonValue:
    return value.replace("{night}", night.isoformat()) if isinstance(value, str) else value
