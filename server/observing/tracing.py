"""OpenTelemetry: the spans of calls go to a collector where one is named; a request's own trace goes on in them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from threading import Thread

from opentelemetry.context import attach, detach
from opentelemetry.trace import set_tracer_provider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Receive, Scope, Send

from sonik.errors import MissingBinary
from sonik.settings import Settings

PARENT = b"traceparent"
SDK = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
# What is still to be sent at the end waits no longer than this: a client terminates a server after two seconds.
CLOSE_SECONDS = 1.0

_propagator = TraceContextTextMapPropagator()


def check_tracing(settings: Settings) -> None:
    """Say so where traces are wanted and cannot be made.

    Raises:
        MissingBinary: the packages of the extra are not installed.
    """
    if settings.otlp_endpoint is not None and not all(map(_is_there, SDK)):
        step = "Run `pip install 'sonik[otel]'`, or unset SONIK_OTLP_ENDPOINT."
        raise MissingBinary("The packages that send traces are not installed.", next_step=step)


@asynccontextmanager
async def tracing(settings: Settings) -> AsyncIterator[None]:
    """Send spans while inside, if the settings name a collector; those of the SDK and ours make one trace."""
    if settings.otlp_endpoint is None:
        yield
        return
    check_tracing(settings)
    # Only who wants traces installs what makes them.
    from server.observing.otlp import provider

    sending = provider(settings.otlp_endpoint, ratio=settings.trace_ratio)
    set_tracer_provider(sending)
    try:
        yield
    finally:
        # A collector that does not answer keeps nobody: the thread goes with the process.
        closing = Thread(target=sending.shutdown, daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, CLOSE_SECONDS)


class Continued:
    """An ASGI app in which the trace that a request's header names goes on, unless the message names one itself."""

    def __init__(self, app: ASGIApp) -> None:
        """Continue traces in an app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on within its trace."""
        told = next((value for name, value in scope.get("headers", ()) if name == PARENT), None)
        if told is None:
            await self._app(scope, receive, send)
            return
        token = attach(_propagator.extract({PARENT.decode(): told.decode("latin-1")}))
        try:
            await self._app(scope, receive, send)
        finally:
            detach(token)


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        return False
