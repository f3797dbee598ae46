"""The homes of a run, all under one temporary folder; whatever runs in them is stopped at the end."""

import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from mcp import StdioServerParameters

from sonik.engine import Engine
from sonik.identity.sighting import Source
from sonik.ingest.files import read_rows, rows_of
from sonik.ingest.intake import Delivery
from sonik.ingest.mapping import load_mapping
from sonik.ingest.receipts import Intake
from sonik.ingest.samples import medellin
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.types import JsonObject, Scope

ROOT = Path(__file__).resolve().parent.parent.parent
REAL_EVENTS = ROOT.parent / "shared" / "data" / "events" / "agenda_valparaiso_gijon" / "events.jsonl"
# A Saturday afternoon amid the real events; the sample market moves with it.
NOW = datetime(2026, 8, 15, 20, 0, tzinfo=UTC)
READER = Scope()
INGEST = Scope(role="ingest")
PATIENCE_SECONDS = 240


@dataclass(kw_only=True, slots=True)
class Filling:
    """The home with the sample market and, where they are at hand, the real events."""

    settings: Settings
    records: int
    projected_per_s: float


@dataclass(kw_only=True, slots=True)
class Homes:
    """New homes on demand, and one filled once for all sections that read."""

    folder: Path
    _made: list[Path] = field(default_factory=list)
    _filling: Filling | None = None

    def new(self) -> Settings:
        """Return the settings of a home that nobody has used."""
        # Sockets live in it, and their paths must be short.
        home = self.folder / str(len(self._made))
        self._made.append(home)
        return Settings(home=home, now=NOW, market="medellin", cache="off")

    async def filled(self) -> Filling:
        """Return the filled home; the first call fills it, which takes a while."""
        if self._filling is None:
            self._filling = await _fill(self.new())
        return self._filling

    async def clear(self) -> None:
        """Stop the servers of every home and remove it."""
        for home in self._made:
            await stop(Settings(home=home))
        shutil.rmtree(self.folder, ignore_errors=True)


@asynccontextmanager
async def homes() -> AsyncIterator[Homes]:
    """Yield the homes of a run and clear them on the way out."""
    made = Homes(folder=Path(tempfile.mkdtemp(prefix="sonik-bench-")))
    try:
        yield made
    finally:
        await made.clear()


async def stop(settings: Settings) -> None:
    """Stop the servers of a home, if they run."""
    await embedded.down(settings, force=True)


async def deliver(engine: Engine, records: Iterable[JsonObject], *, source: str) -> Intake:
    """Take records in as one source.

    Raises:
        RuntimeError: one of them was refused, and the bench would not measure what it says.
    """
    delivery = Delivery(source=Source(code=source), scope=INGEST)
    intake = await engine.ingest(rows_of(records), delivery=delivery)
    if intake.counts["refused"]:
        raise RuntimeError(f"{intake.counts['refused']} records of the bench were refused")
    return intake


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment of a process over a home."""
    now = settings.now.isoformat() if settings.now else ""
    ours = {"SONIK_HOME": str(settings.home), "SONIK_MARKET": settings.market or "", "SONIK_NOW": now}
    return {**os.environ, "PYTHONPATH": str(ROOT), **ours}


def server(settings: Settings) -> StdioServerParameters:
    """Return how an MCP client starts the server over a home."""
    return StdioServerParameters(
        command=sys.executable, args=["-m", "server"], env=environment(settings), cwd=ROOT
    )  # fmt: skip


async def _fill(settings: Settings) -> Filling:
    async with Engine.open(settings) as engine:
        intake = await deliver(engine, medellin.records(NOW), source=medellin.SOURCE)
        records = len(intake.receipts)
        started = perf_counter()
        if REAL_EVENTS.is_file():
            mapping = load_mapping("agenda_valparaiso_gijon")
            delivery = Delivery(source=mapping.source, scope=INGEST)
            intake = await engine.ingest(read_rows(REAL_EVENTS), delivery=delivery, mapping=mapping)
            records += len(intake.receipts)
        await engine.wait_projected(intake, seconds=PATIENCE_SECONDS)
        per_second = records / (perf_counter() - started)
    return Filling(settings=settings, records=records, projected_per_s=round(per_second, 1))
