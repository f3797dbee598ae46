"""What a run against our server found, kept as a page of the docs and as JSON."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from eval.result import write_whole
from eval.run import commit_of
from eval.settings import ROOT
from eval.tables import Sheet

FOLDER = ROOT / "docs" / "proofs"
PAGE = """\
<!-- Written by `{command} --write-docs`. Numbers are not edited by hand. -->

# {title}

Run on {day} at commit `{commit}` with `{command}`: {against}.

{told}
"""


def write_proof(
    name: str, *, title: str, against: str, sheets: Sequence[Sheet], told: str, folder: Path = FOLDER
) -> Path:
    """Write the page of a command of the eval and return where it is."""
    page = PAGE.format(
        command=f"python -m eval {name}", title=title, day=f"{datetime.now(UTC):%Y-%m-%d}", commit=commit_of()[:10],
        against=against, told="\n\n".join([told.strip(), *(sheet.markdown() for sheet in sheets)]),
    )  # fmt: skip
    path = folder / f"{name}.md"
    write_whole(path, page)
    return path
