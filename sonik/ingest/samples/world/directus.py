"""The platform's own content system, a Directus: relational ids, junctions, translations, drafts."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime

from sonik.ingest.samples.world.articles import Article, articles
from sonik.ingest.samples.world.cities import dice
from sonik.ingest.samples.world.ground import Artist, Ground, Organization, Thing, Venue, slug
from sonik.ingest.samples.world.marks import Delivery, Desk, Item, Mark, Place, keys_of, own_id
from sonik.ingest.samples.world.spelling import bare
from sonik.ingest.samples.world.tellings import Habits, Telling, first_tellings, later_tellings, seen_first

SOURCE = "directus"
HABITS = Habits(source=SOURCE, trust=80, share=0.68, hears=True, hears_of_moves=True, sees_second_showings=True)
VENUE_SHARE = 0.85
RELATIONS = ("venues", "artists", "organizers")


def deliveries(ground: Ground) -> list[Delivery]:
    """Return the first export, and a later one of the events that changed, with all they relate to."""
    desk = Desk()
    for venue in ground.venues:
        if knows_venue(ground, venue):
            desk.add("venues", *_venue(desk, ground, venue))
    for artist in ground.artists:
        desk.add("artists", *_artist(desk, ground, artist))
    for organization in ground.organizations:
        desk.add("organizers", *_organizer(desk, ground, organization))
    desk.add("artists", *_again(desk, ground, next(artist for artist in ground.artists if artist.handle)))
    desk.add("artists", *_again(desk, ground, next(artist for artist in ground.artists if not artist.handle)))
    later = Desk(numbers=desk.numbers, entries={name: list(desk.entries[name]) for name in RELATIONS})
    _add_events(desk, ground, first_tellings(ground, HABITS))
    for article in articles(ground):
        desk.add("articles", *_article(desk, ground, article))
    desk.add("events", {"id": 9999, "status": "draft", "title": "PRUEBA no publicar", "starts_at": None, "venue": None})
    _add_events(later, ground, later_tellings(ground, HABITS))
    return [_delivery("directus-1.json", desk), _delivery("directus-2.json", later)]


def knows_venue(ground: Ground, venue: Venue) -> bool:
    """Say whether a venue is in the system."""
    return dice(ground.seed, SOURCE, venue.id).random() < VENUE_SHARE


def stamp(moment: datetime) -> str:
    """Return a moment as such systems write it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _delivery(file: str, desk: Desk) -> Delivery:
    document = {name: {"data": items} for name, items in desk.items().items()}
    content = json.dumps(document, ensure_ascii=False, indent=1).encode()
    return Delivery(source=SOURCE, trust=HABITS.trust, file=file, content=content, marks=desk.marks())


def _base(desk: Desk, ground: Ground, thing: Thing) -> tuple[Item, datetime]:
    seen = seen_first(ground, SOURCE, thing.id)
    base: Item = {
        "id": desk.number(thing.id), "status": "published", "date_created": "2025-02-03T15:00:00.000Z",
        "date_updated": stamp(seen), "name": thing.name, "slug": slug(thing.name), "city": thing.city.slug,
        "instagram": f"https://www.instagram.com/{thing.handle}/" if thing.handle else None,
    }  # fmt: skip
    return base, seen


def _venue(desk: Desk, ground: Ground, venue: Venue) -> tuple[Item, Mark]:
    base, seen = _base(desk, ground, venue)
    size = "Sala grande" if venue.capacity > 400 else "Sala pequeña"
    texts = {
        "es-ES": f"{size} en {venue.address.rpartition(', ')[2]}, para {venue.capacity} personas.",
        "en-US": f"A room for {venue.capacity} people.",
    }
    item: Item = {
        **base, "google_place_id": venue.place_id, "address": venue.address, "capacity": venue.capacity,
        "location": {"type": "Point", "coordinates": [venue.lng, venue.lat]}, "website": f"https://{venue.domain}",
        "genres": list(venue.genres),
        "translations": [{"languages_code": code, "description": text} for code, text in texts.items()],
    }  # fmt: skip
    keys = keys_of(("place", venue.place_id), ("instagram", venue.handle)) | {own_id(SOURCE, "venue", base["id"])}
    said = {"name": venue.name, "address": venue.address, "capacity": venue.capacity}
    return item, Mark(entity=venue.id, kind="venue", keys=keys, observed_at=seen, said=said)


