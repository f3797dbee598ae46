"""Tables of a summary, for the terminal and for Markdown."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from eval.baselines import METRICS, Checked
from eval.compare import Compared
from eval.significance import Difference, Estimate
from eval.summary import BASELINE, HEADLINE, SHOWN, Protocol, Row, Summary

BY_KIND = ("recall@5", "ndcg@10")
WIDTH = 180


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """A titled table of text; the first `names` columns are names, the others figures."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    names: int = 1

    def rich(self) -> Group:
        """Return the table, under its title, for a terminal."""
        table = Table()
        for place, name in enumerate(self.head):
            table.add_column(name, justify="left" if place < self.names else "right", no_wrap=True)
        for row in self.rows:
            table.add_row(*row)
        return Group(Text(self.title, style="bold"), table)

    def markdown(self) -> str:
        """Return the table as Markdown."""
        rule = ["---" if place < self.names else "---:" for place in range(len(self.head))]
        lines = (f"| {' | '.join(cells)} |" for cells in (self.head, rule, *self.rows))
        return "\n".join([f"## {self.title}", "", *lines])


def console() -> Console:
    """Return a console that is wide enough for the tables."""
    shown = Console()
    if not shown.is_terminal:
        # Eighty columns, which rich assumes, cut off the figures.
        shown.width = WIDTH
    return shown


def sheets(summary: Summary) -> list[Sheet]:
    """Return the tables of a summary: one a set, then kinds of question, then published results."""
    found = [_runs(dataset, summary.of(dataset)) for dataset in summary.datasets]
    found += [sheet for dataset in summary.datasets if (sheet := _kinds(dataset, summary.of(dataset))).rows]
    return [*found, _protocol(summary.protocol)] if summary.protocol else found


def compared(ours: str, theirs: str, lines: Iterable[Compared]) -> Sheet:
    """Return the table of a comparison."""
    rows = tuple(
        (
            line.metric, percent(line.ours.mean), percent(line.theirs.mean), signed(line.difference.estimate.mean),
            interval(line.difference.estimate, signed), chance(line.difference.p),
        )
        for line in lines
    )  # fmt: skip
    head = ("metric", ours, theirs, "difference", "95 % interval", "p")
    return Sheet(title=f"{ours} against {theirs}, in points", head=head, rows=rows)


def agreement(checked: Iterable[Checked]) -> Sheet:
    """Return the table of the baselines: measured and, in brackets, expected."""
    rows = tuple(
        (
            one.dataset, one.system,
            *(f"{percent(a)} ({percent(b)})" for a, b in zip(one.measured, one.expected, strict=True)),
            "agrees" if one.agrees else "differs",
        )
        for one in checked
    )  # fmt: skip
    head = ("set", "system", *METRICS, "")
    return Sheet(title="Baselines in percent, and what they should score", head=head, rows=rows, names=2)


def percent(share: float) -> str:
    """Return a share in percent."""
    return f"{100 * share:.1f}"


def signed(share: float) -> str:
    """Return a difference in percentage points."""
    return f"{100 * share:+.1f}"


def chance(p: float) -> str:
    """Return a p-value as it deserves to be read."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _runs(dataset: str, rows: Sequence[Row]) -> Sheet:
    head = ("system", *SHOWN, f"{HEADLINE} 95 %", f"against {BASELINE}", "p50 ms", "p95 ms", "index s")
    title = f"{dataset}: {rows[0].questions} questions, in percent"
    return Sheet(title=title, head=head, rows=tuple(_run(row) for row in rows))


def _run(row: Row) -> tuple[str, ...]:
    return (
        row.label,
        *(percent(row.metrics[metric].mean) for metric in SHOWN),
        interval(row.metrics[HEADLINE], percent),
        _against(row.against_baseline),
        f"{row.latency_ms.p50:.1f}",
        f"{row.latency_ms.p95:.1f}",
        f"{row.index_s:.1f}",
    )


def _kinds(dataset: str, rows: Sequence[Row]) -> Sheet:
    kinds = sorted({kind for row in rows for kind in row.kinds})
    lines = tuple((kind, *(_of_kind(row, kind) for row in rows)) for kind in kinds)
    title = f"{dataset}: {' / '.join(BY_KIND)} by kind of question"
    return Sheet(title=title, head=("kind", *(row.label for row in rows)), rows=lines)


def _of_kind(row: Row, kind: str) -> str:
    found = row.kinds.get(kind)
    return " / ".join(percent(found[metric]) for metric in BY_KIND) if found else ""


def _protocol(lines: Sequence[Protocol]) -> Sheet:
    rows = tuple(
        (
            line.dataset, line.system, "published" if line.published else "measured here", str(line.questions),
            percent(line.complete), percent(line.complete_multihop),
        )
        for line in lines
    )  # fmt: skip
    head = ("set", "system", "source", "questions", "all", "multi-hop")
    return Sheet(title="All evidence among the first 8 passages, in percent", head=head, rows=rows, names=3)


def _against(found: Difference | None) -> str:
    if found is None:
        return ""
    return f"{signed(found.estimate.mean)} {interval(found.estimate, signed)} p {chance(found.p)}"


def interval(found: Estimate, shown: Callable[[float], str] = percent) -> str:
    """Return the bounds of an estimate."""
    return f"[{shown(found.low)}, {shown(found.high)}]"
