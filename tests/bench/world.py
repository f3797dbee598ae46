"""`python -m tests.bench.world`: take the world of three cities in and judge it by its labels; prints two tables."""

import asyncio
import shutil
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sonik.ingest.samples.world import SEED
from sonik.settings import Settings
from sonik.stores import embedded
from tests.bench.proofs import write_proof
from tests.fix_world import Taken, opened_world, precision, recall

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
COLUMNS = (
    "kind", "lines", "things", "made", "true pairs", "joinable", "precision", "recall", "of joinable",
)  # fmt: skip
TOLD = """\
Pairs are two lines of one thing. Joinable are those whose identifiers say so; the others have nothing in common but
likeness, which the exact rules leave alone.
"""


def main() -> None:
    """Judge a world of each seed."""
    asked = _arguments()
    tables = asyncio.run(_judge(asked.seed, asked.now))
    if asked.write_docs:
        write_proof("world", title="Five messy sources, judged by their labels", tables=tables, told=TOLD)


async def _judge(seeds: list[int], now: datetime) -> list[Table]:
    console = Console()
    tables: list[Table] = []
    home = Path(tempfile.mkdtemp(prefix="sonik-world-"))
    servers = await embedded.attach(Settings(home=home))
    try:
        for seed in seeds:
            folder = home / f"world-{seed}"
            async with opened_world(servers, folder, now, seed=seed) as taken:
                title = f"World of seed {seed} at {now:%Y-%m-%d %H:%M} UTC"
                tables += [pairs_table(taken, title=title), await values_table(taken)]
                console.print(*tables[-2:])
    finally:
        await embedded.close(servers)
        await embedded.down(Settings(home=home), force=True)
        shutil.rmtree(home, ignore_errors=True)
    return tables


def pairs_table(taken: Taken, *, title: str) -> Table:
    """Return what was joined, by kind."""
    table = Table(title=title, title_justify="left")
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "kind" else "right", min_width=len(column.split()[0]))
    labels = taken.world.labels
    for kind in ("", *dict.fromkeys(label.kind for label in labels.lines)):
        mine = [label for label in labels.lines if kind in {"", label.kind}]
        true, joinable, found = labels.pairs(kind=kind), labels.pairs(kind=kind, joinable=True), taken.pairs_of(kind)
        table.add_row(
            kind or "all", str(len(mine)), str(len({label.entity for label in mine})),
            str(len({taken.entities[label.file, label.line] for label in mine})), str(len(true)), str(len(joinable)),
            f"{precision(found, true):.4f}", f"{recall(found, true):.4f}", f"{recall(found, joinable):.4f}",
        )  # fmt: skip
    return table


async def values_table(taken: Taken) -> Table:
    """Return which values are shown, by field, and what a second delivery of everything changes."""
    table = Table("field", "judged", "as the trust rule wants")
    shown, winners = await taken.shown(), taken.world.labels.winners
    fields = sorted({field for told in winners.values() for field in told})
    for field in fields:
        judged = [thing for thing in shown if field in winners[thing] and _is_judged(field, shown[thing])]
        right = [thing for thing in judged if shown[thing].get(field) == winners[thing][field]]
        table.add_row(field, str(len(judged)), str(len(right)))
    again = await taken.deliver()
    receipts = [receipt for intake in again for receipt in intake.receipts]
    changed = [receipt for receipt in receipts if receipt.outcome != "unchanged"]
    table.add_section()
    table.add_row("a second delivery of everything", f"{len(receipts)} lines", f"{len(changed)} changed")
    return table


def _is_judged(field: str, shown: Mapping[str, object]) -> bool:
    # A venue that is only mentioned has no line of its own, so nothing labels it.
    return field != "venue" or field in shown


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.bench.world", description="Judge the exact rules by labelled lines.")
    parser.add_argument("--seed", nargs="+", type=int, default=[SEED], help="which worlds, one for each seed")
    parser.add_argument("--now", type=datetime.fromisoformat, default=NOW, help="the aware moment they stand at")
    parser.add_argument("--write-docs", action="store_true", help="also write the page of the docs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
