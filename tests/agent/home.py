"""A home that holds the world of three cities, told to it as time passed: first all of it, later what had changed."""

import os
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mcp import StdioServerParameters

from sonik.engine import Engine
from sonik.identity.sighting import Source
from sonik.ingest.files import read_rows
from sonik.ingest.intake import Delivery
from sonik.ingest.mapping import load_mapping
from sonik.ingest.receipts import Intake
from sonik.ingest.samples.world import World, team, write_world
from sonik.settings import Settings
from sonik.types import Scope

ROOT = Path(__file__).resolve().parent.parent.parent
# A Saturday: 15:00 in Medellín and Quito, 14:00 in Mexico City.
NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
# No first delivery saw anything later than three days before, no second one anything earlier than two.
BEFORE = NOW - timedelta(days=3)
INGEST = Scope(role="ingest")
PATIENCE_SECONDS = 240.0


def asking(home: Path) -> Settings:
    """Return the settings the world is asked with: as the team, whose questions go to all three graphs."""
    return Settings(home=home, now=NOW, role="staff", user="agent")


async def fill(home: Path) -> World:
    """Take the world in: the first deliveries three days ago, the later ones and the team's own records now."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = write_world(folder, NOW)
        later = {delivery.file for delivery in world.deliveries if delivery.file.partition(".")[0].endswith("-2")}
        async with Engine.open(Settings(home=home, now=BEFORE), project=False) as engine:
            for delivery in world.deliveries:
                if delivery.file not in later:
                    await _deliver(engine, folder / delivery.file, mapping=delivery.mapping)
        async with Engine.open(Settings(home=home, now=NOW)) as engine:
            for delivery in world.deliveries:
                if delivery.file in later:
                    await _deliver(engine, folder / delivery.file, mapping=delivery.mapping)
            intake = await _deliver(engine, folder / team.FILE)
            await engine.wait_projected(intake, seconds=PATIENCE_SECONDS)
    return world


def server(home: Path) -> StdioServerParameters:
    """Return how an MCP client starts `sonik serve` over a home, with nothing of the caller's own settings."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("SONIK_")}
    asked = asking(home)
    ours = {"SONIK_HOME": str(home), "SONIK_NOW": NOW.isoformat(), "SONIK_ROLE": asked.role, "SONIK_USER": "agent"}
    return StdioServerParameters(
        command=sys.executable, args=["-m", "server.cli", "serve"], cwd=ROOT,
        env={**outside, "PYTHONPATH": str(ROOT), **ours},
    )  # fmt: skip


async def _deliver(engine: Engine, path: Path, *, mapping: str | None = None) -> Intake:
    reading = load_mapping(mapping) if mapping else None
    source = reading.source if reading else Source(code=team.SOURCE, trust=team.TRUST)
    rows = list(read_rows(path, mapping=reading))
    intake = await engine.ingest(rows, delivery=Delivery(source=source, scope=INGEST), mapping=reading)
    if intake.counts["refused"]:
        raise RuntimeError(f"{intake.counts['refused']} lines of {path.name} were refused")
    return intake
