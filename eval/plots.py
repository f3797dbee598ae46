"""Plots of a summary: how good, and what it costs in time."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eval.budget import Point
from eval.summary import HEADLINE, Row, Summary

QUALITY = "quality.png"
TRADEOFF = "tradeoff.png"
DPI = 144
ROW_INCHES = 0.34
WIDTH_INCHES = 8.0
GREY, INK, ACCENT = "#9aa5b1", "#1f2933", "#d9480f"
OURS = "sonik"


def plot(summary: Summary, folder: Path) -> list[Path]:
    """Draw every plot into a folder and return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {QUALITY: _quality(summary), TRADEOFF: _tradeoff(summary)}
    for name, figure in drawn.items():
        figure.savefig(folder / name, dpi=DPI)
    return [folder / name for name in drawn]


def plot_budget(points: Sequence[Point], path: Path) -> None:
    """Draw quality and time against the edge budget, a line for each set."""
    figure = Figure(figsize=(WIDTH_INCHES, 3.6), layout="constrained")
    quality, time = figure.subplots(1, 2)
    for dataset in dict.fromkeys(point.row.dataset for point in points):
        those = [point for point in points if point.row.dataset == dataset]
        edges = [point.edges for point in those]
        found = [point.row.metrics[HEADLINE] for point in those]
        (line,) = quality.plot(edges, [100 * one.mean for one in found], marker="o", label=dataset)
        bounds = [100 * one.low for one in found], [100 * one.high for one in found]
        quality.fill_between(edges, *bounds, color=line.get_color(), alpha=0.12)
        time.plot(edges, [point.row.latency_ms.p50 for point in those], marker="o", label=dataset)
    for axes, name in ((quality, f"{HEADLINE} in percent"), (time, "median milliseconds a question")):
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_xlabel("most edges fetched")
        axes.set_ylabel(name)
        _plain(axes)
    time.set_ylim(bottom=0)
    quality.legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DPI)


def _quality(summary: Summary) -> Figure:
    datasets = summary.datasets
    heights = [len(summary.of(dataset)) for dataset in datasets]
    size = (WIDTH_INCHES, 1.0 + ROW_INCHES * sum(heights) + 0.7 * len(datasets))
    figure = Figure(figsize=size, layout="constrained")
    rows = figure.subplots(len(datasets), 1, squeeze=False, sharex=True, height_ratios=heights)[:, 0]
    for axes, dataset in zip(rows, datasets, strict=True):
        _bars(axes, summary.of(dataset))
        axes.set_title(dataset, loc="left", fontsize=10)
    rows[-1].set_xlabel(f"{HEADLINE} in percent, with 95 % intervals")
    return figure


def _bars(axes: Axes, rows: Sequence[Row]) -> None:
    ordered = sorted(rows, key=lambda row: row.metrics[HEADLINE].mean)
    found = [row.metrics[HEADLINE] for row in ordered]
    means = [100 * one.mean for one in found]
    spread = [[100 * (one.mean - one.low) for one in found], [100 * (one.high - one.mean) for one in found]]
    axes.barh([row.label for row in ordered], means, xerr=spread, color=[_color(row) for row in ordered], ecolor=INK)
    axes.set_xlim(0, 100)
    _plain(axes)


def _tradeoff(summary: Summary) -> Figure:
    datasets = summary.datasets
    figure = Figure(figsize=(WIDTH_INCHES, 3.2 * len(datasets)), layout="constrained")
    for axes, dataset in zip(figure.subplots(len(datasets), 1, squeeze=False)[:, 0], datasets, strict=True):
        _points(axes, summary.of(dataset))
        axes.set_title(dataset, loc="left", fontsize=10)
        axes.set_ylabel(f"{HEADLINE} in percent")
        axes.set_xlabel("median milliseconds a question")
    return figure


def _points(axes: Axes, rows: Sequence[Row]) -> None:
    for row in rows:
        x, y = row.latency_ms.p50, 100 * row.metrics[HEADLINE].mean
        axes.scatter([x], [y], color=_color(row), zorder=3)
        axes.annotate(row.label, (x, y), xytext=(5, 4), textcoords="offset points", fontsize=8, color=INK)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.margins(x=0.25, y=0.25)
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="both", alpha=0.25)
    axes.set_axisbelow(True)


def _color(row: Row) -> str:
    return ACCENT if row.label.startswith(OURS) else GREY
