"""The world taken in: every delivery in order, and which entity each of its lines became."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sonik.ingest.files import read_rows
from sonik.ingest.mapping import load_mapping
from sonik.ingest.receipts import Intake
from sonik.ingest.samples.world import World, write_world
from sonik.ingest.samples.world.labels import Line
from tests.fix_truth import Truth

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


def orderless(pairs: Sequence[tuple[Line, Line]]) -> set[tuple[Line, Line]]:
    """Return pairs whichever way round they stand."""
    return {(min(pair), max(pair)) for pair in pairs}
