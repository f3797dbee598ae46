"""Servers that are measured: two workers that count together, and what they tell of it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families

from tests.fix_http import Served, a_token, serving

BURST = 15


class Figures:
    """What one scrape told."""

    def __init__(self, text: str) -> None:
        families = list(text_string_to_metric_families(text))
        self.families = {family.name: family.type for family in families}
        self._samples = [sample for family in families for sample in family.samples]

    def value(self, name: str, **labels: str) -> float:
        """Return the sum of a sample over all labels that are not named."""
        return sum(
            sample.value for sample in self._samples if sample.name == name and labels.items() <= sample.labels.items()
        )

    def labels(self, name: str, label: str) -> set[str]:
        """Return the values of a label."""
        return {sample.labels[label] for sample in self._samples if sample.name == name}

    def rise(self, before: "Figures", name: str, **labels: str) -> float:
        """Return by how much a sample has grown."""
        return self.value(name, **labels) - before.value(name, **labels)


def scraped(served: Served) -> Figures:
    """Return what a server counts, as those who run it are told."""
    headers = {"Authorization": f"Bearer {a_token(role='ops', sub='prometheus')}"}
    answer = served.ask("GET", "/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    return Figures(answer.text)


def counted_by_worker(served: Served, home: Path, sample: str) -> Mapping[str, float]:
    """Return a sum for each worker, read from the files they count in."""
    files = [str(file) for file in home.glob(f"run/metrics-{served.pid}-*/histogram_*.db")]
    merged = {file: MultiProcessCollector.merge([file]) for file in files}  # type: ignore[no-untyped-call]
    return {
        file: sum(one.value for family in families for one in family.samples if one.name == sample)
        for file, families in merged.items()
    }


@pytest.fixture(scope="module")
def measured(medellin_home: Path) -> Iterator[Served]:
    """Two workers that log and count what they do, and let each caller ask a few times."""
    few = {"SONIK_HTTP_RATE_PER_MINUTE": "1", "SONIK_HTTP_BURST": str(BURST), "SONIK_HTTP_FAILURES_PER_MINUTE": "0"}
    logged = {"SONIK_LOG_FORMAT": "json", "SONIK_LOG_LEVEL": "INFO"}
    with serving(medellin_home, workers=2, **few, **logged) as served:
        yield served
