"""Commands that are known by name and summary, and loaded when they are asked for: a start imports what it needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from typer._click.core import Command, Context


@dataclass(frozen=True, kw_only=True, slots=True)
class Deferred:
    """A command, or a group of them, in a module that nobody has loaded yet."""

    name: str
    module: str
    attribute: str
    summary: str

    def stub(self) -> "Command":
        """Return what a list of commands shows of it."""
        return TyperCommand(self.name, help=self.summary)

    def load(self) -> "Command":
        """Import it."""
        found = getattr(import_module(self.module), self.attribute)
        around = typer.Typer(add_completion=False)
        if isinstance(found, typer.Typer):
            around.add_typer(found, name=self.name, help=self.summary)
        else:
            around.command(self.name)(found)
        return typer.main.get_group(around).commands[self.name]


class DeferredGroup(TyperGroup):
    """A group whose help, suggestions and errors need none of its commands; the one that is called is loaded."""

    def __init__(self, *, name: str, help: str, deferred: Sequence[Deferred]) -> None:
        super().__init__(
            name=name, help=help, no_args_is_help=True, commands={one.name: one.stub() for one in deferred}
        )  # fmt: skip
        self.deferred = {one.name: one for one in deferred}

    def resolve_command(self, ctx: "Context", args: list[str]) -> "tuple[str | None, Command | None, list[str]]":
        """Load the command that is called."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else self.deferred[name].load(), rest

    def whole(self) -> TyperGroup:
        """Return the same group with every command loaded, for whoever describes them all."""
        commands = {name: one.load() for name, one in self.deferred.items()}
        return TyperGroup(name=self.name, help=self.help, no_args_is_help=True, commands=commands)
