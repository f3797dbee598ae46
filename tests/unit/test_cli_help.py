"""Every command, argument and option says what it is for."""

from collections.abc import Iterator
from typing import Any

from server.cli.main import app


def parameters(command: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield every parameter of a command and those below it, with its help; the type differs between typers."""
    yield name, command.help or ""
    for parameter in command.params:
        yield f"{name} {'/'.join(parameter.opts)}", getattr(parameter, "help", None) or ""
    for child, inner in getattr(command, "commands", {}).items():
        yield from parameters(inner, f"{name} {child}")


def test_every_command_and_option_has_a_sentence_of_help() -> None:
    told = dict(parameters(app.whole(), "sonik"))
    assert {"sonik search --when", "sonik ingest --inspect", "sonik sync status --json"} <= told.keys()
    assert [name for name, text in told.items() if not text.strip().endswith((".", ")"))] == []


def test_what_the_list_of_commands_says_is_what_each_says_of_itself() -> None:
    listed = {name: command.help for name, command in app.commands.items()}
    assert listed == {name: command.help for name, command in app.whole().commands.items()}
