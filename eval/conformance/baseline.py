"""What is known to fail, and why: a failure that is not here, or a line that is no longer true, fails the run."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from eval.conformance.suite import Check, Scenario

FILE = Path(__file__).with_name("baseline.toml")


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A check that fails on one of our servers, and the reason."""

    server: str
    requirements: str
    scenario: str
    check: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """Failures nobody knew of, those that are known, and lines of the baseline that are no longer true."""

    unknown: tuple[tuple[str, Scenario, Check], ...]
    known: tuple[Known, ...]
    stale: tuple[Known, ...]

    @property
    def holds(self) -> bool:
        """Whether the run found what was expected, and nothing else."""
        return not self.unknown and not self.stale


def read_baseline(path: Path = FILE) -> list[Known]:
    """Return the lines of the baseline."""
    return [Known(**line) for line in tomllib.loads(path.read_text(encoding="utf-8")).get("known", [])]


def judge(found: Mapping[str, Iterable[Scenario]], baseline: Iterable[Known]) -> Verdict:
    """Hold what was found on each server against the baseline; what a set does not score fails nothing."""
    lines = {(one.server, one.requirements, one.scenario, one.check): one for one in baseline}
    met: dict[tuple[str, str, str, str], Known] = {}
    unknown: list[tuple[str, Scenario, Check]] = []
    for server, scenarios in found.items():
        for scenario in scenarios:
            if scenario.unscored is not None:
                continue
            for check in scenario.checks:
                key = (server, scenario.requirements, scenario.name, check.id)
                if check.failed and key in lines:
                    met[key] = lines[key]
                elif check.failed:
                    unknown.append((server, scenario, check))
    stale = tuple(line for key, line in lines.items() if key not in met)
    return Verdict(unknown=tuple(unknown), known=tuple(met.values()), stale=stale)
