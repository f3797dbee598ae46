"""The articles the content desk wrote: a guide for each of a city's liveliest genres, about the venues that play it."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sonik.ingest.samples.world.cities import City
from sonik.ingest.samples.world.ground import Ground, Venue, slug

GUIDES = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Article:
    """A guide and the venues it is about."""

    id: str
    title: str
    url: str
    city: City
    venues: tuple[Venue, ...]
    published_at: datetime


def articles(ground: Ground) -> list[Article]:
    """Return the guides of all cities."""
    found = []
    for city in ground.cities:
        mine = [venue for venue in ground.venues if venue.city.slug == city.slug]
        genres = Counter(genre for venue in mine for genre in venue.genres).most_common(GUIDES)
        for number, (genre, _) in enumerate(genres):
            title = f"Guía de {city.name}: dónde hay {genre}"
            published = ground.now.replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=40 + 9 * number)
            found.append(
                Article(
                    id=f"{city.slug}/content/{genre}",
                    title=title,
                    url=f"https://agenda.example/{slug(title)}",
                    city=city,
                    venues=tuple(venue for venue in mine if genre in venue.genres),
                    published_at=published,
                )
            )
    return found
