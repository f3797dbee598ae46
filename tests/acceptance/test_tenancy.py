"""A few hundred calls by many organisations over private data: nobody is told what another keeps to itself."""

from tests.fuzz.calls import TARGETS
from tests.tenancy.callers import ORGANISATIONS, PLATFORM
from tests.tenancy.orders import follow_orders, planted
from tests.tenancy.place import opened_place

CALLS = 250
SEED = 3


def test_no_caller_is_told_what_another_keeps_and_a_leak_would_be_found() -> None:
    with opened_place(count=CALLS, seed=SEED) as place:
        run = place.run
        run.run()
        follow_orders(place)
        found = [str(breach) for breach in run.breaches]
        leaked = planted(run)
        planted_found = [breach.what for breach in run.breaches[len(found) :]]
        log = place.served.log()
    assert found == []
    assert [leaked.word in what for what in planted_found] == [True]
    assert all(run.tally.calls("called", target) for target in TARGETS)
    assert all(run.tally.calls("organisation", name) for name in (*ORGANISATIONS, PLATFORM))
    assert "Traceback" not in log
