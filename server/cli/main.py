"""The `sonik` command, and the one place where an error becomes an exit code."""

import logging
import sys

import typer

from server.cli.commands import COMMANDS
from server.cli.deferred import DeferredGroup
from sonik.errors import SonikError

logger = logging.getLogger(__name__)

app = DeferredGroup(
    name="sonik", help="What is on and who is who in Latin America, for agents and people.", deferred=COMMANDS
)


def main() -> None:
    """Run the command line; errors are one sentence and a next step on stderr."""
    try:
        app()
    except SonikError as error:
        sys.exit(_told(error.code, error.message, error.next_step))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if invalid := _invalid(error):
            sys.exit(_told("invalid_arguments", *invalid))
        logger.debug("a command failed", exc_info=error)
        step = "SONIK_LOG_LEVEL=DEBUG shows where; please report it."
        _told("internal", f"Something went wrong inside Sonik ({type(error).__name__}).", step)
        sys.exit(1)


def _invalid(error: Exception) -> tuple[str, str] | None:
    """Return what is wrong with arguments or settings and what to do, if that is the error."""
    # A command that met none has no use for what takes most of a start to import.
    from pydantic import ValidationError

    from sonik.settings import Settings
    from tools.arguments import problems

    if not isinstance(error, ValidationError):
        return None
    step = "Correct SONIK_* in the environment." if error.title == Settings.__name__ else "See --help."
    return problems(error), step


def _told(code: str, message: str, step: str) -> int:
    typer.secho(code, fg="red", err=True, nl=False)
    typer.echo(f": {message}", err=True)
    typer.echo(step, err=True)
    return 2
