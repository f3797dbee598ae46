"""The life of one embedded server: join it where it runs, start it where it does not, stop it."""

import logging
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sonik.errors import NotAllowed, OutOfTime, SonikError
from sonik.stores.embedded import locks, process
from sonik.stores.embedded.waiting import Deadline

GRACE_SECONDS = 5.0
URGENT_SECONDS = 10.0  # PostgreSQL itself waits 5 s for its children before it kills them

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pulse:
    """What a server that answers says about itself."""

    pid: int
    version: str
    uptime_seconds: float
    offers: frozenset[str] = frozenset()  # the modules of Redis, the databases of PostgreSQL


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A server that answers, where, and whether this call started it."""

    pulse: Pulse
    socket: Path
    started: bool


class Server(Protocol):
    """What differs between the servers."""

    @property
    def name(self) -> str:
        """Its name in messages."""

    @property
    def room(self) -> Path:
        """The directory with its lock and record."""

    @property
    def log(self) -> Path:
        """Its log file."""

    @property
    def socket(self) -> Path:
        """Where it is to listen when this process starts it."""

    @property
    def stop_signal(self) -> signal.Signals:
        """What makes it save and go."""

    @property
    def urgent_signals(self) -> tuple[signal.Signals, ...]:
        """What makes it go when it does not, one after the other; none of them loses what was promised to be kept."""

    def launch(self, *, lock: int, deadline: Deadline) -> subprocess.Popen[bytes]:
        """Prepare its data and start it, holding the lock; called by one process at a time."""

    def pulse(self, socket: Path) -> Pulse | None:
        """Return what it says about itself, None while it does not answer."""

    def explain(self, log: str) -> SonikError:
        """Return why it did not come up, from what it wrote to its log."""


def ensure(server: Server, *, deadline: Deadline) -> Running:
    """Join the running server, or start it; call it under start.lock.

    Raises:
        OutOfTime: it is there and does not answer before the deadline.
    """
    for _ in deadline.ticks():
        with locks.try_lock(server.room / locks.SERVER_LOCK) as lock:
            if lock is not None:
                return _start(server, lock=lock, deadline=deadline)
        if running := look(server):
            return running
    raise OutOfTime(
        f"{server.name} runs and has not answered for {deadline.seconds:g} s.",
        next_step=f"Read {server.log}, then run `sonik down --force` and try again.",
    )


def look(server: Server) -> Running | None:
    """Return the server if it runs and answers; starts nothing."""
    record = locks.read_record(server.room)
    socket = Path(record.socket) if record else server.socket
    pulse = server.pulse(socket)
    if pulse is None:
        return None
    if record is None or record.pid != pulse.pid:  # its starter was killed before writing it down
        _write_down(server, pid=pulse.pid, version=pulse.version, socket=socket)
    return Running(pulse=pulse, socket=socket, started=False)


def stop(server: Server, *, deadline: Deadline, urgent_seconds: float = URGENT_SECONDS) -> bool:
    """Stop the server if it runs, wait for its end, and return whether it ran; call it under start.lock.

    One that has not gone by the deadline is told so with more urgency, for no orphan may be left: it recovers when it
    is started again.

    Raises:
        OutOfTime: it is still there after all that.
    """
    ran = False
    for signum in (server.stop_signal, *server.urgent_signals):
        ended, told = _ended_by(server, signum, deadline=deadline)
        ran = ran or told
        if ended:
            return ran
        facts = {"server": server.name, "signal": signum.name, "seconds": deadline.seconds}
        logger.warning("an embedded server did not stop in time", extra=facts)
        deadline = Deadline(urgent_seconds)
    raise OutOfTime(
        f"{server.name} cannot be stopped.", next_step=f"Read {server.log}, and look what its process waits for."
    )


def _ended_by(server: Server, signum: signal.Signals, *, deadline: Deadline) -> tuple[bool, bool]:
    """Send a signal and wait for the end; return whether it came, and whether there was anybody to tell."""
    told = False
    for _ in deadline.ticks():
        if not locks.is_held(server.room / locks.SERVER_LOCK):
            locks.forget_record(server.room)
            return True, told
        told = told or _tell(server, signum)
    return False, told


def _start(server: Server, *, lock: int, deadline: Deadline) -> Running:
    locks.forget_record(server.room)
    offset = process.log_size(server.log)
    child = server.launch(lock=lock, deadline=deadline)
    _write_down(server, pid=child.pid, version="", socket=server.socket)
    for pause in deadline.pauses():
        if pulse := server.pulse(server.socket):
            _write_down(server, pid=child.pid, version=pulse.version, socket=server.socket)
            process.reap_later(child)
            logger.info("embedded server started", extra={"server": server.name, "pid": child.pid})
            return Running(pulse=pulse, socket=server.socket, started=True)
        if process.exited(child, within=pause):
            raise server.explain(process.log_since(server.log, offset))
    _give_up(server, child)
    raise OutOfTime(
        f"{server.name} did not come up within {deadline.seconds:g} s.",
        next_step=f"Read {server.log}, or raise SONIK_START_TIMEOUT_SECONDS.",
    )


def _write_down(server: Server, *, pid: int, version: str, socket: Path) -> None:
    record = locks.Record(pid=pid, born=locks.birth(pid), version=version, socket=str(socket))
    locks.write_record(server.room, record)


def _tell(server: Server, signum: signal.Signals) -> bool:
    record = locks.read_record(server.room)
    running = None if record else look(server)
    pid = record.pid if record else running.pulse.pid if running else None
    if pid is None:
        return False
    try:
        os.kill(pid, signum)
    except ProcessLookupError:
        return False
    except PermissionError as error:
        raise NotAllowed(
            f"{server.name} (process {pid}) belongs to another account.", next_step="Stop it as that account."
        ) from error
    return True


def _give_up(server: Server, child: subprocess.Popen[bytes]) -> None:
    child.send_signal(server.stop_signal)
    if not process.exited(child, within=GRACE_SECONDS):
        process.destroy(child)
