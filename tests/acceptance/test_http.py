"""Reached over HTTP: both eras, tokens, what each caller may use and see, and requests that mean harm."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx2
import jwt
import pytest
from mcp import Client, MCPError
from mcp_types import ResourceTemplateReference

from sonik.access.api_key import NewKey
from sonik.engine import Engine
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.types import Scope
from tests.fix_http import AUDIENCE, Served, a_token, connected
from tests.fix_mcp import ERAS, data_of, error_of, server_environment

pytestmark = pytest.mark.anyio

READERS = {"sonik_search", "sonik_whats_on", "sonik_get_entity", "sonik_traverse", "sonik_describe", "sonik_resolve"}
GREETING = {
    "jsonrpc": "2.0", "id": 1, "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}  # fmt: skip
ACCEPTED = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


@pytest.mark.parametrize("era", ERAS)
async def test_both_eras_are_answered_as_over_stdio(served: Served, memory_client: Client, era: str) -> None:
    asked = {"query": "quién toca en Nébula", "response_format": "detailed"}
    async with connected(served, token=a_token(), era=era) as client:
        over_http = data_of(await client.call_tool("sonik_search", asked))
    at_home = data_of(await memory_client.call_tool("sonik_search", asked))
    assert [hit["ref"] for hit in over_http["hits"]] == [hit["ref"] for hit in at_home["hits"]] != []


@pytest.mark.parametrize("role", ["reader", "organizer", "ingest", "staff"])
async def test_each_role_is_shown_its_tools_and_no_other_runs(served: Served, role: str) -> None:
    org = "acme" if role == "organizer" else None
    async with connected(served, token=a_token(role=role, org=org)) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert names >= READERS
        assert ("sonik_upsert" in names) is (role in {"ingest", "staff"})
        if role == "reader":
            refused = error_of(await client.call_tool("sonik_upsert", {"records": [], "source": "x"}))
            assert (refused["code"], "Yours are sonik_search" in refused["fix"]) == ("not_allowed", True)


async def test_a_token_that_names_scopes_is_good_for_those_alone(served: Served) -> None:
    async with connected(served, token=a_token(role="staff", scope="openid sonik:reader")) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
    assert "sonik_search" in names
    assert "sonik_upsert" not in names


async def test_a_token_that_is_not_for_reading_reads_nothing_past_the_tools_either(served: Served) -> None:
    async with connected(served, token=a_token(role="staff", scope="sonik:ingest")) as client:
        assert [tool.name for tool in (await client.list_tools()).tools] == ["sonik_upsert"]
        with pytest.raises(MCPError, match="not good for reading"):
            await client.read_resource("sonik://market/medellin/tonight")
        entity = ResourceTemplateReference(uri="sonik://entity/{ref}")
        assert (await client.complete(entity, {"name": "ref", "value": "neb"})).completion.values == []


def test_an_issuer_that_does_not_fit_is_told_before_any_worker_starts(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "server.cli", "serve", "--http", "--workers", "2", "--port", "1"]
    environment = server_environment(tmp_path, SONIK_OAUTH_ISSUER="https://id.example")
    refused = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 2
    assert "SONIK_OAUTH_AUDIENCE" in refused.stderr


BAD_TOKENS = {
    "none": None,
    "no token at all": "x",
    "not ours": "eyJhbGciOiJub25lIn0.e30.",
    "expired": a_token(exp=int(time.time()) - 60),
    "without an end": a_token(exp=None),
    "for another": a_token(aud="https://elsewhere.example/mcp"),
    "of another issuer": a_token(iss="https://evil.example"),
    "of nobody": a_token(sub=None),
    "signed by another": a_token(key="another key that is long enough for this"),
    "of an unknown role": a_token(role="root"),
    "of an odd organisation": a_token(org={"name": "acme"}),
    "not yet good": a_token(nbf=int(time.time()) + 600),
    "unsigned": jwt.encode({"sub": "ana", "role": "staff", "aud": AUDIENCE}, "", "none"),
    "a key that is not there": "sonik_aaaaaaaa_" + "A" * 43,
    "endless": "x" * 9_000,
}


@pytest.mark.parametrize("token", BAD_TOKENS.values(), ids=BAD_TOKENS)
def test_a_bad_token_is_told_nothing_but_where_to_get_one(served: Served, token: str | None) -> None:
    headers = ACCEPTED | ({"Authorization": f"Bearer {token}"} if token else {})
    answer = served.ask("POST", "/mcp", json=GREETING, headers=headers)
    assert answer.status_code == httpx2.codes.UNAUTHORIZED
    assert "resource_metadata=" in answer.headers["www-authenticate"]
    assert answer.json() == {"error": "invalid_token", "error_description": "Authentication required"}


@pytest.mark.parametrize("told", [b"Bearer sonik_\xc3\xa9", b"Bearer \xff", b"Bearer", b"Basic YTpi", b""])
def test_what_is_no_bearer_is_refused(served: Served, told: bytes) -> None:
    request = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nAuthorization: " + told + b"\r\n\r\n{}"
    assert _spoken(served, request).startswith(b"HTTP/1.1 401 ")


async def test_a_key_opens_until_it_is_revoked(serve_http: Callable[..., Served], settings: Settings) -> None:
    served = serve_http(settings.home)
    operator = Scope(role="ops")
    async with Engine.open(settings, project=False) as engine:
        token, key = await engine.keys.create(NewKey(name="Lua", role="ingest", organisation="acme"), scope=operator)
        async with connected(served, token=token) as client:
            assert "sonik_upsert" in {tool.name for tool in (await client.list_tools()).tools}
        await engine.keys.revoke(key.prefix, scope=operator)
    ends = time.monotonic() + 10
    headers = ACCEPTED | {"Authorization": f"Bearer {token}"}
    while served.ask("POST", "/mcp", json=GREETING, headers=headers).status_code != httpx2.codes.UNAUTHORIZED:
        assert time.monotonic() < ends


def test_clients_are_told_who_issues_tokens(served: Served) -> None:
    told = served.ask("GET", "/.well-known/oauth-protected-resource/mcp").json()
    assert (told["resource"], told["authorization_servers"]) == (AUDIENCE, ["https://id.example/"])


async def test_a_cursor_of_one_worker_is_good_for_the_other(served: Served) -> None:
    asked = {"when": "esta semana", "limit": 3}
    pages = set()
    for _ in range(6):
        async with connected(served, token=a_token()) as client:
            first = data_of(await client.call_tool("sonik_whats_on", asked))
        async with connected(served, token=a_token()) as client:
            second = data_of(await client.call_tool("sonik_whats_on", {**asked, "cursor": first["next_cursor"]}))
        pages.add(tuple(event["ref"] for event in second["events"]))
    assert len(pages) == 1


async def test_a_cursor_is_for_the_caller_it_was_given_to(served: Served) -> None:
    asked = {"when": "esta semana", "limit": 3}
    async with connected(served, token=a_token()) as client:
        first = data_of(await client.call_tool("sonik_whats_on", asked))
    async with connected(served, token=a_token(role="organizer", org="acme")) as client:
        refused = error_of(await client.call_tool("sonik_whats_on", {**asked, "cursor": first["next_cursor"]}))
    assert refused["field"] == "cursor"


@pytest.mark.parametrize("path", ["/mcp", "/health", "/ready", "/nowhere"])
def test_no_route_answers_another_host_or_origin(served: Served, path: str) -> None:
    assert served.ask("GET", path, headers={"Host": "evil.example"}).status_code == httpx2.codes.MISDIRECTED_REQUEST
    foreign = served.ask("GET", path, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == httpx2.codes.FORBIDDEN


@pytest.mark.parametrize(
    "path", ["/../../etc/passwd", "/mcp/..%2f..%2fetc", "/%2e%2e/%2e%2e/etc/passwd", "/mcp%00", "/.git/config"]
)
def test_there_is_nothing_beside_the_routes(served: Served, path: str) -> None:
    answer = _spoken(served, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert answer.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 400 "))
    assert b"root:" not in answer


def _spoken(served: Served, lines: bytes) -> bytes:
    """Return the first of what is answered to bytes as they stand."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as line:
        line.sendall(lines)
        return line.recv(4_096)


