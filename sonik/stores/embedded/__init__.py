"""The embedded servers: PostgreSQL and Redis on unix sockets under one home, shared by every process that uses it."""

import asyncio
import logging
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sonik.errors import InvalidInput, OutOfTime, SonikError, StoreUnavailable
from sonik.settings import Settings
from sonik.stores.embedded import locks
from sonik.stores.embedded.locks import Client
from sonik.stores.embedded.places import REDIS_SOCKET, Places, places
from sonik.stores.embedded.postgres import DATABASE, PostgresServer, create_database, dsn
from sonik.stores.embedded.redis import SEARCH_MODULE, RedisServer
from sonik.stores.embedded.server import URGENT_SECONDS, Running, Server, ensure, stop
from sonik.stores.embedded.status import ServerStatus, SetStatus, status
from sonik.stores.embedded.waiting import Deadline

__all__ = ["EmbeddedSet", "ServerStatus", "SetStatus", "attach", "close", "down", "keep", "release", "status", "watch"]

STOP_SECONDS = 30.0  # a server may have much to write before it goes
# Whoever waits for one that stops them waits until the last of them is killed.
TURN_SECONDS = STOP_SECONDS + 3 * URGENT_SECONDS
WATCH_SECONDS = 0.25

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class EmbeddedSet:
    """This process's share in the running servers."""

    home: Path
    postgres_socket: Path
    redis_socket: Path
    search: bool
    pids: dict[str, int]
    started_servers: frozenset[str]
    settings: Settings
    client: Client

    @property
    def started(self) -> bool:
        """Whether this call started a server; `started_servers` says which ("postgres", "redis")."""
        return bool(self.started_servers)

    def postgres_dsn(self, user: str, database: str = DATABASE) -> str:
        """Return the libpq connection string of a role."""
        return dsn(self.postgres_socket, user=user, database=database)


async def attach(settings: Settings, *, whole: bool = True) -> EmbeddedSet:
    """Join the servers of the home, starting what does not run; give the share back with `close`.

    Unless it is to be `whole`, a Redis that does not answer is left to `watch`: PostgreSQL alone is the truth.

    Raises:
        Misconfigured: a binary, a right or a directory is missing; the error says which.
        OutOfTime: a server does not come up in time.
    """
    attempt = _Attempt(settings, whole=whole)
    try:
        return await asyncio.to_thread(attempt.run)
    except asyncio.CancelledError:
        attempt.abandon()
        raise


async def close(share: EmbeddedSet) -> None:
    """Give the share back; the last one out stops the servers unless they are to be kept."""
    await asyncio.to_thread(_leave, share)


async def watch(share: EmbeddedSet) -> None:
    """Start a server again whenever it dies, until cancelled; what was stopped on purpose stays down."""
    fallen, said = False, ""
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        try:
            fallen = fallen or _has_fallen(share)
            if fallen:
                await asyncio.to_thread(_raise_up, share)
                fallen, said = False, ""
        except (SonikError, OSError) as error:
            if said != str(error):
                logger.warning("an embedded server died and does not start", extra={"error": str(error)})
            said = str(error)


def keep(home: Path) -> None:
    """Let the servers run on when their last client goes (`sonik up`)."""
    here = places(home)
    here.prepare()
    here.keep_marker.touch()


def release(home: Path) -> None:
    """Let the last client stop the servers again (`sonik down`)."""
    places(home).keep_marker.unlink(missing_ok=True)


async def down(settings: Settings, *, force: bool = False) -> tuple[str, ...]:
    """Stop the servers and return the names of those that ran.

    Raises:
        InvalidInput: other processes use them and `force` is not set; nothing was stopped.
    """
    return await asyncio.to_thread(_down, settings, force=force)


class _Attempt:
    """One attach in its thread, which gives its share back when nobody waits for it any longer."""

    def __init__(self, settings: Settings, *, whole: bool) -> None:
        self._settings = settings
        self._whole = whole
        self._guard = threading.Lock()
        self._abandoned = False
        self._share: EmbeddedSet | None = None

    def run(self) -> EmbeddedSet:
        """Join or start the servers."""
        share = _join(self._settings, whole=self._whole)
        with self._guard:
            self._share = share
            abandoned = self._abandoned
        if abandoned:
            _leave(share)
        return share

    def abandon(self) -> None:
        """Give the share back, now or as soon as there is one."""
        with self._guard:
            self._abandoned = True
            share = self._share
        if share:
            threading.Thread(target=_leave, args=(share,), name="embedded-leave").start()


