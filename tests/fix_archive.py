"""A pile of files for ingest jobs: each record is known, so that what became of it can be checked."""

import asyncio
from dataclasses import dataclass, field

import psycopg

from sonik.clock import Clock
from sonik.identity.sighting import Source
from sonik.ingest.background import SLICE, submit
from sonik.ingest.files import rows_of
from sonik.ingest.intake import Delivery
from sonik.ingest.stream import BATCH
from sonik.settings import Settings
from sonik.stores.postgres import Postgres, as_role
from sonik.types import JsonObject, Scope
from tests.fix_kill import owner_dsn

SOURCE = "archive"
# A file lasts from one kill to the next, also on a machine that takes thousands of records a second.
PARTS = 8
LEFT = "select count(*) from unified.job_inputs where job_id in (select id from unified.jobs where finished_at is null)"
TAKEN = "select coalesce(sum(done), 0) from unified.jobs where name = 'ingest'"
OPEN = "select count(*) from unified.jobs where name = 'ingest' and status <> 'succeeded'"
STORED = """
    select i.value, count(*) from unified.identifiers i join unified.entities e on e.id = i.entity_id
    where i.scheme = 'source:archive' and i.current_to is null and e.deleted_at is null group by i.value
"""
# Each slice of a part leaves one line in the audit log: a second one would be a part taken in twice.
WRITTEN = "select count(*) from unified.audit_log where action = 'ingest' and details ->> 'source' = 'archive'"


@dataclass(kw_only=True)
class Archive:
    """The files put in so far."""

    settings: Settings
    files: int = 0
    _seen: int = field(default=0)

    @property
    def records(self) -> int:
        """How many records were put in."""
        return self.files * PARTS * BATCH

    def feed(self) -> None:
        """Put another file in when the last one may soon be done."""
        if self.files * PARTS * BATCH - self.taken() < PARTS * BATCH / 2:
            asyncio.run(self._submit())
            self.files += 1

    def taken(self) -> int:
        """Return how many records the jobs have taken in."""
        return self._number(TAKEN)

    def is_done(self) -> bool:
        """Say whether every job has succeeded."""
        return self._number(OPEN) == 0

    def check(self) -> tuple[list[str], list[str]]:
        """Return the records that are lost, and those that are there twice."""
        with psycopg.connect(owner_dsn(self.settings)) as connection:
            stored = {str(value): int(count) for value, count in connection.execute(STORED)}
        lost = [name for name in map(_name, range(self.records)) if name not in stored]
        doubled = [name for name, count in stored.items() if count > 1]
        extra = self._number(WRITTEN) - self.records // SLICE
        return lost, doubled + [f"{extra} slices written again"] * (extra != 0)

    async def _submit(self) -> None:
        owner = owner_dsn(self.settings)
        writer, reader = as_role(owner, "sonik_writer"), as_role(owner, "sonik_reader")
        first = self.records
        rows = rows_of(_record(number) for number in range(first, first + PARTS * BATCH))
        delivery = Delivery(
            source=Source(code=SOURCE), scope=Scope(role="ingest"), idempotency_key=f"file-{self.files}"
        )  # fmt: skip
        async with Postgres(writer=writer, reader=reader, pool_size=2, timeout_seconds=10) as postgres:
            await submit(postgres, rows, delivery=delivery, clock=Clock())

    def _number(self, query: str) -> int:
        with psycopg.connect(owner_dsn(self.settings)) as connection:
            row = connection.execute(query.encode()).fetchone()
        return int(row[0]) if row else 0


def _name(number: int) -> str:
    return f"archive-{number}"


def _record(number: int) -> JsonObject:
    return {"kind": "artist", "name": f"Archivo {number}", "source_id": _name(number), "city": "Medellín"}
