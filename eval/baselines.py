"""Whether the baselines are what they are called: on public sets they must score what was measured elsewhere."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from eval import catalog
from eval.result import Report
from eval.run import Order
from eval.systems.catalog import find

METRICS = ("recall@2", "recall@5", "recall@10", "ndcg@10")
TOLERANCE = 0.005
EXPECTED = {
    ("2wikimultihopqa", "bm25"): (0.548, 0.657, 0.708, 0.707),
    ("2wikimultihopqa", "dense"): (0.508, 0.618, 0.661, 0.668),
    ("2wikimultihopqa", "rrf"): (0.559, 0.664, 0.710, 0.716),
    ("hotpotqa_300", "bm25"): (0.587, 0.773, 0.903, 0.793),
    ("hotpotqa_300", "dense"): (0.612, 0.777, 0.858, 0.784),
    ("hotpotqa_300", "rrf"): (0.620, 0.817, 0.913, 0.817),
    ("musique_train100", "bm25"): (0.393, 0.498, 0.567, 0.544),
    ("musique_train100", "dense"): (0.472, 0.615, 0.695, 0.654),
    ("musique_train100", "rrf"): (0.443, 0.573, 0.688, 0.634),
}
"""Measured with other code and the same parts: MiniLM int8, bm25s, fusion of the first 200."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """One baseline on one set: what it scores, and what it should."""

    dataset: str
    system: str
    measured: tuple[float, ...]
    expected: tuple[float, ...]

    @property
    def agrees(self) -> bool:
        """Whether no metric is further off than half a point."""
        return all(abs(a - b) <= TOLERANCE for a, b in zip(self.measured, self.expected, strict=True))


def orders(*, data: Path, out: Path, commit: str) -> list[Order]:
    """Return the runs of every baseline on every public set.

    Raises:
        NotFound: a set is not in the data folder.
    """
    sets = {name: catalog.load(name, data=data) for name, _ in EXPECTED}
    return [
        Order(dataset=sets[name], entry=find(system), out=out / f"{name}.{system}.json", commit=commit)
        for name, system in EXPECTED
    ]


def check(asked: list[Order], measure: Callable[[Order], Report]) -> Iterator[Checked]:
    """Measure one after the other and hold each against what is expected."""
    for order in asked:
        report = measure(order)
        yield Checked(
            dataset=report.dataset, system=report.system,
            measured=tuple(report.metrics[metric] for metric in METRICS),
            expected=EXPECTED[report.dataset, report.system],
        )  # fmt: skip
