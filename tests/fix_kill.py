"""Processes that write and project for themselves, to be killed and started again as a supervisor would."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from sonik.engine import Engine
from sonik.errors import Conflict, SonikError, StoreUnavailable
from sonik.identity.sighting import Source
from sonik.ingest.files import rows_of
from sonik.ingest.intake import Delivery
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.stores.embedded.postgres import dsn
from sonik.types import JsonObject, Scope

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = "import sys; from tests.fix_kill import work; work(*sys.argv[1:])"
FIRST_NIGHT = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
SOURCE = "drill"
BATCH = 6
PATIENCE_SECONDS = 180.0  # only a bound: on a busy machine a process takes a minute to start
PACE_SECONDS = 0.04  # a writer alone could keep a processor busy
SNAPSHOT_SECONDS = 0.3
STATUSES = ("scheduled", "scheduled", "scheduled", "cancelled", "moved", "sold_out")
LEADER = """
    select application_name from pg_locks join pg_stat_activity using (pid) where locktype = 'advisory' and granted
"""


class Worker:
    """Another process that writes or projects until it is killed; PostgreSQL knows it by its name."""

    def __init__(self, role: str, settings: Settings, *arguments: str, name: str = "") -> None:
        environment = {
            "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "HOME": str(settings.home),
            "PGAPPNAME": name or role,
        }  # fmt: skip
        self.log = settings.home / f"{name or role}.log"
        told = [role, settings.model_dump_json(exclude_none=True), str(os.getpid()), *arguments]
        self._command = [sys.executable, "-c", SCRIPT, *told]
        self._environment = environment
        self.starts = 0
        self.start()

    def start(self) -> None:
        """Start the process anew."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=self._environment, cwd=ROOT
            )
        self.starts += 1

    def revive(self) -> None:
        """Start it again if it died, as a supervisor would."""
        if self.process.poll() is not None:
            self._hang_up()
            self.start()

    def kill(self) -> None:
        """End it by SIGKILL."""
        self.process.kill()
        self.process.wait()
        self._hang_up()

    def finish(self) -> None:
        """Ask it to stop where nothing is half done, and wait for that."""
        self.process.terminate()
        self.process.wait(timeout=PATIENCE_SECONDS)
        self._hang_up()

    def _hang_up(self) -> None:
        """Close its stdin, which a server listens to."""
        if self.process.stdin is not None:
            self.process.stdin.close()


def work(role: str, settings: str, master: str, *arguments: str) -> None:
    """Do what the role says, as long as the process that asked for it lives: the body of the other process."""
    chosen = Settings.model_validate_json(settings)
    if role == "project":
        asyncio.run(project(chosen, master=int(master)))
    elif role == "work":
        asyncio.run(do_jobs(chosen, master=int(master)))
    elif role == "serve":
        # Only this role speaks the protocol; the others are started again and again, and need not load it.
        from server.stdio import serve

        asyncio.run(serve(chosen))
    else:
        asyncio.run(write(chosen, Path(arguments[0]), int(arguments[1]), master=int(master)))


async def project(settings: Settings, *, master: int) -> None:
    """Project until killed, with a snapshot and a pruned outbox as often as can be."""
    async with Engine.open(settings, project=False) as engine:
        projecting = asyncio.create_task(engine.project())
        while os.getppid() == master and not projecting.done():
            await asyncio.sleep(SNAPSHOT_SECONDS)
            with suppress(StoreUnavailable, Conflict):
                await engine.checkpoint()
        projecting.cancel()
        with suppress(asyncio.CancelledError):
            await projecting


async def do_jobs(settings: Settings, *, master: int) -> None:
    """Do jobs until killed."""
    async with Engine.open(settings, project=False, work=True):
        while True:
            if os.getppid() != master:
                return
            await asyncio.sleep(SNAPSHOT_SECONDS)


async def write(settings: Settings, ledger: Path, seed: int, *, master: int) -> None:
    """Deliver batch after batch, and note each in the ledger once it is acknowledged."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Engine.open(settings, project=False) as engine:
        number = len(acknowledged(ledger))
        while os.getppid() == master and not stop.is_set():
            receipts = await delivered(engine, seed, number)
            note(ledger, {"batch": number, "entities": receipts})
            number += 1
            await asyncio.sleep(PACE_SECONDS)


async def delivered(engine: Engine, seed: int, number: int) -> JsonObject:
    """Deliver one batch until it is acknowledged; its key makes a second try harmless."""
    delivery = Delivery(
        source=Source(code=SOURCE, trust=50), scope=Scope(role="ingest"), idempotency_key=f"{seed}:{number}"
    )
    while True:
        try:
            intake = await engine.ingest(rows_of(batch(seed, number)), delivery=delivery)
        except SonikError as error:
            if not error.retryable:
                raise
            await asyncio.sleep(0.05)
        else:
            names = [str(record["source_id"]) for record in batch(seed, number)]
            return {name: receipt.entity_id for name, receipt in zip(names, intake.receipts, strict=True)}


def batch(seed: int, number: int) -> list[JsonObject]:
    """Return a batch of new, changed, cancelled and moved events: the same for the same numbers."""
    chance = random.Random(f"{seed}:{number}")
    # The range of known events grows with time, so that each batch brings new ones and changes old ones.
    chosen = chance.sample(range(BATCH * 2 + number * 2), BATCH)
    return [_event(chance, which) for which in chosen]


def _event(chance: random.Random, which: int) -> JsonObject:
    starts = FIRST_NIGHT + timedelta(days=which % 30)
    venue, artist = f"Sala {chance.randrange(12)}", f"Banda {which % 25}"
    return {
        "kind": "event", "name": f"Noche {which}", "source_id": f"event-{which}", "starts_at": starts.isoformat(),
        "market": "medellin", "status": chance.choice(STATUSES), "price_min": chance.randrange(10, 90) * 1000,
        "currency": "COP", "venue": {"name": venue, "source_id": venue},
        "lineup": [{"name": artist, "source_id": artist}],
    }  # fmt: skip


def note(ledger: Path, line: JsonObject) -> None:
    """Append a line so that it outlives a kill."""
    with ledger.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
        file.flush()
        os.fsync(file.fileno())


def acknowledged(ledger: Path) -> list[JsonObject]:
    """Return the lines of the ledger that are whole."""
    if not ledger.exists():
        return []
    lines = ledger.read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines[:-1]]


def leaders(settings: Settings) -> list[str]:
    """Return the names of the processes that hold the projector's lease."""
    with psycopg.connect(owner_dsn(settings)) as connection:
        return [str(row[0]) for row in connection.execute(LEADER)]


def owner_dsn(settings: Settings) -> str:
    """Return how the schema's owner connects to the embedded PostgreSQL."""
    postgres = next(server for server in embedded.status(settings).servers if server.name == "PostgreSQL")
    return dsn(postgres.socket, user="sonik", database="sonik")
