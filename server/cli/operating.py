"""Commands that run things: serve, demo, up, down, status, doctor."""

import asyncio
import gc
import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from server.observing.log import configure_logging
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.stores.embedded.doctor import examine


def serve(
    http: Annotated[bool, typer.Option("--http", help="Serve over Streamable HTTP at /mcp instead of stdio.")] = False,
    host: Annotated[str, typer.Option(help="Address to listen on (HTTP).")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on (HTTP).")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that serve (HTTP).")] = 1,
) -> None:
    """Serve MCP over stdio, for Claude Desktop, Claude Code, Cursor and others, or over HTTP."""
    # Nothing of what is being loaded is garbage; looking for it would take a tenth of the start. `Opening` looks again.
    gc.disable()
    settings = Settings()
    configure_logging(settings)
    # Only this command speaks the protocol.
    if http:
        from server.http.listening import listen

        listen(settings, host=host, port=port, workers=workers)
        return
    from server.stdio import serve as serve_stdio

    asyncio.run(serve_stdio(settings))


def up() -> None:
    """Start the embedded servers and leave them running."""
    settings = Settings()

    async def start() -> None:
        embedded.keep(settings.home)
        share = await embedded.attach(settings)
        await embedded.close(share)

    asyncio.run(start())
    typer.echo(f"PostgreSQL and Redis run for {settings.home}; `sonik down` stops them.")


def down(force: Annotated[bool, typer.Option(help="Stop them even while others use them.")] = False) -> None:
    """Stop the embedded servers."""
    settings = Settings()
    embedded.release(settings.home)
    stopped = asyncio.run(embedded.down(settings, force=force))
    typer.echo(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")


def status(as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False) -> None:
    """Show which embedded servers run."""
    found = embedded.status(Settings())
    if as_json:
        typer.echo(json.dumps(asdict(found), default=str, indent=2))
        return
    table = Table("server", "running", "pid", "version", "up since (s)", "data (MiB)", "socket", title=str(found.home))
    for server in found.servers:
        table.add_row(
            server.name, "yes" if server.running else "no", str(server.pid or ""), server.version or "",
            f"{server.uptime_seconds:.0f}" if server.uptime_seconds else "",
            f"{server.data_bytes / 2**20:.1f}" if server.data_bytes else "", str(server.socket or ""),
        )  # fmt: skip
    Console().print(table)


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False) -> None:
    """Examine this installation and say what to mend."""
    # LanceDB takes a second to import: other commands here do not wait for it.
    from sonik.sync.doctor import examine_stores

    settings = Settings()
    findings = [*examine(settings), *asyncio.run(examine_stores(settings))]
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], default=str, indent=2))
    else:
        table = Table("", "check", "found", "what to do")
        for finding in findings:
            mark = "[green]ok[/green]" if finding.ok else "[red]no[/red]"
            table.add_row(mark, finding.name, finding.what, finding.remedy)
        Console().print(table)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def demo() -> None:
    """Fill an own home with the sample market and ask Sonik through a real MCP client."""
    # The demo is a client; nobody else needs one.
    from server.demo import run

    asyncio.run(run())
