"""What two workers count, as one, log and trace: calls, stages, the cache, refusals, lag; and who is told."""

import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.fix_http import Served, a_token, connected
from tests.fix_mcp import ERAS, data_of, error_of
from tests.fix_metrics import BURST, Collector, counted_by_worker, scraped, workers

pytestmark = pytest.mark.anyio

LISTED = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
ACCEPTED = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
FORBIDDEN, UNAUTHORIZED = httpx2.codes.FORBIDDEN, httpx2.codes.UNAUTHORIZED
MOST_CALLS = 60
REASONS = ("token", "host", "origin", "size", "rate")


async def test_calls_of_both_workers_are_one_sum_whichever_is_asked(measured: Served, medellin_home: Path) -> None:
    before, calls = scraped(measured), 0
    while min(counted_by_worker(measured, medellin_home, "sonik_tool_seconds_count").values(), default=0) == 0:
        assert calls < MOST_CALLS
        calls += 1
        async with connected(measured, token=a_token(sub=f"sum-{calls}")) as client:
            data_of(await client.call_tool("sonik_describe", {"topic": "lenses"}))
    seen = [scraped(measured) for _ in range(6)]
    told = {"tool": "sonik_describe", "outcome": "ok"}
    assert {figures.rise(before, "sonik_tool_calls_total", **told) for figures in seen} == {calls}
    assert {figures.rise(before, "sonik_tool_seconds_count", tool="sonik_describe") for figures in seen} == {calls}


async def test_a_question_is_timed_by_stage_and_by_store_and_its_cache_look_is_counted(measured: Served) -> None:
    before = scraped(measured)
    asked = {"query": "un lugar tranquilo para bailar con amigos"}
    async with connected(measured, token=a_token(sub="stages")) as client:
        for _ in range(2):
            data_of(await client.call_tool("sonik_search", asked))
        data_of(await client.call_tool("sonik_traverse", {"start": "nebula", "pattern": "neighbors"}))
    after = scraped(measured)
    assert after.rise(before, "sonik_stage_seconds_count", stage="link") == 2
    assert after.rise(before, "sonik_stage_seconds_count", stage="expand") == 1
    assert after.rise(before, "sonik_stage_seconds_count", stage="operations") >= 1
    assert {"postgres", "graph", "vectors", "cache", "embedder"} <= after.labels("sonik_store_seconds_count", "store")
    asks = {result: after.rise(before, "sonik_cache_asks_total", result=result) for result in ("miss", "exact")}
    assert asks == {"miss": 1, "exact": 1}
    assert after.rise(before, "sonik_stage_seconds_sum") <= after.rise(before, "sonik_tool_seconds_sum")


async def test_what_callers_write_is_never_a_label(measured: Served) -> None:
    before = scraped(measured)
    async with connected(measured, token=a_token(sub="labels")) as client:
        assert error_of(await client.call_tool("ana@example.org", {}))["code"] == "unknown_tool"
        assert error_of(await client.call_tool("sonik_search", {"query": ""}))["code"] == "invalid_arguments"
    after = scraped(measured)
    assert after.rise(before, "sonik_tool_calls_total", tool="unknown", outcome="unknown_tool") == 1
    assert after.rise(before, "sonik_tool_calls_total", tool="sonik_search", outcome="invalid_arguments") == 1
    assert "ana@example.org" not in after.labels("sonik_tool_calls_total", "tool")


def test_refused_requests_are_counted_by_why(measured: Served) -> None:
    before = scraped(measured)
    measured.ask("POST", "/mcp", json=LISTED, headers=ACCEPTED)
    measured.ask("GET", "/ready", headers={"Host": "evil.example"})
    measured.ask("GET", "/ready", headers={"Origin": "https://evil.example"})
    measured.ask("POST", "/mcp", content=b"x" * 2_000_000, headers=ACCEPTED)
    busy = ACCEPTED | {"Authorization": f"Bearer {a_token(sub='busy')}"}
    for _ in range(BURST + 2):
        measured.ask("POST", "/mcp", json=LISTED, headers=busy)
    after = scraped(measured)
    told = {reason: after.rise(before, "sonik_refusals_total", reason=reason) for reason in REASONS}
    assert told == {"token": 1, "host": 1, "origin": 1, "size": 1, "rate": 2}
    assert after.rise(before, "sonik_http_requests_total", code="429") == 2


def test_only_those_who_run_sonik_are_told(measured: Served) -> None:
    assert measured.ask("GET", "/metrics").status_code == UNAUTHORIZED
    for role in ("reader", "organizer", "ingest", "human"):
        headers = {"Authorization": f"Bearer {a_token(role=role)}"}
        assert measured.ask("GET", "/metrics", headers=headers).status_code == FORBIDDEN


def test_a_scraper_of_an_inner_network_reaches_a_server_by_its_name_there(measured: Served) -> None:
    told = {host: measured.ask("GET", "/ready", headers={"Host": host}).status_code for host in ("sonik:8000", "s")}
    assert told == {"sonik:8000": httpx2.codes.OK, "s": httpx2.codes.MISDIRECTED_REQUEST}


def test_the_lag_of_each_sink_and_what_is_running_now_are_told(measured: Served) -> None:
    ends = time.monotonic() + 20
    while (figures := scraped(measured)).value("sonik_projection_lag_rows") > 0:
        assert time.monotonic() < ends
    assert figures.labels("sonik_projection_lag_seconds", "sink") == {"graph", "vectors"}
    assert figures.value("sonik_truth_up") == 1
    assert figures.value("sonik_dead_letters") == 0
    assert figures.value("sonik_http_requests_in_flight") == 1  # this very one
    assert figures.value("sonik_http_streams_open") == 0
    assert figures.labels("sonik_build_info", "version") != set()


