"""A report of many runs as files: JSON, Markdown and plots."""

import json
from collections.abc import Sequence
from pathlib import Path

from eval.budget import Point, sheet
from eval.plots import plot, plot_budget
from eval.result import write_whole
from eval.summary import DIFFERENCE_NOTE, Summary
from eval.tables import Sheet, sheets


def publish(summary: Summary, folder: Path) -> list[Path]:
    """Write report.json, report.md and the plots, and return the files."""
    plots = plot(summary, folder)
    write_whole(folder / "report.json", json.dumps(summary.as_json(), ensure_ascii=False, indent=1) + "\n")
    write_whole(folder / "report.md", _page(sheets(summary), plots))
    return [folder / "report.json", folder / "report.md", *plots]


def publish_budget(points: Sequence[Point], folder: Path) -> list[Path]:
    """Write budget.md and budget.png, and return the files."""
    picture = folder / "budget.png"
    plot_budget(points, picture)
    write_whole(
        folder / "budget.md", f"# What edges are worth\n\n{sheet(points).markdown()}\n\n![budget](budget.png)\n"
    )
    return [folder / "budget.md", picture]


def _page(tables: Sequence[Sheet], plots: Sequence[Path]) -> str:
    parts = ["# Retrieval, measured", DIFFERENCE_NOTE, *(sheet.markdown() for sheet in tables)]
    parts += [f"![{path.stem}]({path.name})" for path in plots]
    return "\n\n".join(parts) + "\n"
