"""How many edges a question is worth: quality and time of Sonik against its edge budget."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from eval.dataset import Dataset
from eval.result import Report
from eval.run import Order
from eval.summary import HEADLINE, Row, summarize
from eval.systems.catalog import find
from eval.systems.sonik import open_sonik
from eval.tables import Sheet, interval, percent

BUDGETS = (50, 100, 200, 400, 600, 1000, 2000)


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One set asked within one budget of edges."""

    edges: int
    row: Row


def points(
    datasets: Sequence[Dataset], budgets: Sequence[int], *, out: Path, commit: str, measure: Callable[[Order], Report]
) -> Iterator[Point]:
    """Ask every set within every budget, one after the other."""
    for dataset in datasets:
        for edges in budgets:
            entry = replace(find("sonik"), open=partial(open_sonik, budget=edges))
            path = out / f"{dataset.name}.{edges}.json"
            report = measure(Order(dataset=dataset, entry=entry, out=path, commit=commit))
            yield Point(edges=edges, row=summarize([report]).rows[0])


def sheet(found: Sequence[Point]) -> Sheet:
    """Return the table of some points."""
    rows = tuple(
        (
            point.row.dataset, str(point.edges), percent(point.row.metrics[HEADLINE].mean),
            interval(point.row.metrics[HEADLINE]), f"{point.row.latency_ms.p50:.1f}", f"{point.row.latency_ms.p95:.1f}",
        )
        for point in found
    )  # fmt: skip
    head = ("set", "edges at most", HEADLINE, "95 %", "p50 ms", "p95 ms")
    return Sheet(title="Quality and time by edge budget", head=head, rows=rows)
