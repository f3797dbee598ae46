"""Prove durability by hand: ``python -m tests.kill_matrix --kills 10`` prints what every kind of kill left behind."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from sonik.errors import OutOfTime
from sonik.settings import Settings
from sonik.sync.drift import Comparison
from tests.bench.proofs import write_proof
from tests.fix_drill import TARGETS, Drill, Outcome, Target

COLUMNS = (
    "killed",
    "kills",
    "records",
    "events",
    "lost",
    "twice",
    "restarts",
    "vertices",
    "edges",
    "vectors",
    "agree",
    "seconds",
)
WIDTH = 130
TOLD = """\
Each target is killed with `kill -9` at seeded moments while records are delivered and read. Lost: records that were
acknowledged and are not in truth. Twice: records that truth has more than once. Afterwards the stores are compared row
by row, by count and by hash; nothing is repaired by hand.
"""


def main(
    kills: Annotated[int, typer.Option(min=1, help="How often each target is killed.")] = 10,
    seed: Annotated[int, typer.Option(help="Chooses the records and the moments.")] = 7,
    target: Annotated[list[str] | None, typer.Option(help="Only these: " + ", ".join(TARGETS))] = None,
    write_docs: Annotated[bool, typer.Option("--write-docs", help="Also write the page of the docs.")] = False,
) -> None:
    """Kill each target in turn under load, so often each, and say whether all stores agree afterwards."""
    chosen = [name for name in TARGETS if target is None or name in target]
    console, errors = Console(), Console(stderr=True)
    outcomes = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors) as progress:
        for one in chosen:
            task = progress.add_task(f"kill -9 {one}", total=kills)
            try:
                outcomes.append(_run(one, kills, seed, watch=partial(_advance, progress, task)))
            except OutOfTime as error:
                errors.print(f"{one}: {error}", markup=False)
    shown = table(outcomes)
    Console(width=max(console.width, WIDTH)).print(shown)
    if write_docs:
        write_proof("kill-matrix", title="The kill matrix", tables=[shown], told=TOLD)
    if len(outcomes) < len(chosen) or not all(outcome.held for outcome in outcomes):
        raise typer.Exit(1)


def _run(target: Target, kills: int, seed: int, *, watch: Callable[[int], None]) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="sonik-kill-") as home:
        settings = Settings(home=Path(home), market="medellin")
        return Drill(settings=settings, target=target, kills=kills, seed=seed, watch=watch).run()


def _advance(progress: Progress, task: TaskID, done: int) -> None:
    progress.update(task, completed=done)


def table(outcomes: list[Outcome]) -> Table:
    """Return the outcomes as a table."""
    shown = Table(*COLUMNS, title="kill -9 under load")
    for outcome in outcomes:
        stores = [_rows(comparison) for comparison in outcome.comparisons]
        numbers = (
            outcome.kills,
            outcome.records,
            outcome.events,
            len(outcome.lost),
            len(outcome.doubled),
            outcome.restarts,
        )
        shown.add_row(
            outcome.target, *map(str, numbers), *stores, "yes" if outcome.agree else "NO", f"{outcome.seconds:.0f}"
        )
    return shown


def _rows(comparison: Comparison) -> str:
    """Return how many rows a store has and their hash, beside truth's where they differ."""
    found = f"{comparison.store_rows} {comparison.store_hash[:6]}"
    return found if comparison.agrees else f"{found} (truth: {comparison.truth_rows} {comparison.truth_hash[:6]})"


if __name__ == "__main__":
    typer.run(main)
