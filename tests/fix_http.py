"""A real server over HTTP, tokens of an issuer that tests play, and clients in both protocol eras."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import jwt
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.fix_mcp import ANSWER_SECONDS, ROOT, server_environment

ISSUER = "https://id.example"
AUDIENCE = "https://mcp.sonik.example/mcp"
SHARED = "a key that only the issuer and Sonik know"
START_SECONDS = 60
POLL_SECONDS = 0.05


class Served:
    """A `sonik serve --http` of its own, ended with the test."""

    def __init__(self, home: Path, *, log: Path, workers: int, environment: dict[str, str]) -> None:
        self.port = _free_port()
        self._log = log
        ours = {
            "SONIK_OAUTH_ISSUER": ISSUER, "SONIK_OAUTH_KEY": SHARED, "SONIK_PUBLIC_URL": AUDIENCE, **environment
        }  # fmt: skip
        command = [sys.executable, "-m", "server.cli", "serve", "--http", "--port", str(self.port)]
        with log.open("w") as stderr:
            self._process = subprocess.Popen(
                [*command, "--workers", str(workers)], stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr, cwd=ROOT,
                env=server_environment(home, **ours),
            )  # fmt: skip

    @property
    def pid(self) -> int:
        """The process that was started."""
        return self._process.pid

    @property
    def url(self) -> str:
        """Where MCP is."""
        return f"{self.base}/mcp"

    @property
    def base(self) -> str:
        """Where the routes are."""
        return f"http://127.0.0.1:{self.port}"

    def wait_ready(self) -> None:
        """Wait until questions are taken."""
        ends = time.monotonic() + START_SECONDS
        while not self._is_ready():
            assert self._process.poll() is None, self.log()
            assert time.monotonic() < ends, self.log()
            time.sleep(POLL_SECONDS)

    def wait_well(self) -> None:
        """Wait until every store reads: a machine that is busy is late now and then."""
        ends = time.monotonic() + START_SECONDS
        while "does not answer" in (told := self.ask("GET", "/health").text):
            assert time.monotonic() < ends, told
            time.sleep(POLL_SECONDS)

    def ask(self, method: str, path: str, **told: Any) -> httpx2.Response:
        """Send one request."""
        with httpx2.Client(timeout=ANSWER_SECONDS) as client:
            return client.request(method, f"{self.base}{path}", **told)

    def log(self) -> str:
        """Return what it wrote so far."""
        return self._log.read_text(encoding="utf-8")

    def resident_kib(self) -> int:
        """Return how much memory the process has (KiB)."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))

    def ended(self, *, within: float) -> int:
        """Ask it to end, and return its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=within)

    def close(self) -> None:
        """End the process if it still runs."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=ANSWER_SECONDS)

    def _is_ready(self) -> bool:
        try:
            return self.ask("GET", "/ready").status_code == httpx2.codes.OK
        except httpx2.TransportError:
            return False


def claims_of(**claims: object) -> dict[str, object]:
    """Return the claims of Ana, a reader, changed as told; None leaves one out."""
    now = int(time.time())
    told = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ana", "iat": now, "exp": now + 600, **claims}
    return {name: value for name, value in told.items() if value is not None}


def a_token(*, key: str = SHARED, **claims: object) -> str:
    """Return an access token signed with the shared key."""
    return jwt.encode(claims_of(**claims), key, "HS256")


@asynccontextmanager
async def connected(served: Served, *, token: str | None, era: str = "auto") -> AsyncIterator[Client]:
    """Yield a client over HTTP with a bearer token."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=ANSWER_SECONDS) as http,
        Client(
            streamable_http_client(served.url, http_client=http), mode=era, read_timeout_seconds=ANSWER_SECONDS
        ) as client,
    ):
        yield client


@contextmanager
def serving(home: Path, *, workers: int = 1, **environment: str) -> Iterator[Served]:
    """Yield a server over a home that takes questions, and end it: before its home goes."""
    with TemporaryDirectory(prefix="sonik-http-") as folder:
        served = Served(home, log=Path(folder) / "log", workers=workers, environment=environment)
        try:
            served.wait_ready()
            yield served
        finally:
            served.close()


@pytest.fixture
def serve_http(home: Path, medellin_home: Path) -> Iterator[Callable[..., Served]]:
    """A function that starts a server over the test's own home or the sample market; all end with the test."""
    del home, medellin_home  # they are to outlive the servers
    with ExitStack() as stack:
        yield lambda *arguments, **told: stack.enter_context(serving(*arguments, **told))


@pytest.fixture(scope="session")
def served(medellin_home: Path) -> Iterator[Served]:
    """Two workers over the sample market, for as many requests as there are tests: bounds have servers of their own."""
    counted = ("RATE", "ORG_RATE", "FAILURES")
    unbounded = {f"SONIK_HTTP_{what}_PER_MINUTE": "0" for what in counted}
    with serving(medellin_home, workers=2, **unbounded) as opened:
        yield opened


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
