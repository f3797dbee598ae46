"""The `sonik` command: its groups, and the one place where an error becomes an exit code."""

import sys

import typer
from pydantic import ValidationError
from rich.console import Console

from server.cli import operating, reading, syncing, writing
from server.version import VERSION
from sonik.errors import SonikError

app = typer.Typer(
    name="sonik", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
    help="What is on and who is who in Latin America, for agents and people.",
)  # fmt: skip
reading.add_to(app)
writing.add_to(app)
operating.add_to(app)
app.add_typer(syncing.app, name="sync", help="Project truth into graph and vectors.")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(VERSION)


def main() -> None:
    """Run the command line; errors are one sentence and a next step on stderr."""
    errors = Console(stderr=True, soft_wrap=True)
    try:
        app()
    except SonikError as error:
        errors.print(f"[red]{error.code}[/red]: {error.message}", highlight=False)
        if error.next_step:
            errors.print(error.next_step, highlight=False)
        sys.exit(2)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            where = ".".join(map(str, detail["loc"]))
            errors.print(f"[red]invalid[/red] {where}: {detail['msg']}", highlight=False)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
