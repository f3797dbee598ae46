"""The world's labelled truth as tables, to be asked in SQL."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from importlib.resources import files

from sonik.ingest.samples.world import World
from sonik.ingest.samples.world.cities import City
from sonik.ingest.samples.world.ground import Artist, Event
from sonik.sql import named

# Which sources tell of whom plays, who promotes and what is played; a sheet has room for two artists.
TELL_LINEUP = frozenset({"directus", "scraper"})
TELL_TWO_ARTISTS = "sheet"
TELL_PROMOTER = frozenset({"directus", "sheet"})
TELL_GENRE = frozenset({"directus", "sheet", "scraper"})
SPANS = {
    "tonight": (0, 0), "tomorrow": (1, 1), "weekend": (0, 1), "thursday": (5, 5), "friday": (6, 6),
    "next_saturday": (7, 7), "december_4": (13, 13), "december_5": (14, 14),
}  # fmt: skip
EPOCH = date(1970, 1, 1)

Rows = Iterable[Sequence[object]]


@cache
def queries() -> Mapping[str, str]:
    """Return the schema and the queries by name."""
    return named(files(__package__).joinpath("truth.sql").read_text(encoding="utf-8"))


def told_by(world: World) -> Mapping[str, frozenset[str]]:
    """Return which sources have a line of each thing."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in world.labels.lines:
        found[line.entity].add(line.file.partition("-")[0])
    return {thing: frozenset(sources) for thing, sources in found.items()}


def open_truth(world: World) -> sqlite3.Connection:
    """Return the truth as tables in memory; seconds and nights count from 1970."""
    truth = sqlite3.connect(":memory:")
    truth.executescript(queries()["schema"])
    told = told_by(world)
    ground = world.ground
    _fill(truth, "venues", ((v.id, v.name, v.city.slug, v.id in told) for v in ground.venues))
    _fill(truth, "venue_genres", ((v.id, genre) for v in ground.venues for genre in v.genres))
    _fill(truth, "artists", ((a.id, a.name, a.city.slug, a.genre, a.id in told) for a in ground.artists))
    _fill(truth, "promoters", ((o.id, o.name, o.city.slug) for o in ground.organizations))
    events = [event for event in ground.events if event.id in told and _status(world, event) != "cancelled"]
    _fill(truth, "events", (_event(world, event, told[event.id]) for event in events))
    _fill(truth, "lineup", ((e.id, artist.id) for e in events for artist in told_lineup(e, told[e.id])))
    tonight = _night(ground.cities[0].tonight(ground.now))
    _fill(truth, "spans", ((span, tonight + first, tonight + last) for span, (first, last) in SPANS.items()))
    _fill(truth, "caps", ((city.slug, price) for city in ground.cities for price in city.prices[1:4]))
    return truth


def told_lineup(event: Event, sources: frozenset[str]) -> tuple[Artist, ...]:
    """Return the artists that some source names."""
    if sources & TELL_LINEUP:
        return event.lineup
    return event.lineup[:2] if TELL_TWO_ARTISTS in sources else ()


def winner(world: World, event: Event, name: str) -> object:
    """Return the value of an event that wins over what other sources say."""
    return world.labels.winners[event.id].get(name)


def starts(world: World, event: Event) -> datetime:
    """Return when an event begins, by the source that wins."""
    return datetime.fromisoformat(str(winner(world, event, "starts_at")))


def _event(world: World, event: Event, sources: frozenset[str]) -> tuple[object, ...]:
    city, begins = event.city, starts(world, event)
    promoter = event.promoter.id if event.promoter and sources & TELL_PROMOTER else None
    return (
        event.id, winner(world, event, "name"), city.slug, winner(world, event, "venue"),
        event.genres[0] if sources & TELL_GENRE else None, _night(city.tonight(begins)), begins.timestamp(),
        (begins + timedelta(hours=event.hours)).timestamp(), _midnight(begins, city),
        winner(world, event, "price_min"), promoter,
    )  # fmt: skip


def _status(world: World, event: Event) -> object:
    return winner(world, event, "status")


def _midnight(begins: datetime, city: City) -> float:
    """Return when the night of an event turns into the next day."""
    return datetime.combine(city.tonight(begins) + timedelta(days=1), time(), tzinfo=city.zone).timestamp()


def _night(night: date) -> int:
    return (night - EPOCH).days


def _fill(truth: sqlite3.Connection, table: str, rows: Rows) -> None:
    listed = [tuple(row) for row in rows]
    places = ", ".join("?" * len(listed[0]))
    truth.executemany(f"insert into {table} values ({places})", listed)  # noqa: S608 - the tables are ours
