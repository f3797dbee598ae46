"""Whatever is killed under load, afterwards all stores agree: nothing lost, nothing twice."""

from pathlib import Path

import pytest

from sonik.settings import Settings
from sonik.stores import embedded
from tests.fix_drill import TARGETS, Drill, Target, end, until
from tests.fix_kill import BATCH, Worker, acknowledged

# Kills with recovery in between; on a busy machine they take minutes. Ten of each: `python -m tests.kill_matrix`.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

KILLS = 5
# A job is killed at every stage of a whole file.
FEWER: dict[Target, int] = {"ingest job": 2}


@pytest.mark.parametrize("target", TARGETS)
def test_kills_under_load_lose_nothing_and_double_nothing(home: Path, target: Target) -> None:
    kills = FEWER.get(target, KILLS)
    outcome = Drill(settings=Settings(home=home, market="medellin"), target=target, kills=kills).run()
    assert (outcome.kills, outcome.lost, outcome.doubled, outcome.restarts) == (kills, (), (), 0)
    assert {one.store: (one.store_rows, one.store_hash) for one in outcome.comparisons} == {
        one.store: (one.truth_rows, one.truth_hash) for one in outcome.comparisons
    }
    assert outcome.records >= BATCH * kills


def test_two_processes_that_start_at_once_on_a_new_home_share_one_set(home: Path) -> None:
    settings, ledger = Settings(home=home, market="medellin"), home / "ledger.jsonl"
    workers = [Worker("project", settings), Worker("write", settings, str(ledger), "1")]
    try:
        until(lambda: len(acknowledged(ledger)) > 0, "the writer is at work", workers)
        until(lambda: len(embedded.status(settings).clients) == len(workers), "both have joined", workers)
        found = embedded.status(settings)
        assert found.clients == tuple(sorted(worker.process.pid for worker in workers))
        assert [server.answers for server in found.servers] == [True, True]
        assert {worker.starts for worker in workers} == {1}
    finally:
        end(settings, workers)
