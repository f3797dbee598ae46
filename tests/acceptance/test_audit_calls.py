"""Every call over MCP leaves one row in the audit log, refused ones included, and nothing of what was asked."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from mcp import Client, MCPError
from mcp_types import PromptReference, ResourceTemplateReference
from pydantic import SecretStr

from server.app import build
from server.opening import Opening
from sonik.access.api_key import NewKey
from sonik.audit.auditor import Entry, Sought
from sonik.engine import Engine
from sonik.settings import Settings
from sonik.types import Scope
from tests.fix_engine import NOW
from tests.fix_http import Served, a_token, connected
from tests.fix_mcp import Standing, Wire, data_of, error_of

pytestmark = pytest.mark.anyio

STAFF = Scope(role="staff")
PRIVATE = "amparo@club.example"
EVERYTHING = "select string_agg(a::text, '') as text from unified.audit_log a"


async def entries(engine: Engine) -> list[Entry]:
    """Return what was logged, in order."""
    return [*await engine.auditor.entries(Sought(limit=1_000), scope=STAFF)][::-1]


async def test_each_kind_of_call_leaves_one_row_and_nothing_of_what_was_asked(settings: Settings) -> None:
    async with Engine.open(settings.model_copy(update={"user": PRIVATE})) as engine:
        async with Client(build(Standing(engine)), raise_exceptions=True) as client:
            found = data_of(await client.call_tool("sonik_search", {"query": f"salsa con {PRIVATE}"}))
            await client.call_tool("sonik_search", {"quest": PRIVATE})
            await client.call_tool(f"sonik_{PRIVATE}", {"query": "bachata"})
            await client.call_tool("sonik_get_entity", {"ref": PRIVATE})
            await client.call_tool("sonik_remember", {"kind": "note", "text": "hola", "trace_id": PRIVATE})
            await client.read_resource("sonik://schema/operations")
            for uri in (f"sonik://entity/{PRIVATE}", f"sonik://nobody/{PRIVATE}", "sonik://entity/" + "x" * 5_000):
                with pytest.raises(MCPError):
                    await client.read_resource(uri)
            await client.get_prompt("explore_market", {"market": "medellin"})
            with pytest.raises(MCPError):
                await client.get_prompt(PRIVATE, {})
            await client.complete(PromptReference(name="explore_market"), {"name": "market", "value": "mede"})
            await client.complete(
                ResourceTemplateReference(uri="sonik://entity/{ref}"), {"name": "ref", "value": PRIVATE}
            )
        await engine.calls.flush(engine._postgres)
        logged = await entries(engine)
        async with engine._postgres.writing() as session:
            (kept,) = await session.rows(EVERYTHING)
    calls = [entry for entry in logged if entry.ms is not None]
    assert [(entry.action, entry.target, entry.outcome) for entry in calls] == [
        ("tools/call", "sonik_search", "ok"),
        ("tools/call", "sonik_search", "invalid_arguments"),
        ("tools/call", "unknown", "unknown_tool"),
        ("tools/call", "sonik_get_entity", "not_found"),
        ("tools/call", "sonik_remember", "ok"),
        ("resources/read", "sonik://schema/{graph}", "ok"),
        ("resources/read", "sonik://entity/{ref}", "not_found"),
        ("resources/read", "unknown", "not_found"),
        ("resources/read", "sonik://entity/{ref}", "refused"),
        ("prompts/get", "explore_market", "ok"),
        ("prompts/get", "unknown", "refused"),
        ("completion/complete", "market", "ok"),
        ("completion/complete", "ref", "ok"),
    ]
    assert calls[0].trace == found["trace_id"]
    assert len({entry.trace for entry in calls}) == len({entry.arguments for entry in calls}) == len(calls)
    assert {(entry.role, entry.key, entry.at) for entry in calls} == {("reader", None, NOW)}
    # What a call wrote goes by its trace.
    assert {entry.trace for entry in logged if entry.action == "remember"} == {calls[4].trace}
    for value in (PRIVATE, "club.example", "salsa", "bachata", "mede"):
        assert value not in str(kept["text"])


async def test_calls_over_stdio_are_written_before_the_server_goes(home: Path, start_wire: Callable[..., Wire]) -> None:
    for number, ended in enumerate(("hung up", "terminated"), start=1):
        wire = start_wire(home, SONIK_USER="ana")
        wire.greet()
        traces = [
            wire.call("sonik_search", f'{{"query": "salsa {turn}"}}')["structuredContent"]["trace_id"]
            for turn in range(3)
        ]
        assert wire.hung_up() == 0 if ended == "hung up" else wire.signalled(signal.SIGTERM)
        async with Engine.open(Settings(home=home, now=NOW)) as engine:
            logged = await entries(engine)
        assert [entry.trace for entry in logged][-3:] == traces
        assert len(logged) == 3 * number


async def test_calls_over_http_are_written_by_every_worker_with_who_called(
    home: Path, serve_http: Callable[..., Served]
) -> None:
    settings = Settings(home=home, now=NOW, role="staff")
    async with Engine.open(settings, project=False) as engine:
        token, key = await engine.keys.create(
            NewKey(name="k", role="organizer", organisation="acme"), scope=STAFF
        )  # fmt: skip
        served = serve_http(home, workers=2)
        traces = set()
        for _ in range(6):
            async with connected(served, token=token) as client:
                traces.add(data_of(await client.call_tool("sonik_search", {"query": "salsa"}))["trace_id"])
        async with connected(served, token=a_token(sub=PRIVATE, scope="sonik:ingest", role="ingest")) as client:
            await client.call_tool("sonik_search", {"query": "salsa"})
        served.ended(within=20)
        calls = [entry for entry in await entries(engine) if entry.ms is not None]
        mine = await engine.auditor.entries(Sought(caller=PRIVATE), scope=STAFF)
    assert {entry.trace for entry in calls if entry.key == key.prefix} == traces
    assert {(entry.role, entry.outcome) for entry in calls if entry.key == key.prefix} == {("organizer", "ok")}
    assert [(entry.role, entry.outcome, entry.key) for entry in mine] == [("ingest", "not_allowed", None)]
    assert len(calls) == 7


async def test_calls_that_no_database_ever_took_are_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:  # fmt: skip
    nowhere = SecretStr(f"postgresql://sonik@{str(tmp_path).replace('/', '%2F')}/sonik")
    opening = Opening(Settings(home=tmp_path, postgres_url=nowhere, falkordb_url=SecretStr("unix:///nowhere")))
    async with Client(build(opening)) as client:
        refused = error_of(await client.call_tool("sonik_search", {"query": "salsa"}))
    assert refused["code"] == "store_unavailable"
    (told,) = [record for record in caplog.records if record.message == "calls are missing from the audit log"]
    assert vars(told)["calls"] == 1
