"""One system on one set: index, ask every question, judge, write."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from eval.dataset import Dataset, Query
from eval.journal import Journal, Line
from eval.metrics import DEPTH, judge, mean
from eval.result import Answered, Report, latency, write_report
from eval.settings import ROOT
from eval.systems.system import Entry, System, Workshop
from sonik.types import JsonObject

Watch = Callable[[int], None]
"""Called with the number of questions answered so far."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What to run, and where the result goes; `restart` forgets what an interrupted run has left."""

    dataset: Dataset
    entry: Entry
    out: Path
    commit: str
    restart: bool = False


async def run(order: Order, *, workshop: Workshop, watch: Watch = lambda _: None) -> Report:
    """Run to the end, going on where an interrupted run stopped, and return the report that was written.

    Raises:
        InvalidInput: an interrupted run of other settings is in the way.
    """
    async with order.entry.open(workshop) as system:
        settings = _settings(order.dataset, system)
        head: JsonObject = {
            "dataset": order.dataset.name, "system": order.entry.name, "commit": order.commit, "settings": settings,
        }  # fmt: skip
        journal = Journal.beside(order.out, head=head, restart=order.restart)
        try:
            await _ask_all(order.dataset, system, journal, watch)
        finally:
            journal.close()
        report = _report(order, settings, journal)
    write_report(report, order.out)
    journal.remove()
    return report


def commit_of(folder: Path = ROOT) -> str:
    """Return the commit that is measured, with `+` after it if files differ; empty outside a checkout."""
    told = subprocess.run(
        ["git", "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=+"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return told.stdout.strip()


def _settings(dataset: Dataset, system: System) -> JsonObject:
    return {
        "questions": len(dataset.queries),
        "passages": len(dataset.corpus.passages),
        "digest": dataset.digest,
        "depth": DEPTH,
        **system.settings,
    }


async def _ask_all(dataset: Dataset, system: System, journal: Journal, watch: Watch) -> None:
    left = [query for query in dataset.queries if query.id not in journal.lines]
    watch(len(journal.lines))
    if not left:
        return
    journal.indexed(await system.index(dataset.corpus))
    # The first question loads what is loaded late; its time says nothing about the others.
    await system.search(left[0].text, DEPTH)
    for query in left:
        journal.answered(await _ask(query, system))
        watch(len(journal.lines))


async def _ask(query: Query, system: System) -> Line:
    started = perf_counter()
    ranked = await system.search(query.text, DEPTH)
    return Line(id=query.id, ranked=tuple(ranked), ms=round((perf_counter() - started) * 1000, 3))


def _report(order: Order, settings: JsonObject, journal: Journal) -> Report:
    lines = journal.lines
    scores = judge(order.dataset.qrels, {key: line.ranked for key, line in lines.items()})
    return Report(
        dataset=order.dataset.name,
        system=order.entry.name,
        commit=order.commit,
        settings=settings,
        metrics={name: round(value, 6) for name, value in mean(list(scores.values())).items()},
        latency_ms=latency([line.ms for line in lines.values()]),
        index_s=round(journal.index_seconds or 0.0, 3),
        per_query={
            query.id: Answered(
                kinds=query.kinds, ranked=lines[query.id].ranked, ms=lines[query.id].ms, metrics=scores[query.id]
            )
            for query in order.dataset.queries
        },
    )
