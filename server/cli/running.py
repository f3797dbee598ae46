"""Run one engine call from a command, or leave a process behind that works on."""

import asyncio
import gc
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from server.observing.log import configure_logging
from sonik.settings import Settings

if TYPE_CHECKING:
    from sonik.engine import Engine

T = TypeVar("T")


def with_engine(
    work: "Callable[[Engine], Awaitable[T]]", *, project: bool = False, settings: Settings | None = None
) -> T:
    """Open the engine, do the work, close it; a signal to end closes it too."""
    chosen = settings or Settings()
    configure_logging(chosen)

    async def run() -> T:
        task = asyncio.current_task()
        if task is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        # Nothing of what is being loaded is garbage, and it stays: the collector need not look through it ever.
        gc.disable()
        # LanceDB takes a second to import: commands that need no engine do not wait for it.
        from sonik.engine import Engine

        async with Engine.open(chosen, project=project) as engine:
            gc.freeze()
            gc.enable()
            return await work(engine)

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        raise SystemExit(128 + signal.SIGTERM) from None


def leave_worker(settings: Settings) -> None:
    """Start a process that does jobs until none is left, and outlives this one; its log is in the home."""
    log = settings.home / "log" / "jobs.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    # -P: what lies in the current directory must not be taken for our packages.
    command = [sys.executable, "-P", "-m", "server.cli", "job", "work", "--until-idle"]
    with log.open("ab") as written:
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=written, stderr=written, start_new_session=True
        )  # fmt: skip
