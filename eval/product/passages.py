"""The world as texts, for systems that know nothing but texts: all that the truth tells of a thing, in one passage."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from eval.dataset import Facets, Passage
from eval.product.truth import starts, told_by, told_lineup, winner
from sonik.ingest.samples.world import World
from sonik.ingest.samples.world.cities import City
from sonik.ingest.samples.world.ground import Artist, Event, Organization, Person, Thing, Venue
from sonik.sql import seeded

# A plain index has no legends, so its texts say genres and kinds as all three languages do.
LABELS = {
    str(row["code"]): " ".join(dict.fromkeys(str(row[f"label_{code}"]) for code in ("es", "pt", "en")))
    for row in seeded("legend_genres")
}
WEEKDAYS = (
    "lunes segunda-feira Monday", "martes terça-feira Tuesday", "miércoles quarta-feira Wednesday",
    "jueves quinta-feira Thursday", "viernes sexta-feira Friday", "sábado Saturday", "domingo Sunday",
)  # fmt: skip
MONTHS = {11: "noviembre novembro November", 12: "diciembre dezembro December"}
CITIES = {"ciudad-de-mexico": "Ciudad de México Cidade do México Mexico City CDMX", "medellin": "Medellín Medellin"}
FREE = "gratis entrada libre grátis de graça free"


def passages(world: World) -> Iterator[Passage]:
    """Yield a passage for everything that a source tells of, under the id it has in the truth."""
    told = told_by(world)
    ground = world.ground
    yield from (_venue(venue) for venue in ground.venues if venue.id in told)
    yield from (_artist(artist) for artist in ground.artists if artist.id in told)
    yield from (_organization(one) for one in ground.organizations if one.id in told)
    yield from (_person(person) for person in ground.people if person.id in told)
    names = {venue.id: venue.name for venue in ground.venues}
    yield from (_event(world, event, told[event.id], names) for event in ground.events if event.id in told)


def _venue(venue: Venue) -> Passage:
    genres = ", ".join(LABELS[genre] for genre in venue.genres)
    text = f"lugar local venue. {genres}. {venue.address}. {_city(venue.city)}."
    return _passage(venue, text, Facets(kind="venue", market=venue.city.slug, genres=venue.genres))


def _artist(artist: Artist) -> Passage:
    text = f"artista artist. {LABELS[artist.genre]}. {_city(artist.city)}."
    return _passage(artist, text, Facets(kind="artist", market=artist.city.slug, genres=(artist.genre,)))


def _organization(one: Organization) -> Passage:
    text = f"organización organização organization. {one.org_type}. {_city(one.city)}."
    return _passage(one, text, Facets(kind="organization", market=one.city.slug))


def _person(person: Person) -> Passage:
    text = f"persona pessoa person. {person.role}. {_city(person.city)}."
    return _passage(person, text, Facets(kind="person", market=person.city.slug))


def _passage(thing: Thing, text: str, facets: Facets) -> Passage:
    return Passage(id=thing.id, title=thing.name, text=text, facets=facets)


def _event(world: World, event: Event, sources: frozenset[str], names: dict[str, str]) -> Passage:
    begins = starts(world, event).astimezone(event.city.zone)
    price = winner(world, event, "price_min")
    parts = [
        "evento event", *(LABELS[genre] for genre in event.genres),
        names.get(str(winner(world, event, "venue")), event.venue.name),
        ", ".join(artist.name for artist in told_lineup(event, sources)),
        event.promoter.name if event.promoter else "", _city(event.city), _date(begins),
        FREE if price == 0 else f"{price} {event.city.currency}", str(winner(world, event, "status") or ""),
    ]  # fmt: skip
    facets = Facets(
        kind="event", market=event.city.slug, genres=event.genres,
        span=(begins, begins + timedelta(hours=event.hours)), price=float(str(price)),
    )  # fmt: skip
    text = ". ".join(part for part in parts if part) + "."
    return Passage(id=event.id, title=str(winner(world, event, "name")), text=text, facets=facets)


def _city(city: City) -> str:
    return CITIES.get(city.slug, city.name)


def _date(begins: datetime) -> str:
    """Return a start as a listing writes it; a show after midnight is also of the evening before."""
    days = [begins] if begins.hour >= 6 else [begins - timedelta(days=1), begins]
    said = [f"{WEEKDAYS[day.weekday()]} {day.day} {MONTHS.get(day.month, '')} {day:%Y-%m-%d}" for day in days]
    return f"{', '.join(said)} {begins:%H:%M}"
