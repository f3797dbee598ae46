"""Two runs on the same questions, one against the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from eval.metrics import NAMES
from eval.result import Report
from eval.significance import Difference, Estimate, difference, estimate
from sonik.errors import InvalidInput, did_you_mean

SHOWN = ("recall@2", "recall@5", "recall@10", "ndcg@10", "mrr@10", "all@5")


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """One metric of both runs, and how far the first is above the second."""

    metric: str
    ours: Estimate
    theirs: Estimate
    difference: Difference


def compare(ours: Report, theirs: Report, *, metrics: Sequence[str] = SHOWN, kind: str | None = None) -> list[Compared]:
    """Compare two runs, on all questions or on those of one kind.

    Raises:
        InvalidInput: they answered different questions, or a metric or kind is unknown.
    """
    _check(ours, theirs)
    asked = _questions(ours, kind)
    return [_compared(known(metric), ours, theirs, asked) for metric in metrics]


def known(metric: str) -> str:
    """Return the name of a metric.

    Raises:
        InvalidInput: there is no such metric.
    """
    if metric not in NAMES:
        step = did_you_mean(metric, list(NAMES))
        raise InvalidInput(f"There is no metric '{metric[:40]}'.", next_step=step, field="metric")
    return metric


def same_questions(ours: Report, theirs: Report) -> bool:
    """Say whether two runs can be compared question by question."""
    return ours.settings.get("digest") == theirs.settings.get("digest") and set(ours.per_query) == set(theirs.per_query)


def _check(ours: Report, theirs: Report) -> None:
    if not same_questions(ours, theirs):
        message = f"{_named(ours)} and {_named(theirs)} answered different questions or searched different passages."
        step = "Run both again on the same set, with the same --limit."
        raise InvalidInput(message, next_step=step, field="dataset")


def _questions(report: Report, kind: str | None) -> list[str]:
    asked = [key for key, answered in report.per_query.items() if kind is None or kind in answered.kinds]
    if not asked:
        kinds = sorted({one for answered in report.per_query.values() for one in answered.kinds})
        step = did_you_mean(kind or "", kinds)
        raise InvalidInput(f"No question is of the kind '{kind}'.", next_step=step, field="kind")
    return asked


def _compared(metric: str, ours: Report, theirs: Report, asked: Sequence[str]) -> Compared:
    first = [ours.per_query[key].metrics[metric] for key in asked]
    second = [theirs.per_query[key].metrics[metric] for key in asked]
    return Compared(
        metric=metric, ours=estimate(first), theirs=estimate(second), difference=difference(first, second)
    )  # fmt: skip


def _named(report: Report) -> str:
    return f"{report.system} on {report.dataset} ({len(report.per_query)} questions)"
