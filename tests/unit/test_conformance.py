"""What the conformance suite leaves behind is read whole, and held against what is known to fail."""

import json
from pathlib import Path

import pytest

from eval.conformance.baseline import Known, judge, read_baseline
from eval.conformance.run import FIXTURES, MODULES, OF_ANY_SERVER, SHIPPED, Conformance
from eval.conformance.suite import SETS, Check, Scenario, read_run
from eval.node import FILES, LOCK

PRINTED = """\
=== SUMMARY ===
✓ ping: 1 passed, 0 failed
✗ tools-list: 0 passed, 1 failed
    - ToolsList: no description
✗ tasks-lifecycle: 0 passed, 1 failed

Total: 1 passed, 2 failed

Not scored for 2026-07-28: 1 scenario(s) run, 1 failing. These do not affect conformance.
  ✗ tasks-lifecycle (extension)
"""
LINE = Known(server=SHIPPED, requirements=SETS[1], scenario="tools-list", check="tools-list", reason="none")


@pytest.fixture
def found(tmp_path: Path) -> list[Scenario]:
    left = {
        "ping": [{"id": "ping", "status": "SUCCESS"}],
        "tools-list": [{"id": "tools-list", "status": "WARNING", "errorMessage": "no description"}],
    }
    for name, checks in left.items():
        folder = tmp_path / f"server-{name}-2026-11-21T00-00-00-000Z"
        folder.mkdir()
        (folder / "checks.json").write_text(json.dumps(checks), encoding="utf-8")
    return read_run(PRINTED, tmp_path, SETS[1])


def test_a_run_is_read_check_by_check(found: list[Scenario]) -> None:
    ping, tools, tasks = found
    assert ping.checks == (Check(id="ping", status="SUCCESS"),)
    assert tools.checks == (Check(id="tools-list", status="WARNING", message="no description"),)
    assert (tasks.unscored, tasks.checks[0].message) == ("extension", "It did not run to its end.")


def test_a_failure_nobody_knew_of_fails_the_run(found: list[Scenario]) -> None:
    verdict = judge({SHIPPED: found}, [])
    assert [(one.name, check.id) for _, one, check in verdict.unknown] == [("tools-list", "tools-list")]
    assert not verdict.holds


def test_a_known_failure_does_not(found: list[Scenario]) -> None:
    verdict = judge({SHIPPED: found}, [LINE])
    assert verdict.known == (LINE,)
    assert verdict.holds


def test_a_line_that_is_no_longer_true_fails_the_run(found: list[Scenario]) -> None:
    verdict = judge({SHIPPED: found[:1]}, [LINE])
    assert verdict.stale == (LINE,)
    assert not verdict.holds


def test_the_tables_count_what_is_scored(found: list[Scenario]) -> None:
    everything = {SHIPPED: found, FIXTURES: found}
    shown = Conformance(found=everything, verdict=judge(everything, []), suite="suite", node="v22").sheets()
    assert shown[0].rows == (("ping", "", "1 of 1"), ("tools-list", "", "0 of 1"), ("all checks", "0 of 0", "1 of 2"))
    assert shown[-1].rows == (("tasks-lifecycle", SETS[1], "extension", "0 of 1"),) * 1


def test_every_line_of_the_baseline_has_its_reason_and_names_what_runs() -> None:
    lines = read_baseline()
    assert all(line.reason for line in lines)
    assert {line.server for line in lines} <= MODULES.keys()
    assert {line.scenario for line in lines if line.server == SHIPPED} <= OF_ANY_SERVER


def test_the_lock_pins_every_package_and_names_no_place_to_fetch_it_from() -> None:
    manifest, lock = (json.loads((LOCK / name).read_text(encoding="utf-8")) for name in FILES)
    asked = {**manifest["dependencies"], **manifest["optionalDependencies"]}
    assert {name: lock["packages"][f"node_modules/{name}"]["version"] for name in asked} == asked
    packages = {path: one for path, one in lock["packages"].items() if path}
    assert [path for path, one in packages.items() if "resolved" in one or "integrity" not in one] == []
