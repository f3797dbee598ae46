"""A file that is being taken in by a job survives the death of the process that does it."""

import os
import signal
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from sonik.engine import Engine
from sonik.identity.sighting import Source
from sonik.ingest.files import rows_of
from sonik.ingest.intake import Delivery
from sonik.ingest.stream import BATCH
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.types import Scope
from tests.fix_drill import until
from tests.fix_kill import Worker, owner_dsn
from tests.fix_truth import venue

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ASKER = Scope(role="ingest")
PARTS = 12
DONE = "select coalesce(max(done), 0) from unified.jobs"
# A step's row tells the transaction that wrote it: one done again would be another.
STEPS = "select key, xmin::text from unified.job_steps where key like 'part:%' order by position"


async def test_a_killed_ingest_goes_on_where_it_stopped_and_repeats_nothing(home: Path) -> None:
    settings = Settings(home=home, market="medellin")
    records = [venue(f"v{number}", name=f"Sala {number}") for number in range(PARTS * BATCH)]
    async with Engine.open(settings, project=False) as engine:
        delivery = Delivery(source=Source(code="file"), scope=ASKER)
        job_id = str(await engine.ingest_later(rows_of(records), delivery=delivery))
        worker = Worker("work", settings)
        try:
            until(lambda: _done(settings) >= BATCH * 2, "two parts are taken in", [worker])
            worker.kill()
            killed = await engine.jobs.look_up(job_id, scope=ASKER)
            before = _steps(settings)
            await engine.jobs.work_off()
            job = await engine.jobs.look_up(job_id, scope=ASKER)
        finally:
            worker.kill()
        after = _steps(settings)
    assert (killed.status, BATCH * 2 <= killed.done < PARTS * BATCH) == ("running", True)
    assert (job.status, job.done, job.total) == ("succeeded", PARTS * BATCH, PARTS * BATCH)
    assert (job.summary["created"], job.summary["updated"]) == (PARTS * BATCH, 0)
    assert after[: len(before)] == before
    assert [key for key, _ in after] == [f"part:{number}" for number in range(PARTS)]


async def test_an_ingest_lives_through_the_death_of_postgresql(home: Path) -> None:
    settings = Settings(home=home, market="medellin")
    records = [venue(f"v{number}", name=f"Sala {number}") for number in range(PARTS * BATCH)]
    async with Engine.open(settings, project=False) as engine:
        delivery = Delivery(source=Source(code="file"), scope=ASKER)
        job_id = str(await engine.ingest_later(rows_of(records), delivery=delivery))
    worker = Worker("work", settings)
    try:
        until(lambda: _done(settings) >= BATCH * 2, "two parts are taken in", [worker])
        postgres = next(server for server in embedded.status(settings).servers if server.name == "PostgreSQL")
        assert postgres.pid is not None
        os.kill(postgres.pid, signal.SIGKILL)
        until(lambda: _status(settings) == "succeeded", "the job is done", [worker])
        starts = worker.starts
    finally:
        worker.kill()
    async with Engine.open(settings, project=False) as engine:
        job = await engine.jobs.look_up(job_id, scope=ASKER)
    assert (job.done, job.summary["created"], job.summary["updated"]) == (PARTS * BATCH, PARTS * BATCH, 0)
    assert starts == 1


def _status(settings: Settings) -> str:
    return _first(settings, "select status from unified.jobs where name = 'ingest'")


def _done(settings: Settings) -> int:
    return int(_first(settings, DONE) or 0)


def _first(settings: Settings, query: LiteralString) -> str:
    """Return the first value found, nothing while truth does not answer."""
    try:
        with psycopg.connect(owner_dsn(settings)) as connection:
            row = connection.execute(query).fetchone()
    except psycopg.Error:
        return ""
    return str(row[0]) if row else ""


def _steps(settings: Settings) -> list[tuple[str, str]]:
    with psycopg.connect(owner_dsn(settings)) as connection:
        return [(str(key), str(transaction)) for key, transaction in connection.execute(STEPS)]
