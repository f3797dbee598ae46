"""The kill drill: one process writes, one projects, one target is killed again and again, and then all must agree."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import psycopg

from sonik.engine import Engine
from sonik.errors import OutOfTime
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.stores.embedded.waiting import Deadline
from sonik.sync.drift import Comparison
from sonik.types import JsonObject
from tests.fix_archive import Archive
from tests.fix_kill import BATCH, PATIENCE_SECONDS, Worker, acknowledged, batch, owner_dsn

Target = Literal["projector", "server", "ingest job", "Redis", "PostgreSQL"]
TARGETS: tuple[Target, ...] = ("projector", "server", "ingest job", "Redis", "PostgreSQL")
# Which worker a target is, and who works beside the one that writes.
WORKERS: dict[Target, str] = {"projector": "project", "server": "serve", "ingest job": "work"}
BESIDE: dict[Target, tuple[str, ...]] = {"server": ("serve",), "ingest job": ("project", "work")}

CURSORS = "select sum(txid), sum(seq) from unified.sync_state"
# What the last acknowledged record of each event must have left behind, and how often.
STORED = """
    select i.value, count(*), min(e.id::text), min(ev.status), min(ev.price_min)::float8, min(host.name)
    from unified.identifiers i
    join unified.entities e on e.id = i.entity_id and e.deleted_at is null
    join unified.events ev on ev.entity_id = e.id
    left join unified.relationships r on r.src = e.id and r.type = 'HOSTED_BY' and r.valid_to is null
    left join unified.entities host on host.id = r.dst
    where i.scheme = 'source:drill' and i.entity_type = 'event' and i.current_to is null
    group by i.value
"""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a drill left behind."""

    target: Target
    kills: int
    seconds: float
    records: int
    events: int
    restarts: int  # of workers nobody killed
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    comparisons: tuple[Comparison, ...]

    @property
    def agree(self) -> bool:
        """Whether every store agrees with truth, by count and by hash."""
        return all(comparison.agrees for comparison in self.comparisons)

    @property
    def held(self) -> bool:
        """Whether nothing is lost, nothing is there twice, and all stores agree."""
        return self.agree and not self.lost and not self.doubled


