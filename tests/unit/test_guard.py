"""What a caller is told when the app behind the guard fails."""

import httpx2
import pytest
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from server.http.guard import Guard, Told
from sonik.errors import StoreUnavailable

pytestmark = pytest.mark.anyio


async def asked(error: Exception) -> httpx2.Response:
    """Return what is answered where something fails before it is routed, as when a token cannot be looked up."""

    def broken(_: ASGIApp) -> ASGIApp:
        async def failing(*_: object) -> None:
            raise error

        return failing

    app = Starlette(middleware=[Middleware(Told), Middleware(broken)])
    security = TransportSecuritySettings(allowed_hosts=["localhost"])
    guarded = Guard(app, security=security, most_bytes=1024, seconds=1.0)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(guarded)) as client:
        return await client.post("http://localhost/mcp", content=b"{}")


async def test_a_store_that_is_away_is_told_with_when_to_come_again() -> None:
    told = await asked(StoreUnavailable("PostgreSQL does not answer.", next_step="Try again in 1 s."))
    assert told.status_code == httpx2.codes.SERVICE_UNAVAILABLE
    assert told.headers["retry-after"] == "1"
    assert told.headers["x-content-type-options"] == "nosniff"
    assert told.json() == {"error": "PostgreSQL does not answer.", "fix": "Try again in 1 s."}


async def test_what_nobody_foresaw_is_told_as_an_incident() -> None:
    told = await asked(ValueError("secret"))
    assert told.status_code == httpx2.codes.INTERNAL_SERVER_ERROR
    assert "incident" in told.json()["fix"]
    assert "secret" not in told.text
