"""`python -m eval clients`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from eval.clients.plan import Visit
from eval.clients.run import TOLD, measure
from eval.node import installed
from eval.proof import write_proof
from eval.result import write_whole
from eval.settings import EvalSettings
from eval.tables import console


def clients(
    out: Annotated[Path | None, typer.Option(help="Where everything that was done goes as JSON.")] = None,
    write_docs: Annotated[bool, typer.Option("--write-docs", help="Also write the page of the docs.")] = False,
) -> None:
    """Let clients that others wrote use everything there is; exit with 1 where one does not get it."""
    found = measure(installed(EvalSettings().npm), watch=_tell)
    shown = console()
    for sheet in found.sheets():
        shown.print(sheet.rich())
    if out is not None:
        write_whole(out, json.dumps(found.json(), ensure_ascii=False, indent=1) + "\n")
    if write_docs:
        path = write_proof("clients", title="Clients", against=found.against(), sheets=found.sheets(), told=TOLD)
        typer.echo(f"written: {path.name}")
    if not found.hold:
        raise typer.Exit(1)


def _tell(visit: Visit) -> None:
    done = sum(step.ok for step in visit.steps)
    typer.echo(f"{visit.client} over {visit.transport}, {visit.era}: {done} of {len(visit.steps)}", err=True)