def _artist(desk: Desk, ground: Ground, artist: Artist) -> tuple[Item, Mark]:
    base, seen = _base(desk, ground, artist)
    keys = keys_of(("instagram", artist.handle)) | {own_id(SOURCE, "artist", base["id"])}
    said = {"name": artist.name, "city": artist.city.slug}
    mark = Mark(entity=artist.id, kind="artist", keys=keys, observed_at=seen, said=said)
    return {**base, "genres": [artist.genre]}, mark


def _organizer(desk: Desk, ground: Ground, organization: Organization) -> tuple[Item, Mark]:
    base, seen = _base(desk, ground, organization)
    item: Item = {**base, "website": f"https://{organization.domain}/", "type": organization.org_type}
    keys = keys_of(("domain", organization.domain), ("instagram", organization.handle))
    said = {"name": organization.name, "org_type": organization.org_type}
    keys |= {own_id(SOURCE, "organization", base["id"])}
    return item, Mark(entity=organization.id, kind="organization", keys=keys, observed_at=seen, said=said)


def _again(desk: Desk, ground: Ground, artist: Artist) -> tuple[Item, Mark]:
    """Enter an artist a second time, later and in another spelling, as happens to busy editors."""
    base, seen = _base(desk, ground, artist)
    later = seen.replace(hour=23, minute=59)
    number, name = desk.number(f"{artist.id}/again"), bare(artist.name).upper()
    item: Item = {**base, "id": number, "name": name, "date_updated": stamp(later), "genres": [artist.genre]}
    keys = keys_of(("instagram", artist.handle)) | {own_id(SOURCE, "artist", number)}
    said = {"name": name, "city": artist.city.slug}
    return item, Mark(entity=artist.id, kind="artist", keys=keys, observed_at=later, said=said)


def _article(desk: Desk, ground: Ground, article: Article) -> tuple[Item, Mark]:
    seen = article.published_at
    about = [desk.number(venue.id) for venue in article.venues if knows_venue(ground, venue)]
    item: Item = {
        "id": desk.number(article.id), "status": "published", "date_updated": stamp(seen), "title": article.title,
        "type": "guide", "url": article.url, "published_at": stamp(seen),
        "venues": [{"venues_id": number} for number in about],
    }  # fmt: skip
    keys = frozenset({own_id(SOURCE, "content", item["id"])})
    return item, Mark(entity=article.id, kind="content", keys=keys, observed_at=seen, said={"name": article.title})


def _add_events(desk: Desk, ground: Ground, tellings: Iterable[Telling]) -> None:
    for telling in tellings:
        desk.add("events", *_event(desk, ground, telling))


def _event(desk: Desk, ground: Ground, telling: Telling) -> tuple[Item, Mark]:
    event, venue = telling.event, telling.venue
    number, known = desk.number(event.id), knows_venue(ground, venue)
    item: Item = {
        "id": number, "status": "published", "date_updated": stamp(telling.observed_at), "title": telling.words,
        "state": telling.status, "city": event.city.slug,
        "starts_at": telling.starts_at.replace(tzinfo=None).isoformat(),
        "ends_at": event.ends_at.replace(tzinfo=None).isoformat(),
        "venue": desk.number(venue.id) if known else None, "venue_text": None if known else venue.name,
        "artists": [{"sort": place, "artists_id": desk.number(artist.id)} for place, artist in enumerate(event.lineup)],
        "organizer": desk.number(event.promoter.id) if event.promoter else None, "genres": list(event.genres),
        "price_from": f"{telling.price_min}.00000", "price_to": f"{telling.price_max}.00000",
        "currency": event.city.currency, "is_free": telling.price_max == 0,
        "ticket_url": None if telling.price_max == 0 else f"https://boletas.example/e/{number}",
    }  # fmt: skip
    keys = {own_id(SOURCE, "venue", desk.number(venue.id))} if known else {f"{SOURCE}:name:{venue.id}"}
    place = Place(entity=venue.id, keys=frozenset(keys))
    own = frozenset({own_id(SOURCE, "event", number)})
    return item, telling.mark(name=telling.words, keys=own, place=place, says_status=True)
