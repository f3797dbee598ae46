"""`sonik keys`: by which tokens callers over the network are known."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from server.cli.running import with_engine
from sonik.access.api_key import ApiKey, NewKey
from sonik.access.granting import LONGEST_LIFE
from sonik.settings import Settings
from sonik.types import Role, Scope

if TYPE_CHECKING:
    from sonik.engine import Engine

T = TypeVar("T")

Prefix = Annotated[str, typer.Argument(metavar="PREFIX", help="A key's prefix, as `sonik keys list` shows it.")]
Collection = Annotated[str | None, typer.Option(help="The collection its callers read and write.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Option(help="What the key is for, to tell it by.")],
    role: Annotated[Role, typer.Option(help="What its callers may do.")],
    organisation: Annotated[str | None, typer.Option(help="For whom they act; an organizer must have one.")] = None,
    user: Annotated[str | None, typer.Option(help="Whom the audit log names; by default the key.")] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=LONGEST_LIFE.days, help="How long it holds; by default until revoked.")
    ] = None,
    collection: Collection = None,
) -> None:  # fmt: skip
    """Make a key, and print its token this once."""

    async def make(engine: "Engine", scope: Scope) -> tuple[str, ApiKey]:
        expires_at = None if days is None else engine.clock.now() + timedelta(days=days)
        wish = NewKey(
            name=name, role=role, organisation=organisation, user=user, collection=scope.collection,
            expires_at=expires_at,
        )  # fmt: skip
        return await engine.keys.create(wish, scope=scope)

    token, key = _with_scope(make, collection)
    typer.echo(token)
    typer.echo(f"This is the token of key {key.prefix}; it is not shown again, so keep it now.", err=True)


@app.command("list")
def list_keys(collection: Collection = None, as_json: Json = False) -> None:
    """List the keys, the newest first, with those that were revoked or have expired."""

    async def look(engine: "Engine", scope: Scope) -> tuple[list[ApiKey], datetime]:
        return await engine.keys.listed(scope=scope), engine.clock.now()

    found, now = _with_scope(look, collection)
    if as_json:
        told = [{**asdict(key), "state": key.state(now)} for key in found]
        typer.echo(json.dumps(told, default=str, ensure_ascii=False, indent=2))
    else:
        _print(found, now=now)


@app.command()
def revoke(prefix: Prefix, collection: Collection = None) -> None:
    """End a key for good: servers refuse its token within five seconds."""
    key = _with_scope(lambda engine, scope: engine.keys.revoke(prefix, scope=scope), collection)
    typer.echo(f"Key {key.prefix} ({key.name}) was revoked at {key.revoked_at:%Y-%m-%d %H:%M:%S} UTC.")


def _with_scope(do: "Callable[[Engine, Scope], Awaitable[T]]", collection: str | None) -> T:
    settings = Settings() if collection is None else Settings(collection=collection)
    return with_engine(lambda engine: do(engine, settings.scope()), settings=settings)


def _print(keys: Sequence[ApiKey], *, now: datetime) -> None:
    key_column, role = Column("key", no_wrap=True), Column("role", no_wrap=True)
    table = Table(key_column, "name", role, "organisation", "created", "last used (UTC)", "state")
    for key in keys:
        cells = (
            key.prefix, key.name, key.scope.role, key.scope.organisation or "", _day(key.created_at),
            "" if key.last_used_at is None else f"{key.last_used_at:%Y-%m-%d %H:%M}", _state(key, now),
        )  # fmt: skip
        table.add_row(*map(Text, cells))
    Console().print(table)


def _state(key: ApiKey, now: datetime) -> str:
    state = key.state(now)
    if state == "revoked":
        return f"revoked {_day(key.revoked_at)}"
    return f"{state}, until {_day(key.expires_at)}" if state == "active" and key.expires_at else state


def _day(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d}"
