"""What is on: five weeks of nights in a city, and what becomes of some of them."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random

from sonik.ingest.samples.world.cities import City, dice
from sonik.ingest.samples.world.ground import Artist, Event, Organization, Venue, slug

FIRST_DAY = -7
LAST_DAY = 28
# Monday first.
NIGHTLY = (3, 3, 4, 5, 6, 6, 3)
EARLY = {"talk": time(18, 30), "literature": time(18, 0), "art": time(17, 30), "film": time(19, 15)}
SEATED = {"theatre": time(20, 0), "classical": time(19, 0), "comedy": time(20, 30), "dance": time(19, 30)}
LATE = {"techno": time(23, 0), "house": time(22, 30), "electronic": time(23, 30)}
FESTIVE = {"festival": time(15, 0)}
STARTS = EARLY | SEATED | LATE | FESTIVE
USUAL = (time(20, 0), time(21, 0), time(21, 30), time(22, 0))
AFTER_MIDNIGHT = (time(0, 30), time(1, 0))
HOURS = {"festival": 8, "techno": 6, "house": 5, "electronic": 6, "talk": 2, "literature": 2}


def nights(
    city: City, *, now: datetime, seed: int, venues: list[Venue], artists: list[Artist],
    organizations: list[Organization],
) -> list[Event]:  # fmt: skip
    """Return the events around tonight. A date keeps its programme when tonight moves on; the fates move along."""
    tonight = city.tonight(now)
    promoters = [organization for organization in organizations if organization.org_type != "media"]
    found = []
    for day in range(FIRST_DAY, LAST_DAY + 1):
        night = tonight + timedelta(days=day)
        roll = dice(seed, city.slug, night)
        free = roll.sample(artists, len(artists))
        tonights = roll.sample(venues, NIGHTLY[night.weekday()])
        found += [_event(venue, night, free=free, promoters=promoters, roll=roll) for venue in tonights]
    return _fated(found, tonight=tonight, venues=venues)


def night_of(moment: datetime, city: City) -> date:
    """Return the date of the night a moment belongs to."""
    return city.tonight(moment)


def _event(venue: Venue, night: date, *, free: list[Artist], promoters: list[Organization], roll: Random) -> Event:
    city, genre = venue.city, roll.choice(venue.genres)
    lineup = _draw(free, genre, count=roll.choice((1, 1, 2, 3)))
    name = _name(city, genre, lineup, roll)
    starts = _start(genre, night, city, roll)
    price = 0 if roll.random() < 0.15 else roll.choice(city.prices)
    return Event(
        id=f"{city.slug}/event/{night}/{slug(venue.name)}", name=name, city=city, venue=venue, starts_at=starts,
        hours=HOURS.get(genre, 4), lineup=lineup, promoter=roll.choice(promoters) if roll.random() < 0.75 else None,
        genres=(genre,), price_min=price, price_max=price and price + city.price_step * roll.choice((0, 1, 2, 4)),
    )  # fmt: skip


def _draw(free: list[Artist], genre: str, *, count: int) -> tuple[Artist, ...]:
    """Take artists nobody has booked for the night, those of the genre first."""
    wanted = sorted(free, key=lambda artist: artist.genre != genre)[:count]
    for artist in wanted:
        free.remove(artist)
    return tuple(wanted)


def _name(city: City, genre: str, lineup: tuple[Artist, ...], roll: Random) -> str:
    series = roll.choice(city.series.get(genre, ("Noche Abierta",)))
    if roll.random() < 0.5:
        return series
    return f"{lineup[0].name}: {series}"


def _start(genre: str, night: date, city: City, roll: Random) -> datetime:
    if genre in LATE and roll.random() < 0.35:
        at = roll.choice(AFTER_MIDNIGHT)
        return datetime.combine(night + timedelta(days=1), at, tzinfo=city.zone)
    return datetime.combine(night, STARTS.get(genre) or roll.choice(USUAL), tzinfo=city.zone)


def _fated(events: list[Event], *, tonight: date, venues: list[Venue]) -> list[Event]:
    """Give one event each of the coming fortnight its fate, and one of them a second showing."""
    coming = [event for event in events if 2 <= (night_of(event.starts_at, event.city) - tonight).days <= 14]
    early = [event for event in coming if time(17) <= event.starts_at.time() <= time(21)]
    cancelled, moved, retitled, sold_out, *_, first = early
    night = night_of(moved.starts_at, moved.city)
    taken = {event.venue.id for event in events if night_of(event.starts_at, event.city) == night}
    elsewhere = next(venue for venue in venues if venue.id not in taken and venue.place_id and venue.handle)
    changed = {
        cancelled.id: replace(cancelled, fate="cancelled"),
        moved.id: replace(moved, fate="moved", later_venue=elsewhere),
        retitled.id: replace(retitled, fate="retitled", later_name=f"Velada mayor: {retitled.lineup[0].name}"),
        sold_out.id: replace(sold_out, fate="sold_out"),
    }
    later = first.starts_at + timedelta(hours=2, minutes=30)
    again = replace(first, id=f"{first.id}/2", starts_at=later, fate="second_showing")
    return [*(changed.get(event.id, event) for event in events), again]
