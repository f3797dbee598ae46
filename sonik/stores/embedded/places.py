"""Where the embedded servers keep their data, logs, locks and sockets."""

import hashlib
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sonik.errors import Misconfigured

SOCKET_BYTES = 100  # the kernel takes 108 on Linux, 104 on macOS
REDIS_SOCKET = "redis.sock"
POSTGRES_SOCKETS = "pg"
POSTGRES_SOCKET = ".s.PGSQL.5432"


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """The directories of one home."""

    home: Path
    sockets: Path

    @property
    def run(self) -> Path:
        """Locks and the list of clients."""
        return self.home / "run"

    @property
    def log(self) -> Path:
        """Log files of the servers."""
        return self.home / "log"

    @property
    def postgres(self) -> Path:
        """Room of PostgreSQL: its data directory by major version, its lock and record."""
        return self.home / "postgres"

    @property
    def redis(self) -> Path:
        """Room of Redis: its snapshot, configuration, lock and record."""
        return self.home / "redis"

    @property
    def start_lock(self) -> Path:
        """Lock of whoever starts, stops or joins."""
        return self.run / "start.lock"

    @property
    def clients(self) -> Path:
        """Directory of the clients' lock files."""
        return self.run / "clients"

    @property
    def keep_marker(self) -> Path:
        """File that says the servers stay when the last client goes."""
        return self.run / "keep"

    def prepare(self) -> None:
        """Create the directories, private to this account.

        Raises:
            Misconfigured: the home is not writable, or a directory belongs to somebody else.
        """
        try:
            self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
            for path in (self.run, self.postgres):
                claim(path, mode=passage_mode())
            for path in (self.clients, self.log, self.redis):
                claim(path, mode=0o700)
        except (PermissionError, FileExistsError, NotADirectoryError) as error:
            raise Misconfigured(
                f"The data directory {self.home} cannot be used: {error.strerror}.",
                next_step="Set SONIK_HOME to a directory this account may write.",
            ) from error

    def open_sockets(self) -> None:
        """Create the directory of the sockets, before a server starts."""
        claim(self.sockets, mode=passage_mode())

    def close_sockets(self) -> None:
        """Remove the directory of the sockets where it lies outside the home, after the servers have gone."""
        if self.sockets != self.run:
            shutil.rmtree(self.sockets, ignore_errors=True)


def places(home: Path) -> Places:
    """Return the places of a home; creates nothing."""
    real = home.expanduser().resolve()
    return Places(home=real, sockets=_socket_directory(real))


def passage_mode() -> int:
    """Return the mode of a directory that only leads to private ones: root's PostgreSQL runs as another account."""
    return 0o711 if os.geteuid() == 0 else 0o700


def claim(path: Path, *, mode: int) -> None:
    """Create a directory of ours, or check that the one there is ours before it is used.

    Raises:
        Misconfigured: it is a link, or belongs to another account.
    """
    path.mkdir(exist_ok=True, mode=mode)
    facts = path.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid():
        raise Misconfigured(
            f"{path} is not a directory of this account (it belongs to uid {facts.st_uid}).",
            next_step="Run Sonik as that account, remove the directory, or set another SONIK_HOME.",
        )
    if stat.S_IMODE(facts.st_mode) != mode:
        path.chmod(mode)


def _socket_directory(home: Path) -> Path:
    mark = hashlib.sha256(os.fsencode(home)).hexdigest()[:12]
    private = f"sonik-{os.geteuid()}-{mark}"
    temporary = Path(tempfile.gettempdir()).resolve()
    for directory in (home / "run", temporary / private, Path("/tmp").resolve() / private):  # noqa: S108 # claimed
        if fits(directory):
            return directory
    raise Misconfigured(
        f"No directory for sockets has a path without comma and under {SOCKET_BYTES} bytes.",
        next_step="Set SONIK_HOME or TMPDIR to such a path.",
    )


def fits(directory: Path) -> bool:
    """Return whether sockets can be in a directory: their paths are short enough, and libpq takes them for one host."""
    if "," in str(directory):
        return False
    longest = max(directory / REDIS_SOCKET, directory / POSTGRES_SOCKETS / POSTGRES_SOCKET, key=_length)
    return _length(longest) < SOCKET_BYTES


def _length(path: Path) -> int:
    return len(os.fsencode(path))
