"""`sonik version`."""

import typer

from server.version import VERSION


def version() -> None:
    """Print the version."""
    typer.echo(VERSION)
