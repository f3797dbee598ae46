"""File locks that let several processes share one set of servers; the kernel drops them with their holder.

start.lock   held for a moment by whoever starts, stops or joins
server.lock  inherited by a server process, so it is held exactly as long as that server lives
clients/     one locked file per client, named after its process
server.json  what the starter wrote down about the server: process, birth, version, socket
"""

import fcntl
import json
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from sonik.errors import OutOfTime
from sonik.stores.embedded.waiting import Deadline

SERVER_LOCK = "server.lock"
SERVER_RECORD = "server.json"
STAT_FIELDS_AFTER_NAME = 19  # of /proc/<pid>/stat: the start time, counted behind the bracketed name


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What is written down about a running server."""

    pid: int
    born: str
    version: str
    socket: str


@dataclass(kw_only=True, slots=True)
class Client:
    """One user of the running set: a file that stays locked as long as its process lives."""

    path: Path
    descriptor: int
    pid: int

    @property
    def held(self) -> bool:
        """Whether this client still counts; a forked child's copy does not."""
        return self.descriptor >= 0 and self.pid == os.getpid()

    def release(self) -> None:
        """Stop counting as a client."""
        if self.held:
            self.path.unlink(missing_ok=True)
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


@contextmanager
def try_lock(path: Path) -> Iterator[int | None]:
    """Yield the descriptor of the exclusively locked file, or None when somebody else holds it.

    A process that inherited the descriptor keeps the lock after this context is left.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor if _locked(descriptor) else None
    finally:
        os.close(descriptor)  # never LOCK_UN: that would also take it from the process that inherited it


@contextmanager
def hold(path: Path, *, deadline: Deadline) -> Iterator[None]:
    """Hold a lock, waiting for it until the deadline."""
    for _ in deadline.ticks():
        with try_lock(path) as lock:
            if lock is not None:
                yield
                return
    raise OutOfTime(
        f"Another process is still starting or stopping the embedded servers after {deadline.seconds:g} s.",
        next_step="Try again, or run `sonik doctor`.",
    )


def is_held(path: Path) -> bool:
    """Return whether a living process holds the lock; changes nothing on disk."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)  # no O_CREAT: a client may just have removed its file
    except FileNotFoundError:
        return False
    try:
        return not _locked(descriptor)
    finally:
        os.close(descriptor)


def enter(directory: Path) -> Client:
    """Register this process as a client; call it under start.lock."""
    path = directory / f"{os.getpid()}-{secrets.token_hex(4)}"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return Client(path=path, descriptor=descriptor, pid=os.getpid())


def clients(directory: Path) -> tuple[int, ...]:
    """Return the processes of the living clients, one entry per client."""
    if not directory.is_dir():
        return ()
    return tuple(sorted(int(path.name.partition("-")[0]) for path in directory.iterdir() if is_held(path)))


def sweep(directory: Path) -> None:
    """Remove what killed clients left behind; call it under start.lock."""
    for path in directory.iterdir():
        if not is_held(path):
            path.unlink(missing_ok=True)


def write_record(directory: Path, record: Record) -> None:
    """Write server.json whole or not at all."""
    draft = directory / f"{SERVER_RECORD}.{os.getpid()}"
    draft.write_text(json.dumps(asdict(record)), encoding="utf-8")
    draft.replace(directory / SERVER_RECORD)


def read_record(directory: Path) -> Record | None:
    """Return what server.json says about a process that still lives, else None."""
    with suppress(OSError, ValueError, TypeError):
        record = Record(**json.loads((directory / SERVER_RECORD).read_text(encoding="utf-8")))
        return record if record.born and birth(record.pid) == record.born else None
    return None


def was_left(directory: Path) -> bool:
    """Return whether a server's record is still there though neither it nor its children live."""
    return (directory / SERVER_RECORD).exists() and not is_held(directory / SERVER_LOCK)


def forget_record(directory: Path) -> None:
    """Remove server.json."""
    (directory / SERVER_RECORD).unlink(missing_ok=True)


def birth(pid: int) -> str:
    """Return a mark of when a process began, '' if there is none: a recycled process id has another one."""
    with suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return stat.rpartition(")")[2].split()[STAT_FIELDS_AFTER_NAME]
    if Path("/proc/self/stat").exists():
        return ""
    asked = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return asked.stdout.strip()


def _locked(descriptor: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
