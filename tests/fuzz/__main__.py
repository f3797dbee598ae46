"""Prove by hand that no call breaks it: ``python -m tests.fuzz --calls 5000`` prints what came of each tool's."""

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.bench.proofs import write_proof
from tests.fuzz.place import opened_run
from tests.fuzz.run import Lost, Run
from tests.fuzz.tally import table

WIDTH = 110
MOST_SHOWN = 20
TOLD = """\
A third of the calls is valid, a third almost, a third hostile, over stdio to a real server whose stores may be written
to. Each answer is judged: the process lives, nothing takes over five seconds, no trace, driver text, path or vector
comes out, errors have a code, a message and a fix within 800 characters, results fit their schema and their budget, and
no row of truth changes without a receipt.
"""


def main(
    calls: Annotated[int, typer.Option(min=1, help="How many calls in all.")] = 5_000,
    seed: Annotated[int, typer.Option(help="Chooses the calls.")] = 7,
    write_docs: Annotated[bool, typer.Option("--write-docs", help="Also write the page of the docs.")] = False,
) -> None:
    """Call every tool, resource, prompt and completion at random; exit with 1 if an answer did not hold."""
    console, errors = Console(), Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors) as progress:
        task = progress.add_task("calls", total=calls)
        with opened_run(count=calls, seed=seed) as run:
            run.watch = lambda done: progress.update(task, completed=done)
            try:
                run.run()
            except Lost as error:
                errors.print(f"The server {error}.", markup=False)
    shown = table(list(run.tallies.values()))
    _tell(run, shown, Console(width=max(console.width, WIDTH)), errors)
    if write_docs:
        write_proof("fuzz", title="Calls at random", tables=[shown], told=TOLD)
    if run.breaches:
        raise typer.Exit(1)


def _tell(run: Run, shown: Table, console: Console, errors: Console) -> None:
    console.print(shown)
    for breach in run.breaches[:MOST_SHOWN]:
        errors.print(str(breach), markup=False, highlight=False)
    if len(run.breaches) > MOST_SHOWN:
        errors.print(f"{len(run.breaches) - MOST_SHOWN} breaches more.")


if __name__ == "__main__":
    typer.run(main)
