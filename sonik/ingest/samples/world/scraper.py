"""A scraper's listings: flat rows with markup, tracking, and dates and prices as people write them."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from sonik.ingest.samples.world.cities import City, dice
from sonik.ingest.samples.world.directus import stamp
from sonik.ingest.samples.world.ground import Artist, Ground, Venue
from sonik.ingest.samples.world.marks import Delivery, Desk, Item, Mark, Place, keys_of, own_id
from sonik.ingest.samples.world.spelling import dressed, marked_up, mistyped, promoted, shown, tracked, words_of
from sonik.ingest.samples.world.tellings import FATED, Habits, Telling, first_tellings, later_tellings, seen_first

SOURCE = "scraper"
HABITS = Habits(source=SOURCE, trust=30, share=0.62, wrong=0.15)
WEEKDAYS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
MONTHS = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
    "diciembre",
)  # fmt: skip


def deliveries(ground: Ground) -> list[Delivery]:
    """Return the first run and a later one, which has noticed none of the changes."""
    desk, later = Desk(), Desk()
    for venue in ground.venues:
        if dice(ground.seed, SOURCE, "profile", venue.id).random() < 0.6:
            desk.add("", *_venue_profile(ground, venue))
    for artist in ground.artists:
        if dice(ground.seed, SOURCE, "profile", artist.id).random() < 0.6:
            desk.add("", *_artist_profile(ground, artist))
    for telling in first_tellings(ground, HABITS):
        desk.add("", *_listing(ground, telling))
        if dice(ground.seed, SOURCE, "twice", telling.event.id).random() < 0.06 and not telling.event.fate:
            again = replace(telling, observed_at=telling.observed_at + timedelta(minutes=5))
            desk.add("", *_listing(ground, again, copy="-b"))
    for telling in later_tellings(ground, HABITS):
        later.add("", *_listing(ground, telling))
    return [_delivery("scraper-1.jsonl", desk), _delivery("scraper-2.jsonl", later)]


def _delivery(file: str, desk: Desk) -> Delivery:
    lines = (json.dumps(item, ensure_ascii=False) for item in desk.items()[""])
    content = "".join(f"{line}\n" for line in lines).encode()
    return Delivery(source=SOURCE, trust=HABITS.trust, file=file, content=content, marks=desk.marks())


def _venue_profile(ground: Ground, venue: Venue) -> tuple[Item, Mark]:
    """Return a venue's page: it names the place by a map's address or by its profile, or by nothing."""
    roll = dice(ground.seed, SOURCE, "profile row", venue.id)
    seen = seen_first(ground, SOURCE, venue.id)
    name, spelling = dressed(venue.name, roll), venue.city.spellings[0]
    shows_map, shows_profile = _shown(ground, venue)
    place, handle = venue.place_id if shows_map else None, venue.handle if shows_profile else None
    street = venue.address.partition(",")[0]
    item: Item = {
        "tipo": "lugar", "nombre": marked_up(name, roll), "ciudad": spelling, "direccion": street, "visto": stamp(seen),
        "mapa": f"https://www.google.com/maps/search/?api=1&query=x&query_place_id={place}" if place else "",
        "instagram": tracked(f"http://instagram.com/{handle}/", roll) if handle else "",
        "url": tracked(f"https://planes.example/lugar/{venue.id}", roll),
    }  # fmt: skip
    keys = keys_of(("place", place), ("instagram", handle)) | {_name_key(name, spelling)}
    said = {"name": shown(name), "address": street, "capacity": None}
    return item, Mark(entity=venue.id, kind="venue", keys=keys, observed_at=seen, said=said)


def _artist_profile(ground: Ground, artist: Artist) -> tuple[Item, Mark]:
    roll = dice(ground.seed, SOURCE, "profile row", artist.id)
    seen = seen_first(ground, SOURCE, artist.id)
    slips = not artist.handle and roll.random() < 0.4
    name = mistyped(artist.name, roll) if slips else dressed(artist.name, roll)
    page = f"{SOURCE[:2]}-{artist.id}"
    item: Item = {
        "tipo": "artista", "id": page, "nombre": marked_up(name, roll), "generos": [artist.genre],
        "ciudad": artist.city.spellings[0], "visto": stamp(seen),
        "instagram": f"@{artist.handle.upper()}" if artist.handle else "",
        "url": tracked(f"https://planes.example/artista/{artist.id}", roll),
    }  # fmt: skip
    keys = keys_of(("instagram", artist.handle)) | {own_id(SOURCE, "artist", page)}
    said = {"name": shown(name), "city": artist.city.slug}
    return item, Mark(entity=artist.id, kind="artist", keys=keys, observed_at=seen, said=said)


def _listing(ground: Ground, telling: Telling, *, copy: str = "") -> tuple[Item, Mark]:
    """Return a listing; a tenth has no id, and a `copy` is the same night listed again under another."""
    event, roll = telling.event, dice(ground.seed, SOURCE, "listing", telling.event.id)
    words = telling.words
    if roll.random() < 0.12 and not event.fate and event.lineup[-1].name not in words:
        words = f"{words} con {event.lineup[-1].name}"
    title = promoted(words, roll)
    venue, place = _venue_of(ground, telling, roll)
    missing = not copy and event.fate not in FATED and roll.random() < 0.1
    page = None if missing else f"pl-{event.id.partition('/event/')[2]}-{event.city.suffix}{copy}"
    item: Item = {
        "tipo": "evento", "id": page, "titulo": marked_up(title, roll), **venue,
        "cuando": _when(telling.starts_at, roll), "precio": _price(telling, roll),
        "generos": [genre.upper() for genre in event.genres],
        "artistas": [{"nombre": artist.name, "ig": artist.handle} for artist in event.lineup],
        "descripcion": f"<p>{event.name} en {telling.venue.name}.</p>\n<p>Cupo limitado&nbsp;— no te lo pierdas</p>",
        "url": tracked(f"https://planes.example/e/{event.id}{copy}", roll), "visto": stamp(telling.observed_at),
    }  # fmt: skip
    own = frozenset() if page is None else frozenset({own_id(SOURCE, "event", page)})
    mark = telling.mark(name=title, keys=own, place=place, says_status=False)
    return item, replace(mark, words=words_of(words))


def _venue_of(ground: Ground, telling: Telling, roll: Random) -> tuple[Item, Place]:
    venue = telling.venue
    _, shows_profile = _shown(ground, venue)
    handle = venue.handle if shows_profile else None
    spelling = roll.choice(venue.city.spellings)
    slips = roll.random() < 0.08
    name = mistyped(venue.name, roll) if slips else dressed(venue.name, roll)
    item: Item = {"lugar": name, "ciudad": spelling, "lugar_ig": f"https://instagram.com/{handle}" if handle else None}
    return item, Place(entity=venue.id, keys=keys_of(("instagram", handle)) | {_name_key(name, spelling)})


def _shown(ground: Ground, venue: Venue) -> tuple[bool, bool]:
    """Say whether pages show a venue's map and its profile: some both, some one, some neither."""
    roll = dice(ground.seed, SOURCE, "shows", venue.id)
    return roll.random() < 0.5, roll.random() < 0.55


