"""The truth alone: a database emptied for each test, and deliveries without sinks."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import LiteralString
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from sonik.clock import Clock
from sonik.identity.sighting import Source
from sonik.ingest.files import Row, rows_of
from sonik.ingest.intake import Delivery
from sonik.ingest.mapping import FieldMapping
from sonik.ingest.receipts import Intake, Receipt
from sonik.ingest.stream import Watcher, ingest
from sonik.stores.embedded import EmbeddedSet
from sonik.stores.postgres import Postgres
from sonik.truth.migrate import migrate
from sonik.types import JsonObject, JsonValue, Scope

NIGHT = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
# A database of its own for each test would take 0.3 s to make; this leaves what a migration makes, in a tenth of that.
AS_MIGRATED = """
    truncate unified.outbox, unified.audit_log, unified.idempotency_keys, unified.sync_state, unified.dead_letters,
        unified.jobs, unified.job_steps, unified.job_inputs, unified.source_cursors, unified.traversal_log,
        unified.verdicts, unified.edge_evidence, unified.learning_runs, unified.phrases, unified.api_keys,
        unified.audit_seals, unified.accounts, unified.sessions;
    update unified.audit_base set epoch = 0;
    update unified.learning_cursors set txid = 0, seq = 0, lost = 0;
    delete from unified.entities where entity_type <> 'market' or collection <> 'live';
    delete from unified.sources where code <> 'sonik';
"""
INGEST = Scope(role="ingest", user="tester")
PLACE_IDS = ("ChIJl4sSfAYrH5wRQ-Bi-ZKqQYU", "ChIJF4IQZM0Xn7MRfG2TY3dIKvo", "ChIJsBoHBGO7Ya4Ra-sq9WxiGqs")

Found = dict[str, object]


@dataclass(kw_only=True, slots=True)
class Truth:
    """A database, the present moment, and doors to write and to look."""

    postgres: Postgres
    owner: str
    now: datetime = field(default=NIGHT)

    @property
    def clock(self) -> Clock:
        return Clock.frozen(self.now)

    async def empty(self) -> None:
        """Take everything out again."""
        async with await psycopg.AsyncConnection.connect(self.owner) as connection:
            await connection.execute(AS_MIGRATED)

    def later(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)

    async def deliver(
        self, *records: JsonObject, source: str = "agenda", trust: int = 50, partial: bool = False,
        dry_run: bool = False, key: str | None = None, scope: Scope = INGEST,
    ) -> Intake:  # fmt: skip
        """Take records in as one delivery."""
        delivery = Delivery(
            source=Source(code=source, trust=trust), scope=scope, dry_run=dry_run, partial=partial, idempotency_key=key
        )
        return await ingest(self.postgres, rows_of(records), delivery=delivery, clock=self.clock)

    async def tell(
        self, record: JsonObject, *, source: str = "agenda", trust: int = 50, partial: bool = False,
        scope: Scope = INGEST,
    ) -> Receipt:  # fmt: skip
        """Take one record in and return its receipt."""
        intake = await self.deliver(record, source=source, trust=trust, partial=partial, scope=scope)
        return intake.receipts[0]

    async def read_in(
        self, rows: Iterable[Row], *, source: Source, mapping: FieldMapping | None = None, dry_run: bool = False,
        watch: Watcher | None = None,
    ) -> Intake:  # fmt: skip
        """Take the rows of a file in."""
        delivery = Delivery(source=source, scope=INGEST, dry_run=dry_run)
        return await ingest(self.postgres, rows, delivery=delivery, clock=self.clock, mapping=mapping, watch=watch)

    async def rows(self, query: LiteralString, **params: object) -> list[Found]:
        """Look at everything, as the owner does."""
        async with await psycopg.AsyncConnection.connect(self.owner, row_factory=dict_row) as connection:
            return await (await connection.execute(query, params)).fetchall()

    async def column(self, query: LiteralString, **params: object) -> list[object]:
        """Return the first column of what is found."""
        return [next(iter(row.values())) for row in await self.rows(query, **params)]

    async def entity(self, ref: str | None) -> Found:
        """Return an entity and the row of its own table, by its slug."""
        query: LiteralString = """
            select e.*, coalesce(to_jsonb(v), to_jsonb(a), to_jsonb(o), to_jsonb(p), to_jsonb(ev), '{}') as own
            from unified.entities e
            left join unified.venues v on v.entity_id = e.id left join unified.artists a on a.entity_id = e.id
            left join unified.organizations o on o.entity_id = e.id left join unified.people p on p.entity_id = e.id
            left join unified.events ev on ev.entity_id = e.id
            where e.slug = %(ref)s
        """
        row = (await self.rows(query, ref=ref))[0]
        own = row.pop("own")
        return row | own if isinstance(own, dict) else row

    async def names(self, kind: str) -> list[object]:
        """Return the names of all entities of a kind, sorted."""
        return await self.column(
            "select name from unified.entities where entity_type = %(kind)s order by name", kind=kind
        )

    async def everything(self) -> dict[str, int]:
        """Count the rows that ingest writes, and the versions it gave."""
        tables = (
            "entities", "identifiers", "aliases", "facts", "relationships", "events", "venues", "outbox", "audit_log",
            "sources", "idempotency_keys",
        )  # fmt: skip
        counts: dict[str, int] = {}
        async with await psycopg.AsyncConnection.connect(self.owner) as connection:
            for table in tables:
                cursor = await connection.execute(
                    sql.SQL("select count(*) from unified.{}").format(sql.Identifier(table))
                )
                row = await cursor.fetchone()
                counts[table] = row[0] if row else 0
            cursor = await connection.execute("select sum(version)::int from unified.entities")
            row = await cursor.fetchone()
            counts["versions"] = row[0] if row else 0
        return counts


@dataclass(frozen=True, kw_only=True, slots=True)
class Database:
    """Connection strings of one database, for each role."""

    owner: str
    writer: str
    reader: str

    @classmethod
    def of(cls, servers: EmbeddedSet, name: str) -> "Database":
        """Make a database."""
        with psycopg.connect(servers.postgres_dsn("sonik"), autocommit=True) as connection:
            connection.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        owner, writer, reader = (servers.postgres_dsn(f"sonik{role}", name) for role in ("", "_writer", "_reader"))
        return cls(owner=owner, writer=writer, reader=reader)


@pytest.fixture(scope="session")
async def database(servers: EmbeddedSet) -> Database:
    """The run's migrated database."""
    made = Database.of(servers, "truth")
    await migrate(made.owner)
    return made


