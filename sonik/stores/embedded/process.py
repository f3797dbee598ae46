"""Starting a server as a process of its own: detached from the terminal, output to a log file."""

import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sonik.errors import MissingBinary

LOG_BYTES = 5_000_000
TAIL_BYTES = 64_000
# PG* and REDIS* variables of the caller would change the servers; only what programs need to be found goes on
PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "TMPDIR")
FIXED = {"LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rights:
    """As whom a process runs: another account, through a wrapper where it needs a capability."""

    uid: int | None = None
    gid: int | None = None
    wrapper: tuple[str, ...] = ()


OURS = Rights()


def spawn(command: Sequence[str], *, log: Path, lock: int, rights: Rights = OURS) -> subprocess.Popen[bytes]:
    """Start a process that inherits the lock, survives its parent and never touches its streams.

    Raises:
        MissingBinary: the program cannot be executed.
    """
    output = _open_log(log)
    try:
        return subprocess.Popen(
            [*rights.wrapper, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=(lock,),
            start_new_session=True,
            cwd="/",
            umask=0o077,
            env=_environment(),
            user=rights.uid,
            group=rights.gid,
            extra_groups=None if rights.uid is None else [],
        )
    except OSError as error:
        raise MissingBinary(
            f"{command[0]} cannot be executed: {error.strerror}.",
            next_step=f"Run `chmod +x {command[0]}`, or `pip install --force-reinstall 'sonik[embedded]'`.",
        ) from error
    finally:
        os.close(output)


def exited(process: subprocess.Popen[bytes], *, within: float) -> bool:
    """Wait up to `within` seconds for the end of a process and return whether it came."""
    try:
        process.wait(timeout=within)
    except subprocess.TimeoutExpired:
        return False
    return True


def destroy(process: subprocess.Popen[bytes]) -> None:
    """Kill a process with its children and wait for its end."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # spawned as the leader of its own group
    process.wait()


def reap_later(process: subprocess.Popen[bytes]) -> None:
    """Collect the process whenever it ends, so that no zombie stays while this process lives on."""
    threading.Thread(target=process.wait, name=f"reaper-{process.pid}", daemon=True).start()


def log_size(log: Path) -> int:
    """Return where the log will go on, for `log_since`."""
    return log.stat().st_size if log.exists() else 0


def log_since(log: Path, offset: int) -> str:
    """Return what was written to a log since an offset, at most the last part of it."""
    size = log_size(log)
    with log.open("rb") as file:
        file.seek(max(offset if offset <= size else 0, size - TAIL_BYTES))
        return file.read().decode("utf-8", errors="replace")


def _open_log(log: Path) -> int:
    if log_size(log) > LOG_BYTES:
        log.replace(log.with_suffix(".old.log"))
    return os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ} | FIXED
