"""`/metrics`: what is counted, for those who run Sonik."""

import time
from typing import TYPE_CHECKING

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from server.callers import Bearer
from server.observing.metrics import Metrics
from server.observing.refusals import refuse
from server.opening import Opening
from sonik.errors import SonikError

if TYPE_CHECKING:
    from sonik.sync.state import Lags

LOOPBACK = ("127.0.0.1", "::1")
# A second's answer does for everyone who asks.
LAG_SECONDS = 1.0


class Scraping:
    """The route, and who may ask it: callers whose role is ops; without tokens, whoever is on this machine."""

    def __init__(self, opening: Opening, metrics: Metrics) -> None:
        """Tell what was counted beside an engine."""
        self._opening = opening
        self._metrics = metrics
        self._looked = float("-inf")
        self._lags: Lags | None = None

    def route(self) -> Route:
        """Return the route."""
        return Route("/metrics", self._answer, methods=["GET"])

    async def _answer(self, request: Request) -> Response:
        refused = self._refused(request)
        if refused is not None:
            return refused
        told, content_type = self._metrics.written(await self._behind(), accept=request.headers.get("accept", ""))
        return Response(told, headers={"content-type": content_type})

    def _refused(self, request: Request) -> Response | None:
        if self._opening.settings.http_auth == "off":
            host = request.client.host if request.client else ""
            if host in LOOPBACK:
                return None
            refuse(request.scope, "role")
            return JSONResponse({"error": "Without tokens, metrics are for this machine alone."}, status_code=403)
        user = request.scope.get("user")
        bearer = user.access_token if isinstance(user, AuthenticatedUser) else None
        if not isinstance(bearer, Bearer):
            told = {"error": "invalid_token", "error_description": "Authentication required"}
            return JSONResponse(told, status_code=401, headers={"www-authenticate": 'Bearer error="invalid_token"'})
        if bearer.caller.role == "ops":
            return None
        refuse(request.scope, "role")
        told = {"error": "Metrics are for the role ops.", "fix": "Make a key: `sonik keys create --role ops`."}
        return JSONResponse(told, status_code=403)

    async def _behind(self) -> "Lags | None":
        """Return how far behind the sinks are; None where truth does not answer, or is not open yet."""
        if not self._opening.is_open:
            return None
        if time.monotonic() - self._looked > LAG_SECONDS:
            engine = await self._opening.engine()
            try:
                self._lags = await engine.lags()
            except SonikError:
                self._lags = None
            self._looked = time.monotonic()
        return self._lags
