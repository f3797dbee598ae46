"""What was measured, told three ways: a table on the screen, bench.json, and the page in the docs."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table

from docs._tables import table as markdown_table
from sonik.types import JsonObject, JsonValue
from tests.bench.figures import FIGURES, Figure, number
from tests.bench.homes import ROOT
from tests.bench.probe import Probe

COMMAND = "make bench"


def machine() -> JsonObject:
    """Return what ran the bench."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def commit() -> str:
    """Return the commit that was measured, with a plus where the tree differs from it."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--abbrev=10", "--dirty=+"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() or "unknown"


def calibration(probes: Mapping[str, Probe]) -> JsonObject:
    """Return the probe beside each section, and how much slower it was there than at its best in this run."""
    best = min(probe.loop_ms for probe in probes.values())
    sections: dict[str, JsonValue] = {
        name: {"loop_ms": p.loop_ms, "matmul_ms": p.matmul_ms, "slowdown": round(p.loop_ms / best, 2)}
        for name, p in probes.items()
    }
    return {"loop_ms": best, "matmul_ms": min(p.matmul_ms for p in probes.values()), "sections": sections}


def stamp() -> JsonObject:
    """Return when, of what, on what and how this was measured."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"measured_at": now, "commit": commit(), "command": COMMAND, "machine": machine()}


def where(measured: JsonObject) -> str:
    """Return what it was measured on, in words."""
    told = measured["machine"]
    if not isinstance(told, dict):
        return "an unknown machine"
    return f"{told['cores']} cores of {told['processor']}, {told['system']}, Python {told['python']}"


def goals(measured: JsonObject) -> JsonObject:
    """Return the goals of what was measured and whether each is reached."""
    return {
        figure.path: {"goal": figure.goal, "reached": figure.verdict(measured) == "reached"}
        for figure in FIGURES if figure.goal is not None and figure.value(measured) is not None
    }  # fmt: skip


def shown(measured: JsonObject) -> Table:
    """Return the table for the screen."""
    table = Table(title=f"{measured['commit']}, {where(measured)}", title_justify="left", caption=_caption(measured))
    for column in ("figure", "measured", "goal", ""):
        table.add_column(column, justify="left" if column == "figure" else "right", no_wrap=True)
    table.add_column("probe", justify="right")
    for figure in _present(measured):
        verdict = figure.verdict(measured)
        colour = {"reached": "green", "not reached": "red"}.get(verdict, "")
        told = f"[{colour}]{verdict}[/{colour}]" if colour else ""
        table.add_row(figure.label, figure.shown(measured), _goal(figure), told, _slowdown(figure, measured))
    return table


def write_json(measured: JsonObject, path: Path) -> None:
    """Write everything that was measured."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(measured, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def page(measured: JsonObject) -> str:
    """Return the page of the docs."""
    rows = [
        (
            figure.label.strip(),
            figure.shown(measured),
            _goal(figure),
            figure.verdict(measured),
            _slowdown(figure, measured),
        )
        for figure in _present(measured)
    ]
    return PAGE.format(
        table=markdown_table(("Figure", "Measured", "Goal", "", "Probe"), rows), where=where(measured),
        commit=measured["commit"], command=measured["command"], day=str(measured["measured_at"])[:10],
        questions=measured.get("questions", 0), records=measured.get("records", 0), caption=_caption(measured),
    )  # fmt: skip


PAGE = """\
<!-- Written by `python -m tests.bench --write-docs`. Numbers are not edited by hand. -->

# Benchmarks

Measured on {day} at commit `{commit}` with `{command}`, on {where}.

{table}

{caption}

- Every figure is the median of several tries unless it says otherwise. Starts are whole processes: from the command to
  the first tool result that an MCP client gets over stdio, with the files in the system's cache.
- Searches are {questions} questions in Spanish, Portuguese and English over {records:,} records, warm, with the
  projector idle beside them; the steps are medians of their own.
- The bare calls are what a client written by hand would ask of the same stores for the same question, and nothing
  around it: `tests/bench/bare.py` says what counts as that. Both are asked in turns, question by question.
- The lag is that of single records, from the commit until `wait_projected` returns, with the projector in a process of
  its own.
- Attaching is `Engine.open` in a process that has done it before.
"""


def _present(measured: JsonObject) -> list[Figure]:
    return [figure for figure in FIGURES if figure.value(measured) is not None]


def _goal(figure: Figure) -> str:
    return f"≤ {number(figure.goal)} {figure.unit}" if figure.goal is not None else ""


def _slowdown(figure: Figure, measured: JsonObject) -> str:
    found = Figure(
        label="", path=f"calibration.sections.{figure.section}.slowdown", unit="", section=figure.section
    ).value(measured)
    return "" if found is None else f"{found:.2f}"


def _caption(measured: JsonObject) -> str:
    told = measured["calibration"]
    if not isinstance(told, dict):
        return ""
    return (
        f"Probe: a fixed loop of Python beside each figure, against its best in this run ({told['loop_ms']} ms; a "
        f"fixed matrix product {told['matmul_ms']} ms). Above 1 means that the machine was busy with something else."
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "an unknown processor"
