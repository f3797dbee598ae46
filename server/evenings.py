"""Who watches which market's evening, and what of it changed: looked up in truth, as each watcher may see it."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from server.opening import Opening
from sonik.clock import service_night
from sonik.errors import SonikError
from sonik.stores.cancellation import cancelled
from sonik.stores.signals import EVERYTHING, Signal
from sonik.types import Scope

if TYPE_CHECKING:
    from sonik.engine import Engine

logger = logging.getLogger(__name__)

# A burst is told once in this time, and looked at no more often.
PAUSE_SECONDS = 0.5
# Without signals it goes on too: when they come, everyone is told to read again.
CONNECT_SECONDS = 1.0
# How late the turn of the night may be told.
LONGEST_SECONDS = 15.0
Seen = tuple[Scope, str]


class Watch:
    """The evenings one subscriber watches, and which changed since it was told last: no more than it watches."""

    def __init__(self, scope: Scope, markets: Mapping[str, str]) -> None:
        """Watch markets by the URIs they are to be told by."""
        # Row security asks for no user.
        self._scope = replace(scope, user=None)
        self._markets = markets
        self._changed: set[str] = set()
        self._told = asyncio.Event()

    @property
    def seen(self) -> frozenset[Seen]:
        """What it watches, as whom."""
        return frozenset((self._scope, market) for market in self._markets.values())

    def mark(self, changed: frozenset[Seen]) -> None:
        """Take note of evenings that changed."""
        uris = {uri for uri, market in self._markets.items() if (self._scope, market) in changed}
        if uris:
            self._changed |= uris
            self._told.set()

    async def changed(self) -> list[str]:
        """Wait until something changed; return the URIs, each once however often it did."""
        await self._told.wait()
        self._told.clear()
        uris, self._changed = sorted(self._changed), set()
        return uris


class Evenings:
    """Looks again at what is watched whenever a signal says that it may be another."""

    def __init__(self, opening: Opening, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        """Look through the engine being opened, beginning with the first watch."""
        self._opening = opening
        self._pause_seconds = pause_seconds
        self._watches: set[Watch] = set()
        self._known: dict[Seen, str] = {}
        self._nights: dict[str, date] = {}
        self._suspects: Signal = frozenset()
        self._unsure = self._looking = False
        self._connected = asyncio.Event()
        self._woken = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @contextmanager
    def watching(self, engine: "Engine", scope: Scope, markets: Mapping[str, str]) -> Iterator[Watch]:
        """Watch markets (by URI); each is told once at first, for it may have changed since it was read."""
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(engine.signals.listen(self._hear)), asyncio.create_task(self._follow(engine))
            ]  # fmt: skip
        watch = Watch(scope, markets)
        self._watches.add(watch)
        # What nobody watched yet is told once it was looked at: what changes later then differs.
        watch.mark(watch.seen & self._known.keys())
        self._wake(frozenset())
        try:
            yield watch
        finally:
            self._watches.discard(watch)

    async def close(self) -> None:
        """Look no more."""
        for task in self._tasks:
            await cancelled(task)
        self._tasks.clear()

    def _hear(self, signal: Signal | None) -> None:
        if signal is None:
            # What was sent while the line was down is not known: everyone reads again.
            self._unsure = self._looking
            self._connected.set()
        self._wake(EVERYTHING if signal is None else signal)

    def _wake(self, suspects: Signal) -> None:
        self._suspects |= suspects
        self._woken.set()

    async def _follow(self, engine: "Engine") -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._connected.wait()
        self._looking = True
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_SECONDS):
                    await self._woken.wait()
            self._woken.clear()
            suspects, self._suspects = self._suspects, frozenset()
            try:
                await self._look(engine, suspects)
            except SonikError as error:
                logger.warning("the evenings cannot be looked at, trying again", extra={"error": str(error)})
                self._wake(suspects)
            await asyncio.sleep(self._pause_seconds)

    async def _look(self, engine: "Engine", suspects: Signal) -> None:
        """Tell the watchers of every suspect that is not what it was."""
        seen = frozenset(key for watch in self._watches for key in watch.seen)
        self._known = {key: digest for key, digest in self._known.items() if key in seen}
        if self._unsure:
            self._unsure = False
            self._mark(seen)
        suspects |= self._turned(engine, {market for _, market in seen})
        for key in seen:
            scope, market = key
            if key not in self._known or suspects & {market, *EVERYTHING}:
                digest = await engine.evening(market, scope=scope)
                if self._known.get(key) != digest:
                    self._known[key] = digest
                    self._mark(frozenset((key,)))

    def _mark(self, changed: frozenset[Seen]) -> None:
        for watch in self._watches:
            watch.mark(changed)

    def _turned(self, engine: "Engine", markets: set[str]) -> Signal:
        """Return the markets in which another night has begun."""
        now = engine.clock.now()
        nights = {market: service_night(now, engine.vocabulary.zone(market)) for market in markets}
        before, self._nights = self._nights, nights
        return frozenset(market for market, night in nights.items() if before.get(market) != night)
