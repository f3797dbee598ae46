"""The baselines score what the same parts scored elsewhere."""

from pathlib import Path

import pytest

from eval.baselines import EXPECTED, METRICS, Checked
from eval.catalog import load
from eval.run import Order, run
from eval.settings import EvalSettings
from eval.systems.catalog import find
from eval.systems.system import Workshop

DATA = EvalSettings().data
SETS = sorted({name for name, _ in EXPECTED})


@pytest.mark.anyio
@pytest.mark.skipif(not DATA.is_dir(), reason="the public sets are not beside the checkout; set SONIK_EVAL_DATA")
@pytest.mark.parametrize("name", SETS)
async def test_bm25_agrees_on_the_public_sets(name: str, workshop: Workshop, tmp_path: Path) -> None:
    order = Order(dataset=load(name, data=DATA), entry=find("bm25"), out=tmp_path / "out.json", commit="")
    report = await run(order, workshop=workshop)
    measured = tuple(report.metrics[metric] for metric in METRICS)
    checked = Checked(dataset=name, system="bm25", measured=measured, expected=EXPECTED[name, "bm25"])
    assert checked.agrees, checked


def test_half_a_point_is_the_most_that_agrees() -> None:
    expected = EXPECTED["hotpotqa_300", "rrf"]
    near, far = [tuple(value + off for value in expected) for off in (0.0049, -0.0051)]
    told = [Checked(dataset="d", system="s", measured=one, expected=expected).agrees for one in (near, far)]
    assert told == [True, False]
