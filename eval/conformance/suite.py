"""One run of the suite against a server: every scenario of a requirement set, check by check."""

import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from eval.node import Node
from sonik.errors import Misconfigured

PACKAGE = "@modelcontextprotocol/conformance"
SCRIPT = f"{PACKAGE}/dist/index.js"
SETS = ("2025-11-25", "2026-07-28")
RUN_SECONDS = 600
FAILING = ("FAILURE", "WARNING")

_SUMMED = re.compile(r"^[✓✗] (\S+): \d+ passed, \d+ failed", re.MULTILINE)
_NOT_SCORED = re.compile(r"^  [✓✗] (\S+) \(([\w-]+)\)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing the suite looked at, and what it found."""

    id: str
    status: str
    message: str = ""

    @property
    def failed(self) -> bool:
        """Whether it does not hold; the suite's warnings count too."""
        return self.status in FAILING


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """A scenario that ran; `unscored` says why the set does not count it."""

    requirements: str
    name: str
    checks: tuple[Check, ...]
    unscored: str | None = None


def run_set(node: Node, url: str, requirements: str) -> list[Scenario]:
    """Run every scenario of a requirement set against a server, at the set's protocol version."""
    with tempfile.TemporaryDirectory(prefix="conformance-") as name:
        arguments = ["server", "--url", url, "--requirements", requirements, "-o", name]
        ran = node.run(SCRIPT, arguments, seconds=RUN_SECONDS)
        found = read_run(ran.stdout, Path(name), requirements)
    if not found:
        raise Misconfigured("The suite ran no scenario.", next_step=(ran.stderr or ran.stdout)[-400:])
    return found


def read_run(printed: str, folder: Path, requirements: str) -> list[Scenario]:
    """Return what a run found, from its summary and the checks it left in a folder."""
    unscored = dict(_NOT_SCORED.findall(printed))
    return [
        Scenario(requirements=requirements, name=name, checks=_checks(name, folder), unscored=unscored.get(name))
        for name in _SUMMED.findall(printed)
    ]


def _checks(scenario: str, folder: Path) -> tuple[Check, ...]:
    left = [path for path in folder.iterdir() if re.fullmatch(rf"server-{re.escape(scenario)}-\d{{4}}-.*", path.name)]
    if not left:
        return (Check(id=scenario, status="FAILURE", message="It did not run to its end."),)
    (written,) = left
    told = json.loads((written / "checks.json").read_text(encoding="utf-8"))
    return tuple(Check(id=one["id"], status=one["status"], message=one.get("errorMessage") or "") for one in told)
