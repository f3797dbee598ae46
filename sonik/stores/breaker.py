"""A breaker around the calls to a store: one that is away is not asked again and again, and comes back by itself."""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Literal

from sonik.errors import OutOfTime, SonikError, StoreUnavailable
from sonik.stores.circuit import Circuit
from sonik.watch import Store, stands

logger = logging.getLogger(__name__)

# So long nobody asks; then a look tells whether the store is back. It may take longer than its callers wait for it.
OPEN_SECONDS = 1.0
LOOK_SECONDS = 1.0
PATIENCE_SECONDS = 0.25
Sign = Literal["late", "away"]


class Breaker:
    """Refuses the calls to a store that is away, at once.

    It opens after one call that failed, or three in a row that were late. Before a call goes through it again, a look
    that costs little tells whether the store is back.
    """

    def __init__(
        self, store: Store, *, look: Callable[[], Awaitable[object]],
        sign: Callable[[BaseException | None], Sign | None], monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Guard a store: `look` asks it for little, `sign` reads from an error of its driver whether it is away.

        The driver's error counts, and not ours that was raised from it: those of other stores may pass by as well.
        """
        self._store: Store = store
        self._look = look
        self._sign = sign
        self._circuit = Circuit(open_seconds=OPEN_SECONDS, monotonic=monotonic)
        self._looking: asyncio.Task[None] | None = None
        self._told = ""

    @asynccontextmanager
    async def guarding(self) -> AsyncIterator[None]:
        """Let calls through unless the store is away, and note how they go.

        Raises:
            StoreUnavailable: it is away; the error says when to come again.
        """
        await self.enter()
        try:
            yield
        except (StoreUnavailable, OutOfTime) as error:
            if not self.noted(error.__cause__, told=error.message):
                raise
            raise self._refusal(error.message) from error
        self.worked()

    async def enter(self) -> None:
        """Return at once if the store is there; after a while look again, one look for all callers.

        Raises:
            StoreUnavailable: it is away.
        """
        if not self._circuit.is_open:
            return
        if self._circuit.allows():
            self._looking = asyncio.create_task(self._look_again())
        if self._looking is not None:
            await asyncio.wait((self._looking,), timeout=PATIENCE_SECONDS)
        if self._circuit.is_open:
            raise self._refusal(self._told)

    async def _look_again(self) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._look()
        except SonikError as error:
            self._failed(error.message)
        except TimeoutError:
            self._failed(self._told)
        else:
            self.worked()

    def worked(self) -> None:
        """Note that the store has answered."""
        if self._circuit.is_open:
            logger.warning("a store is in service again", extra={"store": self._store})
            stands(self._store, away=False)
        self._circuit.worked()

    def noted(self, error: BaseException | None, *, told: str) -> bool:
        """Note what an error of the driver says of the store; return whether that is that it is away."""
        sign = self._sign(error)
        return sign is not None and self._failed(told, late=sign == "late")

    def _failed(self, told: str, *, late: bool = False) -> bool:
        was_open = self._circuit.is_open
        self._told = told
        is_open = self._circuit.failed(late=late)
        if is_open and not was_open:
            logger.warning("a store is out of service", extra={"store": self._store, "reason": told})
            stands(self._store, away=True)
        return is_open

    def _refusal(self, told: str) -> StoreUnavailable:
        seconds = max(1, math.ceil(self._circuit.wait_seconds))
        return StoreUnavailable(
            told or f"The store {self._store} does not answer.", next_step=f"Try again in {seconds} s."
        )
