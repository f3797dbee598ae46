"""The figures by name: where each stands in bench.json, its unit, and the goal it is held to."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One line of the table; `goal` is the most it should be."""

    label: str
    path: str
    unit: str
    section: str
    goal: float | None = None

    def value(self, measured: Mapping[str, object]) -> float | None:
        """Return what was measured, None where it was not."""
        found: object = measured
        for part in self.path.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        return float(found) if isinstance(found, int | float) else None

    def shown(self, measured: Mapping[str, object]) -> str:
        """Return the value with its unit."""
        value = self.value(measured)
        return "" if value is None else f"{number(value)} {self.unit}".strip()

    def verdict(self, measured: Mapping[str, object]) -> str:
        """Say whether the goal is reached; nothing where there is none."""
        value = self.value(measured)
        if value is None or self.goal is None:
            return ""
        return "reached" if value <= self.goal else "not reached"


FIGURES: tuple[Figure, ...] = (
    Figure(label="first run in a new home, first answer", path="first_run_s", unit="s", section="first_run"),
    Figure(label="cold start, first answer", path="cold_start_s", unit="s", section="cold_start", goal=3.0),
    Figure(label="another server, stores up, first answer", path="serve_start_s", unit="s", section="warm_start"),
    Figure(label="attach: open the engine on stores that run", path="attach_s", unit="s", section="attach", goal=0.5),
    Figure(label="  joining the servers alone", path="join_servers_s", unit="s", section="attach"),
    Figure(label="records taken in", path="ingest_records_per_s", unit="a second", section="ingest"),
    Figure(label="records projected in bulk", path="project_records_per_s", unit="a second", section="search"),
    Figure(label="commit to projected, median", path="projection_lag_ms.p50", unit="ms", section="lag", goal=50.0),
    Figure(label="commit to projected, 95 %", path="projection_lag_ms.p95", unit="ms", section="lag"),
    Figure(label="  and readable by the writer, median", path="projection_seen_ms.p50", unit="ms", section="lag"),
    Figure(label="  in the same process, median", path="projection_lag_same_process_ms.p50", unit="ms", section="lag"),
    Figure(label="search, median", path="search_ms.p50", unit="ms", section="search"),
    Figure(label="search, 95 %", path="search_ms.p95", unit="ms", section="search"),
    Figure(label="  understand", path="search_ms.stages.understand", unit="ms", section="search"),
    Figure(label="  link", path="search_ms.stages.link", unit="ms", section="search"),
    Figure(label="  seeds", path="search_ms.stages.seeds", unit="ms", section="search"),
    Figure(label="  expand", path="search_ms.stages.expand", unit="ms", section="search"),
    Figure(label="  rank", path="search_ms.stages.rank", unit="ms", section="search"),
    Figure(label="  hydrate", path="search_ms.stages.hydrate", unit="ms", section="search"),
    Figure(label="the same bare store calls, median", path="bare_ms.p50", unit="ms", section="search"),
    Figure(label="search / bare calls", path="engine_ratio", unit="x", section="search", goal=1.3),
    Figure(label="CPU of a search beyond the bare calls", path="own_cpu_ms", unit="ms", section="search"),
    Figure(label="tool call over stdio, median", path="tool_call_ms.p50", unit="ms", section="serving"),
    Figure(label="tool call over stdio, 95 %", path="tool_call_ms.p95", unit="ms", section="serving"),
    Figure(label="tool list", path="tool_list_tokens", unit="tokens", section="serving", goal=6000),
    Figure(label="memory of the server after 200 searches", path="server_rss_mib", unit="MiB", section="serving"),
)  # fmt: skip


def number(value: float) -> str:
    """Return a number with as many digits as it deserves."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
