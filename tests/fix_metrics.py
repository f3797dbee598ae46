"""Servers that are measured: two workers that count together, what they tell of it, and a collector of traces."""

from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Condition, Thread

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
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


def workers(served: Served, home: Path) -> set[int]:
    """Return the processes that count."""
    return {int(file.stem.rpartition("_")[2]) for file in home.glob(f"run/metrics-{served.pid}-*/counter_*.db")}


class Collector(ThreadingHTTPServer):
    """A collector of traces on a port of its own: spans by the id of their trace."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Exported)
        self.paths: set[str] = set()
        self._spans: list[Span] = []
        self._came = Condition()

    @property
    def endpoint(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}"

    def take(self, path: str, body: bytes) -> None:
        """Take an export in."""
        told = ExportTraceServiceRequest.FromString(body)
        with self._came:
            self.paths.add(path)
            self._spans += (
                span for sent in told.resource_spans for scoped in sent.scope_spans for span in scoped.spans
            )
            self._came.notify_all()

    def trace(self, trace_id: str, *, until: str) -> list[Span]:
        """Return the spans of a trace, once one of this name is there: a span comes after those beneath it."""

        def found() -> list[Span]:
            return [span for span in self._spans if span.trace_id.hex() == trace_id]

        with self._came:
            assert self._came.wait_for(lambda: until in {span.name for span in found()}, timeout=30), found()
            return found()


class _Exported(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        self.server.take(self.path, self.rfile.read(int(self.headers["content-length"])))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    """A collector that listens."""
    with Collector() as opened:
        listening = Thread(target=opened.serve_forever, daemon=True)
        listening.start()
        yield opened
        opened.shutdown()
        listening.join()


@pytest.fixture(scope="module")
def measured(medellin_home: Path, collector: Collector) -> Iterator[Served]:
    """Two workers that log, count and trace what they do, and let each caller ask a few times."""
    few = {"SONIK_HTTP_RATE_PER_MINUTE": "1", "SONIK_HTTP_BURST": str(BURST), "SONIK_HTTP_FAILURES_PER_MINUTE": "0"}
    logged = {"SONIK_LOG_FORMAT": "json", "SONIK_LOG_LEVEL": "INFO"}
    inner = {"SONIK_HTTP_HOSTS": "sonik.internal, sonik"}
    traced = {"SONIK_OTLP_ENDPOINT": collector.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "50"}
    with serving(medellin_home, workers=2, **few, **logged, **traced, **inner) as served:
        yield served
