"""`python -m eval.learning_report`: replay the crowd in a home of its own, and print what learning is worth."""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from eval.learning import ARMS, METRIC, Plan, Replay, replay
from eval.result import write_whole
from eval.run import commit_of
from sonik.settings import Settings
from sonik.stores import embedded

DATASET = "learning"


def main(
    out: Annotated[Path, typer.Option(help="Where the result goes, as JSON.")] = Path("build/learning.json"),
    asks: Annotated[int, typer.Option(min=100, help="How much the crowd asks.")] = Plan().asks,
    seed: Annotated[int, typer.Option(help="Another seed makes another world, taste and crowd.")] = Plan().seed,
) -> None:
    """Replay, print a table, write the whole result; exit code 1 if learning does not keep its word."""
    if not reported(Plan(asks=asks, seed=seed), out=out, commit=commit_of()):
        raise typer.Exit(1)


def reported(plan: Plan, *, out: Path, commit: str) -> bool:
    """Replay in a home of its own, print and write what came out; say whether learning keeps its word.

    The file has the fields of any run, and those of the replay.
    """
    with tempfile.TemporaryDirectory(prefix="sonik-replay-") as folder:
        home = Path(folder)
        try:
            found = asyncio.run(replay(home, plan=plan))
        finally:
            asyncio.run(embedded.down(Settings(home=home), force=True))
    told = {"dataset": DATASET, "system": "sonik", "commit": commit, **found.as_json()}
    write_whole(out, json.dumps(told, indent=1) + "\n")
    Console().print(table(found))
    typer.echo(f"written: {out}")
    return found.holds


def table(found: Replay) -> Table:
    """Return what was found: each arm, and how far learned weights stand above it."""
    title = f"{len(found.per_query)} questions, {found.verdicts} verdicts, {found.plan.noise:.0%} of them wrong"
    table = Table("weights", METRIC, "learned is above by", "95 % interval", "p", title=title, title_justify="left")
    for arm in ARMS:
        above = found.above.get(arm)
        told = above.estimate if above else None
        table.add_row(
            arm, f"{found.metrics[f'{METRIC}.{arm}']:.4f}", f"{told.mean:.4f}" if told else "",
            f"{told.low:.4f} to {told.high:.4f}" if told else "", f"{above.p:.4f}" if above else "",
        )  # fmt: skip
    table.caption = (
        f"tail {found.metrics['tail_ratio']:.3f} of plain ({len(found.tail)} questions nobody had asked), "
        f"a poisoner moved no weight by more than {found.metrics['poison_shift_max']:.4f}"
    )
    return table


if __name__ == "__main__":
    typer.run(main)