def _name_key(name: str, spelling: str) -> str:
    """Return the key that a name is within this one source: its words, and those of its city."""
    return f"{SOURCE}:venue name:{words_of(name)}@{words_of(spelling)}"


def _when(starts: datetime, roll: Random) -> str:
    """Return a start as people write it; without a year it is the nearest to come."""
    day, month = starts.day, MONTHS[starts.month - 1]
    weekday = WEEKDAYS[starts.weekday()]
    hour = starts.hour % 12 or 12
    half = "a.m." if starts.hour < 12 else "p.m."
    clock = f"{starts.hour:02d}:{starts.minute:02d}"
    return roll.choice(
        (
            f"{weekday.capitalize()} {day} de {month}, {clock}",
            f"{weekday[:3].capitalize()} {day} {month[:3]} · {hour}:{starts.minute:02d} {half}",
            f"{day} de {month} de {starts.year} a las {clock} hrs",
            f"{day:02d}/{starts.month:02d}/{starts.year} {hour}:{starts.minute:02d}{half[0]}m",
            f"{weekday.upper()} {day}/{starts.month:02d} {clock}h",
        )
    )


def _price(telling: Telling, roll: Random) -> str:
    """Return a price as people write it."""
    low, high, city = telling.price_min, telling.price_max, telling.event.city
    if high == 0:
        return roll.choice(("Entrada libre", "GRATIS", "Gratis con registro", "free"))
    dotted = _thousands(low, city)
    spellings = [f"${dotted}", f"desde ${dotted}", f"{city.currency} {dotted}", f"$ {dotted} {city.currency}"]
    if city.currency == "COP":
        spellings.append(f"{low // 1000} mil")
    if high > low:
        return roll.choice(
            (f"${dotted} - ${_thousands(high, city)}", f"{dotted} a {_thousands(high, city)} {city.currency}")
        )
    return roll.choice(spellings)


def _thousands(amount: int, city: City) -> str:
    """Return an amount with its thousands apart: with a point in Colombia, with a comma in Mexico."""
    return f"{amount:,}".replace(",", "." if city.currency == "COP" else ",")