def _join(settings: Settings, *, whole: bool) -> EmbeddedSet:
    here = places(settings.home)
    here.prepare()
    deadline = Deadline(settings.start_timeout_seconds)
    with locks.hold(here.start_lock, deadline=deadline):
        locks.sweep(here.clients)
        client = locks.enter(here.clients)
        try:
            postgres, redis = _ensured(settings, here, deadline)
            if isinstance(redis, Exception):
                if whole:
                    raise redis
                logger.warning("Redis does not start, and is tried again", extra={"error": str(redis)})
        except BaseException:
            client.release()
            _stop_unused(settings, here)
            raise
    running = {"postgres": postgres} | ({"redis": redis} if isinstance(redis, Running) else {})
    return EmbeddedSet(
        home=here.home,
        postgres_socket=postgres.socket,
        redis_socket=running["redis"].socket if "redis" in running else here.sockets / REDIS_SOCKET,
        search=settings.redisearch != "off" and any(SEARCH_MODULE in one.pulse.offers for one in running.values()),
        pids={name: server.pulse.pid for name, server in running.items()},
        started_servers=frozenset(name for name, server in running.items() if server.started),
        settings=settings,
        client=client,
    )


def _ensured(
    settings: Settings, here: Places, deadline: Deadline
) -> tuple[Running, Running | StoreUnavailable | OutOfTime]:  # fmt: skip
    """Return both servers, or PostgreSQL and why Redis does not answer."""
    postgres, redis = _servers(settings, here)
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="embedded") as pool:
        first, second = (pool.submit(ensure, server, deadline=deadline) for server in (postgres, redis))
    running = first.result()
    if DATABASE not in running.pulse.offers:
        create_database(running.socket)
    try:
        return running, second.result()
    except (StoreUnavailable, OutOfTime) as error:
        return running, error


def _has_fallen(share: EmbeddedSet) -> bool:
    """Say whether a server is gone that nobody stopped: stopping it takes its record away, dying does not."""
    servers: tuple[Server, ...] = _servers(share.settings, places(share.home))
    return any(locks.was_left(server.room) for server in servers)


def _raise_up(share: EmbeddedSet) -> None:
    here = places(share.home)
    deadline = Deadline(share.settings.start_timeout_seconds)
    with locks.hold(here.start_lock, deadline=deadline):
        if _has_fallen(share):  # unless another process was first
            _, redis = _ensured(share.settings, here, deadline)
            if isinstance(redis, Exception):
                raise redis


def _leave(share: EmbeddedSet) -> None:
    if not share.client.held:
        share.client.release()
        return
    here = places(share.home)
    try:
        with locks.hold(here.start_lock, deadline=Deadline(TURN_SECONDS)):
            share.client.release()
            _stop_unused(share.settings, here)
    finally:
        # Whoever has the lock instead must not count this one.
        share.client.release()


def _stop_unused(settings: Settings, here: Places) -> None:
    if settings.keep_servers or here.keep_marker.exists() or locks.clients(here.clients):
        return
    _stop_both(settings, here)


def _stop_both(settings: Settings, here: Places) -> tuple[str, ...]:
    deadline = Deadline(STOP_SECONDS)
    servers: tuple[Server, ...] = _servers(settings, here)
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="embedded") as pool:
        stopped = [pool.submit(stop, server, deadline=deadline) for server in servers]
    names = tuple(server.name for server, ran in zip(servers, stopped, strict=True) if ran.result())
    here.close_sockets()
    return names


def _servers(settings: Settings, here: Places) -> tuple[PostgresServer, RedisServer]:
    return PostgresServer(settings=settings, places=here), RedisServer(settings=settings, places=here)


def _down(settings: Settings, *, force: bool) -> tuple[str, ...]:
    here = places(settings.home)
    if not here.run.is_dir():
        return ()
    with locks.hold(here.start_lock, deadline=Deadline(TURN_SECONDS)):
        users = [pid for pid in locks.clients(here.clients) if pid != os.getpid()]
        if users and not force:
            raise InvalidInput(
                f"{len(users)} other processes use the embedded servers: {', '.join(map(str, users))}.",
                next_step="Stop them first, or run `sonik down --force`.",
            )
        here.keep_marker.unlink(missing_ok=True)
        return _stop_both(settings, here)
