"""Servers as other programs meet them: processes of their own, over a fresh home with the sample market."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from eval.settings import ROOT
from sonik.errors import OutOfTime

START_SECONDS = 90.0
END_SECONDS = 30.0
LOOK_SECONDS = 0.1
NOW = "2026-11-21T15:00:00-05:00"
SERVE = ("server.cli", "serve", "--http")


@dataclass(frozen=True, kw_only=True, slots=True)
class Market:
    """A home with the sample market in it, and the environment its processes get."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, *arguments: str) -> str:
        """Run a `sonik` command on it and return what it printed."""
        command = [sys.executable, "-m", "server.cli", *arguments]
        return subprocess.run(
            command, env=dict(self.environment), check=True, stdout=subprocess.PIPE, text=True, timeout=START_SECONDS
        ).stdout


@contextmanager
def sample_market() -> Iterator[Market]:
    """Yield a home of the sample market, which goes again."""
    with tempfile.TemporaryDirectory(prefix="sonik-eval-") as name:
        outside = {key: value for key, value in os.environ.items() if not key.startswith("SONIK_")}
        ours = {"SONIK_HOME": f"{name}/home", "SONIK_MARKET": "medellin", "SONIK_NOW": NOW, "SONIK_ROLE": "staff"}
        market = Market(folder=Path(name), environment={**outside, "PYTHONPATH": str(ROOT), **ours})
        market.run("up")
        try:
            market.run("ingest", "sample")
            yield market
        finally:
            market.run("down", "--force")


@contextmanager
def served(market: Market, module: Sequence[str] = SERVE, **environment: str) -> Iterator[str]:
    """Yield the address of a server over a market once it takes questions, and end it.

    Raises:
        OutOfTime: it does not come up.
    """
    port = _free_port()
    log = market.folder / f"{module[0]}-{port}.log"
    with log.open("w") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", *module, "--port", str(port)], stdin=subprocess.DEVNULL, stdout=written,
            stderr=written, env={**market.environment, **environment},
        )  # fmt: skip
    try:
        base = f"http://127.0.0.1:{port}"
        _wait_ready(base, process, log)
        yield base
    finally:
        process.terminate()
        process.wait(timeout=END_SECONDS)


def _wait_ready(base: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    ends = time.monotonic() + START_SECONDS
    while not _is_ready(base):
        if process.poll() is not None or time.monotonic() > ends:
            raise OutOfTime("The server did not come up.", next_step=log.read_text(encoding="utf-8")[-400:])
        time.sleep(LOOK_SECONDS)


def _is_ready(base: str) -> bool:
    try:
        return httpx2.get(f"{base}/ready", timeout=START_SECONDS).status_code == httpx2.codes.OK
    except httpx2.TransportError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
