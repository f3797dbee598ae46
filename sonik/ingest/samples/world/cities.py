"""The three cities of the world, as their files describe them."""

import tomllib
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from importlib import resources
from random import Random

SLUGS = ("medellin", "quito", "ciudad-de-mexico")
DAY_STARTS_HOUR = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class City:
    """A market with its names, its money and its clock; none of the three has a summer time."""

    slug: str
    name: str
    spellings: tuple[str, ...]
    country: str
    currency: str
    prices: tuple[int, ...]
    price_step: int
    zone: timezone
    suffix: str
    street: str
    districts: tuple[tuple[str, float, float], ...]
    venues: tuple[tuple[str, int, tuple[str, ...]], ...]
    artists: tuple[tuple[str, str], ...]
    organizations: tuple[tuple[str, str], ...]
    given: tuple[str, ...]
    family: tuple[str, ...]
    series: dict[str, tuple[str, ...]]

    def tonight(self, now: datetime) -> date:
        """Return the date of the night that `now` belongs to: a show after midnight is still of the evening before."""
        return (now.astimezone(self.zone) - timedelta(hours=DAY_STARTS_HOUR)).date()


def load_cities() -> tuple[City, ...]:
    """Read the cities from their files."""
    return tuple(_load(slug) for slug in SLUGS)


def dice(*parts: object) -> Random:
    """Return a generator of its own for one decision, the same wherever and whenever it is asked for."""
    return Random("/".join(map(str, parts)))  # noqa: S311 - a world that can be made again, not a secret


def _load(slug: str) -> City:
    path = resources.files("sonik.ingest.samples.world") / f"{slug}.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    series = {genre: tuple(names) for genre, *names in _rows(table["series"])}
    return City(
        slug=slug, name=table["city"], spellings=tuple(table["spellings"]), country=table["country"],
        currency=table["currency"], prices=tuple(table["prices"]),
        price_step=table["price_step"], zone=timezone(timedelta(hours=table["utc_hours"])), suffix=table["suffix"],
        street=table["street"], series=series,
        districts=tuple((name, float(lat), float(lng)) for name, lat, lng in _rows(table["districts"])),
        venues=tuple((name, int(holds), tuple(genres.split())) for name, holds, genres in _rows(table["venues"])),
        artists=tuple((name, genre) for name, genre in _rows(table["artists"])),
        organizations=tuple((name, kind) for name, kind in _rows(table["organizations"])),
        given=tuple(name.replace("-", " ") for name in table["given"].split()), family=tuple(table["family"].split()),
    )  # fmt: skip


def _rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
