"""Commands that keep what there is: backup, restore, upgrade."""

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from server.observing.log import configure_logging
from sonik.clock import Clock
from sonik.settings import Settings
from sonik.truth import backup as backups

SINKS = ("graph", "vectors")

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def backup(
    directory: Annotated[Path, typer.Argument(help="A directory that is not there yet.")], as_json: Json = False
) -> None:  # fmt: skip
    """Write everything that cannot be made again into a new directory, while servers go on."""
    settings = _settings()
    with Console(stderr=True).status("writing the backup"):
        manifest = asyncio.run(backups.backup(settings, directory, clock=Clock.frozen(settings.now)))
    if as_json:
        typer.echo(manifest.model_dump_json(indent=2))
    else:
        size = sum(file.bytes for file in manifest.files.values()) / 2**20
        typer.echo(f"{sum(manifest.rows.values())} rows, {size:.1f} MiB, in {directory}.")


def restore(
    directory: Annotated[Path, typer.Argument(help="What `sonik backup` wrote.")], as_json: Json = False
) -> None:  # fmt: skip
    """Fill an empty SONIK_HOME (or an empty database) from a backup; graph and vectors are made anew."""
    settings = _settings()
    console = Console(stderr=True)
    with console.status("restoring truth"):
        manifest = asyncio.run(backups.restore(settings, directory))
    with console.status("making graph and vectors anew"):
        projected = asyncio.run(_rebuild(settings))
    told = {"created_at": manifest.created_at.isoformat(), "rows": sum(manifest.rows.values()), "projected": projected}
    if as_json:
        typer.echo(json.dumps(told, indent=2))
    else:
        typer.echo(f"{told['rows']} rows as of {told['created_at']}; " + _told(projected) + " projected.")


def upgrade(as_json: Json = False) -> None:
    """Bring what is stored up to this version: the schema, and the vectors if another model made them."""
    settings = _settings()

    async def bring_up() -> dict[str, object]:
        # LanceDB takes a second to import: commands that need no engine do not wait for it.
        from sonik.upgrade import upgraded

        done = await upgraded(settings)
        return {"migrations": list(done.migrations), "reason": done.reason, "vectors": done.vectors}

    with Console(stderr=True).status("upgrading"):
        told = asyncio.run(bring_up())
    if as_json:
        typer.echo(json.dumps(told, indent=2))
        return
    applied = told["migrations"]
    typer.echo(f"Schema: {', '.join(applied) if isinstance(applied, list) and applied else 'up to date'}.")
    typer.echo(f"Vectors: {told['vectors']} made anew. {told['reason']}" if told["reason"] else "Vectors: up to date.")


def _settings() -> Settings:
    settings = Settings()
    configure_logging(settings)
    return settings


async def _rebuild(settings: Settings) -> dict[str, int]:
    from sonik.engine import Engine

    async with Engine.open(settings, project=False, replace_vectors=True) as engine:
        return {sink: await engine.rebuild(sink) for sink in SINKS}


def _told(projected: dict[str, int]) -> str:
    return ", ".join(f"{rows} rows into {sink}" for sink, rows in projected.items())
