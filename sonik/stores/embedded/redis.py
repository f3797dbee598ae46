"""The embedded Redis server, which carries the FalkorDB graphs and the search index of the cache."""

import re
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from sonik.errors import Misconfigured, MissingBinary, SonikError, StoreUnavailable
from sonik.settings import Settings
from sonik.stores.embedded import process
from sonik.stores.embedded.binaries import RedisBinaries, redis_binaries
from sonik.stores.embedded.libraries import remedy
from sonik.stores.embedded.places import REDIS_SOCKET, Places
from sonik.stores.embedded.server import Pulse
from sonik.stores.embedded.waiting import Deadline

CONF = "redis.conf"
SNAPSHOT = "dump.rdb"
SEARCH_MODULE = "search"
PROBE_SECONDS = 1.0
SETTING_OF_MODULE = {"falkordb": "SONIK_FALKORDB_MODULE", "redisearch": "SONIK_REDISEARCH_MODULE"}

_NOT_LOADED = re.compile(r"Module (?P<path>.+) failed to load: (?P<why>.+)")
_UNREADABLE = re.compile(r"no matching module|Wrong signature|Short read or OOM|Can't handle RDB format", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class RedisServer:
    """Redis of one home."""

    settings: Settings
    places: Places

    name = "Redis"
    stop_signal = signal.SIGTERM  # with save points set, it writes its snapshot before it goes
    urgent_signals = (signal.SIGKILL,)  # the last finished snapshot stands, and what came after is projected again

    @property
    def room(self) -> Path:
        """The directory with its data, lock and record."""
        return self.places.redis

    @property
    def log(self) -> Path:
        """Its log file."""
        return self.places.log / "redis.log"

    @property
    def socket(self) -> Path:
        """Where it is to listen."""
        return self.places.sockets / REDIS_SOCKET

    def launch(self, *, lock: int, deadline: Deadline) -> subprocess.Popen[bytes]:  # noqa: ARG002 # it starts at once
        """Write redis.conf and start the server; nobody else has it open, so a socket left there is stale."""
        binaries = redis_binaries(self.settings)
        conf = self.room / CONF
        text = configuration(self.room, socket=self.socket, binaries=binaries)
        conf.write_text(text, encoding="utf-8", errors="surrogateescape")
        self.places.open_sockets()
        self.socket.unlink(missing_ok=True)
        return process.spawn([str(binaries.server), str(conf)], log=self.log, lock=lock)

    def pulse(self, socket: Path) -> Pulse | None:
        """Return what it says about itself, None while it does not answer or still loads its snapshot."""
        client = redis.Redis(
            unix_socket_path=str(socket),
            socket_timeout=PROBE_SECONDS,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )
        try:
            with client, client.pipeline(transaction=False) as pipeline:
                pipeline.ping()  # refused while loading, unlike the other two
                pipeline.info("server")
                pipeline.module_list()
                _, info, modules = pipeline.execute()
        except (redis.ConnectionError, redis.BusyLoadingError, redis.TimeoutError):
            return None
        return Pulse(
            pid=int(info["process_id"]),
            version=str(info["redis_version"]),
            uptime_seconds=float(info["uptime_in_seconds"]),
            offers=frozenset(module["name"] for module in modules),
        )

    def explain(self, log: str) -> SonikError:
        """Return why it did not come up: a module that does not load, a snapshot it cannot read, or its last word."""
        if failed := _NOT_LOADED.search(log):
            return module_error(Path(failed["path"]), failed["why"].strip())
        lines = [line for line in log.splitlines() if line.strip()]
        unreadable = next((line for line in lines if _UNREADABLE.search(line)), None)
        if unreadable:
            return Misconfigured(
                f"Redis cannot read {self.room / SNAPSHOT}: {_said(unreadable)}",
                next_step="Start with the modules it was written with (SONIK_REDISEARCH=auto), or move the file away: "
                "graphs and cache are rebuilt from PostgreSQL.",
            )
        last = _said(lines[-1]) if lines else "it wrote nothing"
        return StoreUnavailable(f"Redis did not start: {last}", next_step=f"Read {self.log}; run `sonik doctor`.")


def configuration(data: Path, *, socket: Path, binaries: RedisBinaries) -> str:
    """Return the text of redis.conf."""
    lines = [
        "port 0",
        f"unixsocket {quoted(socket)}",
        "unixsocketperm 700",
        "daemonize no",
        'logfile ""',
        "always-show-logo no",
        f"dir {quoted(data)}",
        f"dbfilename {SNAPSHOT}",
        "appendonly no",  # FalkorDB 4.16 can crash or rename properties when an append-only file is replayed
        "save 60 1 300 100",
        "maxmemory-policy noeviction",  # graph keys must never be evicted
        *(f"loadmodule {quoted(module)}" for module in binaries.modules if module != binaries.falkordb),
        f"loadmodule {quoted(binaries.falkordb)} EFFECTS_THRESHOLD 0 "
        "TIMEOUT_DEFAULT 5000 TIMEOUT_MAX 30000 RESULTSET_SIZE 20000",
    ]
    return "\n".join(lines) + "\n"


def quoted(path: Path) -> str:
    """Return a path as redis.conf takes it, whatever characters it has."""
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def module_error(module: Path, why: str) -> MissingBinary:
    """Return what to do about a module the server could not load."""
    setting = SETTING_OF_MODULE.get(module.stem)
    instead = f" or set {setting} to another file" if setting else ""
    if "permission" in why.lower():
        step = f"Run `chmod +x {module}`."
    else:
        step = remedy(why) or f"Run `pip install --force-reinstall 'sonik[embedded]'`{instead}."
    if module.stem in {"redisearch", "rejson"}:
        step += " Or do without search: SONIK_REDISEARCH=off."
    return MissingBinary(f"Redis cannot load {module}: {why}", next_step=step)


def _said(line: str) -> str:
    return re.sub(r"^\d+:\w \d+ \w+ \d+ [\d:.]+ [#*.-] ", "", line)
