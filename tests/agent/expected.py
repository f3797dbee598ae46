"""What a right answer holds, for each kind of question: facts made of the world's labelled truth."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from math import asin, cos, radians, sin, sqrt
from typing import Any

from sonik.ingest.samples.world import World, team
from sonik.ingest.samples.world.articles import articles
from sonik.ingest.samples.world.directus import knows_venue
from sonik.ingest.samples.world.ground import Artist, Thing, Venue
from sonik.ingest.samples.world.marks import Item
from tests.agent.truth import GONE, Fact, Telling, TruthOf

Source = Callable[..., "Expected"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """Facts that must be seen, facts that must not, and the section in which nothing else may stand."""

    facts: list[Fact]
    forbidden: list[Fact]
    only: str = ""


def expected(world: World, asked: Mapping[str, Any]) -> Expected:
    """Return what a question that names its source of truth expects."""
    told = dict(asked)
    return SOURCES[told.pop("of")](TruthOf(world=world), **told)


def programme(
    truth: TruthOf, *, city: str, first: int = 0, last: int | None = None, genre: str = "", most: int | None = None,
    free: bool = False, section: str = "hits", counted: bool = False,
) -> Expected:  # fmt: skip
    """All that is on in a city on some nights, after which filters it may be: nothing else, nothing of it missing.

    The ticket shop names no genre, so that what it alone tells of answers no question for one.
    """
    on = truth.on(city, first=first, last=first if last is None else last)
    fitting = [one for one in on if _fits(one, genre=genre, most=most, free=free)]
    count: list[Fact] = [{"total": len(fitting)}] if counted else []
    return Expected(facts=_in(section, [one.fact for one in fitting]) + count, forbidden=[], only=section)


def at_venue(truth: TruthOf, *, venue: str, night: int) -> Expected:
    """What the content system knows to be on at a venue one night, counted from tonight."""
    city = truth.venue(venue).city.slug
    on = truth.on(city, first=night, last=night)
    facts = [one.fact for one in on if "directus" in one.sources and _venue_of(one).id == venue]
    return Expected(facts=_in("hits", facts), forbidden=[])


def _fits(one: Telling, *, genre: str, most: int | None, free: bool) -> bool:
    if genre and (genre not in one.event.genres or one.sources == {"mongo"}):
        return False
    if free and one.event.price_max > 0:
        return False
    return most is None or one.price_min <= most


def around(truth: TruthOf, *, city: str, lat: float, lng: float, km: float) -> Expected:
    """All that is on tonight within a circle, at venues of which it is known where they lie, and how much that is."""
    near = [
        one for one in truth.on(city)
        if one.group.places & truth.mapped and _km(one.event.venue, lat=lat, lng=lng) <= km
    ]  # fmt: skip
    facts = _in("events", [one.fact for one in near])
    return Expected(facts=[*facts, {"total": len(near)}], forbidden=[], only="events")


def _km(venue: Venue, *, lat: float, lng: float) -> float:
    """Return how far a venue is from a point, as the crow flies on a round earth."""
    a, b = radians(lat), radians(venue.lat)
    half = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(venue.lng - lng) / 2) ** 2
    return 2 * 6371 * asin(sqrt(half))


def told_by(truth: TruthOf, *, id: str) -> Expected:
    """Every source whose lines exact keys join with the content system's tell of an event."""
    facts: list[Fact] = [{"in": "facts", "source": source} for source in sorted(truth.said_of(id).sources)]
    return Expected(facts=facts, forbidden=[], only="facts")


def whereabouts(truth: TruthOf, *, id: str) -> Expected:
    """The venue an event is at now, named for the event; not the one it has left."""
    told, happening = truth.said_of(id), truth.event(id)
    venue = happening.later_venue or happening.venue
    why = f"“{told.name}”, {told.fact['when']}, “{venue.name}”"
    return Expected(facts=_in("hits", [{"name": venue.name, "kind": "venue", "why": why}]), forbidden=[], only="hits")


def event(truth: TruthOf, *, id: str, without: str = "") -> Expected:
    """An event as the most trusted source tells it now: title, start, venue, and its status unless that is the plan."""
    told, happening = truth.said_of(id), truth.event(id)
    venue = happening.later_venue or happening.venue
    fact: Fact = {"name": told.name, "when": told.fact["when"], "venue": venue.name}
    if told.status != "scheduled":
        fact["status"] = told.status
    return Expected(facts=[fact], forbidden=[{"name": without, "when": fact["when"]}] if without else [])


