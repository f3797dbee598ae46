"""Spans over OTLP/HTTP, by the packages of the extra `otel`; what callers wrote is not in them."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from mcp_types import ClientNotification, ClientRequest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanContext
from opentelemetry.trace.status import Status

from prompts import catalog as prompts
from server.observing.watching import UNKNOWN
from server.version import VERSION
from tools.catalog import BY_NAME

PATH = "/v1/traces"
SECONDS = 5.0
OURS = "sonik"
METHODS = frozenset(
    method for kind in (ClientRequest, ClientNotification) for message in get_args(kind)
    for method in get_args(message.model_fields["method"].annotation)
)  # fmt: skip
# Attributes of the SDK's spans, and what their values look like where no caller made them up.
_PLAIN: Mapping[str, Callable[[str], object]] = {
    "mcp.method.name": METHODS.__contains__,
    "mcp.protocol.version": re.compile(r"\d{4}-\d\d-\d\d").fullmatch,
    "gen_ai.operation.name": {"execute_tool"}.__contains__,
    "gen_ai.tool.name": BY_NAME.__contains__,
    "gen_ai.prompt.name": prompts.BY_NAME.__contains__,
    "error.type": re.compile(r"-?\d+|[A-Za-z_.]{1,80}").fullmatch,
    "rpc.response.status_code": re.compile(r"-?\d+").fullmatch,
}


def provider(endpoint: str, *, ratio: float) -> TracerProvider:
    """Return what samples spans and sends them to a collector, in batches, from a thread of its own."""
    address = endpoint if endpoint.endswith(PATH) else endpoint.rstrip("/") + PATH
    made = TracerProvider(
        sampler=ParentBased(TraceIdRatioBased(ratio)), shutdown_on_exit=False,
        resource=Resource.create({"service.name": OURS, "service.version": VERSION}),
    )  # fmt: skip
    made.add_span_processor(BatchSpanProcessor(Discreet(OTLPSpanExporter(endpoint=address, timeout=SECONDS))))
    return made


class Discreet(SpanExporter):
    """Hands spans on without what callers wrote: names and attributes we know, no messages of errors, no events."""

    def __init__(self, exporter: SpanExporter) -> None:
        """Hand spans on to an exporter."""
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Hand some spans on."""
        return self._exporter.export([discreet(span) for span in spans])

    def shutdown(self) -> None:
        """End the exporter."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what waits."""
        return self._exporter.force_flush(timeout_millis)


def discreet(span: ReadableSpan) -> ReadableSpan:
    """Return a span as it may leave: of ours all that it has, of the SDK's what no caller can have made up."""
    scope = span.instrumentation_scope
    is_ours = scope is not None and scope.name == OURS
    attributes = {
        name: value for name, value in (span.attributes or {}).items()
        if name.startswith(f"{OURS}.") or is_ours or _is_plain(name, value)
    }  # fmt: skip
    return ReadableSpan(
        name=span.name if is_ours else _name(attributes), context=_bare(span.context), parent=_bare(span.parent),
        resource=span.resource, attributes=attributes, kind=span.kind, status=Status(span.status.status_code),
        start_time=span.start_time, end_time=span.end_time, instrumentation_scope=scope,
    )  # fmt: skip


def _name(attributes: dict[str, Any]) -> str:
    """Return the name of a span of the SDK's: the method, and what of ours is called."""
    method = str(attributes.get("mcp.method.name", "mcp"))
    target = attributes.get("gen_ai.tool.name", attributes.get("gen_ai.prompt.name"))
    if target is None and method in {"tools/call", "prompts/get"}:
        target = UNKNOWN
    return f"{method} {target}" if target else method


def _is_plain(name: str, value: object) -> bool:
    is_plain = _PLAIN.get(name)
    return is_plain is not None and isinstance(value, str) and bool(is_plain(value))


def _bare(context: SpanContext | None) -> SpanContext | None:
    """Return a context without the state that a caller may have sent along."""
    if context is None:
        return None
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)
