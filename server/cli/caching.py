"""`sonik cache`: what is kept of answers, and forgetting it."""

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from server.cli.running import with_engine
from sonik.errors import Misconfigured

if TYPE_CHECKING:
    from sonik.engine import Engine
    from sonik.retrieval.kept import KeptAnswers

app = typer.Typer(no_args_is_help=True)


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")] = False) -> None:
    """Show how many answers are kept; how questions fared is told by the process that answers them."""
    kept = with_engine(lambda engine: _kept(engine).cache.count())
    if as_json:
        typer.echo(json.dumps({"kept": kept}, indent=2))
        return
    table = Table("answers kept")
    table.add_row("Redis does not answer" if kept is None else str(kept))
    Console().print(table)


@app.command()
def clear() -> None:
    """Forget every kept answer."""
    with_engine(lambda engine: _kept(engine).clear())
    typer.echo("No answers are kept.")


def _kept(engine: "Engine") -> "KeptAnswers":
    if engine.kept is None:
        raise Misconfigured("The cache is off.", next_step="Set SONIK_CACHE=on.")
    return engine.kept
