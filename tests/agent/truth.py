"""What is true of the world, for whoever asks: from what its generator decided and how it labelled what it delivered.

Sonik is never asked. Lines that exact keys cannot join stay apart, as their labels say: `Telling` is one such group.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property

from sonik.ingest.samples.world import World
from sonik.ingest.samples.world.cities import DAY_STARTS_HOUR, City
from sonik.ingest.samples.world.ground import Artist, Event, Organization, Person, Venue
from sonik.ingest.samples.world.marks import Delivery, Mark

Fact = dict[str, object]
GONE = frozenset({"cancelled", "postponed"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Lines of one thing that exact keys join: the values that win among them, who tells them, the keys they carry."""

    entity: str
    kind: str
    said: dict[str, object]
    sources: frozenset[str]
    keys: frozenset[str]
    places: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Telling:
    """An event as one group of lines tells it."""

    event: Event
    group: Group

    @property
    def sources(self) -> frozenset[str]:
        """Who tells of it."""
        return self.group.sources

    @property
    def name(self) -> str:
        """Its title."""
        return str(self.group.said["name"])

    @property
    def starts_at(self) -> datetime:
        """Its start, on the city's clock."""
        start = self.group.said["starts_at"]
        assert isinstance(start, datetime)
        return start.astimezone(self.event.city.zone)

    @property
    def status(self) -> str:
        """Its status; most sources never name one."""
        return str(self.group.said.get("status") or "scheduled")

    @property
    def night(self) -> date:
        """The night it belongs to."""
        return self.event.city.tonight(self.starts_at)

    def goes_on_at(self, moment: datetime) -> bool:
        """Say whether it has begun by then and is not over; only the content system tells an end."""
        return "directus" in self.sources and self.starts_at < moment < self.event.ends_at

    @property
    def price_min(self) -> int:
        """The least that is asked for."""
        return int(str(self.group.said["price_min"]))

    @property
    def fact(self) -> Fact:
        """What a list says of it."""
        return {
            "name": self.name, "when": f"{self.starts_at:%Y-%m-%d %H:%M}", "market": self.event.city.slug,
            "price": self._price(),
        }  # fmt: skip

    def _price(self) -> str:
        if self.event.price_max == 0:
            return "free"
        most = self.price_min + self.event.price_max - self.event.price_min
        span = f"-{most}" if most > self.price_min else ""
        return f"{self.event.city.currency} {self.price_min}{span}"


@dataclass(frozen=True, kw_only=True)
class TruthOf:
    """The truth about a world, by name of what is asked for."""

    world: World

    @cached_property
    def groups(self) -> list[Group]:
        """Everything that was delivered, by the groups of lines that exact keys join."""
        lines: dict[int, list[tuple[Delivery, Mark]]] = defaultdict(list)
        marks = ((delivery, mark) for delivery in self.world.deliveries for mark in delivery.marks)
        for label, told in zip(self.world.labels.lines, marks, strict=True):
            lines[label.group].append(told)
        return [_group(told) for told in lines.values()]

    @cached_property
    def tellings(self) -> list[Telling]:
        """Every event, once for each group."""
        events = {event.id: event for event in self.world.ground.events}
        return [Telling(event=events[one.entity], group=one) for one in self.groups if one.kind == "event"]

    @cached_property
    def mapped(self) -> frozenset[str]:
        """The keys of venues whose lines exact keys join with the content system's: only it says where they lie."""
        known = (one for one in self.groups if one.kind == "venue" and "directus" in one.sources)
        return frozenset(key for one in known for key in one.keys)

    def group_by(self, thing: str, *, source: str) -> Group:
        """Return all that exact keys join with what a source tells of a thing."""
        return next(one for one in self.groups if one.entity == thing and source in one.sources)

    def name_by(self, thing: str, *, source: str) -> str:
        """Return the name that wins among all that exact keys join with what a source tells of a thing."""
        return str(self.group_by(thing, source=source).said["name"])

    def city(self, slug: str) -> City:
        """Return a city."""
        return next(city for city in self.world.ground.cities if city.slug == slug)

    def tonight(self, slug: str) -> date:
        """Return the date of tonight in a city."""
        return self.city(slug).tonight(self.world.ground.now)

    def on(self, slug: str, *, first: int = 0, last: int = 0) -> list[Telling]:
        """Return what is on in a city from one night to another, counted from tonight; what is cancelled is not.

        What began the night before and is known to go on into the first day is on, too.
        """
        tonight = self.tonight(slug)
        nights = {tonight + timedelta(days=day) for day in range(first, last + 1)}
        dawn = datetime.combine(min(nights), time(DAY_STARTS_HOUR), tzinfo=self.city(slug).zone)
        there = [one for one in self.tellings if one.event.city.slug == slug and one.status not in GONE]
        return [one for one in there if one.night in nights or (first and one.goes_on_at(dawn))]

    def event(self, event_id: str) -> Event:
        """Return an event."""
        return next(event for event in self.world.ground.events if event.id == event_id)

    def said_of(self, event_id: str) -> Telling:
        """Return the telling of an event that its most trusted source, the content system, is part of."""
        return next(one for one in self.tellings if one.event.id == event_id and "directus" in one.sources)

    def venue(self, venue_id: str) -> Venue:
        """Return a venue."""
        return next(venue for venue in self.world.ground.venues if venue.id == venue_id)

    def artist(self, artist_id: str) -> Artist:
        """Return an artist."""
        return next(artist for artist in self.world.ground.artists if artist.id == artist_id)

    def organization(self, organization_id: str) -> Organization:
        """Return an organization."""
        return next(one for one in self.world.ground.organizations if one.id == organization_id)

    def person(self, person_id: str) -> Person:
        """Return a person."""
        return next(person for person in self.world.ground.people if person.id == person_id)


def _group(lines: Sequence[tuple[Delivery, Mark]]) -> Group:
    marks = [mark for _, mark in lines]
    return Group(
        entity=marks[0].entity, kind=marks[0].kind, said=_winners(lines),
        sources=frozenset(delivery.source for delivery, _ in lines),
        keys=frozenset(key for mark in marks for key in mark.keys),
        places=frozenset(key for mark in marks if mark.place for key in mark.place.keys),
    )  # fmt: skip


def _winners(lines: Iterable[tuple[Delivery, Mark]]) -> dict[str, object]:
    """Return of each source what it said last, and of these what the most trusted says."""
    last: dict[str, tuple[Delivery, Mark]] = {}
    for delivery, mark in lines:
        known = last.get(delivery.source)
        if known is None or known[1].observed_at <= mark.observed_at:
            last[delivery.source] = (delivery, mark)
    ranked = sorted(last.values(), key=lambda one: (one[0].trust, one[1].observed_at, one[0].source), reverse=True)
    found: dict[str, object] = {}
    for _, mark in ranked:
        for name, value in mark.said.items():
            if value is not None:
                found.setdefault(name, value)
    return found
