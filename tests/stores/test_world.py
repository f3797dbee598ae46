"""The world of three cities: five messy sources become one truth, as the labels that went with them say."""

import tempfile
from collections import Counter
from pathlib import Path

import pytest

from sonik.ingest.samples.world import SEED
from tests.fix_truth import NIGHT, Truth
from tests.fix_world import Taken, deliver_all, precision_and_recall, take_world, winners

pytestmark = pytest.mark.anyio


async def test_every_line_becomes_what_the_labels_say(truth: Truth) -> None:
    taken = await take_world(truth, NIGHT, seed=SEED)
    labels = taken.world.labels
    assert "refused" not in taken.entities.values()
    assert precision_and_recall(taken.pairs(), labels.pairs(joinable=True)) == (1.0, 1.0)
    found = await winners(truth, taken)
    expected = {thing: values for thing, values in labels.winners.items() if thing in found}
    diff = {t: {k: (v, found[t].get(k)) for k, v in expected[t].items() if found[t].get(k) != v} for t in expected}
    diff = {t: d for t, d in diff.items() if d}
    print(len(diff), len(found))
    for t, d in list(diff.items())[:20]:
        print(t, d)
    before = await truth.everything()
    with tempfile.TemporaryDirectory() as folder:
        from sonik.ingest.samples.world import write_world

        world = write_world(Path(folder), NIGHT, seed=SEED)
        again = await deliver_all(truth, Path(folder), world)
    after = await truth.everything()
    print({k: (before[k], after[k]) for k in before if before[k] != after[k]})
    for d, i in zip(world.deliveries, again):
        print(d.file, i.counts)
        for r in i.receipts:
            if r.outcome != "unchanged":
                print("   ", r.line, r.name, r.changes)
    assert 0
