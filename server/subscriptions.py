"""Subscriptions in both protocol eras: `subscriptions/listen`, and `resources/subscribe` where a connection stands."""

import asyncio
import re
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from mcp import MCPError
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.subscriptions import SUBSCRIPTION_ID_META_KEY
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    EmptyResult,
    ResourceUpdatedNotification,
    ResourceUpdatedNotificationParams,
    SubscribeRequestParams,
    SubscriptionFilter,
    SubscriptionsAcknowledgedNotification,
    SubscriptionsAcknowledgedNotificationParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    UnsubscribeRequestParams,
)

from server.border import one_line
from server.callers import reading_scope
from server.evenings import Evenings
from server.observing.audited import Action, Note, audited
from server.observing.watching import UNKNOWN
from server.opening import Opening
from sonik.errors import InvalidInput, NotAllowed, SonikError
from sonik.stores.cancellation import cancelled
from sonik.types import Scope

if TYPE_CHECKING:
    from sonik.engine import Engine

EVENING = "sonik://market/{slug}/tonight"
MOST_SUBSCRIBED = 50
ENDED: Action = "subscriptions/ended"
_EVENING_URI = re.compile(r"sonik://market/([^/?#]+)/tonight")
_HELD = "sonik subscriptions"
Asked = ServerRequestContext[Opening, Any]


class Subscriptions:
    """Tells each subscriber of the evenings it asked for, as far as it may read them."""

    def __init__(self, opening: Opening, evenings: Evenings) -> None:
        """Tell what the evenings know."""
        self._opening = opening
        self._evenings = evenings

    def serve(self, server: Server[Opening], *, standing: bool) -> None:
        """Answer the requests; those of the handshake era need a connection that stands between them."""
        server.add_request_handler("subscriptions/listen", SubscriptionsListenRequestParams, self._listen)
        if standing:
            server.add_request_handler("resources/subscribe", SubscribeRequestParams, self._subscribe)
            server.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, self._unsubscribe)

    async def _listen(self, asked: Asked, params: SubscriptionsListenRequestParams) -> SubscriptionsListenResult:
        """Acknowledge what will be told, then tell it until the client goes."""
        stream = asked.request_id
        if stream is None:
            raise MCPError(INVALID_REQUEST, "subscriptions/listen needs a request id.")
        uris = params.notifications.resource_subscriptions or ()
        with self._noted("subscriptions/listen", uris):
            engine, scope, markets = await self._checked(uris)
        meta: dict[str, Any] = {SUBSCRIPTION_ID_META_KEY: stream}
        with self._noted(ENDED, uris), self._evenings.watching(engine, scope, markets) as watch:
            told = SubscriptionsAcknowledgedNotificationParams(notifications=_honored(params), _meta=meta)
            await asked.session.send_notification(
                SubscriptionsAcknowledgedNotification(params=told), related_request_id=stream
            )
            while True:
                for uri in await watch.changed():
                    await asked.session.send_notification(_updated(uri, meta), related_request_id=stream)

    async def _subscribe(self, asked: Asked, params: SubscribeRequestParams) -> EmptyResult:
        """Tell of one resource, beside the requests, until the client unsubscribes or goes."""
        held = _held(asked)
        with self._noted("resources/subscribe", (params.uri,)):
            if params.uri in held:
                return EmptyResult()
            if len(held) >= MOST_SUBSCRIBED:
                raise MCPError(INVALID_REQUEST, _TOO_MANY)
            engine, scope, markets = await self._checked((params.uri,))
        held[params.uri] = asyncio.create_task(self._tell(asked, engine, scope, markets))
        return EmptyResult()

    async def _unsubscribe(self, asked: Asked, params: UnsubscribeRequestParams) -> EmptyResult:
        """Tell of a resource no more."""
        with self._noted("resources/unsubscribe", (params.uri,)):
            task = _held(asked).pop(params.uri, None)
            if task is not None:
                await cancelled(task)
        return EmptyResult()

    async def _tell(self, asked: Asked, engine: "Engine", scope: Scope, markets: dict[str, str]) -> None:
        with self._noted(ENDED, markets), self._evenings.watching(engine, scope, markets) as watch:
            while True:
                for uri in await watch.changed():
                    await asked.session.send_notification(_updated(uri, None))

    def _noted(self, action: Action, uris: Iterable[str]) -> AbstractContextManager[Note]:
        """Note in the audit log how a request went, or for how long a subscription stood."""
        wanted = [*uris]
        target = EVENING if wanted and all(map(_EVENING_URI.fullmatch, wanted)) else UNKNOWN
        return audited(self._opening, action, target, {"uris": wanted})

    async def _checked(self, uris: Iterable[str]) -> "tuple[Engine, Scope, dict[str, str]]":
        """Return the markets that are meant by URIs, and who may read them.

        Raises:
            MCPError: one is no evening of a market we know, or the caller may not read.
        """
        wanted = dict.fromkeys(uris)
        if len(wanted) > MOST_SUBSCRIBED:
            raise MCPError(INVALID_PARAMS, _TOO_MANY)
        try:
            scope = reading_scope(self._opening.settings)
            engine = await self._opening.engine()
            return engine, scope, {uri: _market(uri, engine) for uri in wanted}
        except (InvalidInput, NotAllowed) as error:
            raise MCPError(INVALID_PARAMS, one_line(str(error))) from error
        except SonikError as error:
            raise MCPError(INTERNAL_ERROR, one_line(str(error))) from error


_TOO_MANY = f"At most {MOST_SUBSCRIBED} resources are subscribed at once. Leave out some."


def _market(uri: str, engine: "Engine") -> str:
    """Return the market whose evening a URI names.

    Raises:
        InvalidInput: it names none.
    """
    found = _EVENING_URI.fullmatch(uri)
    if found is None:
        step = f"Subscribe to {EVENING}; read the others again when you need them."
        raise InvalidInput(f"'{uri[:80]}' cannot be subscribed.", next_step=step)
    return engine.vocabulary.market(unquote(found[1])).slug


def _honored(params: SubscriptionsListenRequestParams) -> SubscriptionFilter:
    """Return what will be told. The lists stay what they are as long as a server runs: of them no news is promised."""
    wanted = params.notifications.resource_subscriptions
    return SubscriptionFilter(resource_subscriptions=list(wanted) if wanted else None)


def _updated(uri: str, meta: dict[str, Any] | None) -> ResourceUpdatedNotification:
    return ResourceUpdatedNotification(params=ResourceUpdatedNotificationParams(uri=uri, _meta=meta))


def _held(asked: Asked) -> "dict[str, asyncio.Task[None]]":
    """Return the subscriptions of a connection; they end with it."""
    # The SDK hands a request its session only; what lasts as long as the connection is kept there.
    connection = asked.session._connection
    if _HELD not in connection.state:
        held: dict[str, asyncio.Task[None]] = {}
        connection.state[_HELD] = held
        connection.exit_stack.push_async_callback(_end, held)
    kept: dict[str, asyncio.Task[None]] = connection.state[_HELD]
    return kept


async def _end(held: "dict[str, asyncio.Task[None]]") -> None:
    for task in held.values():
        await cancelled(task)
