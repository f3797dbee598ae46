"""Runs side by side: one row for each, the sure figures with their intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

from eval.catalog import PARTS
from eval.compare import same_questions
from eval.published import Published
from eval.result import Latency, Report
from eval.significance import Difference, Estimate, difference, estimate
from sonik.types import JsonObject

SHOWN = ("recall@2", "recall@5", "recall@10", "ndcg@10", "mrr@10", "all@5")
HEADLINE = "recall@5"
BASELINE = "rrf"
PROTOCOL = "all@8"
SINGLE_HOP = "comparison"
DIFFERENCE_NOTE = (
    f"Intervals are 95 % by bootstrap over questions. `against {BASELINE}` is the difference in {HEADLINE} on the same "
    "questions, with p from a paired randomisation test. "
    "Milliseconds are of one question at a time, its embedding included."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A run: its metrics with intervals, by kind of question, and the headline against the fused baseline."""

    dataset: str
    label: str
    commit: str
    questions: int
    metrics: Mapping[str, Estimate]
    kinds: Mapping[str, Mapping[str, float]]
    against_baseline: Difference | None
    latency_ms: Latency
    index_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Protocol:
    """A line of the comparison with published results: all evidence among the first eight."""

    dataset: str
    system: str
    questions: int
    complete: float
    complete_multihop: float
    published: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """All runs, ordered by set, and beside what others published."""

    rows: tuple[Row, ...]
    protocol: tuple[Protocol, ...]

    @property
    def datasets(self) -> list[str]:
        """The sets, in the order of the rows."""
        return list(dict.fromkeys(row.dataset for row in self.rows))

    def of(self, dataset: str) -> list[Row]:
        """Return the rows of a set."""
        return [row for row in self.rows if row.dataset == dataset]

    def as_json(self) -> JsonObject:
        """Return everything as JSON values."""
        rows: list[JsonObject] = [
            {**asdict(row), "latency_ms": row.latency_ms.model_dump(mode="json")} for row in self.rows
        ]
        return {"runs": [*rows], "published": [asdict(line) for line in self.protocol]}


def summarize(reports: Sequence[Report], *, published: Sequence[Published] = ()) -> Summary:
    """Put runs side by side."""
    ordered = sorted(reports, key=lambda report: report.dataset)
    labels = _labels(ordered)
    rows = tuple(_row(report, label, _baseline(report, ordered)) for report, label in zip(ordered, labels, strict=True))
    parts = {part.name for part in PARTS}
    ours = [_protocol(report, label) for report, label in zip(ordered, labels, strict=True) if report.dataset in parts]
    theirs = [Protocol(**asdict(one), published=True) for one in published]
    return Summary(rows=rows, protocol=tuple(sorted([*theirs, *ours], key=lambda line: line.dataset)))


def _row(report: Report, label: str, baseline: Report | None) -> Row:
    against = difference(report.values(HEADLINE), _aligned(baseline, report)) if baseline else None
    return Row(
        dataset=report.dataset, label=label, commit=report.commit, questions=len(report.per_query),
        metrics={metric: estimate(report.values(metric)) for metric in SHOWN},
        kinds=_by_kind(report), against_baseline=against, latency_ms=report.latency_ms, index_s=report.index_s,
    )  # fmt: skip


def _baseline(report: Report, reports: Sequence[Report]) -> Report | None:
    fitting = (other for other in reports if other.system == BASELINE and same_questions(other, report))
    return None if report.system == BASELINE else next(fitting, None)


def _aligned(baseline: Report, report: Report) -> list[float]:
    return [baseline.per_query[key].metrics[HEADLINE] for key in report.per_query]


def _by_kind(report: Report) -> dict[str, dict[str, float]]:
    kinds = sorted({kind for answered in report.per_query.values() for kind in answered.kinds})
    return {
        kind: {
            metric: fmean(one.metrics[metric] for one in report.per_query.values() if kind in one.kinds)
            for metric in SHOWN
        }
        for kind in kinds
    }


def _protocol(report: Report, label: str) -> Protocol:
    hops = [one.metrics[PROTOCOL] for one in report.per_query.values() if SINGLE_HOP not in one.kinds]
    return Protocol(
        dataset=report.dataset, system=label, questions=len(report.per_query),
        complete=fmean(report.values(PROTOCOL)), complete_multihop=fmean(hops) if hops else 0.0, published=False,
    )  # fmt: skip


def _labels(reports: Sequence[Report]) -> list[str]:
    """Return the name of each system, with the settings that tell runs of the same one apart."""
    return [_label(report, [other for other in reports if _same(other, report)]) for report in reports]


def _label(report: Report, alike: Sequence[Report]) -> str:
    names = sorted({name for other in alike for name in other.settings})
    telling = [name for name in names if len({repr(other.settings.get(name)) for other in alike}) > 1]
    told = ", ".join(f"{name} {report.settings.get(name)}" for name in telling)
    return f"{report.system} ({told})" if told else report.system


def _same(first: Report, second: Report) -> bool:
    return (first.dataset, first.system) == (second.dataset, second.system)
