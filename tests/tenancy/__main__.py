"""Prove that no caller is told what another keeps: ``python -m tests.tenancy --calls 10000 --seed 7``."""

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.bench.proofs import write_proof
from tests.tenancy.orders import follow_orders
from tests.tenancy.place import Place, opened_place

WIDTH = 110
MOST_SHOWN = 20
ORDERS_AGAIN = 1_000
TOLD = """\
Callers of five organisations and of none, in every role, by token or key, ask a server of two workers over HTTP for
what is there, theirs or not: one asks, then somebody of another organisation, then the first again. Every answer, its
headers included, is searched for the words, ids and links that its caller may not see. Between the calls, again and
again, go orders of their own: what is hidden beside what is not there, deliveries that meet what is hidden, changes of
visibility, of roles and of keys, cursors, traces, jobs and idempotency keys of others, subscriptions, and tokens that
do not hold.

{count:,} calls, {leaks} leaks or server errors; {kept:,} answers came from the cache, {secrets:,} secrets were kept.
"""


def main(
    calls: Annotated[int, typer.Option(min=1, help="How many calls in all.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Chooses the calls and the secrets.")] = 7,
    write_docs: Annotated[bool, typer.Option("--write-docs", help="Also write the page of the docs.")] = False,
) -> None:
    """Call everything in everybody's name; exit with 1 if an answer told what its caller may not see."""
    console, errors = Console(), Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors) as progress, opened_place(count=calls, seed=seed) as place:
        task = progress.add_task("calls", total=calls)
        place.run.watch = lambda done: progress.update(task, completed=done)
        _all(place, calls)
        told = TOLD.format(
            count=place.run.done, leaks=len(place.run.breaches), kept=int(place.kept()),
            secrets=len(place.run.secrets.by_word),
        )  # fmt: skip
    tables, wide = place.run.tally.tables(), Console(width=max(console.width, WIDTH))
    for table in tables:
        wide.print(table)
    wide.print(told.rpartition("\n\n")[2])
    for breach in place.run.breaches[:MOST_SHOWN]:
        errors.print(str(breach), markup=False, highlight=False)
    if write_docs:
        write_proof("tenancy", title="To each caller what is theirs", tables=tables, told=told)
    if place.run.breaches:
        raise typer.Exit(1)


def _all(place: Place, calls: int) -> None:
    """Make the calls, with the orders before, between and after."""
    follow_orders(place)
    for reached in range(ORDERS_AGAIN, calls + ORDERS_AGAIN, ORDERS_AGAIN):
        place.run.count = min(reached, calls)
        place.run.run()
        follow_orders(place)


if __name__ == "__main__":
    typer.run(main)
