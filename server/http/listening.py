"""Listen on a port: one process, or several workers over stores that the parent holds up."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from secrets import token_urlsafe

import uvicorn
from anyio.from_thread import start_blocking_portal
from starlette.types import ASGIApp

from server.http.app import app
from server.http.guard import LOOPBACK
from server.observing.shared_counts import counted_together
from sonik.errors import Misconfigured
from sonik.settings import Settings
from sonik.stores.addresses import attached
from sonik.stores.allocator import share_arenas

# An open stream would hold a worker for ever.
GRACE_SECONDS = 5
KEEP_ALIVE_SECONDS = 30


def listen(settings: Settings, *, host: str, port: int, workers: int) -> None:
    """Serve until a signal comes.

    Raises:
        Misconfigured: callers need no token and the address is not this machine's own, or the settings of an issuer do
            not fit together: here, before a worker would die of it again and again.
    """
    if settings.http_auth == "off" and host not in {*LOOPBACK, "::1"}:
        step = "Listen on 127.0.0.1, or leave SONIK_HTTP_AUTH at required and make keys with `sonik keys create`."
        raise Misconfigured(f"Whoever reaches {host} would need no token.", next_step=step)
    served = app(settings)
    sys.stderr.write(f"MCP at http://{host}:{port}/mcp, health at /health; stop with Ctrl-C.\n")
    if workers == 1:
        share_arenas()
        run(served, host=host, port=port)
        return
    if settings.secret is None:
        # Workers that made up a secret each would refuse one another's cursors.
        os.environ["SONIK_SECRET"] = token_urlsafe(32)
    with _held(settings), counted_together(settings):
        run("server.http.app:from_environment", host=host, port=port, workers=workers)


def run(served: ASGIApp | str, *, host: str, port: int, workers: int = 1) -> None:
    """Serve an app, or what makes one in each worker, until a signal comes."""
    uvicorn.run(
        served, factory=isinstance(served, str), host=host, port=port, workers=workers, http="h11", ws="none",
        log_config=None, access_log=False, server_header=False, timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )  # fmt: skip


@contextmanager
def _held(settings: Settings) -> Iterator[None]:
    """Hold the embedded servers up, if there are any: they outlive every worker, and start again if they die."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(attached(settings)):
        yield
