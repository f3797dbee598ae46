"""What the team that runs the platform knows: its code, features and flags, its concepts, and what it has learned.

These are records as they stand, for the graphs `knowledge` and `agent_memory`. A document bears the name and the
address of the article it describes, so that a question can cross from a change of code to the venues of a city.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sonik.ingest.samples.world.articles import Article, articles
from sonik.ingest.samples.world.directus import knows_venue
from sonik.ingest.samples.world.ground import Ground, Venue
from sonik.ingest.samples.world.marks import Item

SOURCE = "team"
FILE = "team.jsonl"
TRUST = 60
# Module, what it depends on, the feature it is part of, how much hangs on it.
_MODULES = """
web/pages/guide | web/cards/venue web/track/click | Guías de ciudad | 0.9
web/pages/tonight | web/cards/event web/track/click | Esta noche | 0.9
web/cards/venue | web/links/tickets | Ficha de lugar | 0.7
web/cards/event | web/links/tickets | Ficha de evento | 0.7
web/links/tickets | web/track/click | Enlace a boletas | 0.8
web/track/click | core/queue | Medición de clics | 0.8
core/queue | | Medición de clics | 0.6
core/search | core/accents | Búsqueda | 0.9
core/accents | | Búsqueda | 0.5
mail/weekly | web/cards/event | Boletín semanal | 0.4
claims/desk | core/queue | Reclamo de perfil | 0.6
reports/clicks | web/track/click core/queue | Informe de clics | 0.7
"""
_FEATURES = """
Guías de ciudad | content | live | 0.42
Esta noche | discovery | live | 0.31
Ficha de lugar | discovery | live | 0.18
Ficha de evento | discovery | live | 0.12
Enlace a boletas | growth | live | 0.55
Medición de clics | growth | live | 0.05
Búsqueda | discovery | live | 0.27
Boletín semanal | growth | beta | 0.08
Reclamo de perfil | claims | live | 0.22
Informe de clics | claims | beta | 0.35
"""
_FLAGS = """
guia-con-mapa | Guías de ciudad | true | 50
boton-de-boletas-fijo | Enlace a boletas | true | 100
busqueda-sin-tildes | Búsqueda | true | 100
boletin-por-barrio | Boletín semanal | false | 0
informe-en-pdf | Informe de clics | true | 20
"""
_CONCEPTS = """
Conversión | growth | Medición de clics, Enlace a boletas
Descubrimiento | discovery | Esta noche, Búsqueda
Vida nocturna | culture | Esta noche
Escena local | culture | Guías de ciudad
Confianza en la fuente | data | Ficha de lugar, Ficha de evento
"""


def records(ground: Ground) -> Iterator[Item]:
    """Yield the records, each thing before what points to it."""
    guides = articles(ground)
    yield from _features(ground)
    yield from _code()
    yield from _documents(guides)
    yield from _concepts(guides)
    yield from _memory(ground, guides)


def _features(ground: Ground) -> Iterator[Item]:
    for period, at in _months(ground.now):
        for city in ground.cities:
            yield _record("revenue", f"Ingresos de {city.name}, {period}", f"revenue/{city.slug}/{period}",
                          amount=city.prices[-1] * (400 + 37 * at), currency=city.currency, period=period)  # fmt: skip
            yield _record("sentiment", f"Ánimo de {city.name}, {period}", f"sentiment/{city.slug}/{period}",
                          score=round(0.55 + 0.03 * at, 2), period=period)  # fmt: skip
    now, at = _months(ground.now)[-1]
    for name, suite, status, impact in _rows(_FEATURES):
        city = ground.cities[len(name) % len(ground.cities)]
        relations = [
            _to("IMPACTS", "revenue", f"Ingresos de {city.name}, {now}", f"revenue/{city.slug}/{now}", float(impact)),
            _to("IMPACTS", "sentiment", f"Ánimo de {city.name}, {now}", f"sentiment/{city.slug}/{now}", 0.4 + at / 10),
        ]
        yield _record("feature", name, f"feature/{name}", relations, suite=suite, status=status,
                      revenue_impact=float(impact))  # fmt: skip
    for name, feature, enabled, share in _rows(_FLAGS):
        yield _record("feature_flag", name, f"flag/{name}", [_to("ENABLES", "feature", feature, f"feature/{feature}")],
                      enabled=enabled == "true", rollout_percentage=int(share))  # fmt: skip


def _code() -> Iterator[Item]:
    for path, needs, feature, importance in reversed(_rows(_MODULES)):
        relations = [_to("DEPENDS_ON", "code", other, f"code/{other}") for other in needs.split()]
        relations.append(_to("IMPLEMENTS", "feature", feature, f"feature/{feature}", 0.95))
        yield _record("code", path, f"code/{path}", relations, path=f"src/{path}.ts", importance=float(importance),
                      dependencies_count=len(needs.split()))  # fmt: skip


def _documents(guides: list[Article]) -> Iterator[Item]:
    for guide in guides:
        yield _record("document", guide.title, f"document/{guide.id}", title=guide.title, url=guide.url)


def _concepts(guides: list[Article]) -> Iterator[Item]:
    for name, domain, features in _rows(_CONCEPTS):
        relations = [_to("RELATES_TO", "feature", one, f"feature/{one}", 0.8) for one in features.split(", ")]
        if name == "Escena local":
            relations += [_to("RELATES_TO", "document", one.title, f"document/{one.id}", 0.9) for one in guides]
        yield _record("concept", name, f"concept/{name}", relations, domain=domain)
    pairs = (("Conversión", "Confianza en la fuente"), ("Descubrimiento", "Escena local"))
    for name, other in pairs:
        relations = [_to("RELATES_TO", "concept", one, f"concept/{one}") for one in (name, other)]
        yield _record("concept", f"{name} y {other.lower()}", f"concept/{name}+{other}", relations, domain="team")


def _memory(ground: Ground, guides: list[Article]) -> Iterator[Item]:
    """Yield a session for each city: what was asked, what was noted, what came of it, what was decided."""
    for number, city in enumerate(ground.cities):
        guide = next(one for one in guides if one.city.slug == city.slug)
        venue = next(venue for venue in guide.venues if knows_venue(ground, venue))
        yield _campaign(ground, guide, venue, number)
        started = ground.now - timedelta(days=12 - number, hours=3)
        session = f"session/{city.slug}"
        yield _record("session", f"Ronda de {city.name}", session, started_at=started.isoformat())
        inside = _to("IN_SESSION", "session", f"Ronda de {city.name}", session)
        asked = f"¿Qué cambio llevó más clics a {venue.name}?"
        yield _record("query", asked, f"query/{city.slug}", [inside], frequency=7 + number)
        yield from _learned(guide, venue, asked, inside)


def _campaign(ground: Ground, guide: Article, venue: Venue, number: int) -> Item:
    """Return a campaign for a venue, which is named as everybody can know it: by its place and its profile."""
    target = {
        "name": venue.name, "city": venue.city.name, "google_place_id": venue.place_id, "instagram": venue.handle,
    }  # fmt: skip
    promotes: Item = {"type": "PROMOTES", "target_kind": "venue", "confidence": 0.9, "target": target}
    started = ground.now - timedelta(days=20 - number)
    name = f"Impulso a «{guide.title}»"
    return _record("campaign", name, f"campaign/{guide.city.slug}", [promotes], channel="instagram",
                   budget=guide.city.prices[-1] * 10, start_date=started.isoformat(),
                   end_date=(started + timedelta(days=14)).isoformat())  # fmt: skip


def _learned(guide: Article, venue: Venue, asked: str, inside: Item) -> Iterator[Item]:
    slug = guide.city.slug
    answers = _to("ANSWERS", "query", asked, f"query/{slug}")
    note = f"«{guide.title}» muestra ahora el mapa: guia-con-mapa al 50 %"
    outcome = f"Los clics de «{guide.title}» a {venue.name} subieron tras el mapa"
    decision = f"guia-con-mapa pasa al 100 % en {guide.city.name}"
    after_note = _to("FOLLOWS", "note", note, f"note/{slug}")
    after_outcome = _to("FOLLOWS", "outcome", outcome, f"outcome/{slug}")
    trace = f"trace-{slug}"
    yield _record("note", note, f"note/{slug}", [inside, answers], kind="observation")
    yield _record(
        "outcome", outcome, f"outcome/{slug}", [inside, after_note, answers], verdict="useful", trace_id=trace
    )
    yield _record("decision", decision, f"decision/{slug}", [inside, after_outcome], trace_id=trace)


def _record(kind: str, name: str, source_id: str, relations: list[Item] | None = None, /, **attributes: object) -> Item:
    record: Item = {"kind": kind, "name": name, "source_id": source_id, "attributes": attributes}
    return record | {"relations": relations} if relations else record


def _to(edge: str, kind: str, name: str, source_id: str, confidence: float = 1.0) -> Item:
    target = {"name": name, "source_id": source_id}
    return {"type": edge, "target_kind": kind, "target": target, "confidence": min(confidence, 1.0)}


def _months(now: datetime) -> list[tuple[str, int]]:
    """Return the last three months and their places."""
    first = now.replace(day=1)
    before = (first - timedelta(days=1)).replace(day=1)
    return [(f"{month:%Y-%m}", at) for at, month in enumerate((before - timedelta(days=1), before, first))]


def _rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
