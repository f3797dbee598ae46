"""`sonik people`: who signs in with a browser, as what, and by which password."""

import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from server.cli.running import with_engine
from sonik.access.passwords import made_up
from sonik.access.person import NewPerson, Person
from sonik.settings import Settings
from sonik.types import Role, Scope

if TYPE_CHECKING:
    from sonik.engine import Engine

T = TypeVar("T")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The name they sign in by; no e-mail address.")]
RoleOption = Annotated[Role, typer.Option(help="What they may do.")]
Organisation = Annotated[str | None, typer.Option(help="For whom they act; an organizer must have one.")]
Ask = Annotated[bool, typer.Option("--ask", help="Read the password from the terminal or stdin, not make one up.")]
Collection = Annotated[str | None, typer.Option(help="The collection they read and write.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = typer.Typer(no_args_is_help=True)


@app.command()
def add(
    name: Name, role: RoleOption, organisation: Organisation = None, ask: Ask = False, collection: Collection = None
) -> None:  # fmt: skip
    """Add somebody who may sign in; a password that is made up is printed this once."""
    password = _password(ask)

    async def work(engine: "Engine", scope: Scope) -> Person:
        wish = NewPerson(name=name, role=role, organisation=organisation, collection=scope.collection)
        return await engine.people.add(wish, password=password, scope=scope)

    _tell(_with_scope(work, collection), None if ask else password, "was added")


@app.command("list")
def list_people(collection: Collection = None, as_json: Json = False) -> None:
    """List the people, the newest first, with those who were revoked."""
    found = _with_scope(lambda engine, scope: engine.people.listed(scope=scope), collection)
    if as_json:
        told = [{**asdict(person), "state": person.state} for person in found]
        typer.echo(json.dumps(told, default=str, ensure_ascii=False, indent=2))
    else:
        _print(found)


@app.command()
def revoke(name: Name, collection: Collection = None) -> None:
    """End somebody's access for good, and their sessions at once on every server."""
    person = _with_scope(lambda engine, scope: engine.people.revoke(name, scope=scope), collection)
    typer.echo(f"{person.name} was revoked at {person.revoked_at:%Y-%m-%d %H:%M:%S} UTC.")


@app.command()
def password(name: Name, ask: Ask = False, collection: Collection = None) -> None:
    """Give somebody another password, and end their sessions; one that is made up is printed this once."""
    new = _password(ask)

    async def work(engine: "Engine", scope: Scope) -> Person:
        return await engine.people.change_password(name, password=new, scope=scope)

    _tell(_with_scope(work, collection), None if ask else new, "has another password")


@app.command()
def role(name: Name, role: RoleOption, organisation: Organisation = None, collection: Collection = None) -> None:
    """Give somebody another role and organisation, and end their sessions."""

    async def work(engine: "Engine", scope: Scope) -> Person:
        return await engine.people.change_role(name, role=role, organisation=organisation, scope=scope)

    person = _with_scope(work, collection)
    typer.echo(f"{person.name} acts as {person.scope.role}{_for(person)} from the next sign-in on.")


def _password(ask: bool) -> str:
    """Return a password that is made up, or read where no list of processes and no history of a shell shows it."""
    if not ask:
        return made_up()
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _tell(person: Person, made: str | None, what: str) -> None:
    """Print a password that was made up, alone on stdout, and beside it whose it is."""
    told = f"{person.name} {what} ({person.scope.role}{_for(person)})."
    if made is None:
        typer.echo(told)
        return
    typer.echo(made)
    typer.echo(f"{told} This is the password; it is not shown again.", err=True)


def _for(person: Person) -> str:
    return f" for {person.scope.organisation}" if person.scope.organisation else ""


def _with_scope(do: "Callable[[Engine, Scope], Awaitable[T]]", collection: str | None) -> T:
    settings = Settings() if collection is None else Settings(collection=collection)
    return with_engine(lambda engine: do(engine, settings.scope()), settings=settings)


def _print(people: Sequence[Person]) -> None:
    role = Column("role", no_wrap=True)
    table = Table("name", role, "organisation", "added", "last sign-in (UTC)", "state")
    for person in people:
        cells = (
            person.name, person.scope.role, person.scope.organisation or "", f"{person.created_at:%Y-%m-%d}",
            "" if person.signed_in_at is None else f"{person.signed_in_at:%Y-%m-%d %H:%M}",
            person.state if person.revoked_at is None else f"revoked {person.revoked_at:%Y-%m-%d}",
        )  # fmt: skip
        table.add_row(*map(Text, cells))
    Console().print(table)
