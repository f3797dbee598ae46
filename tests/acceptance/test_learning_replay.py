"""Learning is worth having: a crowd with a hidden taste and a fifth of its verdicts wrong, on the shipped engine."""

from pathlib import Path

import pytest

from eval.learning import Plan, replay

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def test_learned_weights_beat_plain_shuffled_and_popular_ones_and_nobody_pumps_them(home: Path) -> None:
    # The whole crowd asks in `python -m tests.bench.retrieval`.
    found = await replay(home, plan=Plan(asks=240))
    assert {arm: above.estimate.low > 0 for arm, above in found.above.items()} == {
        "plain": True, "shuffled": True, "popularity": True,
    }  # fmt: skip
    assert found.metrics["tail_ratio"] >= 0.98
    assert found.metrics["poison_shift_max"] <= 0.05
    assert found.as_json()["holds"] is True
