"""What leaves with a span: what we know, and nothing that a caller wrote."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NonRecordingSpan, SpanContext, StatusCode, TraceFlags, TraceState, set_span_in_context

from server.observing.otlp import Discreet, provider

CALL = {"mcp.method.name": "tools/call", "mcp.protocol.version": "2026-07-28"}


class Sent:
    """Spans that were made and sent."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(Discreet(self.exporter)))

    def span(self, name: str, attributes: dict[str, str], *, scope: str = "mcp-python-sdk") -> ReadableSpan:
        """Return a span as it was sent."""
        with self.provider.get_tracer(scope).start_as_current_span(name, attributes=attributes):
            pass
        return self.exporter.get_finished_spans()[-1]


@pytest.fixture(scope="module")
def sent() -> Iterator[Sent]:
    opened = Sent()
    yield opened
    opened.provider.shutdown()


def test_a_tool_of_ours_is_named(sent: Sent) -> None:
    span = sent.span("x", {**CALL, "gen_ai.tool.name": "sonik_search", "jsonrpc.request.id": "ana"})
    assert span.name == "tools/call sonik_search"
    assert span.attributes == {**CALL, "gen_ai.tool.name": "sonik_search"}


@given(name=st.text(), method=st.text(), target=st.text(), version=st.text())
def test_what_a_caller_made_up_is_not_sent(name: str, method: str, target: str, version: str) -> None:
    made_up = {"mcp.method.name": f"{method}?", "gen_ai.tool.name": f"{target}?", "mcp.protocol.version": f"{version}?"}
    span = Sent().span(name, made_up)
    assert (span.name, span.attributes) == ("mcp", {})


def test_an_error_is_sent_without_its_message_and_a_parent_without_its_state(sent: Sent) -> None:
    told = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("x", "ana")]))
    parent = set_span_in_context(NonRecordingSpan(told))
    tracer = sent.provider.get_tracer("mcp-python-sdk")
    with pytest.raises(ValueError, match="ana"), tracer.start_as_current_span("x", context=parent, attributes=CALL):
        raise ValueError("ana")
    span = sent.exporter.get_finished_spans()[-1]
    assert (span.status.status_code, span.status.description, list(span.events)) == (StatusCode.ERROR, None, [])
    assert span.context is not None
    assert span.parent is not None
    assert (span.context.trace_id, span.parent.span_id) == (1, 2)
    assert (list(span.context.trace_state), list(span.parent.trace_state)) == ([], [])


def test_our_own_spans_are_sent_as_they_are(sent: Sent) -> None:
    span = sent.span("store graph", {"db.system.name": "falkordb", "sonik.note": "operations"}, scope="sonik")
    assert span.name == "store graph"
    assert span.attributes == {"db.system.name": "falkordb", "sonik.note": "operations"}


@pytest.mark.parametrize(("ratio", "is_traced"), [(0.0, False), (1.0, True)])
def test_the_share_of_calls_that_are_traced_is_held_to(ratio: float, is_traced: bool) -> None:
    made = provider("http://127.0.0.1:9", ratio=ratio)
    span = made.get_tracer("sonik").start_span("x")
    assert span.is_recording() is is_traced
    made.shutdown()
