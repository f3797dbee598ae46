"""What runs under a home, without starting anything."""

from dataclasses import dataclass
from pathlib import Path

from sonik.settings import Settings
from sonik.stores.embedded import locks
from sonik.stores.embedded.places import places
from sonik.stores.embedded.postgres import PostgresServer
from sonik.stores.embedded.redis import SEARCH_MODULE, RedisServer
from sonik.stores.embedded.server import Server, look


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerStatus:
    """One server: whether its process lives, and what it says if it answers."""

    name: str
    running: bool
    answers: bool
    pid: int | None
    version: str | None
    uptime_seconds: float | None
    socket: Path
    data_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SetStatus:
    """The servers of a home, and the processes that use them."""

    home: Path
    servers: tuple[ServerStatus, ...]
    search: bool
    clients: tuple[int, ...]
    kept: bool


def status(settings: Settings) -> SetStatus:
    """Return what runs under the home of the settings, and who uses it."""
    here = places(settings.home)
    redis = RedisServer(settings=settings, places=here)
    answering = look(redis) if _runs(redis) else None
    return SetStatus(
        home=here.home,
        servers=(server_status(PostgresServer(settings=settings, places=here)), server_status(redis)),
        search=answering is not None and SEARCH_MODULE in answering.pulse.offers,
        clients=locks.clients(here.clients),
        kept=here.keep_marker.exists(),
    )


def server_status(server: Server) -> ServerStatus:
    """Return the state of one server."""
    alive = _runs(server)
    running = look(server) if alive else None
    record = locks.read_record(server.room) if alive else None
    return ServerStatus(
        name=server.name,
        running=alive,
        answers=running is not None,
        pid=running.pulse.pid if running else record.pid if record else None,
        version=running.pulse.version if running else None,
        uptime_seconds=running.pulse.uptime_seconds if running else None,
        socket=running.socket if running else server.socket,
        data_bytes=_size(server.room),
    )


def _runs(server: Server) -> bool:
    return locks.is_held(server.room / locks.SERVER_LOCK)


def _size(directory: Path) -> int:
    return sum(entry.lstat().st_size for entry in directory.rglob("*") if entry.is_file())
