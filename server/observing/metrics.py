"""What is counted for Prometheus, over all worker processes: each adds to files that any of them can read."""

import platform
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from server.observing.refusals import REASONS, Reason
from server.observing.shared_counts import is_alive
from server.observing.watching import ASKS, OK
from server.version import VERSION
from sonik.watch import STORES, Kind, Store
from tools.catalog import TOOLS

if TYPE_CHECKING:
    from sonik.sync.state import Lags

CALL_SECONDS = (0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10)
PART_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.1, 0.25, 0.5, 1, 5)

# When a counter began is of no use to those who take rates, and would double the families.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The counters of one process. It implements `server.watching.Meter`."""

    def __init__(self) -> None:
        """Make the counters; in files that workers share where their parent made a place for them."""
        self._own = own = CollectorRegistry()
        self._calls = Counter("sonik_tool_calls", "Tool calls by how they ended.", ["tool", "outcome"], registry=own)
        self._call_seconds = Histogram(
            "sonik_tool_seconds", "How long tool calls took.", ["tool"], buckets=CALL_SECONDS, registry=own
        )
        self._stage_seconds = Histogram(
            "sonik_stage_seconds", "How long stages of answers took.", ["stage"], buckets=PART_SECONDS, registry=own
        )
        self._store_seconds = Histogram(
            "sonik_store_seconds", "How long tool calls waited for a store.", ["store"], buckets=PART_SECONDS,
            registry=own,
        )  # fmt: skip
        self._asks = Counter(
            "sonik_cache_asks", "Questions to the cache; stale: kept, and no longer true.", ["result"], registry=own
        )
        self._learned = Counter(
            "sonik_learned_weight_updates", "Learned weights changed by these processes.", registry=own
        )
        self._away = Gauge(
            "sonik_store_away", "Whether a worker leaves a store alone because it does not answer.", ["store"],
            multiprocess_mode="livemax", registry=own,
        )  # fmt: skip
        self._refusals = Counter("sonik_refusals", "HTTP requests refused, by why.", ["reason"], registry=own)
        self._requests = Counter("sonik_http_requests", "HTTP requests answered, by status.", ["code"], registry=own)
        self.in_flight = Gauge(
            "sonik_http_requests_in_flight", "HTTP requests being answered.", multiprocess_mode="livesum", registry=own
        )
        self.streams = Gauge(
            "sonik_http_streams_open", "Event streams being sent.", multiprocess_mode="livesum", registry=own
        )
        self._begin_at_zero()

    def called(self, tool: str, *, outcome: str, seconds: float) -> None:
        """Count a tool call."""
        self._calls.labels(tool, outcome).inc()
        self._call_seconds.labels(tool).observe(seconds)

    def took(self, kind: Kind, name: str, *, seconds: float) -> None:
        """Count a part of a call."""
        (self._stage_seconds if kind == "stage" else self._store_seconds).labels(name).observe(seconds)

    def asked_cache(self, result: str) -> None:
        """Count a question to the cache."""
        self._asks.labels(result).inc()

    def learned(self, weights: int) -> None:
        """Count learned weights that were changed."""
        self._learned.inc(weights)

    def stands(self, store: Store, *, away: bool) -> None:
        """Note whether a store is away."""
        self._away.labels(store).set(away)

    def refused(self, reason: Reason) -> None:
        """Count a request that was refused."""
        self._refusals.labels(reason).inc()

    def answered(self, status: int) -> None:
        """Count a request that was answered."""
        self._requests.labels(str(status)).inc()

    def written(self, lags: "Lags | None", *, accept: str) -> tuple[bytes, str]:
        """Return all that is counted, of every worker, and its content type.

        Without `lags` truth does not answer, and what only it knows is left out.
        """
        registry = CollectorRegistry()
        try:
            _Workers(registry)  # type: ignore[no-untyped-call]
        except ValueError:  # this process is alone
            registry.register(self._own)
        registry.register(_Known(lags))
        encode, content_type = choose_encoder(accept)
        return encode(registry), content_type

    def _begin_at_zero(self) -> None:
        """Let what may happen be there before it does: a rate needs a value to rise from."""
        for tool in TOOLS:
            self._calls.labels(tool.name, OK)
        for result in ASKS.values():
            self._asks.labels(result)
        for store in STORES:
            self._away.labels(store).set(0)
        for reason in REASONS:
            self._refusals.labels(reason)


class _Workers(MultiProcessCollector):
    """The files of all workers, without what those who died were in the middle of."""

    def collect(self) -> Iterable[Metric]:
        """Return the sums."""
        for file in Path(self._path).glob("gauge_live*.db"):
            pid = int(file.stem.rpartition("_")[2])
            if not is_alive(pid):
                with suppress(FileNotFoundError):  # another worker saw it too
                    mark_process_dead(pid, self._path)  # type: ignore[no-untyped-call]
        collected: Iterable[Metric] = super().collect()  # type: ignore[no-untyped-call]
        return collected


class _Known(Collector):
    """What is not counted but looked up, at the moment of asking."""

    def __init__(self, lags: "Lags | None") -> None:
        self._lags = lags

    def collect(self) -> Iterator[Metric]:
        """Return who this is, and how far behind truth each sink is."""
        yield InfoMetricFamily(
            "sonik_build", "What runs.", value={"version": VERSION, "python": platform.python_version()}
        )
        yield GaugeMetricFamily("sonik_truth_up", "Whether PostgreSQL answered.", value=self._lags is not None)
        if self._lags is None:
            return
        rows = GaugeMetricFamily("sonik_projection_lag_rows", "Changes a sink has before it.", labels=["sink"])
        seconds = GaugeMetricFamily("sonik_projection_lag_seconds", "Age of the oldest of them.", labels=["sink"])
        failed = GaugeMetricFamily("sonik_projection_failed", "Whether a sink fails.", labels=["sink"])
        for lag in self._lags.sinks:
            rows.add_metric([lag.sink], lag.rows)
            seconds.add_metric([lag.sink], lag.age_seconds)
            failed.add_metric([lag.sink], lag.status == "failed")
        dead = GaugeMetricFamily("sonik_dead_letters", "Changes no sink would take.", value=self._lags.dead_letters)
        yield from (rows, seconds, failed, dead)
