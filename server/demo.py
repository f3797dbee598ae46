"""The demo: the sample market, real events where they are at hand, and questions from a real MCP client over stdio."""

import json
import os
import sys
import tempfile
from datetime import datetime, time
from pathlib import Path
from time import perf_counter
from typing import Any

from mcp import Client, StdioServerParameters
from mcp_types import CallToolResult
from rich.console import Console
from rich.table import Table

from sonik.engine import Engine
from sonik.errors import OutOfTime
from sonik.identity.sighting import Source
from sonik.ingest.files import read_rows, rows_of
from sonik.ingest.intake import Delivery
from sonik.ingest.mapping import load_mapping
from sonik.ingest.samples import medellin
from sonik.settings import Settings
from sonik.types import Scope

REAL_EVENTS = Path("..") / "shared" / "data" / "events" / "agenda_valparaiso_gijon" / "events.jsonl"
CALL_SECONDS = 60
SAMPLE_SECONDS = 120
REAL_SECONDS = 20
ASKED_AT = time(19, 0)
console = Console(soft_wrap=True)


async def run() -> None:
    """Fill the home, then ask."""
    settings = _settings()
    started = perf_counter()
    await _fill(settings)
    console.print(f"filled {settings.home} in {perf_counter() - started:.1f} s\n")
    now = settings.now.isoformat() if settings.now else ""
    environment = {**os.environ, "SONIK_HOME": str(settings.home), "SONIK_MARKET": "medellin", "SONIK_NOW": now}
    console.print(f"asking as of {now}\n")
    server = StdioServerParameters(command=sys.executable, args=["-m", "server"], env=environment)
    async with Client(server, read_timeout_seconds=CALL_SECONDS) as client:
        await _ask(client)


def _settings() -> Settings:
    """Use the home that is set, else one of the demo's own; ask in the early evening, when there is a night ahead."""
    home = Settings().home if "SONIK_HOME" in os.environ else Path(tempfile.gettempdir()) / f"sonik-demo-{os.getuid()}"
    evening = datetime.combine(datetime.now(medellin.ZONE).date(), ASKED_AT, tzinfo=medellin.ZONE)
    return Settings(home=home, market="medellin", now=Settings().now or evening)


async def _fill(settings: Settings) -> None:
    async with Engine.open(settings) as engine:
        now = engine.clock.now()
        scope = Scope(role="ingest", user="demo")
        sample = Delivery(source=Source(code=medellin.SOURCE), scope=scope)
        intake = await engine.ingest(rows_of(medellin.records(now)), delivery=sample)
        await engine.wait_projected(intake, seconds=SAMPLE_SECONDS)
        console.print(f"Medellín sample market: {intake.counts}")
        if REAL_EVENTS.is_file():
            mapping = load_mapping("agenda_valparaiso_gijon")
            delivery = Delivery(source=mapping.source, scope=scope)
            intake = await engine.ingest(read_rows(REAL_EVENTS), delivery=delivery, mapping=mapping)
            console.print(f"Valparaíso and Gijón, real events: {intake.counts}")
            try:
                await engine.wait_projected(intake, seconds=REAL_SECONDS)
            except OutOfTime:
                console.print("this machine is slow today: the server projects the rest while it answers")


async def _ask(client: Client) -> None:
    tools = (await client.list_tools()).tools
    table = Table("tool", "what it does", title="tool list")
    for tool in tools:
        table.add_row(tool.name, (tool.description or "").splitlines()[0])
    console.print(table)
    tonight = await _call(client, "sonik_search", query="¿Qué hay esta noche en Medellín?")
    _show(tonight, "hits")
    venue = tonight["hits"][0]["venue"]
    _show(await _call(client, "sonik_search", query=f"quién toca en {venue} esta semana"), "hits")
    entity = await _call(client, "sonik_get_entity", ref=venue, include=["relations", "events", "sources"])
    console.print_json(data=entity)
    traced = await _call(client, "sonik_search", query="salsa este finde", explain=True)
    table = Table("step", "ms", "rows", "note", title=f"trace {traced['trace_id']} of 'salsa este finde'")
    for step in traced["trace"]["steps"]:
        table.add_row(step["step"], str(step["ms"]), str(step["rows"]), step.get("note", ""))
    console.print(table)


async def _call(client: Client, name: str, **arguments: object) -> dict[str, Any]:
    console.print(f"\n[bold]{name}[/bold] {json.dumps(arguments, ensure_ascii=False)}")
    result: CallToolResult = await client.call_tool(name, arguments)
    if result.is_error or result.structured_content is None:
        raise RuntimeError(f"{name} failed: {result.content}")
    content: dict[str, Any] = result.structured_content
    return content


def _show(result: dict[str, Any], field: str) -> None:
    table = Table("when", "name", "venue", "price", "why")
    for hit in result[field]:
        table.add_row(
            hit.get("when", hit["kind"]), hit["name"], hit.get("venue", ""), hit.get("price", ""), hit.get("why", "")
        )
    console.print(table)
    for note in result.get("notes", []):
        console.print(note)