def test_a_body_that_is_too_long_is_not_read(served: Served) -> None:
    told = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n"
    assert b" 413 " in _spoken(served, told)
    chunks = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as line:
        line.sendall(chunks)
        # The server may hang up while we still send, and then its answer may be lost.
        with suppress(OSError):
            for _ in range(17):
                line.sendall(chunk)
            assert b" 413 " in line.recv(4_096)
    assert served.ask("GET", "/ready").status_code == httpx2.codes.OK


def test_a_request_has_one_length_and_few_headers(served: Served) -> None:
    two = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert b" 400 " in _spoken(served, two)
    many = b"".join(b"X-%d: y\r\n" % n for n in range(20_000))
    assert b" 400 " in _spoken(served, b"GET /ready HTTP/1.1\r\nHost: localhost\r\n" + many + b"\r\n")


def test_a_body_that_dribbles_in_is_given_up(serve_http: Callable[..., Served], medellin_home: Path) -> None:
    hasty = serve_http(medellin_home, SONIK_HTTP_SECONDS="0.3")
    told = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\n\r\n{"
    assert b" 408 " in _spoken(hasty, told)


def test_health_reads_every_store_and_readiness_waits_for_none(served: Served) -> None:
    served.wait_well()
    told = served.ask("GET", "/health")
    assert told.status_code == httpx2.codes.OK
    assert told.json()["stores"] == dict.fromkeys(("postgres", "graph", "vectors", "cache"), "reads")
    assert served.ask("GET", "/ready").json() == {"ready": True, "missing": []}


async def test_what_one_organisation_delivers_another_does_not_see(
    serve_http: Callable[..., Served], settings: Settings
) -> None:
    served = serve_http(settings.home)
    secret = {"kind": "venue", "name": "Bodega Cerrada", "market": "medellin", "visibility": "org", "owner_org": "acme"}
    asked = {"query": "Bodega Cerrada"}
    async with connected(served, token=a_token(role="ingest", org="acme")) as client:
        delivery = {"source": "acme", "records": [secret], "dry_run": False, "wait_for": "projected"}
        told = data_of(await client.call_tool("sonik_upsert", delivery))
        assert told["counts"]["created"] == 1
    for org, sees in (("acme", True), ("other", False), (None, False), ("acme", True), ("other", False)):
        role = "organizer" if org else "reader"
        async with connected(served, token=a_token(role=role, org=org)) as client:
            hits = data_of(await client.call_tool("sonik_search", asked))["hits"]
            assert ("Bodega Cerrada" in {hit["name"] for hit in hits}) is sees
            portrait = await client.call_tool("sonik_get_entity", {"ref": "bodega-cerrada"})
            assert portrait.is_error is not sees


async def test_an_open_stream_does_not_keep_the_server(serve_http: Callable[..., Served], settings: Settings) -> None:
    served = serve_http(settings.home)
    async with (
        httpx2.AsyncClient(headers={**ACCEPTED, "Authorization": f"Bearer {a_token()}"}, timeout=30) as client,
        client.stream("GET", served.url) as stream,
    ):
        assert stream.status_code == httpx2.codes.OK
        served.ended(within=20)
    assert "Traceback" not in served.log()
    assert not any(server.running for server in embedded.status(settings).servers)


async def test_without_tokens_the_local_caller_is_served_here(
    serve_http: Callable[..., Served], settings: Settings
) -> None:
    served = serve_http(settings.home, SONIK_HTTP_AUTH="off")
    assert "sonik_truth_up 1.0" in served.ask("GET", "/metrics").text
    async with connected(served, token=None) as client:
        assert "sonik_upsert" in {tool.name for tool in (await client.list_tools()).tools}


def test_without_tokens_no_other_address_is_served(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "server.cli", "serve", "--http", "--host", "203.0.113.1", "--port", "1"]
    environment = server_environment(tmp_path, SONIK_HTTP_AUTH="off")
    refused = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 2
    assert "would need no token" in refused.stderr
