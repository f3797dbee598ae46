"""A sample world into the engine as its sources deliver it, and which of its things each entity became."""

import asyncio
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from eval.dataset import Frozen
from sonik.engine import Engine
from sonik.identity.sighting import Source
from sonik.ingest.files import read_rows
from sonik.ingest.intake import Delivery
from sonik.ingest.mapping import load_mapping
from sonik.ingest.receipts import Intake, merge
from sonik.ingest.samples.world import World, team, write_world
from sonik.types import Scope


async def take_in_world(engine: Engine, frozen: Frozen, *, scope: Scope) -> tuple[Intake, dict[str, str]]:
    """Deliver every file of a world in order; return the intake, and by entity id the thing most of its lines tell."""
    with tempfile.TemporaryDirectory(prefix="sonik-world-") as name:
        folder = Path(name)
        world = await asyncio.to_thread(write_world, folder, frozen.now, seed=frozen.seed)
        intakes = [await _deliver(engine, folder / one.file, one.mapping, scope) for one in world.deliveries]
        source = Source(code=team.SOURCE, trust=team.TRUST)
        own = await engine.ingest(read_rows(folder / team.FILE), delivery=Delivery(source=source, scope=scope))
    return merge([*intakes, own]), _things(world, intakes)


async def _deliver(engine: Engine, path: Path, mapping_name: str, scope: Scope) -> Intake:
    mapping = load_mapping(mapping_name)
    rows = read_rows(path, mapping=mapping)
    return await engine.ingest(rows, delivery=Delivery(source=mapping.source, scope=scope), mapping=mapping)


def _things(world: World, intakes: list[Intake]) -> dict[str, str]:
    labels = {(label.file, label.line): label.entity for label in world.labels.lines}
    told: dict[str, Counter[str]] = defaultdict(Counter)
    for delivery, intake in zip(world.deliveries, intakes, strict=True):
        for receipt in intake.receipts:
            thing = labels.get((delivery.file, receipt.line))
            if thing is not None and receipt.entity_id is not None:
                told[receipt.entity_id][thing] += 1
    return {entity: things.most_common(1)[0][0] for entity, things in told.items()}
