"""What a slow proof found, kept as a page of the docs: when, of what, on what and by which command."""

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from docs._tables import cell
from docs._tables import table as markdown_table
from tests.bench.homes import ROOT
from tests.bench.probe import probe
from tests.bench.report import stamp, where

FOLDER = ROOT / "docs" / "proofs"
PAGE = """\
<!-- Written by `{command} --write-docs`. Numbers are not edited by hand. -->

# {title}

Measured on {day} at commit `{commit}` with `{command}`, on {where}.
The fixed loop of the probe took {probe} ms beside it.

{told}
"""


def write_proof(name: str, *, title: str, tables: Sequence[Table], told: str = "") -> Path:
    """Write the page of a proof from the tables it printed, and return where it is.

    The command is told as it was given, without what only says where to write.
    """
    stamped = stamp()
    command = " ".join(["python", "-m", _module(), *(word for word in sys.argv[1:] if word != "--write-docs")])
    parts = [_markdown(table) for table in tables]
    page = PAGE.format(
        command=command, title=title, day=str(stamped["measured_at"])[:10], commit=stamped["commit"],
        where=where(stamped), probe=probe().loop_ms, told="\n\n".join([*parts, told.strip()]).strip(),
    )  # fmt: skip
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name}.md"
    path.write_text(page, encoding="utf-8")
    Console(stderr=True).print(f"written: {path.relative_to(ROOT)}", highlight=False)
    return path


def _module() -> str:
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec.name.removesuffix(".__main__") if spec else Path(sys.argv[0]).stem


def _markdown(table: Table) -> str:
    heading = f"**{_plain(table.title)}**\n\n" if table.title else ""
    columns = [[_plain(content) for content in column.cells] for column in table.columns]
    rows = [tuple(map(cell, row)) for row in zip(*columns, strict=True)]
    return heading + markdown_table(tuple(_plain(column.header) for column in table.columns), rows)


def _plain(content: object) -> str:
    return content.plain if isinstance(content, Text) else Text.from_markup(str(content)).plain
