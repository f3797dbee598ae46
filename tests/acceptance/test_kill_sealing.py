"""Sealing survives the death of the process that does it: no row is sealed twice, and none is left out."""

from pathlib import Path

import psycopg
import pytest

from sonik.audit.checking import check
from sonik.audit.sealing import BATCH
from sonik.engine import Engine
from sonik.settings import Settings
from tests.fix_drill import until
from tests.fix_kill import Worker, owner_dsn

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

SEALS = 60
FILL = """
    insert into unified.audit_log (correlation_id, actor, role, action, collection)
    select 'c' || n, 'a', 'reader', 'tools/call', 'live' from generate_series(1, %s) n
"""


async def test_a_killed_sealer_is_gone_on_with(home: Path) -> None:
    settings = Settings(home=home, market="medellin")
    async with Engine.open(settings, project=False) as engine:
        with psycopg.connect(owner_dsn(settings)) as connection:
            connection.execute(FILL, (SEALS * BATCH,))
        worker = Worker("work", settings)
        try:
            until(lambda: seals(settings) >= 3, "three seals are put on", [worker])
            worker.kill()
            before = seals(settings)
            await engine.jobs.work_off()
        finally:
            worker.kill()
        checked = await check(engine._postgres)
    assert 3 <= before < SEALS
    assert (checked.holds, checked.seals, checked.rows, checked.unsealed) == (True, SEALS, SEALS * BATCH, 0)


def seals(settings: Settings) -> int:
    with psycopg.connect(owner_dsn(settings)) as connection:
        row = connection.execute("select count(*) from unified.audit_seals").fetchone()
    return int(row[0]) if row else 0
