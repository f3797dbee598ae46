"""The embedded PostgreSQL server."""

import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from sonik.errors import Misconfigured, OutOfTime, SonikError, StoreUnavailable
from sonik.settings import Settings
from sonik.stores.embedded import process
from sonik.stores.embedded.accounts import Account, give, rights_for, server_account
from sonik.stores.embedded.binaries import POSTGRES_MAJOR, PostgresBinaries, postgres_binaries
from sonik.stores.embedded.locks import birth
from sonik.stores.embedded.places import POSTGRES_SOCKET, POSTGRES_SOCKETS, Places, claim
from sonik.stores.embedded.server import Pulse
from sonik.stores.embedded.waiting import Deadline

OWNER = "sonik"
DATABASE = "sonik"
PORT = 5432  # only part of the socket's name
PROBE_SECONDS = 2
DRAFT_PREFIX = "draft-"
PID_FILE = "postmaster.pid"

INITDB_OPTIONS = (
    f"--username={OWNER}",
    "--auth=trust",  # whoever may enter the 0700 socket directory is let in
    "--no-sync",
    "--no-instructions",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",  # the same order on every system, so a libc update cannot break an index
)
SERVER_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "min_wal_size": "32MB",
    "max_wal_size": "512MB",
    "wal_level": "logical",
    "max_slot_wal_keep_size": "1GB",  # a slot nobody reads must not fill the disk
    "jit": "off",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "cluster_name": "sonik",
}
PULSE = """
select current_setting('server_version'),
       extract(epoch from clock_timestamp() - pg_postmaster_start_time())::float8,
       array(select datname::text from pg_database)
"""

_LOUD = re.compile(r"\b(?:FATAL|PANIC|ERROR|error|failed|Permission denied|No space left)\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class PostgresServer:
    """PostgreSQL of one home."""

    settings: Settings
    places: Places

    name = "PostgreSQL"
    stop_signal = signal.SIGINT  # fast: it rolls back what is open and checkpoints
    urgent_signals = (signal.SIGQUIT, signal.SIGKILL)  # immediate: no checkpoint, so the next start recovers

    @property
    def room(self) -> Path:
        """The directory with its lock, its record and the data directory."""
        return self.places.postgres

    @property
    def data(self) -> Path:
        """Its data directory, one per major version."""
        return self.room / str(POSTGRES_MAJOR)

    @property
    def log(self) -> Path:
        """Its log file."""
        return self.places.log / "postgres.log"

    @property
    def socket(self) -> Path:
        """Where it is to listen."""
        return self.places.sockets / POSTGRES_SOCKETS / POSTGRES_SOCKET

    def launch(self, *, lock: int, deadline: Deadline) -> subprocess.Popen[bytes]:
        """Make the data directory where there is none, and start the server on it."""
        binaries = postgres_binaries(self.settings)
        account = server_account(self.data)
        if not self.data.exists():
            self._initialise(binaries, account=account, lock=lock, deadline=deadline)
        rights = rights_for(account, program=binaries.postgres, directories=(self.room, self.places.sockets))
        give(self.data, account)
        drop_recycled_pid_file(self.data)
        self._clear_sockets(account)
        return process.spawn(self._command(binaries), log=self.log, lock=lock, rights=rights)

    def pulse(self, socket: Path) -> Pulse | None:
        """Return what it says about itself, None while it does not answer."""
        try:
            with _connection(socket) as connection:
                row = connection.execute(PULSE).fetchone()
        except psycopg.OperationalError:
            return None
        pid = running_pid(self.data)
        if row is None or pid is None:
            return None
        return Pulse(pid=pid, version=row[0], uptime_seconds=row[1], offers=frozenset(row[2]))

    def explain(self, log: str) -> SonikError:
        """Return why it did not come up: the first loud line of its log."""
        lines = [line.strip() for line in log.splitlines() if line.strip()]
        loud = next((line for line in lines if _LOUD.search(line)), lines[-1] if lines else "it wrote nothing")
        said = re.sub(r"^[\d-]+ [\d:.]+ UTC \[\d+\] ", "", loud)
        if "No space left" in log:
            return Misconfigured(f"PostgreSQL did not start: {said}", next_step="Free some space on the disk.")
        return StoreUnavailable(f"PostgreSQL did not start: {said}", next_step=f"Read {self.log}; run `sonik doctor`.")

    def _initialise(
        self, binaries: PostgresBinaries, *, account: Account | None, lock: int, deadline: Deadline
    ) -> None:
        for leftover in self.room.glob(f"{DRAFT_PREFIX}*"):
            shutil.rmtree(leftover)
        rights = rights_for(account, program=binaries.initdb, directories=(self.room,))
        draft = Path(tempfile.mkdtemp(prefix=DRAFT_PREFIX, dir=self.room))  # renamed when whole
        give(draft, account)
        offset = process.log_size(self.log)
        command = [str(binaries.initdb), *INITDB_OPTIONS, f"--pgdata={draft}"]
        child = process.spawn(command, log=self.log, lock=lock, rights=rights)
        if not process.exited(child, within=deadline.remaining()):
            process.destroy(child)
            raise OutOfTime(
                f"Making the PostgreSQL data directory took longer than {deadline.seconds:g} s.",
                next_step="Raise SONIK_START_TIMEOUT_SECONDS and try again.",
            )
        if child.returncode != 0:
            raise self.explain(process.log_since(self.log, offset))
        draft.rename(self.data)

    def _clear_sockets(self, account: Account | None) -> None:
        self.places.open_sockets()
        directory = self.socket.parent
        if directory.exists() and not directory.is_symlink():
            shutil.rmtree(directory)
        claim(directory, mode=0o700)
        give(directory, account)

    def _command(self, binaries: PostgresBinaries) -> list[str]:
        command = [str(binaries.postgres), "-D", str(self.data)]
        for name, value in server_settings(self.socket.parent).items():
            command += ["-c", f"{name}={value}"]
        return command


def create_database(socket: Path) -> None:
    """Create Sonik's database; call it under start.lock."""
    with _connection(socket) as connection:
        connection.execute(f"create database {DATABASE}")


def dsn(socket: Path, *, user: str, database: str) -> str:
    """Return the libpq connection string of a role on the unix socket."""
    return make_conninfo(host=str(socket.parent), port=PORT, user=user, dbname=database)


def server_settings(sockets: Path) -> Mapping[str, str]:
    """Return the settings the server is started with."""
    escaped = str(sockets).replace('"', '""')
    return {**SERVER_SETTINGS, "unix_socket_directories": f'"{escaped}"'}


def running_pid(data: Path) -> int | None:
    """Return the process written in postmaster.pid."""
    with suppress(OSError, ValueError, IndexError):
        return int((data / PID_FILE).read_text(encoding="utf-8").splitlines()[0])
    return None


def drop_recycled_pid_file(data: Path) -> None:
    """Remove a postmaster.pid whose number now belongs to another program, which PostgreSQL would take for itself.

    That is the rule after a restart of a container. A dead number is left to PostgreSQL, which then also checks its
    shared memory; a living postgres is left alone.
    """
    pid = running_pid(data)
    if pid is not None and birth(pid) and not _is_postgres(pid):
        (data / PID_FILE).unlink(missing_ok=True)


def _is_postgres(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() == "postgres"
    asked = subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return asked.stdout.strip().endswith("postgres")


@contextmanager
def _connection(socket: Path) -> Iterator[psycopg.Connection]:
    target = dsn(socket, user=OWNER, database="postgres")
    with closing(psycopg.connect(target, autocommit=True, connect_timeout=PROBE_SECONDS)) as connection:
        yield connection