@dataclass(kw_only=True)
class Drill:
    """Kills one target so many times while records come in; `watch` is told of each kill."""

    settings: Settings
    target: Target
    kills: int
    seed: int = 7
    watch: Callable[[int], None] = lambda _: None
    _workers: dict[str, Worker] = field(default_factory=dict)

    def run(self) -> Outcome:
        """Run the drill to its end."""
        began = time.monotonic()
        self._workers = {role: Worker(role, self.settings) for role in BESIDE.get(self.target, ("project",))}
        self._workers["write"] = Worker("write", self.settings, str(self._ledger), str(self.seed))
        try:
            chance = random.Random(self.seed)
            self._await_batches(3)
            for number in range(self.kills):
                self._await_work(chance.randrange(1, 6))
                time.sleep(chance.uniform(0.0, 0.05))  # so that a kill hits any moment of a write
                self._kill()
                self.watch(number + 1)
            self._await_batches(3)
            self._until(self._archive.is_done, "every job is done")
            self._workers["write"].finish()
            return asyncio.run(self._settled(began))
        finally:
            end(self.settings, list(self._workers.values()))

    @cached_property
    def _archive(self) -> Archive:
        return Archive(settings=self.settings)

    @property
    def _ledger(self) -> Path:
        return self.settings.home / "ledger.jsonl"

    @property
    def _restarts(self) -> int:
        planned = self.kills if self.target in WORKERS else 0
        return sum(worker.starts - 1 for worker in self._workers.values()) - planned

    def _kill(self) -> None:
        """Kill the target and wait until it is back at work."""
        if self.target in WORKERS:
            worker = self._workers[WORKERS[self.target]]
            worker.kill()
            before = self._mark()
            worker.start()
            self._until(lambda: self._mark() not in (None, before), f"the {self.target} goes on")
            return
        self._until(lambda: self._pid() is not None, f"{self.target} answers")
        killed = self._pid()
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        self._until(lambda: self._pid() not in (None, killed), f"{self.target} is up again")

    def _pid(self) -> int | None:
        servers = {server.name: server for server in embedded.status(self.settings).servers}
        return servers[self.target].pid if servers[self.target].answers else None

    def _mark(self) -> object:
        """Return what the target moves, None while truth does not answer."""
        if self.target == "ingest job":
            return self._archive.taken()
        try:
            with psycopg.connect(owner_dsn(self.settings)) as connection:
                return connection.execute(CURSORS).fetchone()
        except psycopg.Error:
            return None

    def _await_work(self, count: int) -> None:
        """Wait until the target has something to lose."""
        if self.target == "ingest job":
            self._archive.feed()
            wanted = self._archive.taken() + 1
            self._until(lambda: self._archive.taken() >= wanted, "the job goes on")
        else:
            self._await_batches(count)

    def _await_batches(self, count: int) -> None:
        wanted = len(acknowledged(self._ledger)) + count
        self._until(lambda: len(acknowledged(self._ledger)) >= wanted, f"{count} batches are acknowledged")

    def _until(self, reached: Callable[[], bool], what: str) -> None:
        until(reached, what, list(self._workers.values()))

    async def _settled(self, began: float) -> Outcome:
        """Let the projector finish, then compare."""
        async with Engine.open(self.settings, project=False) as engine:
            await up_to_date(engine)
            comparisons = await engine.compare()
        lines = acknowledged(self._ledger)
        lost, doubled, events = self._check(lines)
        missing, repeated = self._archive.check()
        return Outcome(
            target=self.target, kills=self.kills, seconds=time.monotonic() - began,
            records=len(lines) * BATCH + self._archive.records, events=events, restarts=self._restarts,
            lost=(*lost, *missing), doubled=(*doubled, *repeated),
            comparisons=tuple(comparisons),
        )  # fmt: skip

    def _check(self, lines: list[JsonObject]) -> tuple[list[str], list[str], int]:
        """Compare what was acknowledged with truth: what is lost, what is there twice, and how much there is."""
        with psycopg.connect(owner_dsn(self.settings)) as connection:
            stored = {str(row[0]): row[1:] for row in connection.execute(STORED)}
        expected, ids = _acknowledged_state(lines, seed=self.seed)
        lost = [name for name, state in expected.items() if name not in stored or stored[name][2:] != state]
        doubled = [name for name, given in ids.items() if len(given) > 1]
        doubled += [name for name, row in stored.items() if row[0] != 1 or name not in ids or row[1] not in ids[name]]
        return lost, doubled, len(stored)


def _acknowledged_state(
    lines: list[JsonObject], *, seed: int
) -> tuple[dict[str, tuple[object, ...]], dict[str, set[str]]]:
    """Return by event what its last acknowledged record said, and every id it was acknowledged under."""
    state: dict[str, tuple[object, ...]] = {}
    ids: dict[str, set[str]] = {}
    for line in lines:
        entities = line["entities"]
        for record in batch(seed, int(str(line["batch"]))):
            name, venue = str(record["source_id"]), record["venue"]
            assert isinstance(venue, dict)
            assert isinstance(entities, dict)
            state[name] = (record["status"], float(str(record["price_min"])), venue["name"])
            ids.setdefault(name, set()).add(str(entities[name]))
    return state, ids


def end(settings: Settings, workers: Sequence[Worker]) -> None:
    """End the workers and the servers they left behind."""
    for worker in workers:
        worker.kill()
    asyncio.run(embedded.down(settings, force=True))


def until(reached: Callable[[], bool], what: str, workers: Sequence[Worker]) -> None:
    """Wait for something the workers do, starting again those that die.

    Raises:
        OutOfTime: it does not come; the next step is to read the end of their logs, which are in it.
    """
    for _ in Deadline(PATIENCE_SECONDS).ticks():
        for worker in workers:
            worker.revive()
        if reached():
            return
    logs = "\n".join(f"{worker.log.name}: {worker.log.read_text()[-2000:]}" for worker in workers)
    raise OutOfTime(f"Waited in vain until {what}.", next_step=logs)


async def up_to_date(engine: Engine) -> None:
    """Wait until every sink has everything."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            report = await engine.sync_report()
            if all(sink.cursor is not None and sink.behind == 0 for sink in report.sinks):
                return
            await asyncio.sleep(0.05)
