"""The `sonik` command: its groups, and the one place where an error becomes an exit code."""

import logging
import sys

import typer
from pydantic import ValidationError

from server.cli import (
    access,
    auditing,
    caching,
    jobs,
    keeping,
    learning,
    operating,
    people,
    reading,
    remembering,
    syncing,
    writing,
)
from server.version import VERSION
from sonik.errors import SonikError
from sonik.settings import Settings
from tools.arguments import problems

logger = logging.getLogger(__name__)

app = typer.Typer(
    name="sonik", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
    help="What is on and who is who in Latin America, for agents and people.",
)  # fmt: skip
reading.add_to(app)
remembering.add_to(app)
writing.add_to(app)
operating.add_to(app)
keeping.add_to(app)
app.add_typer(jobs.app, name="job", help="Show jobs, cancel them, try them again, do them.")
app.add_typer(access.app, name="keys", help="Make keys for callers over the network, list them, revoke them.")
app.add_typer(people.app, name="people", help="Add people who sign in with a browser, list them, revoke them.")
app.add_typer(auditing.app, name="audit", help="Show who called and wrote what, seal the log, check its seals.")
app.add_typer(caching.app, name="cache", help="Show what is kept of answers, and forget it.")
app.add_typer(learning.app, name="learn", help="Learn from use, show what was learned, take it back.")
app.add_typer(syncing.app, name="sync", help="Project truth into graph and vectors.")


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(VERSION)


def main() -> None:
    """Run the command line; errors are one sentence and a next step on stderr."""
    try:
        app()
    except SonikError as error:
        sys.exit(_told(error.code, error.message, error.next_step))
    except ValidationError as error:
        step = "Correct SONIK_* in the environment." if error.title == Settings.__name__ else "See --help."
        sys.exit(_told("invalid_arguments", problems(error), step))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        logger.debug("a command failed", exc_info=error)
        step = "SONIK_LOG_LEVEL=DEBUG shows where; please report it."
        _told("internal", f"Something went wrong inside Sonik ({type(error).__name__}).", step)
        sys.exit(1)


def _told(code: str, message: str, step: str) -> int:
    typer.secho(code, fg="red", err=True, nl=False)
    typer.echo(f": {message}", err=True)
    typer.echo(step, err=True)
    return 2
