"""The dashboard and the alerts speak of what is exported, all of it, and of nothing else."""

import json
import re
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from server.observing.metrics import Metrics
from server.observing.refusals import REASONS
from server.observing.watching import ASKS, CANCELLED, OK
from sonik.errors import SonikError
from sonik.sync.state import Lag, Lags
from tests.fix_docs import ROOT

DASHBOARD = ROOT / "deploy" / "grafana" / "sonik.json"
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
PAGE = ROOT / "docs" / "how-to" / "observe.md"
NAME = re.compile(r"\bsonik_[a-z_]+")
SELECTED = re.compile(r'(outcome|reason|result)[!=~]+"([^"]+)"')


def families() -> dict[str, str]:
    """Return every family that a server exports, as its samples are called, with its type."""
    lag = Lag(sink="graph", status="idle", error=None, rows=0, age_seconds=0.0)
    metrics = Metrics()
    text = metrics.written(Lags(sinks=(lag,), dead_letters=0), accept="")[0].decode()
    ends = {"counter": "_total"}
    return {family.name + ends.get(family.type, ""): family.type for family in text_string_to_metric_families(text)}


def dashboard() -> Iterator[str]:
    """Yield the expressions of the dashboard."""
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def alerts() -> Iterator[str]:
    """Yield the expressions of the alerts."""
    yield from re.findall(r"^ +expr: (.+)$", ALERTS.read_text(encoding="utf-8"), re.MULTILINE)


def named(expressions: Iterator[str]) -> set[str]:
    """Return the families that expressions speak of."""
    return {re.sub(r"_(bucket|sum|count)$", "", name) for text in expressions for name in NAME.findall(text)}


def test_everything_exported_is_on_the_dashboard_and_nothing_else() -> None:
    assert named(dashboard()) == set(families())


def test_alerts_speak_of_what_is_exported() -> None:
    assert named(alerts())
    assert named(alerts()) <= set(families())


def test_histograms_are_asked_for_by_their_buckets_and_counters_for_their_rates() -> None:
    for text in (*dashboard(), *alerts()):
        for name, kind in families().items():
            if kind == "histogram":
                assert not re.search(rf"\b{name}\b", text), text
            elif kind == "counter" and name in text:
                assert re.search(rf"(rate|increase)\({name}\b", text), text


@pytest.mark.parametrize("text", [*dashboard(), *alerts()])
def test_an_expression_is_whole_and_selects_values_that_there_are(text: str) -> None:
    assert (text.count("("), text.count("{"), text.count("[")) == (text.count(")"), text.count("}"), text.count("]"))
    codes = {error.code for error in descendants(SonikError)} | {"internal", "invalid_arguments", "unknown_tool"}
    known: dict[str, set[str]] = {
        "outcome": codes | {OK, CANCELLED},
        "reason": set(REASONS),
        "result": set(ASKS.values()),
    }
    for label, values in SELECTED.findall(text):
        assert set(values.split("|")) <= known[label]


def test_the_page_about_it_tells_of_every_family_and_of_every_reason() -> None:
    page = PAGE.read_text(encoding="utf-8")
    told = {name for line in page.splitlines() if line.startswith("| `sonik_") for name in NAME.findall(line)}
    assert told == set(families())
    (reasons,) = (line for line in page.splitlines() if line.startswith("| `sonik_refusals_total`"))
    assert [reason for reason in REASONS if reason not in reasons] == []


def test_panels_lie_side_by_side() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken
        taken |= cells


def descendants(kind: type[SonikError]) -> Iterator[type[SonikError]]:
    """Yield an error type and all beneath it."""
    yield kind
    for below in kind.__subclasses__():
        yield from descendants(below)
