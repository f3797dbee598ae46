"""Write what the docs say of the code: `python -m docs._generate`; `--check` only names the files that are stale."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from docs._pages import PAGES
from docs._tables import cell, table
from tests.bench.figures import FIGURES, number
from tools.catalog import TOOLS

ROOT = Path(__file__).resolve().parent.parent
README = Path("README.md")
REFERENCE = Path("docs") / "reference"
BENCH = Path("build") / "bench.json"
TOOLS_BLOCK = "tools"
FIGURES_BLOCK = "figures"

# The figures a reader wants first; `make bench` prints them all.
SHOWN = (
    "first_run_s", "cold_start_s", "attach_s", "ingest_records_per_s", "projection_lag_ms.p50", "search_ms.p50",
    "search_ms.p95", "engine_ratio", "tool_list_tokens",
)  # fmt: skip


def generated(root: Path = ROOT, *, figures: bool = True) -> dict[Path, str]:
    """Return every generated file, by its path under `root`; figures are those of the last bench, if there was one."""
    files = {REFERENCE / f"{name}.md": page() for name, page in PAGES.items()}
    readme = with_block((root / README).read_text(encoding="utf-8"), TOOLS_BLOCK, tool_table())
    measured = root / BENCH
    if figures and measured.is_file():
        readme = with_block(readme, FIGURES_BLOCK, figure_table(json.loads(measured.read_text(encoding="utf-8"))))
    return {**files, README: readme}


def stale(root: Path = ROOT) -> list[Path]:
    """Return the generated files that differ from what the code says now; figures are a matter of the machine."""
    return [path for path, text in generated(root, figures=False).items() if _read(root / path) != text]


def write(root: Path = ROOT) -> list[Path]:
    """Write what differs and return it."""
    changed = {path: text for path, text in generated(root).items() if _read(root / path) != text}
    for path, text in changed.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return list(changed)


def with_block(text: str, name: str, content: str) -> str:
    """Return the text with the part between the markers of a block replaced.

    Raises:
        ValueError: the markers are not there.
    """
    opening, closing = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
    pattern = re.compile(f"{re.escape(opening)}.*?{re.escape(closing)}", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"the markers of the block '{name}' are missing")
    return pattern.sub(lambda _: f"{opening}\n{content.strip()}\n{closing}", text)


def tool_table() -> str:
    """Return the README's table of tools."""
    rows = [
        (
            f"[`{tool.name}`](docs/reference/tools.md#{tool.name})",
            cell(tool.description.splitlines()[0]),
            "reads" if tool.read_only else "writes",
        )
        for tool in TOOLS
    ]
    return table(("Tool", "What it does", "Access"), rows)


def figure_table(measured: Mapping[str, object]) -> str:
    """Return the README's table of figures; what was not measured is left out."""
    rows = [
        (figure.label, figure.shown(measured), f"≤ {number(figure.goal)} {figure.unit}" if figure.goal else "")
        for figure in FIGURES
        if figure.path in SHOWN and figure.value(measured) is not None
    ]
    return table(("Measured", "Result", "Goal"), rows)


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


def main(arguments: Sequence[str], *, root: Path = ROOT) -> int:
    """Write the files, or with `--check` name the stale ones; return the exit code."""
    checking = "--check" in arguments
    paths = stale(root) if checking else write(root)
    for path in paths:
        sys.stdout.write(f"{'stale' if checking else 'written'}: {path.as_posix()}\n")
    if checking and paths:
        sys.stdout.write("Run `python -m docs._generate` and commit what it writes.\n")
    return int(checking and bool(paths))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