def event_before(truth: TruthOf, *, id: str) -> Expected:
    """An event as it was told before it was changed; none of what came later."""
    told, happening = truth.said_of(id), truth.event(id)
    when = told.fact["when"]
    fact: Fact = {"name": happening.name, "when": when, "venue": happening.venue.name}
    later: list[Fact] = [{"name": told.name, "status": told.status}] if told.status != "scheduled" else []
    if happening.later_name:
        later.append({"name": happening.later_name, "when": when})
    if happening.later_venue:
        later.append({"venue": happening.later_venue.name, "when": when})
    return Expected(facts=[fact], forbidden=later)


def second_showing(truth: TruthOf, *, id: str) -> Expected:
    """Both showings of one night, told apart by the hour."""
    both = [truth.said_of(id).fact, truth.said_of(f"{id}/2").fact]
    return Expected(facts=_in("hits", both), forbidden=[])


def lineup(truth: TruthOf, *, id: str) -> Expected:
    """Who plays an event, and nobody else."""
    return _names("hits", truth.event(id).lineup)


def artists_at(truth: TruthOf, *, venue: str, alone: bool = True) -> Expected:
    """Everybody who plays or played at a venue, by all lines that name it in a way exact keys join, and nobody else.

    The ticket shop names nobody who plays, the sheet two of them.
    """
    keys = truth.group_by(venue, source="directus").keys
    nights = [one for one in truth.tellings if _venue_of(one).id == venue and one.group.places & keys]
    names = _names("hits", (artist for night in nights for artist in _billed(night)))
    return names if alone else replace(names, only="")


def _billed(one: Telling) -> tuple[Artist, ...]:
    lineup = one.event.lineup
    if one.sources & {"directus", "scraper"}:
        return lineup
    return lineup[:2] if "sheet" in one.sources else ()


def venues_of(truth: TruthOf, *, promoter: str) -> Expected:
    """Where a promoter puts on events, as far as its own lines are joined, by the names its venues are known by there.

    The content system and the ticket shop name a promoter by their own ids, the sheet by a name that joins nothing.
    """
    own = next(one for one in truth.groups if one.entity == promoter and "directus" in one.sources).sources
    nights = [
        one for one in truth.tellings
        if one.event.promoter and one.event.promoter.id == promoter and one.sources & own & {"directus", "mongo"}
    ]  # fmt: skip
    names = dict.fromkeys(_venue_name(truth, one) for one in nights)
    return Expected(facts=_in("hits", [{"name": name} for name in names]), forbidden=[], only="hits")


def _venue_name(truth: TruthOf, one: Telling) -> str:
    """Return what the venue of a telling is called: the ticket shop, which alone may tell of it, writes in capitals."""
    venue = _venue_of(one)
    if "directus" in one.sources or one.group.places & truth.mapped or "sheet" in one.sources:
        return venue.name
    return venue.name.upper()


def _venue_of(one: Telling) -> Venue:
    """Return where a telling says it is: only the content system hears of moves."""
    return (one.event.later_venue if "directus" in one.sources else None) or one.event.venue


def place(truth: TruthOf, *, id: str) -> Expected:
    """A venue with its address."""
    venue = truth.venue(id)
    return Expected(facts=[{"name": venue.name, "address": venue.address, "market": venue.city.slug}], forbidden=[])


def namesakes(truth: TruthOf, *, kind: str, name: str) -> Expected:
    """All who bear one name, each in a city of their own."""
    things: Iterable[Thing] = truth.world.ground.venues if kind == "venue" else truth.world.ground.artists
    facts: list[Fact] = [
        {"name": one.name, "kind": kind, "market": one.city.slug} for one in things if one.name == name
    ]
    return Expected(facts=facts, forbidden=[])


def coming(truth: TruthOf, *, artist: str) -> Expected:
    """All that is told of what an artist will play, without what is cancelled, and nothing else."""
    now = truth.world.ground.now
    facts = [
        one.fact for one in truth.tellings
        if one.starts_at > now and one.status not in GONE and artist in {who.id for who in _billed(one)}
    ]  # fmt: skip
    return Expected(facts=_in("hits", facts), forbidden=[], only="hits")


def tie(truth: TruthOf, *, person: str, type: str, direction: str) -> Expected:
    """A person's tie, from either end: the person, or the thing that is owned, managed or worked for."""
    who = truth.person(person)
    known_by = "directus" if type == "MANAGES" else "twenty"
    found = [truth.name_by(tie.to, source=known_by) for tie in who.ties if tie.type == type]
    names = found if direction == "out" else [who.name]
    return Expected(
        facts=_in("relations", [{"type": type, "direction": direction, "name": name} for name in names]), forbidden=[]
    )


