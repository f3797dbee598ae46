"""Streams that stay open over HTTP: so many of a caller and in all, and none longer than its token or its reader."""

import asyncio
import logging
import signal
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from types import FrameType

import anyio
from mcp.server.auth.provider import TokenVerifier
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.callers import Bearer
from server.http.bounds import TOO_MANY, bearer_of, caller_key, is_stream, retry_after
from server.http.guard import answer
from server.observing.refusals import refuse
from sonik.errors import SonikError
from sonik.settings import Settings
from sonik.stores.cancellation import cancelled

logger = logging.getLogger(__name__)

# How long a token that was revoked keeps its streams, and how long a reader may take none of what is sent.
CHECK_SECONDS = 10.0
STALLED_SECONDS = 60.0
END_SECONDS = 1.0
AGAIN_SECONDS = 5
LOCAL = "local"
Handler = Callable[[int, FrameType | None], object]


class Streams:
    """An ASGI app that lets a stream open while there is room, and closes it in time; it goes inside of the bounds."""

    def __init__(
        self, app: ASGIApp, *, settings: Settings, verifier: TokenVerifier | None,
        check_seconds: float = CHECK_SECONDS, stalled_seconds: float = STALLED_SECONDS,
    ) -> None:  # fmt: skip
        """Bound the streams of an app; without a verifier everyone is the local caller."""
        self._app = app
        self._verifier = verifier
        self._most = settings.http_streams
        self._most_in_all = settings.http_streams_in_all
        self._check_seconds = check_seconds
        self._stalled_seconds = stalled_seconds
        self._open: Counter[str] = Counter()
        self._streams: set[_Stream] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on; a stream only while there is room for it."""
        if scope["type"] == "lifespan":
            self._heed_signals()
        bearer = bearer_of(scope)
        if scope["type"] != "http" or not is_stream(scope) or (bearer is None and self._verifier is not None):
            await self._app(scope, receive, send)
            return
        caller = caller_key(bearer) if bearer else LOCAL
        told = self._too_many(caller)
        if told:
            refuse(scope, "streams")
            logger.info("a request was refused", extra={"bound": "streams"})
            await answer(send, TOO_MANY, told, headers=retry_after(AGAIN_SECONDS))
            return
        self._open[caller] += 1
        try:
            await self._serve(bearer, scope, receive, send)
        finally:
            self._open[caller] -= 1
            if not self._open[caller]:
                del self._open[caller]

    def _too_many(self, caller: str) -> dict[str, str] | None:
        """Return what to tell of a stream that there is no room for."""
        if self._most and self._open[caller] >= self._most:
            fix = "Close one, or subscribe to several resources in one."
            return {"error": f"More than {self._most:,} open streams of one caller.", "fix": fix}
        if self._most_in_all and self._open.total() >= self._most_in_all:
            return {"error": "This server has no room for another stream.", "fix": f"Try again in {AGAIN_SECONDS} s."}
        return None

    async def _serve(self, bearer: Bearer | None, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a stream until it ends by itself, its token does, or nobody reads it."""
        stream = _Stream(send, stalled_seconds=self._stalled_seconds)
        checking = asyncio.create_task(self._check(bearer, stream)) if bearer else None
        self._streams.add(stream)
        try:
            with stream.open:
                await self._app(scope, receive, stream.send)
        finally:
            self._streams.discard(stream)
            if checking is not None:
                await cancelled(checking)
        await stream.end()

    def _heed_signals(self) -> None:
        """Close the streams as soon as the process is told to end: its server would wait for them."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            before = signal.getsignal(number)
            if callable(before) and threading.current_thread() is threading.main_thread():
                signal.signal(number, partial(self._leave, loop, before))

    def _leave(self, loop: asyncio.AbstractEventLoop, before: Handler, number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(self._close)
        before(number, frame)

    def _close(self) -> None:
        for stream in self._streams:
            stream.open.cancel()

    async def _check(self, bearer: Bearer, stream: "_Stream") -> None:
        """Close the stream when its token does not stand for the same caller any more."""
        if self._verifier is None:
            return
        while True:
            await asyncio.sleep(self._check_seconds)
            try:
                found = await self._verifier.verify_token(bearer.token)
            except SonikError:
                continue  # whether it holds is not known now
            if not isinstance(found, Bearer) or found.caller != bearer.caller:
                stream.open.cancel()
                return


class _Stream:
    """What is sent to one reader; closed when it takes nothing for too long."""

    def __init__(self, send: Send, *, stalled_seconds: float) -> None:
        self.open = anyio.CancelScope()
        self._send = send
        self._stalled_seconds = stalled_seconds
        self._begun = self._ended = False

    async def send(self, message: Message) -> None:
        """Send a message as soon as the reader has room for it."""
        self._begun = True
        self._ended = message["type"] == "http.response.body" and not message.get("more_body", False)
        try:
            async with asyncio.timeout(self._stalled_seconds):
                await self._send(message)
        except TimeoutError:
            logger.info("a stream was closed", extra={"reason": "nobody reads it"})
            self.open.cancel()
            await anyio.sleep_forever()

    async def end(self) -> None:
        """Say that it is over, where that was not said."""
        if self._begun and not self._ended:
            with anyio.move_on_after(END_SECONDS):
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
