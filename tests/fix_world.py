"""The world taken in: every delivery in order, and which entity each of its lines became."""

import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import LiteralString

from sonik.ingest.files import read_rows
from sonik.ingest.mapping import load_mapping
from sonik.ingest.receipts import Intake
from sonik.ingest.samples.world import World, write_world
from sonik.ingest.samples.world.labels import Line
from tests.fix_truth import Found, Truth

MAPPINGS = {source: f"world_{source}" for source in ("directus", "twenty", "mongo", "sheet", "scraper")}


@dataclass(kw_only=True, slots=True)
class Taken:
    """A world and what became of its lines."""

    world: World
    intakes: list[Intake]
    entities: dict[Line, str] = field(default_factory=dict)

    def pairs(self) -> set[tuple[Line, Line]]:
        """Return the pairs of labelled lines that became one entity."""
        lines: dict[str, list[Line]] = {}
        for label in self.world.labels.lines:
            line = (label.file, label.line)
            lines.setdefault(self.entities[line], []).append(line)
        return {(a, b) for found in lines.values() for i, a in enumerate(found) for b in found[i + 1 :]}


async def take_world(truth: Truth, now: datetime, *, seed: int) -> Taken:
    """Take all deliveries in, in order."""
    with tempfile.TemporaryDirectory() as folder:
        world = write_world(Path(folder), now, seed=seed)
        taken = Taken(world=world, intakes=await deliver_all(truth, Path(folder), world))
    for delivery, intake in zip(world.deliveries, taken.intakes, strict=True):
        for receipt in intake.receipts:
            taken.entities[delivery.file, receipt.line] = receipt.entity_id or "refused"
    return taken


async def deliver_all(truth: Truth, folder: Path, world: World) -> list[Intake]:
    """Deliver every file of a world."""
    intakes = []
    for delivery in world.deliveries:
        mapping = load_mapping(MAPPINGS[delivery.source])
        rows = read_rows(folder / delivery.file, mapping=mapping)
        intakes.append(await truth.read_in(rows, source=mapping.source, mapping=mapping))
    return intakes


def precision_and_recall(found: set[tuple[Line, Line]], true: set[tuple[Line, Line]]) -> tuple[float, float]:
    """Return how many of the found pairs are true, and how many of the true ones were found."""
    right = len(found & true)
    return right / len(found) if found else 1.0, right / len(true) if true else 1.0


FIELDS: LiteralString = """
    select e.id::text as id, e.entity_type as kind, e.name, coalesce(e.market, e.metadata ->> 'city') as market,
           v.address, v.capacity, a.city, o.org_type, p.person_type, ev.starts_at, ev.status, ev.price_min,
           (select r.dst::text from unified.relationships r
            where r.src = e.id and r.type = 'HOSTED_BY' and r.valid_to is null) as venue
    from unified.entities e
    left join unified.venues v on v.entity_id = e.id left join unified.artists a on a.entity_id = e.id
    left join unified.organizations o on o.entity_id = e.id left join unified.people p on p.entity_id = e.id
    left join unified.events ev on ev.entity_id = e.id
    where e.id = any(%(ids)s::uuid[])
"""


async def winners(truth: Truth, taken: Taken) -> dict[str, dict[str, object]]:
    """Return the main fields of every thing whose lines exact keys can join, as truth shows them."""
    labels = taken.world.labels
    whole = labels.whole()
    things = {taken.entities[one.file, one.line]: one.entity for one in labels.lines}
    rows = await truth.rows(FIELDS, ids=[entity for entity, thing in things.items() if thing in whole])
    return {things[str(row["id"])]: _shown(row, things) for row in rows}


def _shown(row: Found, things: dict[str, str]) -> dict[str, object]:
    told = {name: value for name, value in row.items() if value is not None and name not in {"id", "kind", "market"}}
    if isinstance(starts := told.get("starts_at"), datetime):
        told["starts_at"] = starts.astimezone(UTC).isoformat()
    if isinstance(venue := told.get("venue"), str):
        told["venue"] = things.get(venue, venue)
    return told
