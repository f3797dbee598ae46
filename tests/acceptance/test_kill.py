"""The promise of durability: whatever is killed under load, afterwards all stores agree, nothing lost, nothing twice."""

from pathlib import Path

import pytest

from sonik.settings import Settings
from tests.fix_drill import TARGETS, Drill, Target

pytestmark = pytest.mark.slow

KILLS = 10


@pytest.mark.parametrize("target", TARGETS)
def test_ten_kills_under_load_lose_nothing_and_double_nothing(home: Path, target: Target) -> None:
    outcome = Drill(settings=Settings(home=home, market="medellin"), target=target, kills=KILLS).run()
    assert (outcome.kills, outcome.lost, outcome.doubled) == (KILLS, (), ())
    assert {one.store: (one.store_rows, one.store_hash) for one in outcome.comparisons} == {
        one.store: (one.truth_rows, one.truth_hash) for one in outcome.comparisons
    }
    assert outcome.records >= 6 * KILLS
