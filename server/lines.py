"""Messages of stdio; a line that is none is answered too, for whoever sent it waits."""

import json
from collections.abc import Awaitable, Callable
from contextvars import Context
from types import TracebackType
from typing import Protocol

import anyio
from mcp.shared.message import SessionMessage
from mcp_types import PARSE_ERROR, ErrorData, JSONRPCError
from pydantic import ValidationError

READ_ERROR = (
    "This line cannot be read: it is no JSON-RPC message, is nested too deep, or has half of a surrogate pair in a "
    "text. Send it again without that."
)


class Incoming(Protocol):
    """What the transport reads: messages, and errors for the lines that are none."""

    last_context: Context | None

    async def receive(self) -> SessionMessage | Exception:
        """Return the next one."""

    async def aclose(self) -> None:
        """Read no more."""


class Messages:
    """The messages among what comes in; each line that is none is answered with an error, and passed over."""

    def __init__(self, incoming: Incoming, send: Callable[[SessionMessage], Awaitable[None]]) -> None:
        self._incoming = incoming
        self._send = send

    @property
    def last_context(self) -> Context | None:
        """The context in which the last message was sent."""
        return self._incoming.last_context

    async def receive(self) -> SessionMessage:
        """Return the next message."""
        while isinstance(item := await self._incoming.receive(), Exception):
            line = _line_of(item)
            if line is None or line.strip():
                error = ErrorData(code=PARSE_ERROR, message=READ_ERROR)
                await self._send(SessionMessage(JSONRPCError(jsonrpc="2.0", id=_id_in(line), error=error)))
        return item

    async def aclose(self) -> None:
        """Read no more."""
        await self._incoming.aclose()

    def __aiter__(self) -> "Messages":
        return self

    async def __anext__(self) -> SessionMessage:
        try:
            return await self.receive()
        except anyio.EndOfStream as error:
            raise StopAsyncIteration from error

    async def __aenter__(self) -> "Messages":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def _line_of(error: Exception) -> str | None:
    """Return the line that the SDK could not read, where it tells it."""
    given = error.errors(include_url=False)[0]["input"] if isinstance(error, ValidationError) else None
    return given if isinstance(given, str) else None


def _id_in(line: str | None) -> str | int | None:
    """Return the id of an unreadable request, where a more lenient parser finds one."""
    try:
        request = json.loads(line or "null")
    except (ValueError, RecursionError):
        return None
    found = request.get("id") if isinstance(request, dict) else None
    fits = (isinstance(found, str) and found.isascii()) or (isinstance(found, int) and not isinstance(found, bool))
    return found if fits else None