async def test_an_open_stream_is_seen_from_any_worker(measured: Served) -> None:
    headers = ACCEPTED | {"Authorization": f"Bearer {a_token(sub='stream')}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as client,
        client.stream("GET", measured.url) as stream,
    ):
        assert stream.status_code == httpx2.codes.OK
        assert {scraped(measured).value("sonik_http_streams_open") for _ in range(4)} == {1}


def test_openmetrics_is_spoken_to_who_asks_for_it(measured: Served) -> None:
    headers = {"Authorization": f"Bearer {a_token(role='ops')}", "Accept": "application/openmetrics-text;version=1.0.0"}
    told = measured.ask("GET", "/metrics", headers=headers)
    assert told.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert told.text.endswith("# EOF\n")


async def test_the_log_tells_of_a_call_by_its_trace_id_and_not_of_what_was_asked(measured: Served) -> None:
    token = a_token(sub="ana.de.la.selva")
    async with connected(measured, token=token) as client:
        found = data_of(await client.call_tool("sonik_search", {"query": "guacharaca fiesta de Xiomara"}))
        assert error_of(await client.call_tool("sonik_get_entity", {"ref": "xiomara@example.org"}))
    records = [json.loads(line) for line in measured.log().splitlines() if line.startswith("{")]
    answered = [record for record in records if record["message"] == "a call was answered"]
    (told,) = (record for record in answered if record["trace_id"] == found["trace_id"])
    assert (told["tool"], told["outcome"], told["level"]) == ("sonik_search", "ok", "INFO")
    assert told["ms"] > 0
    assert {record["outcome"] for record in answered} >= {"ok", "not_found"}
    assert all(len(record["trace_id"]) == 16 for record in answered)
    for secret in ("guacharaca", "xiomara", "Xiomara", "ana.de.la.selva", token):
        assert secret not in measured.log()


@pytest.mark.parametrize("era", ERAS)
async def test_a_call_goes_on_in_the_trace_of_its_request_down_to_the_stores(
    measured: Served, collector: Collector, era: str
) -> None:
    token, trace, parent = a_token(sub=f"traced-{era}"), token_hex(16), token_hex(8)
    headers = {"Authorization": f"Bearer {token}", "traceparent": f"00-{trace}-{parent}-01", "tracestate": "x=ana"}
    asked = {"query": f"tambora de palenque {era}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(measured.url, http_client=http), mode=era) as client,
    ):
        found = data_of(await client.call_tool("sonik_search", asked))
    spans = {span.span_id: span for span in collector.trace(trace, until="tools/call sonik_search")}
    (call,) = (span for span in spans.values() if span.name == "tools/call sonik_search")
    assert call.parent_span_id.hex() == parent
    assert attributes(call)["sonik.trace_id"] == found["trace_id"]
    beneath = {span.name: spans[span.parent_span_id].name for span in spans.values() if span.parent_span_id in spans}
    assert beneath["stage link"] == beneath["stage seeds"] == call.name
    assert beneath["store graph"] == "stage expand"
    assert beneath["store vectors"] == "stage seeds"
    assert collector.paths == {"/v1/traces"}
    told = b"".join(span.SerializeToString() for span in spans.values())
    assert not [secret for secret in (b"palenque", b"x=ana", token.encode()) if secret in told]


async def test_what_a_caller_makes_up_is_in_no_span(measured: Served, collector: Collector) -> None:
    trace = token_hex(16)
    headers = {"Authorization": f"Bearer {a_token(sub='made-up')}", "traceparent": f"00-{trace}-{token_hex(8)}-01"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=30) as http,
        Client(streamable_http_client(measured.url, http_client=http)) as client,
    ):
        assert error_of(await client.call_tool("ana@example.org", {}))
        with pytest.raises(MCPError):
            await client.get_prompt("ana@example.org")
        with pytest.raises(MCPError):
            await client.read_resource("sonik://entity/ana@example.org")
    spans = collector.trace(trace, until="resources/read")
    names = {span.name for span in spans}
    assert {"tools/call unknown", "prompts/get unknown", "resources/read"} <= names
    assert not any(b"ana@" in span.SerializeToString() for span in spans)


def attributes(span: Span) -> dict[str, str]:
    """Return the texts that a span carries."""
    return {one.key: one.value.string_value for one in span.attributes}


@pytest.mark.slow
async def test_workers_that_are_killed_take_nothing_with_them_but_what_they_were_at(
    measured: Served, medellin_home: Path
) -> None:
    before = scraped(measured)
    headers = ACCEPTED | {"Authorization": f"Bearer {a_token(sub='killed')}"}
    async with httpx2.AsyncClient(headers=headers, timeout=30) as client:
        with suppress(httpx2.TransportError):
            async with client.stream("GET", measured.url) as stream:
                for pid in workers(measured, medellin_home):
                    os.kill(pid, signal.SIGKILL)
                await stream.aread()
    measured.wait_ready()
    after = scraped(measured)
    assert after.value("sonik_http_streams_open") == 0
    assert after.value("sonik_http_requests_in_flight") == 1
    assert after.rise(before, "sonik_tool_calls_total") == 0
    assert after.rise(before, "sonik_http_requests_total") > 0
