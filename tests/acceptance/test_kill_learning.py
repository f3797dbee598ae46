"""A write-back that is killed in the middle teaches what one that was left alone teaches."""

from typing import LiteralString

import psycopg
import pytest

from sonik.engine import Engine
from sonik.settings import Settings
from sonik.types import Carried, Scope, Trace, WalkedEdge
from tests.fix_drill import until
from tests.fix_engine import deliver
from tests.fix_kill import Worker, owner_dsn
from tests.fix_learning import LEARNED, NIGHTS, OPERATOR, WAYS, night

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ASKS = 4_000
STEPS: LiteralString = """
    select count(*)::int from unified.job_steps s join unified.jobs j on j.id = s.job_id where j.name = 'learning'
"""
JUDGE: LiteralString = """
    insert into unified.verdicts (trace_id, verdict, refs, at, actor, owner_org, collection)
    select trace_id, case when seq % 5 = 0 then 'wrong' else 'useful' end,
           array[(carried -> (seq % 3)::int ->> 'id')::uuid], at, actor, owner_org, collection
    from unified.traversal_log
"""
UNTAUGHT: LiteralString = """
    truncate unified.edge_learning, unified.edge_evidence, unified.learning_runs;
    update unified.learning_cursors set txid = 0, seq = 0;
"""


@pytest.mark.parametrize("steps", [2, 12])
async def test_a_killed_run_goes_on_where_it_stopped_and_counts_nothing_twice(settings: Settings, steps: int) -> None:
    async with Engine.open(settings, project=False) as engine:
        await deliver(engine, *map(night, range(1, NIGHTS + 1)))
        await asked_and_judged(engine)
        worker = Worker("work", settings)
        try:
            until(lambda: int(str(told(settings, STEPS)[0][0])) >= steps, f"{steps} steps are done", [worker])
        finally:
            worker.kill()
        before = int(str(told(settings, STEPS)[0][0]))
        await engine.jobs.work_off()
        killed = told(settings, LEARNED)
        with psycopg.connect(owner_dsn(settings)) as connection:
            connection.execute(UNTAUGHT)
        await engine.learner.run(scope=OPERATOR)
        alone = told(settings, LEARNED)
    assert killed == alone
    assert before < ASKS // 500 * 2 + 3
    assert {(row[1], row[3]) for row in killed} == {("all", ASKS), ("operations", ASKS)}


async def asked_and_judged(engine: Engine) -> None:
    """Have many ask for the same artists, and judge each answer."""
    ways = told(engine.settings, WAYS)
    carried = tuple(Carried(id=str(artist), edges=tuple(map(str, edges))) for artist, edges in ways)  # type: ignore[call-overload]
    edges = tuple(
        WalkedEdge(eid=eid, graph="operations", src="", type="", dst="", weight=0.9)
        for hit in carried
        for eid in hit.edges
    )
    for number in range(ASKS):
        scope = Scope(organisation=f"org-{number % 7}", user=f"user-{number % 23}")
        trace = Trace(trace_id=f"trace-{number}", query="who plays", edges=edges, carried=carried)
        engine.log.add(trace, scope=scope, lens="operations", hits=len(carried))
    await engine.log.flush()
    with psycopg.connect(owner_dsn(engine.settings)) as connection:
        connection.execute(JUDGE)


def told(settings: Settings, query: LiteralString) -> list[tuple[object, ...]]:
    """Look at truth as its owner does."""
    with psycopg.connect(owner_dsn(settings)) as connection:
        return connection.execute(query).fetchall()
