"""Where worker processes count together: a directory of the parent's, removed with it, or by the next one."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sonik.errors import Misconfigured
from sonik.settings import Settings
from sonik.stores.embedded.locks import try_lock
from sonik.stores.embedded.places import passage_mode, places

PREFIX = "metrics-"
LOCK = "lock"
# What prometheus-client reads when it is imported, in every worker.
VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@contextmanager
def counted_together(settings: Settings) -> Iterator[None]:
    """Let the worker processes that begin here count together."""
    run = _run_directory(settings)
    _clear(run)
    # Nobody takes it for one that was left behind before it is locked.
    folder = Path(tempfile.mkdtemp(prefix=f".{PREFIX}{os.getpid()}-", dir=run))
    with try_lock(folder / LOCK):
        folder = folder.rename(run / folder.name.removeprefix("."))
        os.environ[VARIABLE] = str(folder)
        try:
            yield
        finally:
            del os.environ[VARIABLE]
            shutil.rmtree(folder, ignore_errors=True)


def is_alive(pid: int) -> bool:
    """Say whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _run_directory(settings: Settings) -> Path:
    """Return the directory of what runs now, made if it is not there.

    Raises:
        Misconfigured: the home is not writable.
    """
    run = places(settings.home).run
    try:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        run.mkdir(exist_ok=True, mode=passage_mode())
    except OSError as error:
        step = "Set SONIK_HOME to a directory this account may write, or serve with one worker."
        raise Misconfigured(f"Workers cannot count together in {run}: {error.strerror}.", next_step=step) from error
    return run


def _clear(run: Path) -> None:
    """Remove what parents left behind that were killed: nobody holds the lock."""
    for left in run.glob(f"{PREFIX}*"):
        with try_lock(left / LOCK) as lock:
            if lock is not None:
                shutil.rmtree(left, ignore_errors=True)
