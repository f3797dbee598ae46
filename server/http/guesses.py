"""Guessed tokens: how many may fail from one client address before none is looked up any more."""

import hashlib
import logging
import time
from ipaddress import IPv6Address, ip_address

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.http.bounds import TOO_MANY, retry_after
from server.http.guard import answer
from server.observing.refusals import refuse
from sonik.access.recent import Recent
from sonik.stores.buckets import Limit, LocalBuckets, bucket_key

logger = logging.getLogger(__name__)

MOST_ADDRESSES = 4096
MOST_KNOWN = 4096
KNOWN_SECONDS = 300.0
BEARER = b"bearer "


class Guesses:
    """An ASGI app that lets tokens through to be looked up; it goes around authentication.

    A token that held a while ago is looked up in any case: guesses from behind the same proxy do not shut it out.
    """

    def __init__(self, app: ASGIApp, *, per_minute: int) -> None:
        """Let at most so many tokens of one address fail."""
        self._app = app
        self._per_minute = per_minute
        self._addresses = LocalBuckets(most=MOST_ADDRESSES)
        self._known: Recent[bytes, bool] = Recent(seconds=KNOWN_SECONDS, most=MOST_KNOWN, monotonic=time.monotonic)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or answer that too many tokens failed."""
        token = _token(scope)
        if token is None:
            await self._app(scope, receive, send)
            return
        limit = Limit(key=bucket_key(address_of(scope)), rate=self._per_minute, burst=self._per_minute)
        level = self._addresses.take((limit,), tokens=0).levels[0]
        if level.left or self._known.get(token):
            await self._app(scope, receive, self._judging(scope, token, limit, send))
            return
        refuse(scope, "guesses")
        logger.info("a request was refused", extra={"bound": "failures"})
        told = {"error": "Too many tokens from this address did not hold.", "fix": f"Try again in {level.next_in} s."}
        await answer(send, TOO_MANY, told, headers=retry_after(level.next_in))

    def _judging(self, scope: Scope, token: bytes, limit: Limit, send: Send) -> Send:
        """Return a send that notes whether the token held; a lookup that broke off counts for nothing."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                if isinstance(scope.get("user"), AuthenticatedUser):
                    self._known.put(token, True, read_at=time.monotonic())
                else:
                    self._known.drop(token)
                    self._addresses.take((limit,))
            await send(message)

        return sending


def address_of(scope: Scope) -> str:
    """Return the address a request comes from: of IPv6 the network, for whoever has one address has them all."""
    client = scope.get("client")
    host = str(client[0]) if client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(int(address) >> 64)
    return str(getattr(address, "ipv4_mapped", None) or address)


def _token(scope: Scope) -> bytes | None:
    """Return the digest of the bearer token a request shows."""
    if scope["type"] != "http":
        return None
    told: bytes = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    return hashlib.sha256(told).digest() if told[: len(BEARER)].lower() == BEARER else None
