"""Documents taken apart, and a shell in which their commands run on a home of its own."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fix_engine import NOW

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = (
    *sorted(path.relative_to(ROOT) for path in ROOT.glob("*.md")),
    *sorted(path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md")),
)
RUN_SECONDS = 240
LAUNCHER = '#!/bin/sh\nexec "{python}" -c "from server.cli import main; main()" "$@"\n'

_BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>test[^>]*) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
_EXIT = re.compile(r"ends with (\d+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A fenced block; `mark` is the comment above it that makes it a test."""

    language: str
    text: str
    mark: str

    @property
    def exit_code(self) -> int:
        """What the block is to end with."""
        stated = _EXIT.search(self.mark)
        return int(stated[1]) if stated else 0


def blocks(document: Path, language: str) -> list[Block]:
    """Return the blocks of a document in one language."""
    found = _BLOCK.finditer((ROOT / document).read_text(encoding="utf-8"))
    every = [Block(language=match["language"], text=match["text"], mark=match["mark"] or "") for match in found]
    return [block for block in every if block.language == language]


def script(document: Path) -> str:
    """Return the marked blocks of a document as one script that stops where one does not end as it should."""
    parts = ["set -euo pipefail"]
    for block in blocks(document, "sh"):
        if block.mark and block.exit_code == 0:
            parts.append(block.text)
        elif block.mark:
            parts.append(f"(\n{block.text}) && exit 99 || test $? -eq {block.exit_code}")
    return "\n".join(parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shell:
    """Where commands run: `sonik` is on the path, the clock stands still, the home holds the sample market."""

    folder: Path
    environment: dict[str, str]

    @property
    def sonik(self) -> Path:
        """The command."""
        return self.folder / "bin" / "sonik"

    def run(self, text: str) -> subprocess.CompletedProcess[str]:
        """Run a script in the folder."""
        return subprocess.run(
            ["bash", "-c", text], cwd=self.folder, env=self.environment, capture_output=True, text=True,
            timeout=RUN_SECONDS, check=False,
        )  # fmt: skip


@pytest.fixture(scope="session")
def shell() -> Iterator[Shell]:
    """A shell after `make install` and `sonik ingest sample`, whose servers run until the end."""
    folder = Path(tempfile.mkdtemp(prefix="sonik-docs-"))
    opened = Shell(folder=folder, environment=_environment(folder))
    opened.sonik.parent.mkdir()
    opened.sonik.write_text(LAUNCHER.format(python=sys.executable), encoding="utf-8")
    opened.sonik.chmod(0o755)
    try:
        filled = opened.run("sonik up && sonik ingest sample")
        assert filled.returncode == 0, filled.stderr
        yield opened
    finally:
        # A document may make homes of its own.
        for cluster in folder.glob("*/postgres"):
            opened.run(f'SONIK_HOME="{cluster.parent}" sonik down --force')
        shutil.rmtree(folder)


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.pathsep.join((str(folder / "bin"), str(Path(sys.executable).parent), os.environ["PATH"])),
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "SONIK_HOME": str(folder / "home"),
        "SONIK_NOW": NOW.isoformat(),
        "SONIK_KEEP_SERVERS": "true",
    }
