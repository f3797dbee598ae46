"""Real MCP clients over stdio in both protocol eras, one in memory, and a process spoken to in bare JSON-RPC lines."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from mcp_types import CallToolResult, TextContent

from server.app import build
from server.opening import Opening
from sonik.engine import Engine
from sonik.retrieval.pack import cost, count_tokens
from sonik.settings import Settings
from tests.fix_engine import NOW

ROOT = Path(__file__).resolve().parent.parent
ANSWER_SECONDS = 60
ERAS = ("auto", "legacy")
Json = dict[str, Any]


class Standing(Opening):
    """An opening whose engine stands open already, and is not its own to close."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine.settings)
        self._engine = engine
        self.calls = engine.calls

    def start(self) -> None:
        """There is nothing to open."""

    async def engine(self) -> Engine:
        return self._engine

    async def close(self) -> None:
        """Whoever opened the engine closes it."""


class Wire:
    """A server process spoken to in bare lines; everything it writes to stdout must be JSON-RPC."""

    def __init__(self, home: Path, *, log: Path, environment: dict[str, str]) -> None:
        self.messages: list[Json] = []
        self._log = log
        with log.open("w") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr,
                encoding="utf-8", cwd=ROOT, env=server_environment(home, **environment),
            )  # fmt: skip
        self._lines: Queue[str] = Queue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        self.asked = 0

    def send_line(self, line: str) -> None:
        """Send a line as it stands."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def ask(self, method: str, params: str = "{}") -> Json:
        """Send a request whose params are JSON text, right or wrong, and return the response to it."""
        self.asked += 1
        self.send_line(f'{{"jsonrpc":"2.0","id":{self.asked},"method":"{method}","params":{params}}}')
        while True:
            message = self._next()
            if message.get("id") == self.asked:
                return message

    def greet(self) -> Json:
        """Open the connection as a client of the handshake era does."""
        client = '"capabilities":{},"clientInfo":{"name":"wire","version":"1"}'
        answer = self.ask("initialize", f'{{"protocolVersion":"2025-11-25",{client}}}')
        self.send_line('{"jsonrpc":"2.0","method":"notifications/initialized"}')
        return answer

    def call(self, tool: str, arguments: str) -> Json:
        """Call a tool with arguments as JSON text; return its result."""
        result: Json = self.ask("tools/call", f'{{"name":"{tool}","arguments":{arguments}}}')["result"]
        return result

    def signalled(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code; a process that stays is an error."""
        self._process.send_signal(number)
        return self._process.wait(timeout=2.5)

    def hung_up(self) -> int:
        """Close stdin and return the exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self.ended()

    def ended(self) -> int:
        """Return the exit code of a process that ends by itself."""
        return self._process.wait(timeout=10)

    @property
    def lives(self) -> bool:
        return self._process.poll() is None

    def stderr(self) -> str:
        """Return what it wrote to stderr so far."""
        return self._log.read_text(encoding="utf-8")

    def rest(self) -> list[Json]:
        """Return every message of an ended process, those included that nobody waited for."""
        self._reader.join(timeout=10)
        while not self._lines.empty():
            self._next()
        return self.messages

    def close(self) -> None:
        """End the process if it still runs."""
        if self.lives:
            self._process.kill()
        self._process.wait(timeout=30)
        self._reader.join(timeout=30)
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with suppress(BrokenPipeError):
                stream.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)

    def _next(self) -> Json:
        line = self._lines.get(timeout=ANSWER_SECONDS)
        message = json.loads(line)
        assert message["jsonrpc"] == "2.0", line
        self.messages.append(message)
        return dict(message)


def server_environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a server over a home, with the clock of the tests."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("SONIK_")}
    ours = {"SONIK_HOME": str(home), "SONIK_MARKET": "medellin", "SONIK_NOW": NOW.isoformat(), **more}
    return {**outside, "PYTHONPATH": str(ROOT), **ours}


@pytest.fixture(scope="session")
async def stdio_clients(medellin_home: Path) -> AsyncIterator[dict[str, Client]]:
    """A real client for each protocol era, each with a server process of its own."""
    async with AsyncExitStack() as stack:
        clients = {}
        for era in ERAS:
            server = StdioServerParameters(
                command=sys.executable, args=["-m", "server"], env=server_environment(medellin_home), cwd=ROOT
            )
            clients[era] = await stack.enter_async_context(
                Client(server, mode=era, read_timeout_seconds=ANSWER_SECONDS)
            )
        yield clients


@pytest.fixture(params=ERAS)
def client(request: pytest.FixtureRequest, stdio_clients: dict[str, Client]) -> Client:
    """A client over stdio; every test that takes it runs in both eras."""
    return stdio_clients[request.param]


@pytest.fixture(scope="session")
async def memory_client(market: Engine) -> AsyncIterator[Client]:
    """A client in the same process, for tests that call often."""
    async with Client(build(Standing(market)), raise_exceptions=True) as opened:
        yield opened


@pytest.fixture
async def writing_client(settings: Settings) -> AsyncIterator[Client]:
    """A client in the same process over empty stores, of one who may deliver records and see all of them."""
    async with (
        Engine.open(settings.model_copy(update={"role": "staff"})) as engine,
        Client(build(Standing(engine)), raise_exceptions=True) as opened,
    ):
        yield opened


@pytest.fixture
def start_wire(tmp_path: Path) -> Iterator[Callable[..., Wire]]:
    """A function that starts a server process over a home; all end with the test."""
    started: list[Wire] = []

    def start(home: Path, **environment: str) -> Wire:
        started.append(Wire(home, log=tmp_path / f"stderr-{len(started)}", environment=environment))
        return started[-1]

    yield start
    for wire in started:
        wire.close()


@pytest.fixture(scope="session")
def wire(tmp_path_factory: pytest.TempPathFactory, medellin_home: Path) -> Iterator[Wire]:
    """A greeted server process over the sample market, that must live through everything it is sent."""
    opened = Wire(medellin_home, log=tmp_path_factory.mktemp("wire") / "stderr", environment={})
    opened.greet()
    yield opened
    opened.close()


def data_of(result: CallToolResult) -> Json:
    """Return the structured content of a call that went well."""
    assert not result.is_error, text_of(result)
    assert result.structured_content is not None
    return dict(result.structured_content)


def text_of(result: CallToolResult) -> str:
    """Return the text of a result."""
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


def error_of(result: CallToolResult) -> Json:
    """Return the tool error of a call that went wrong, after checking its shape."""
    assert result.is_error
    return checked_error(text_of(result))


def checked_error(text: str) -> Json:
    """Return a tool error as data: a code, what happened, and what to do."""
    told: Json = json.loads(text)
    assert set(told) <= {"code", "message", "fix", "field", "retryable"}
    assert all((told["code"], told["message"], told["fix"]))
    assert len(text) <= 900
    assert "Traceback" not in text
    assert "pydantic.dev" not in text
    return told


def tokens_of(result: CallToolResult) -> int:
    """Return what a result costs its reader, data and text together."""
    return cost(data_of(result)) + count_tokens(text_of(result))
