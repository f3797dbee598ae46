"""Homes of embedded servers, and other processes that visit them."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from sonik.errors import SonikError
from sonik.settings import Settings
from sonik.stores import embedded

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = "import sys; from tests.fix_embedded import visit; visit(sys.argv[1])"


@dataclass(frozen=True, kw_only=True, slots=True)
class Joined:
    """What another process got from attaching."""

    pid: int
    pids: dict[str, int]
    started: list[str]
    search: bool


class Visitor:
    """Another process: it attaches, says what it got, and closes when told."""

    def __init__(
        self,
        settings: Settings,
        *,
        wrapper: tuple[str, ...] = (),
        tmpdir: Path | None = None,
    ) -> None:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(settings.home),
        }
        if tmpdir:
            environment["TMPDIR"] = str(tmpdir)
        self.process = subprocess.Popen(
            [*wrapper, sys.executable, "-c", SCRIPT, settings.model_dump_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=ROOT,
        )

    def said(self) -> dict[str, str]:
        """Return the line it wrote: what it got, or the error it met; empty when it was killed before."""
        assert self.process.stdout is not None
        said: dict[str, str] = json.loads(self.process.stdout.readline() or "{}")
        return said

    def joined(self) -> Joined:
        """Return what it got from attaching."""
        return Joined(**self.said())  # type: ignore[arg-type] # the fields came as JSON

    def close(self) -> None:
        """Let it close its share and end."""
        self.process.communicate("close\n", timeout=30)

    def kill(self) -> None:
        """End it by SIGKILL."""
        self.process.kill()
        self.process.communicate(timeout=30)


def visit(settings: str) -> None:
    """Attach, say what came of it, wait for a line, close: the body of the other process."""

    async def stay() -> None:
        try:
            share = await embedded.attach(Settings.model_validate_json(settings))
        except SonikError as error:
            print(json.dumps({"code": error.code, "message": error.message, "next_step": error.next_step}), flush=True)
            return
        got = {"pid": os.getpid(), "pids": share.pids, "started": sorted(share.started_servers), "search": share.search}
        print(json.dumps(got), flush=True)
        if sys.stdin.readline():
            await embedded.close(share)

    asyncio.run(stay())


@pytest.fixture(scope="session")
def initialised_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that was started once and stopped: the pattern the others are copied from."""
    home = tmp_path_factory.mktemp("embedded") / "home"

    async def once() -> None:
        await embedded.close(await embedded.attach(Settings(home=home)))

    asyncio.run(once())
    return home


@pytest.fixture
def place_home(initialised_home: Path) -> Iterator[Callable[[Path], Path]]:
    """A function that puts an initialised home at a path; what runs there is stopped at the end."""
    placed: list[Path] = []

    def place(path: Path) -> Path:
        shutil.copytree(initialised_home, path)
        placed.append(path)
        return path

    yield place
    for path in placed:
        with suppress(SonikError):
            asyncio.run(embedded.down(Settings(home=path), force=True))


@pytest.fixture
def embedded_home(place_home: Callable[[Path], Path], tmp_path: Path) -> Path:
    """An initialised home where nothing runs."""
    return place_home(tmp_path / "home")


@pytest.fixture
def embedded_settings(embedded_home: Path) -> Settings:
    """Settings over an initialised home."""
    return Settings(home=embedded_home)


@pytest.fixture
def send_visitor(embedded_settings: Settings) -> Iterator[Callable[[], Visitor]]:
    """A function that sends another process to the home."""
    sent: list[Visitor] = []

    def send() -> Visitor:
        sent.append(Visitor(embedded_settings))
        return sent[-1]

    yield send
    for one in sent:
        one.kill()


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every account may enter, unlike those of pytest."""
    directory = Path(tempfile.mkdtemp(prefix="sonik-open-")).resolve()
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)
