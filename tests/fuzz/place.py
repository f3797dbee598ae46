"""Where the calls go: stores with the sample market, a few things of the other graphs and a job, and a server."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sonik.engine import Engine
from sonik.identity.sighting import Source
from sonik.ingest.files import rows_of
from sonik.ingest.intake import Delivery
from sonik.ingest.samples import medellin
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.types import JsonObject, Scope
from tests.fix_engine import NOW
from tests.fix_kill import owner_dsn
from tests.fix_mcp import Wire
from tests.fuzz.ledger import Ledger
from tests.fuzz.pool import Pool
from tests.fuzz.run import Run

THINGS: tuple[JsonObject, ...] = (
    {"kind": "feature", "name": "Alertas", "attributes": {"suite": "Grow", "status": "live"}},
    {"kind": "code", "name": "alerts.py", "attributes": {"path": "app/alerts.py"}, "relations": [
        {"type": "IMPLEMENTS", "target_kind": "feature", "target": {"name": "Alertas"}}]},
    {"kind": "concept", "name": "Virality"}, {"kind": "note", "name": "Salsa asks", "source_id": "n-1"},
)  # fmt: skip
LATE: tuple[JsonObject, ...] = ({"kind": "artist", "name": "Los Tardíos"}, {"kind": "artist", "nam": "x"})
SECRET = "the same cursors in every run"


@contextmanager
def opened_run(*, count: int, seed: int) -> Iterator[Run]:
    """Prepare the stores and start a server over them; yield a run that is ready to go."""
    with tempfile.TemporaryDirectory(prefix="sonik-fuzz-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        settings = Settings(home=home, now=NOW, market="medellin")
        records = [*medellin.records(NOW), *THINGS]
        told = {"SONIK_ROLE": "staff", "SONIK_SECRET": SECRET, "SONIK_SERVE_JOBS": "false"}
        job = asyncio.run(prepare(settings, records))
        wire = Wire(home, log=home / "server.log", environment=told)
        try:
            wire.greet()
            wire.call("sonik_describe", '{"topic": "status"}')  # answered once the stores are open
            with Ledger(owner_dsn(settings)) as ledger:
                pool = Pool(records=records)
                pool.jobs.append(job)
                yield Run(wire=wire, ledger=ledger, pool=pool, home=home, count=count, seed=seed)
        finally:
            wire.close()
            # A server that is killed leaves those that it was the last to use.
            asyncio.run(embedded.down(settings, force=True))


async def prepare(settings: Settings, records: list[JsonObject]) -> str:
    """Take the records in, do a job, and return its id."""
    async with Engine.open(settings) as engine:
        delivery = Delivery(source=Source(code=medellin.SOURCE, trust=50), scope=Scope(role="ingest"))
        intake = await engine.ingest(rows_of(records), delivery=delivery)
        job = await engine.ingest_later(rows_of(LATE), delivery=delivery)
        await engine.jobs.work_off()
        await engine.wait_projected(intake, seconds=120)
    return str(job)
