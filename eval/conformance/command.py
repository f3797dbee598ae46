"""`python -m eval conformance`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from eval.conformance.run import TOLD, measure
from eval.node import installed
from eval.proof import write_proof
from eval.result import write_whole
from eval.settings import EvalSettings
from eval.tables import console


def conformance(
    out: Annotated[Path | None, typer.Option(help="Where everything that was found goes as JSON.")] = None,
    write_docs: Annotated[bool, typer.Option("--write-docs", help="Also write the page of the docs.")] = False,
) -> None:
    """Run the public conformance suite against our server; exit with 1 where a failure is not in the baseline."""
    found = measure(installed(EvalSettings().npm))
    shown = console()
    for sheet in found.sheets():
        shown.print(sheet.rich())
    if out is not None:
        write_whole(out, json.dumps(found.json(), ensure_ascii=False, indent=1) + "\n")
    if write_docs:
        against = f"{found.suite} on Node {found.node}"
        path = write_proof("conformance", title="Conformance", against=against, sheets=found.sheets(), told=TOLD)
        typer.echo(f"written: {path.name}")
    if not found.verdict.holds:
        raise typer.Exit(1)
