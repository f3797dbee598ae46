"""A client of the newer protocol era at the bare wire: what it costs must not be what is measured."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import h11

from sonik.types import JsonObject
from tests.load.calls import Call

PROTOCOL = "2026-07-28"
ABOUT: JsonObject = {
    "io.modelcontextprotocol/protocolVersion": PROTOCOL,
    "io.modelcontextprotocol/clientInfo": {"name": "load", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
READ_BYTES = 65_536


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What came back: the status, and the message in it."""

    status: int
    message: Any

    @property
    def failure(self) -> str:
        """What went wrong: the code of a tool error, or the status; nothing if all went well."""
        if self.status != 200 or not isinstance(self.message, dict) or "result" not in self.message:
            return f"status {self.status}"
        result = self.message["result"]
        return str(json.loads(result["content"][0]["text"]).get("code")) if result.get("isError") else ""

    @property
    def result(self) -> Any:
        """The structured content of a tool's result."""
        return self.message["result"].get("structuredContent")


@dataclass(kw_only=True, slots=True)
class Connection:
    """One connection kept alive, on which one call follows the other."""

    port: int
    token: str
    seconds: float = 60.0
    _numbers: "count[int]" = field(default_factory=count)
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
    _state: h11.Connection = field(default_factory=lambda: h11.Connection(h11.CLIENT))

    async def call(self, call: Call) -> Reply:
        """Call a tool.

        Raises:
            OSError, TimeoutError, h11.RemoteProtocolError: the server went away or does not answer.
        """
        body = {
            "jsonrpc": "2.0", "id": next(self._numbers), "method": "tools/call",
            "params": {"name": call.tool, "arguments": call.arguments, "_meta": ABOUT},
        }  # fmt: skip
        try:
            async with asyncio.timeout(self.seconds):
                return await self._ask(call.tool, json.dumps(body).encode())
        except BaseException:
            await self.close()
            raise

    async def ask(self, call: Call) -> str:
        """Call a tool; return what went wrong, nothing if all went well."""
        try:
            return (await self.call(call)).failure
        except (OSError, TimeoutError, h11.RemoteProtocolError) as error:
            return type(error).__name__

    async def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
        self._streams, self._state = None, h11.Connection(h11.CLIENT)

    async def _ask(self, tool: str, body: bytes) -> Reply:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self._streams
        headers = {
            "host": f"127.0.0.1:{self.port}", "authorization": f"Bearer {self.token}",
            "content-type": "application/json", "accept": "application/json, text/event-stream",
            "mcp-protocol-version": PROTOCOL, "mcp-method": "tools/call", "mcp-name": tool,
            "content-length": str(len(body)),
        }  # fmt: skip
        request = h11.Request(method="POST", target="/mcp", headers=list(headers.items()))
        events = (request, h11.Data(data=body), h11.EndOfMessage())
        writer.write(b"".join(self._state.send(event) or b"" for event in events))
        status, parts = 0, []
        async for event in self._events(reader):
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                parts.append(bytes(event.data))
        if self._state.their_state is h11.MUST_CLOSE:
            await self.close()
        else:
            self._state.start_next_cycle()
        return Reply(status=status, message=_message(b"".join(parts)))

    async def _events(self, reader: asyncio.StreamReader) -> AsyncIterator[h11.Event]:
        """Yield what arrives, up to the end of the response."""
        while True:
            event = self._state.next_event()
            if event is h11.NEED_DATA:
                self._state.receive_data(await reader.read(READ_BYTES))
            elif isinstance(event, h11.EndOfMessage):
                return
            elif isinstance(event, h11.Response | h11.Data):
                yield event
            else:
                raise ConnectionResetError("the server hung up")


@asynccontextmanager
async def connections(port: int, tokens: list[str], *, clients: int) -> AsyncIterator[list[Connection]]:
    """Yield so many connections, which share the tokens; they are closed on the way out."""
    made = [Connection(port=port, token=tokens[number % len(tokens)]) for number in range(clients)]
    try:
        yield made
    finally:
        for one in made:
            await one.close()


def _message(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
