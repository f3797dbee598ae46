"""What a run leaves behind: one JSON file, written whole or not at all."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import quantiles

from pydantic import BaseModel, ConfigDict, ValidationError

from sonik.errors import InvalidInput, NotFound


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Answered(_Frozen):
    """One question's ranking, what it scored, and how long it took."""

    kinds: tuple[str, ...]
    ranked: tuple[str, ...]
    ms: float
    metrics: dict[str, float]


class Latency(_Frozen):
    """Milliseconds from question to ranking, one question at a time."""

    p50: float
    p95: float


class Report(_Frozen):
    """A finished run; the field names are the format of the file."""

    dataset: str
    system: str
    commit: str
    settings: Mapping[str, object]
    metrics: dict[str, float]
    latency_ms: Latency
    index_s: float
    per_query: dict[str, Answered]

    def values(self, metric: str) -> list[float]:
        """Return a metric of every question, in the order they were asked."""
        return [answered.metrics[metric] for answered in self.per_query.values()]


def latency(ms: Sequence[float]) -> Latency:
    """Return the median and the 95th percentile."""
    if len(ms) < 2:
        return Latency(p50=ms[0], p95=ms[0])
    cuts = quantiles(ms, n=20, method="inclusive")
    return Latency(p50=round(cuts[9], 2), p95=round(cuts[18], 2))


def write_report(report: Report, path: Path) -> None:
    """Write a report so that a reader finds the old file or the new one, never half of one."""
    write_whole(path, report.model_dump_json(indent=1) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Write a file beside its place, then move it there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.new")
    with beside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def read_report(path: Path) -> Report:
    """Read a report.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it is not the result of a run.
    """
    try:
        return Report.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        step = f"Make it: python -m eval run --dataset NAME --system NAME --out {path}"
        raise NotFound(f"There is no {path}.", next_step=step) from error
    except (ValidationError, OSError) as error:
        step = "Name a file that `python -m eval run --out` has written."
        raise InvalidInput(f"{path} is not the result of a run.", next_step=step) from error
