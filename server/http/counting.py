"""Around everything over HTTP: how many requests there are, how they are answered, and why some are refused."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.observing.metrics import Metrics
from server.observing.refusals import refusal

EVENTS = b"text/event-stream"


class Counted:
    """An ASGI app that counts the requests of another."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        """Count what an app is asked."""
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        streams = False

        async def sending(message: Message) -> None:
            nonlocal streams
            if message["type"] == "http.response.start":
                self._note(scope, message["status"])
                if not streams and _is_stream(message):
                    streams = True
                    self._metrics.streams.inc()
            await send(message)

        self._metrics.in_flight.inc()
        try:
            await self._app(scope, receive, sending)
        finally:
            self._metrics.in_flight.dec()
            if streams:
                self._metrics.streams.dec()

    def _note(self, scope: Scope, status: int) -> None:
        self._metrics.answered(status)
        reason = refusal(scope, status)
        if reason is not None:
            self._metrics.refused(reason)


def _is_stream(message: Message) -> bool:
    return any(name == b"content-type" and value.startswith(EVENTS) for name, value in message.get("headers", ()))
