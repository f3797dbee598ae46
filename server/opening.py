"""Open the engine beside the protocol: the tool list is answered at once, the first call waits for the stores."""

import asyncio
import contextvars
import gc
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from server.observing.watching import Background, Meter
from sonik.audit.log import CallLog
from sonik.clock import Clock
from sonik.errors import SonikError
from sonik.settings import Settings
from sonik.watch import watched_by

if TYPE_CHECKING:
    from sonik.engine import Engine

logger = logging.getLogger(__name__)


class Opening:
    """An engine that is being opened, is open, or failed to open and will be tried again by the next call."""

    def __init__(self, settings: Settings, *, meter: Meter | None = None) -> None:
        self.settings = settings
        self.meter = meter
        self.clock = Clock.frozen(settings.now)
        self.calls = CallLog(clock=self.clock)
        self.audit_key = settings.key_for("audit")
        self._leave = asyncio.Event()
        self._ready: asyncio.Future[Engine] | None = None
        self._holder: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to open, in a task of its own."""
        ready: asyncio.Future[Engine] = asyncio.get_running_loop().create_future()
        self._ready = ready
        # What works on in the background is no part of the call that happens to open.
        self._holder = asyncio.create_task(self._hold(ready), context=contextvars.Context())

    @property
    def is_open(self) -> bool:
        """Whether there is an engine to close."""
        return self._ready is not None and self._ready.done() and self._ready.exception() is None

    async def engine(self) -> "Engine":
        """Return the open engine.

        Raises:
            SonikError: it could not be opened, and why.
        """
        if self._ready is None or (self._ready.done() and self._ready.exception() is not None):
            self.start()
        assert self._ready is not None  # noqa: S101 - start() has just set it
        return await asyncio.shield(self._ready)

    async def close(self) -> None:
        """Close the engine and wait until it is closed."""
        self._leave.set()
        if self._holder is not None:
            with suppress(asyncio.CancelledError):
                await self._holder
        if left := len(self.calls) + self.calls.lost:
            logger.warning("calls are missing from the audit log", extra={"calls": left})

    async def _hold(self, ready: "asyncio.Future[Engine]") -> None:
        try:
            engine_type = await asyncio.to_thread(_engine_type)
            here = self.settings
            opening = engine_type.open(here, project=here.serve_projector, work=here.serve_jobs, calls=self.calls)
            # What the engine does in the background begins in here.
            with watched_by(Background(self.meter)):
                async with opening as engine:
                    ready.set_result(engine)
                    _collect_garbage_from_now_on()
                    await self._leave.wait()
        except Exception as error:
            if isinstance(error, SonikError) and not ready.done():
                logger.error("the engine did not open", extra={"error": str(error)})
            else:
                logger.exception("the engine did not open or close well")
            _collect_garbage_from_now_on()
            if not ready.done():
                ready.set_exception(error)
                # Whoever asks next is told; nobody may have asked yet.
                ready.exception()


def _engine_type() -> "type[Engine]":
    # LanceDB takes a second to import; the tool list is answered meanwhile.
    from sonik.engine import Engine

    return Engine


def _collect_garbage_from_now_on() -> None:
    # What was loaded stays: frozen, it is not looked through again and again.
    gc.freeze()
    gc.enable()