@pytest.fixture
def unmigrated(servers: EmbeddedSet) -> Database:
    """A database that was never migrated."""
    return Database.of(servers, f"unmigrated_{uuid4().hex[:8]}")


@pytest.fixture
async def truth(database: Database) -> AsyncIterator[Truth]:
    """A truth as a migration leaves it: legends, and nothing taken in."""
    async with Postgres(writer=database.writer, reader=database.reader, pool_size=4, timeout_seconds=10) as postgres:
        opened = Truth(postgres=postgres, owner=database.owner)
        await opened.empty()
        yield opened


def event(source_id: str | None = None, /, **fields: JsonValue) -> JsonObject:
    """An event record: a salsa night at the Teatro Lido in Medellín, unless said otherwise."""
    base: JsonObject = {
        "kind": "event", "name": "Noche de Salsa Brava", "starts_at": "2026-11-28T21:00:00-05:00", "market": "medellin",
        "venue": {"name": "Teatro Lido", "city": "Medellín"},
    }  # fmt: skip
    return _record(base, source_id, fields)


def venue(source_id: str | None = None, /, **fields: JsonValue) -> JsonObject:
    """A venue record: the Teatro Lido in Medellín, unless said otherwise."""
    return _record({"kind": "venue", "name": "Teatro Lido", "city": "Medellín"}, source_id, fields)


def artist(source_id: str | None = None, /, **fields: JsonValue) -> JsonObject:
    """An artist record: Los Titiribí, unless said otherwise."""
    return _record({"kind": "artist", "name": "Los Titiribí"}, source_id, fields)


def _record(base: JsonObject, source_id: str | None, fields: JsonObject) -> JsonObject:
    own: JsonObject = {"source_id": source_id}
    return {name: value for name, value in (base | own | fields).items() if value is not None}
