"""The ground truth: who and what there really is, before any source tells of it."""

import base64
import hashlib
import re
import struct
import unicodedata
from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from sonik.ingest.samples.world.cities import City, dice

Fate = Literal["", "cancelled", "moved", "retitled", "sold_out", "second_showing"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Thing:
    """What all have: an id that no source knows, a name and a city."""

    id: str
    name: str
    city: City
    handle: str | None = None
    domain: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Venue(Thing):
    """A place."""

    address: str
    lat: float
    lng: float
    capacity: int
    genres: tuple[str, ...]
    place_id: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Artist(Thing):
    """Someone who performs."""

    genre: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Organization(Thing):
    """A promoter, an agency, a foundation, a magazine."""

    org_type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Tie:
    """What a person has to do with a thing or another person; `strength` from 0 to 1."""

    type: Literal["OWNS", "MANAGES", "WORKS_FOR", "KNOWS"]
    to: str
    strength: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Person(Thing):
    """Somebody with a role and ties."""

    given: str
    family: str
    role: str
    email: str
    ties: tuple[Tie, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Event(Thing):
    """A night; `fate` is what becomes of it later, and `later_name`, `later_venue` what it then is. Money in units."""

    venue: Venue
    starts_at: datetime
    hours: int
    lineup: tuple[Artist, ...]
    promoter: Organization | None
    genres: tuple[str, ...]
    price_min: int
    price_max: int
    fate: Fate = ""
    later_name: str | None = None
    later_venue: Venue | None = None

    @property
    def ends_at(self) -> datetime:
        """When it is over."""
        return self.starts_at + timedelta(hours=self.hours)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """Everything there is."""

    now: datetime
    seed: int
    cities: tuple[City, ...]
    venues: tuple[Venue, ...]
    artists: tuple[Artist, ...]
    organizations: tuple[Organization, ...]
    people: tuple[Person, ...]
    events: tuple[Event, ...] = field(default=())


Settled = tuple[list[Venue], list[Artist], list[Organization], list[Person]]


def slug(text: str) -> str:
    """Return a text as handles and addresses write it."""
    letters = unicodedata.normalize("NFKD", text.replace("$", "s").replace("&", "y")).casefold()
    plain = "".join(char for char in letters if not unicodedata.combining(char))
    return "-".join(re.findall(r"[a-z0-9]+", plain))


def settle(
    city: City, *, seed: int, homonyms: Container[str]
) -> tuple[list[Venue], list[Artist], list[Organization], list[Person]]:
    """Return who and what there is in a city; artists of one name are known by their profiles."""
    venues = [_venue(city, *row, seed=seed) for row in city.venues]
    artists = [_artist(city, *row, seed=seed, is_homonym=row[0] in homonyms) for row in city.artists]
    organizations = [_organization(city, *row) for row in city.organizations]
    return venues, artists, organizations, _people(city, venues, artists, organizations, seed=seed)


def _venue(city: City, name: str, capacity: int, genres: tuple[str, ...], *, seed: int) -> Venue:
    roll = dice(seed, city.slug, "venue", name)
    district, lat, lng = roll.choice(city.districts)
    number = (roll.randint(10, 89), roll.randint(10, 89), roll.randint(1, 99))
    street = roll.choice(("Mar de Cobre", "Laurel", "Tres Cruces", "Río Seco", "Encino", "Álamo Viejo"))
    address = city.street.format(a=number[0], b=number[1], c=number[2], name=street)
    has_place = roll.random() < 0.85
    has_handle = not has_place or roll.random() < 0.8
    return Venue(
        id=f"{city.slug}/venue/{slug(name)}", name=name, city=city, address=f"{address}, {district}",
        lat=round(lat + roll.uniform(-0.008, 0.008), 5), lng=round(lng + roll.uniform(-0.008, 0.008), 5),
        capacity=capacity, genres=genres, place_id=place_id(seed, city.slug, name) if has_place else None,
        handle=_handle(name, city) if has_handle else None, domain=f"{slug(name)}-{city.suffix}.example",
    )  # fmt: skip


def _artist(city: City, name: str, genre: str, *, seed: int, is_homonym: bool) -> Artist:
    has_handle = is_homonym or dice(seed, city.slug, "artist", name).random() < 0.85
    return Artist(
        id=f"{city.slug}/artist/{slug(name)}", name=name, city=city, genre=genre,
        handle=_handle(name, city) if has_handle else None,
    )  # fmt: skip


def _organization(city: City, name: str, org_type: str) -> Organization:
    return Organization(
        id=f"{city.slug}/organization/{slug(name)}", name=name, city=city, org_type=org_type,
        handle=_handle(name, city), domain=f"{slug(name)}-{city.suffix}.example",
    )  # fmt: skip


def _people(
    city: City, venues: list[Venue], artists: list[Artist], organizations: list[Organization], *, seed: int
) -> list[Person]:
    """Return people who own, manage, work and know each other; two of them bear one name."""
    roll = dice(seed, city.slug, "people")
    names = [(given, " ".join(roll.sample(city.family, 2))) for given in city.given]
    names.append(names[0])
    places = roll.sample(venues, len(names))
    acts = iter(roll.sample(artists, len(artists)))
    ids = [f"{city.slug}/person/{slug(' '.join(name))}-{number}" for number, name in enumerate(names)]
    people = []
    for number, (given, family) in enumerate(names):
        work = organizations[number % len(organizations)]
        role = ("owner", "manager", "booker", "promoter")[number % 4]
        ties = [_tie(role, places[number], next(acts), work)]
        knows = roll.sample([other for other in ids if other != ids[number]], 3)
        ties += [Tie(type="KNOWS", to=other, strength=round(roll.uniform(0.2, 0.95), 2)) for other in knows]
        people.append(
            Person(
                id=ids[number],
                name=f"{given} {family}",
                given=given,
                family=family,
                city=city,
                role=role,
                email=f"{slug(given)}.{slug(family.split()[0])}{number}@{work.domain}",
                handle=f"{slug(given).replace('-', '')}.{slug(family.split()[0])}{number}" if number % 5 else None,
                ties=tuple(ties),
            )
        )
    return people


def _tie(role: str, venue: Venue, artist: Artist, work: Organization) -> Tie:
    if role == "owner":
        return Tie(type="OWNS", to=venue.id)
    if role == "manager":
        return Tie(type="MANAGES", to=artist.id)
    return Tie(type="WORKS_FOR", to=work.id)


def _handle(name: str, city: City) -> str:
    words = slug(name).replace("-", ".")
    return f"{words[: 29 - len(city.suffix)].rstrip('.')}.{city.suffix}"


def place_id(*parts: object) -> str:
    """Return a place id in the form Google gives them, of a place that is not there."""
    drawn = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    first, second = struct.unpack("<QQ", drawn[:16])
    return base64.urlsafe_b64encode(struct.pack("<3sQsQ", b"\x0a\x12\x09", first, b"\x11", second)).decode().rstrip("=")
