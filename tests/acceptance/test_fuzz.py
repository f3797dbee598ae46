"""A few hundred random calls of a real server, of each kind and target, over stores that may be written to."""

from tests.fuzz.calls import FAMILIES, TARGETS
from tests.fuzz.place import opened_run

CALLS = 8 * len(TARGETS) * len(FAMILIES)
SEED = 3
FEWEST_ANSWERED = 3


def test_no_random_call_breaks_what_every_answer_must_hold() -> None:
    with opened_run(count=CALLS, seed=SEED) as run:
        run.run()
    assert [str(breach) for breach in run.breaches] == []
    assert {name: tally.calls for name, tally in run.tallies.items()} == dict.fromkeys(TARGETS, CALLS // len(TARGETS))
    # Every target is reached behind its checks too.
    assert [name for name, tally in run.tallies.items() if tally.ok < FEWEST_ANSWERED] == []
