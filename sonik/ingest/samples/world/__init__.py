"""A world of three cities as five systems tell of it, each in its own form and with its own mistakes.

Made from a seed and a moment, and the same each time. It knows nothing of how Sonik tells who is who: it works from
its own ground truth, so that the labels it gives can judge the matcher. Nobody and nothing in it exists.
"""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sonik.ingest.samples.world import directus, mongo, scraper, sheet, team, twenty
from sonik.ingest.samples.world.cities import load_cities
from sonik.ingest.samples.world.ground import Ground, settle
from sonik.ingest.samples.world.labels import Labels, label
from sonik.ingest.samples.world.marks import Delivery
from sonik.ingest.samples.world.programme import nights

SEED = 7
TRUTH_FILE = "truth.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """What there is, what is delivered of it in which order, and the truth about every line."""

    ground: Ground
    deliveries: tuple[Delivery, ...]
    labels: Labels


def make_world(now: datetime, *, seed: int = SEED) -> World:
    """Make the world as it stands at an aware `now`; first come all first deliveries, then those of what changed."""
    ground = make_ground(now, seed=seed)
    by_source = [source.deliveries(ground) for source in (directus, twenty, mongo, sheet, scraper)]
    firsts = [delivered[0] for delivered in by_source]
    deliveries = (*firsts, *(later for delivered in by_source for later in delivered[1:]))
    return World(ground=ground, deliveries=deliveries, labels=label(deliveries))


def make_ground(now: datetime, *, seed: int = SEED) -> Ground:
    """Return what there is: venues, artists, organizations and people of all cities, and five weeks of events."""
    cities = load_cities()
    names = Counter(name for city in cities for name, _ in city.artists)
    homonyms = {name for name, count in names.items() if count > 1}
    settled = [settle(city, seed=seed, homonyms=homonyms) for city in cities]
    events = [
        event
        for city, (venues, artists, organizations, _) in zip(cities, settled, strict=True)
        for event in nights(
            city, now=now, seed=seed, venues=venues, artists=artists, organizations=organizations
        )
    ]  # fmt: skip
    venues, artists, organizations, people = (
        tuple(thing for things in column for thing in things) for column in zip(*settled, strict=True)
    )
    return Ground(
        now=now, seed=seed, cities=cities, venues=venues, artists=artists, organizations=organizations, people=people,
        events=tuple(events),
    )  # fmt: skip


def write_world(folder: Path, now: datetime, *, seed: int = SEED) -> World:
    """Write the files of the world into a folder, the team's own records among them, and the truth about its lines."""
    world = make_world(now, seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    for delivery in world.deliveries:
        (folder / delivery.file).write_bytes(delivery.content)
    records = (json.dumps(record, ensure_ascii=False) for record in team.records(world.ground))
    (folder / team.FILE).write_text("".join(f"{record}\n" for record in records), encoding="utf-8")
    (folder / TRUTH_FILE).write_bytes(world.labels.as_json())
    return world
