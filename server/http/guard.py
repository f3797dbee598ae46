"""Around every HTTP route: who is let in, how long and how late a body may be, and what an error looks like."""

import asyncio
import json
import logging
from collections.abc import Sequence
from secrets import token_hex

from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.border import INSIDE, to_report
from sonik.errors import SonikError

logger = logging.getLogger(__name__)

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
HEADERS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))
Headers = Sequence[tuple[bytes, bytes]]

_BODYLESS = ("GET", "HEAD", "OPTIONS", "DELETE")


class Told:
    """An ASGI app around another, whose failures become one line of JSON while nothing was answered yet.

    It goes inside Starlette's own, which would answer with nothing and hang up.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Answer for an app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on; answer it where that fails."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception as error:
            status, told = _told(error)
            if begun:
                raise
            await answer(sending, status, told)


class Guard:
    """An ASGI app that lets through what is meant for us, whole and in time."""

    def __init__(self, app: ASGIApp, *, security: TransportSecuritySettings, most_bytes: int, seconds: float) -> None:
        """Guard an app."""
        self._app = app
        self._security = TransportSecurityMiddleware(security)
        self._most_bytes = most_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on with its body read."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _completed(message.get("headers", []))
            await send(message)

        await self._handle(scope, receive, sending)

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = await self._security.validate_request(Request(scope), is_post=False)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        names = [name for name, _ in scope["headers"]]
        if b"transfer-encoding" in names and b"content-length" in names:
            await answer(send, 400, {"error": "A request has one length."})
            return
        if scope["method"] in _BODYLESS:
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._seconds):
                body = await self._body(scope, receive)
        except TimeoutError:
            await answer(send, 408, {"error": "The request took too long to arrive."})
            return
        if body is None:
            await answer(send, 413, {"error": f"A request has at most {self._most_bytes:,} bytes."})
            return
        await self._app(scope, _replayed(body, receive), send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """Return the whole body, None where it is too long; no more of it is read than that shows."""
        told = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
        if told.isdigit() and int(told) > self._most_bytes:
            return None
        parts: list[bytes] = []
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            parts.append(message.get("body", b""))
            if sum(map(len, parts)) > self._most_bytes:
                return None
            more = message.get("more_body", False)
        return b"".join(parts)


def _completed(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Return headers with those of every answer that are not among them: pages have a referrer policy of their own."""
    told = {name.lower() for name, _ in headers}
    return [*headers, *(header for header in HEADERS if header[0] not in told)]


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a receive that gives the body at once, and then whatever else comes."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _told(error: Exception) -> tuple[int, dict[str, str]]:
    if isinstance(error, SonikError):
        logger.warning("a request failed", extra={"error": str(error)})
        return (503 if error.retryable else 500), {"error": error.message, "fix": error.next_step}
    incident = token_hex(4)
    logger.error("a request failed", extra={"incident": incident}, exc_info=error)
    return 500, {"error": INSIDE, "fix": to_report(incident)}


async def answer(send: Send, status: int, told: dict[str, str], *, headers: Headers = ()) -> None:
    """Answer with one line of JSON."""
    body = json.dumps(told).encode()
    headers = [*headers, (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status in {400, 408, 413}:
        # What is left of the body is not ours to read.
        headers.append((b"connection", b"close"))
    if status == 503:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