def acquaintances(truth: TruthOf, *, person: str) -> Expected:
    """Whom a person knows, and who knows them."""
    who, people = truth.person(person), {one.id: one for one in truth.world.ground.people}
    known = [("out", people[tie.to].name) for tie in who.ties if tie.type == "KNOWS"]
    knowing = [("in", one.name) for one in people.values() for tie in one.ties if tie.to == person]
    facts: list[Fact] = [
        {"type": "KNOWS", "direction": direction, "name": name} for direction, name in dict.fromkeys([*known, *knowing])
    ]
    return Expected(facts=_in("relations", facts), forbidden=[])


def dependents(truth: TruthOf, *, module: str) -> Expected:
    """The modules that depend on one, by the team's own records."""
    names = [
        str(record["name"]) for record in team.records(truth.world.ground) for tie in _ties(record)
        if tie["type"] == "DEPENDS_ON" and tie["target"]["name"] == module
    ]  # fmt: skip
    facts: list[Fact] = [{"type": "DEPENDS_ON", "direction": "in", "name": name} for name in names]
    return Expected(facts=_in("relations", facts), forbidden=[])


def identified(truth: TruthOf, *, id: str) -> Expected:
    """The place id and the profile of a venue."""
    venue = truth.venue(id)
    held: Fact = {"google_place_id": [venue.place_id], "instagram": [venue.handle]}
    return Expected(facts=[{"in": "identifiers", **held}, {"name": venue.name}], forbidden=[])


def campaign(truth: TruthOf, *, city: str) -> Expected:
    """The team's campaign of a city: for the first venue of its first guide that the content system knows."""
    ground = truth.world.ground
    guide = next(one for one in articles(ground) if one.city.slug == city)
    venue = next(one for one in guide.venues if knows_venue(ground, one))
    facts: list[Fact] = [{"name": f"Impulso a «{guide.title}»", "kind": "campaign"}, {"name": venue.name}]
    return Expected(facts=facts, forbidden=[])


def feature_of(truth: TruthOf, *, venue: str) -> Expected:
    """The features that a concept of the team relates to the guides about a venue, and no other."""
    ground = truth.world.ground
    titles = {one.title for one in articles(ground) if venue in {place.id for place in one.venues}}
    concepts = [_ties(record) for record in team.records(ground) if record["kind"] == "concept"]
    names = [
        tie["target"]["name"] for ties in concepts if titles & {tie["target"]["name"] for tie in ties}
        for tie in ties if tie["target_kind"] == "feature"
    ]  # fmt: skip
    return Expected(facts=_in("hits", [{"kind": "feature", "name": name} for name in names]), forbidden=[], only="hits")


def _ties(record: Item) -> list[dict[str, Any]]:
    ties = record.get("relations")
    return ties if isinstance(ties, list) else []


def learned(truth: TruthOf, *, city: str, kind: str) -> Expected:
    """What the team noted, saw come of it, or decided in a city."""
    ground = truth.world.ground
    guide = next(one for one in articles(ground) if one.city.slug == city)
    venue = next(one for one in guide.venues if knows_venue(ground, one))
    names = {
        "note": f"«{guide.title}» muestra ahora el mapa: guia-con-mapa al 50 %",
        "outcome": f"Los clics de «{guide.title}» a {venue.name} subieron tras el mapa",
        "decision": f"guia-con-mapa pasa al 100 % en {guide.city.name}",
    }
    return Expected(facts=[{"kind": kind, "name": names[kind]}], forbidden=[])


def known_by_handle(truth: TruthOf, *, artist: str) -> Expected:
    """An artist's profile is known, and to whom it belongs."""
    who = truth.artist(artist)
    fact: Fact = {"decided_by": f"instagram:{who.handle}"}
    return Expected(facts=[fact, {"name": who.name, "sources": "*"}], forbidden=[])


def stated(_: TruthOf, *, why: str, facts: list[Fact], forbidden: list[Fact] | None = None) -> Expected:
    """Facts stated by hand, and why they hold: what nobody told of, what is asked to be written, what Sonik lists."""
    assert why
    return Expected(facts=facts, forbidden=forbidden or [])


def _names(section: str, things: Iterable[Thing]) -> Expected:
    names = dict.fromkeys(thing.name for thing in things)
    return Expected(facts=_in(section, [{"name": name} for name in names]), forbidden=[], only=section)


def _in(section: str, facts: Iterable[Fact]) -> list[Fact]:
    return [{"in": section, **fact} for fact in facts]


SOURCES: Mapping[str, Source] = {
    source.__name__: source
    for source in (
        programme, at_venue, around, told_by, whereabouts, event, event_before, second_showing, lineup, artists_at,
        venues_of, place, namesakes, coming, tie, feature_of, campaign, learned, known_by_handle, acquaintances,
        dependents, identified, stated,
    )
}  # fmt: skip
