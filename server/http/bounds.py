"""How much one caller may ask over HTTP: so often a minute and a day, alone and as an organisation, so many at once."""

import logging
from collections import Counter
from collections.abc import Mapping

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.callers import Bearer
from server.http.guard import Headers, answer
from server.observing.refusals import refuse
from server.opening import Opening
from sonik.settings import Settings
from sonik.stores.buckets import DAY_SECONDS, SECOND, Level, Limit, LocalBuckets, Taken, bucket_key

logger = logging.getLogger(__name__)

PATH = "/mcp"
TOO_MANY = 429
LISTENING = (b"mcp-method", b"subscriptions/listen")
DAILY = "-day"


class Bounds:
    """An ASGI app that lets a caller's request through while there is room; it goes inside of authentication.

    Requests are POSTs to /mcp; those that open a stream have bounds of their own. Where the shared buckets do not
    answer, those of this process count.
    """

    def __init__(self, app: ASGIApp, *, opening: Opening) -> None:
        """Bound what callers ask of an app."""
        self._app = app
        self._opening = opening
        self._most = opening.settings.http_concurrency
        self._local = LocalBuckets()
        self._running: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or answer that it is one too many."""
        bearer = bearer_of(scope)
        if bearer is None:
            await self._app(scope, receive, send)
            return
        limits = limits_of(bearer, self._opening.settings)
        counts = scope["method"] == "POST"
        taken = await self._take(limits, tokens=1 if counts else 0)
        levels = dict(zip(limits, taken.levels, strict=True))
        sending = _telling(levels, send)
        if not taken.granted:
            refuse(scope, "rate")
            await _refuse_rate(levels, sending)
        elif counts and not is_stream(scope):
            await self._run(caller_key(bearer), scope, receive, sending)
        else:
            await self._app(scope, receive, sending)

    async def _take(self, limits: Mapping[str, Limit], *, tokens: int) -> Taken:
        wanted = tuple(limits.values())
        if not wanted:
            return Taken(granted=True, levels=())
        taken = None
        if self._opening.is_open:
            engine = await self._opening.engine()
            taken = await engine.buckets.take(wanted, tokens=tokens)
        return taken or self._local.take(wanted, tokens=tokens)

    async def _run(self, caller: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, unless the caller has too many running here."""
        if self._most and self._running[caller] >= self._most:
            refuse(scope, "concurrency")
            logger.info("a request was refused", extra={"bound": "concurrency"})
            told = {
                "error": f"More than {self._most:,} requests of one caller at once.",
                "fix": "Wait until one of them is answered.",
            }
            await answer(send, TOO_MANY, told, headers=retry_after(1))
            return
        self._running[caller] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._running[caller] -= 1
            if not self._running[caller]:
                del self._running[caller]


def limits_of(bearer: Bearer, settings: Settings) -> dict[str, Limit]:
    """Return the limits a caller is under, by whose they are: so much in a minute, and so much in a day."""
    held = [
        ("caller", caller_key(bearer), settings.http_rate_per_minute, settings.http_burst, settings.http_quota_per_day)
    ]
    organisation = bearer.caller.organisation
    if organisation is not None:
        rate, burst = settings.http_org_rate_per_minute, settings.http_org_burst
        key = bucket_key("organisation", organisation)
        held.append(("organisation", key, rate, burst, settings.http_org_quota_per_day))
    limits = {}
    for name, key, rate, burst, quota in held:
        if rate:
            limits[name] = Limit(key=key, rate=rate, burst=burst)
        if quota:
            day = bucket_key("day", key)
            limits[name + DAILY] = Limit(key=day, rate=quota, burst=quota, seconds=DAY_SECONDS)
    return limits


def retry_after(seconds: int) -> Headers:
    """Return the header that says when to try again."""
    return ((b"retry-after", str(seconds).encode()),)


def rate_headers(levels: Mapping[str, Level]) -> Headers:
    """Return the fields of draft-ietf-httpapi-ratelimit-headers-10: the policies, and how the caller stands.

    A policy is a bucket: `q` is what it holds, `w` the seconds in which it fills. `r` is what is left, `t` the seconds
    until it is full again, or of an empty one until a request is let through.
    """
    if not levels:
        return ()
    policies = [f'"{name}";q={at.limit.burst};w={-(-at.limit.capacity // SECOND)}' for name, at in levels.items()]
    states = [f'"{name}";r={at.left};t={at.next_in or at.full_in}' for name, at in levels.items()]
    return ((b"ratelimit-policy", ", ".join(policies).encode()), (b"ratelimit", ", ".join(states).encode()))


def is_stream(scope: Scope) -> bool:
    """Say whether a request asks for a stream that stays open. The SDK refuses a header that is not as the body."""
    return scope["path"] == PATH and (scope["method"] == "GET" or (LISTENING in scope["headers"]))


def bearer_of(scope: Scope) -> Bearer | None:
    """Return who asks, None where nobody is bounded: another route, no token, or one that does not hold."""
    user = scope.get("user")
    if scope["type"] != "http" or scope["path"] != PATH or not isinstance(user, AuthenticatedUser):
        return None
    return user.access_token if isinstance(user.access_token, Bearer) else None


def caller_key(bearer: Bearer) -> str:
    """Return the key of a caller's bucket: an API key, or the subject of an issuer, whichever token they show."""
    issuer = (bearer.claims or {}).get("iss")
    if issuer is None:
        return bucket_key("key", bearer.client_id)
    return bucket_key("subject", str(issuer), str(bearer.subject))


def _telling(levels: Mapping[str, Level], send: Send) -> Send:
    """Return a send that adds how the caller stands to the headers."""
    headers = rate_headers(levels)

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *headers]
        await send(message)

    return sending


async def _refuse_rate(levels: Mapping[str, Level], send: Send) -> None:
    name, level = max(levels.items(), key=lambda held: held[1].next_in)
    logger.info("a request was refused", extra={"bound": name})
    time = "day" if name.endswith(DAILY) else "minute"
    told = {
        "error": f"More than {level.limit.rate:,} requests of one {name.removesuffix(DAILY)} in a {time}.",
        "fix": f"Try again in {level.next_in} s.",
    }
    await answer(send, TOO_MANY, told, headers=retry_after(level.next_in))
