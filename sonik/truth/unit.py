"""The unit of work: rows, outbox, audit and idempotency key in one transaction."""

import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from sonik import ontology
from sonik.clock import Clock
from sonik.correlation import correlation_id
from sonik.errors import Conflict, IdempotencyConflict
from sonik.sql import queries
from sonik.stores.postgres import Session, jsonb
from sonik.truth.rows import Changes, Position, Record
from sonik.types import JsonObject, Scope

SQL = queries("truth")
# A venue's event text names the venue: when one end changes, the event is projected again.
EVENT_END = {"PERFORMS_AT": "dst", "HOSTED_BY": "src", "PROMOTED_BY": "src"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Purpose:
    """Why a unit of work is done: the action for the audit log, and the caller's idempotency key.

    `adds` is False for one that brings nothing new and must also be possible when the disk is nearly full.
    """

    action: str
    scope: Scope
    correlation_id: str = field(default_factory=correlation_id)
    idempotency_key: str | None = None
    request: JsonObject = field(default_factory=dict)
    adds: bool = True

    @property
    def request_hash(self) -> bytes:
        """SHA-256 of the request, to tell a repeat from a misuse of its key."""
        text = json.dumps([self.action, self.request], sort_keys=True, default=str, ensure_ascii=False)
        # What was refused is part of the request, however broken its text.
        return hashlib.sha256(text.encode(errors="surrogatepass")).digest()


class Unit:
    """An open unit of work. Nothing is visible to anyone until the transaction commits."""

    def __init__(self, session: Session, *, purpose: Purpose, clock: Clock) -> None:
        self.session = session
        self.position = Position()
        self.replay: JsonObject | None = None
        self._purpose = purpose
        self._clock = clock

    async def save(self, changes: Changes) -> Position:
        """Write all changes and their outbox rows; return the place to wait for."""
        _check(changes)
        planned, now = [*_statements(changes), *_outbox(changes)], self._clock.now()
        counts = await self.session.execute_all((SQL[query], {**params, "now": now}) for query, params in planned)
        written = dict(zip((query for query, _ in planned), counts, strict=True))
        if written.get("update_entities", 0) != len(changes.changed_entities):
            raise Conflict("Another writer changed the same entities first.", next_step="Try again.")
        if written.keys() & {"append_outbox", "insert_relationships"}:
            self.position = (await self.session.fetch(Position, SQL["last_appended"]))[0]
        return self.position

    async def audit(self, details: JsonObject) -> None:
        """Write the audit row of this unit; `details` hold ids, codes and counts, no personal value."""
        await self.session.execute(
            SQL["append_audit"],
            {
                "now": self._clock.now(),
                "correlation_id": self._purpose.correlation_id,
                "actor": self._purpose.scope.actor,
                "organisation": self._purpose.scope.organisation,
                "role": self._purpose.scope.role,
                "action": self._purpose.action,
                "collection": self._purpose.scope.collection,
                "details": jsonb(details),
            },
        )

    async def remember(self, response: JsonObject) -> None:
        """Store the response under the idempotency key, if the caller gave one."""
        if self._purpose.idempotency_key is not None:
            await self.session.execute(SQL["store_idempotency_key"], {**self._key(), "response": jsonb(response)})

    async def use_once(self, name: str) -> bool:
        """Remember that the caller used something; False if that was so before."""
        key = {**self._key(), "key": name}
        if await self.session.rows(SQL["find_idempotency_key"], key):
            return False
        await self.session.execute(SQL["store_idempotency_key"], {**key, "response": jsonb({})})
        return True

    async def recall(self) -> None:
        """Set `replay` when this very request was answered before.

        Raises:
            IdempotencyConflict: the key was used for another request.
        """
        if self._purpose.idempotency_key is None:
            return
        rows = await self.session.rows(SQL["find_idempotency_key"], self._key())
        if not rows:
            return
        if rows[0]["request_hash"] != self._purpose.request_hash:
            raise IdempotencyConflict(
                f"Idempotency key '{self._purpose.idempotency_key[:80]}' was used for another request.",
                next_step="Use a new key for a new request.",
                field="idempotency_key",
            )
        response = rows[0]["response"]
        self.replay = response if isinstance(response, dict) else {}

    def _key(self) -> dict[str, object]:
        return {
            "collection": self._purpose.scope.collection,
            "owner_org": self._purpose.scope.organisation,
            "actor": self._purpose.scope.actor,
            "key": self._purpose.idempotency_key,
            "request_hash": self._purpose.request_hash,
        }


class Writable(Protocol):
    """Where units of work are done: PostgreSQL, or what stands in for it in a dry run."""

    def admit(self) -> None:
        """Refuse anything new when there is no room for it."""
        ...

    def writing(self) -> AbstractAsyncContextManager[Session]:
        """Open a transaction that the end of the block commits."""
        ...


@asynccontextmanager
async def unit_of_work(postgres: Writable, *, purpose: Purpose, clock: Clock) -> AsyncIterator[Unit]:
    """Open a unit of work; leaving the block commits it, an exception undoes it whole.

    Raises:
        DiskFull: there is no room for anything new.
    """
    if purpose.adds:
        postgres.admit()
    async with postgres.writing() as session:
        unit = Unit(session, purpose=purpose, clock=clock)
        await unit.recall()
        yield unit


def _statements(changes: Changes) -> list[tuple[str, Record]]:
    """Return the statements in an order that foreign keys and unique indexes accept."""
    planned: list[tuple[str, str, object]] = [
        ("upsert_sources", "rows", changes.sources),
        ("insert_entities", "rows", changes.new_entities),
        ("update_entities", "rows", changes.changed_entities),
        *((f"upsert_{kind}", "rows", rows) for kind, rows in changes.extensions.items()),
        ("close_identifiers", "rows", changes.closed_identifiers),
        ("insert_identifiers", "rows", changes.new_identifiers),
        ("insert_aliases", "rows", changes.new_aliases),
        ("close_facts", "ids", changes.closed_facts),
        ("insert_facts", "rows", changes.new_facts),
        ("close_relationships", "eids", [row.eid for row in changes.closed_relationships]),
        ("insert_relationships", "rows", [edges.record() for edges in changes.new_relationships]),
        ("update_relationships", "rows", changes.changed_relationships),
        ("upsert_tellings", "rows", changes.tellings),
    ]
    return [(query, {key: jsonb(value) if key == "rows" else value}) for query, key, value in planned if value]


def _outbox(changes: Changes) -> list[tuple[str, Record]]:
    """Return what tells the sinks what must be projected; new edges tell of themselves."""
    entities = {*changes.touched, *_events_of(changes)}
    edges = {*changes.relearned, *(row.eid for row in changes.closed_relationships)}
    edges.update(_uuid(row["eid"]) for row in changes.changed_relationships)
    if not entities and not edges:
        return []
    return [("append_outbox", {"entities": jsonb(list(entities)), "edges": jsonb(list(edges))})]


def _events_of(changes: Changes) -> Iterator[UUID]:
    """Yield the events whose edges come or go: what is searched of an event names its venue and its acts."""
    for alike in changes.new_relationships:
        end = EVENT_END.get(alike.type)
        if end is not None:
            yield from (_uuid(edge[end]) for edge in alike.edges)
    for closed in changes.closed_relationships:
        if closed.type in EVENT_END:
            yield closed.dst if EVENT_END[closed.type] == "dst" else closed.src


def _check(changes: Changes) -> None:
    """Refuse what the ontology does not describe, before anything is written."""
    for row in changes.new_entities:
        ontology.vertex(str(row["entity_type"]))
    for alike in changes.new_relationships:
        ontology.edge(alike.type, *alike.kinds)


def _uuid(value: object) -> UUID:
    return value if isinstance(value, UUID) else UUID(str(value))
