"""The HTTP app: Streamable HTTP at /mcp for both protocol eras, stateless, and what operators ask."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mcp.server.auth.settings import AuthSettings
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import AnyHttpUrl
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from server.app import SonikServer, build
from server.http.auth import Tokens
from server.http.bounds import Bounds
from server.http.counting import Counted
from server.http.guard import LOOPBACK, Guard, Told
from server.http.guesses import Guesses
from server.http.scraping import Scraping
from server.http.streams import Streams
from server.observing.log import configure_logging
from server.observing.metrics import Metrics
from server.observing.tracing import Continued, check_tracing
from server.opening import Opening
from server.version import VERSION
from server.web import routes
from sonik.errors import SonikError
from sonik.settings import Settings
from sonik.stores.allocator import share_arenas

if TYPE_CHECKING:
    from sonik.engine import Engine

# A second's answer does for everyone who asks: looking reads through every store.
HEALTH_SECONDS = 1.0
# Balancers wait a second or two; what a look finds later than this the next one is told.
READY_SECONDS = 0.25
SERVER = partial(build, standing=False)


def from_environment() -> ASGIApp:
    """Return the app of a worker process."""
    settings = Settings()
    configure_logging(settings)
    share_arenas()
    return app(settings)


def app(settings: Settings, *, built: Callable[[Opening], SonikServer] = SERVER) -> ASGIApp:
    """Return the app around a server; its lifespan opens the engine and closes it.

    Raises:
        Misconfigured: the settings of the issuer do not fit together, or traces are wanted and cannot be made.
    """
    check_tracing(settings)
    metrics = Metrics()
    opening = Opening(settings, meter=metrics)
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=True, allowed_hosts=_hosts(settings), allowed_origins=_origins(settings)
    )
    most_bytes = settings.http_body_kib * 1024
    verifier = Tokens(opening) if settings.http_auth == "required" else None
    failures = settings.http_failures_per_minute
    served = built(opening).http_app(
        auth=_issuer(settings), token_verifier=verifier, transport_security=security, most_bytes=most_bytes,
        routes=[*_Asked(opening).routes(), Scraping(opening, metrics).route(), *routes(opening)],
        inside=[Middleware(Bounds, opening=opening), Middleware(Streams, settings=settings, verifier=verifier)],
        outside=[Middleware(Told), *([Middleware(Guesses, per_minute=failures)] if verifier and failures else [])],
    )  # fmt: skip
    guarded = Guard(served, security=security, most_bytes=most_bytes, seconds=settings.http_seconds)
    return Counted(guarded if settings.otlp_endpoint is None else Continued(guarded), metrics=metrics)


class _Asked:
    """What operators and balancers ask of a worker, without a token."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._look: asyncio.Task[dict[str, bool]] | None = None
        self._looked = float("-inf")
        self._found: dict[str, bool] = {}

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("/health", self._health, methods=["GET"]), Route("/ready", self._ready, methods=["GET"])]

    async def _health(self, _: Request) -> JSONResponse:
        """Say whether every store can be read; without the cache Sonik is slower, and well."""
        try:
            found = await self._stores()
        except SonikError as error:
            return JSONResponse({"status": "down", "error": error.code}, status_code=503)
        well = all(reads for store, reads in found.items() if store != "cache")
        stores = {store: "reads" if reads else "does not answer" for store, reads in found.items()}
        told = {"status": "well" if well else "ill", "stores": stores, "version": VERSION}
        return JSONResponse(told, status_code=200 if well else 503)

    async def _ready(self, _: Request) -> JSONResponse:
        """Say whether questions are taken, and which stores answers do without; asking waits for none of them."""
        if not self._opening.is_open:
            return JSONResponse({"ready": False}, status_code=503)
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_SECONDS):
                await self._stores()
        return JSONResponse({"ready": True, "missing": [store for store, reads in self._found.items() if not reads]})

    async def _stores(self) -> dict[str, bool]:
        """Look through every store, one look for all who ask."""
        engine = await self._opening.engine()
        if self._look is None or (self._look.done() and time.monotonic() - self._looked > HEALTH_SECONDS):
            self._look = asyncio.create_task(self._looks(engine))
        return await asyncio.shield(self._look)

    async def _looks(self, engine: "Engine") -> dict[str, bool]:
        self._found = await engine.health()
        self._looked = time.monotonic()
        return self._found


def _issuer(settings: Settings) -> AuthSettings | None:
    """Return what clients are told of where tokens come from; nothing where only API keys are taken."""
    if settings.http_auth == "off" or settings.oauth_issuer is None or settings.public_url is None:
        return None
    return AuthSettings(
        issuer_url=AnyHttpUrl(settings.oauth_issuer), resource_server_url=AnyHttpUrl(settings.public_url),
        required_scopes=[], validate_token_resource=False,
    )  # fmt: skip


def _hosts(settings: Settings) -> list[str]:
    named = urlsplit(settings.public_url or "").netloc
    more = (name.strip() for name in settings.http_hosts.split(","))
    return [host for name in (*LOOPBACK, named, *more) if name for host in (name, f"{name}:*")]


def _origins(settings: Settings) -> list[str]:
    local = [f"http://{name}{port}" for name in LOOPBACK for port in ("", ":*")]
    public = urlsplit(settings.public_url or "")
    own = [f"{public.scheme}://{public.netloc}"] if public.netloc else []
    return [*local, *own, *(origin.strip() for origin in settings.http_origins.split(",") if origin.strip())]
