"""A market that never was: seeded venues, artists and events in any number, the same on every machine."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from random import Random

from sonik.types import JsonObject, JsonValue
from tests.bench.homes import NOW

PER_VENUE = 12
PER_ARTIST = 4
_FIRST = "Salón Patio Bodega Terraza Galpón Sótano Casona Jardín Muelle Estación Faro Molino Taller Nave".split()
_LAST = "Azul Quemado Norte Verde Tercero Lunar Ámbar Cobre Gris Coral Índigo Rojizo Pardo Zafir".split()
_WORDS = (
    "noche banda trompeta baile esquina barrio tambor voz ciudad lluvia pista abierta invitados cuerdas vinilo "
    "sonido luces entrada limitada puertas temprano clásicos estreno homenaje repertorio propio temporada"
).split()
_GENRES = "salsa techno rock jazz folk cumbia theatre comedy art pop".split()


def market(seed: int, *, events: int) -> Iterator[JsonObject]:
    """Yield venues, artists, then events that name them: `events` of them, in a market of fitting size."""
    random = Random(seed)
    venues = [_named("venue", seed, i, random) for i in range(events // PER_VENUE)]
    artists = [_named("artist", seed, i, random) for i in range(events // PER_ARTIST)]
    for venue in venues:
        yield {
            **venue,
            "kind": "venue",
            "market": "medellin",
            "city": "Medellín",
            "capacity": random.randrange(80, 2000),
        }
    for artist in artists:
        yield {**artist, "kind": "artist", "genres": [random.choice(_GENRES)], "description": _text(random, 20)}
    for i in range(events):
        yield _event(seed, i, venues=venues, artists=artists, random=random)


def world(seed: int, *, entities: int) -> Iterator[JsonObject]:
    """Yield a market of so many entities with about ten times as many edges: long line-ups, promoters, ties."""
    random = Random(seed)
    venues = [_named("venue", seed, i, random) for i in range(entities // 20)]
    artists = [_named("artist", seed, i, random) for i in range(entities // 4)]
    promoters = [_named("organization", seed, i, random) for i in range(entities // 50)]
    for venue in venues:
        yield {**venue, "kind": "venue", "market": "medellin", "city": "Medellín"}
    for artist in artists:
        yield {**artist, "kind": "artist", "genres": [random.choice(_GENRES)], "description": _text(random, 12)}
    for promoter in promoters:
        yield {**promoter, "kind": "organization", "org_type": "promoter"}
    for i in range(entities - len(venues) - len(artists) - len(promoters)):
        event = _event(seed, i, venues=venues, artists=artists, random=random)
        lineup: list[JsonValue] = [*random.sample(artists, k=min(len(artists), random.randrange(8, 17)))]
        yield {**event, "lineup": lineup, "promoters": [random.choice(promoters)], "description": _text(random, 20)}


def night(tag: str, turn: int) -> JsonObject:
    """Return one event at a venue of the sample market, told apart by its tag and turn."""
    starts_at = NOW + timedelta(hours=6 + turn)
    return {
        "kind": "event", "name": f"Noche {tag} {turn}", "source_id": f"{tag}-{turn}", "market": "medellin",
        "starts_at": starts_at.isoformat(), "ends_at": (starts_at + timedelta(hours=3)).isoformat(),
        "venue": {"name": "Club Candil", "source_id": "club-candil"}, "genres": ["techno"],
        "description": f"La sesión {turn} de {tag}, con luces bajas y vinilos hasta el amanecer.",
    }  # fmt: skip


def _event(
    seed: int, i: int, *, venues: Sequence[JsonObject], artists: Sequence[JsonObject], random: Random
) -> JsonObject:
    starts_at = NOW + timedelta(hours=random.randrange(24 * 60))
    lineup: list[JsonValue] = [*random.sample(artists, k=random.randrange(1, 4))]
    price = random.randrange(0, 90) * 1000
    return {
        "kind": "event", "name": f"{_text(random, 3).capitalize()} {seed}-{i}", "source_id": f"event-{seed}-{i}",
        "market": "medellin", "starts_at": starts_at.isoformat(),
        "ends_at": (starts_at + timedelta(hours=4)).isoformat(), "venue": random.choice(venues), "lineup": lineup,
        "genres": [random.choice(_GENRES)], "price_min": price, "price_max": price + 20_000, "currency": "COP",
        "description": _text(random, 40), "language": "es",
    }  # fmt: skip


def _named(kind: str, seed: int, i: int, random: Random) -> JsonObject:
    name = f"{random.choice(_FIRST)} {random.choice(_LAST)} {seed}{kind[0]}{i}"
    return {"name": name, "source_id": f"{kind}-{seed}-{i}"}


def _text(random: Random, words: int) -> str:
    return " ".join(random.choices(_WORDS, k=words))
