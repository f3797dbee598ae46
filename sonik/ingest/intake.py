"""Take a batch of records into truth as one unit of work, once for each idempotency key."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from sonik.clock import Clock
from sonik.errors import Conflict, InvalidInput
from sonik.identity.sighting import Source
from sonik.ingest.acquaintance import Acquaintance
from sonik.ingest.batch import Batch, Numbered
from sonik.ingest.footing import Footing
from sonik.ingest.legends import Legends
from sonik.ingest.receipts import Intake, Receipt
from sonik.stores.postgres import Postgres, Session
from sonik.truth.rows import Changes, Position
from sonik.truth.unit import Purpose, Unit, Writable, unit_of_work
from sonik.types import JsonObject, JsonValue, Scope

T = TypeVar("T")

# A rival that keeps meeting us has written each time: two that tell of the same few things both come to an end.
ATTEMPTS = 12

Written = tuple[Sequence[Receipt], Changes]
Writing = Callable[[Unit], Awaitable[Written]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """What comes with a batch: its source, who brings it, and how it is to be taken.

    `partial` records say nothing of the fields they leave out; others take back what they no longer say. `beside` are
    the rows of a batch that were refused while they were read: with the records they are what its key stands for.
    """

    source: Source
    scope: Scope
    dry_run: bool = False
    partial: bool = False
    idempotency_key: str | None = None
    beside: str = ""


@dataclass(kw_only=True, slots=True)
class Draft:
    """A batch to be written. What it comes to may be worked out ahead, while the batch before it is being written.

    `changes` are what it came to last, None while nobody knows.
    """

    records: Sequence[Numbered]
    delivery: Delivery
    legends: Legends
    clock: Clock
    acquaintance: Acquaintance | None = None
    changes: Changes | None = None
    _ahead: tuple[Written, Footing] | None = None

    async def prepare(self, postgres: Postgres) -> None:
        """Work it out by what is written now, in a transaction that ends at once: nobody waits for it."""
        try:
            async with postgres.writing() as session:
                batch = self._batch(session)
                self._ahead = (await batch.take(self.records), batch.footing)
        except InvalidInput:
            # Its own unit of work is where that is met.
            self._ahead = None

    def follow(self, before: "Draft") -> None:
        """Drop what was worked out if the batch before it, now written, may have changed anything of it."""
        if before.changes is None or (self._ahead is not None and self._ahead[1].is_moved_by(before.changes)):
            self._ahead = None

    async def write(self, unit: Unit) -> Written:
        """Return the receipts and the changes: what was worked out ahead counts for one attempt."""
        written: Written
        if self._ahead is not None:
            written, _ = self._ahead
        else:
            written = await self._batch(unit.session).take(self.records)
        self._ahead, self.changes = None, written[1]
        return written

    def _batch(self, session: Session) -> Batch:
        return Batch(
            session, source=self.delivery.source, scope=self.delivery.scope, partial=self.delivery.partial,
            legends=self.legends, now=self.clock.now(), acquaintance=self.acquaintance,
        )  # fmt: skip


async def take_in(
    database: Writable, batch: Sequence[Numbered], *, delivery: Delivery, legends: Legends, clock: Clock,
    acquaintance: Acquaintance | None = None,
) -> Intake:  # fmt: skip
    """Write a batch and return a receipt per record; a rival writer is met by trying again."""
    draft = Draft(records=batch, delivery=delivery, legends=legends, clock=clock, acquaintance=acquaintance)
    return await take_in_draft(database, draft)


async def take_in_draft(database: Writable, draft: Draft) -> Intake:
    """Write a batch of which something may be worked out already, as `take_in`."""
    purpose = _purpose(draft.records, draft.delivery)
    return await in_one_unit(database, draft.write, purpose=purpose, source=draft.delivery.source, clock=draft.clock)


async def in_one_unit(database: Writable, write: Writing, *, purpose: Purpose, source: Source, clock: Clock) -> Intake:
    """Save, audit and remember what `write` comes to, once for each idempotency key; begin anew after a rival writer.

    Raises:
        Conflict: rivals kept writing the same rows.
    """

    async def once() -> Intake:
        async with unit_of_work(database, purpose=purpose, clock=clock) as unit:
            if unit.replay is not None:
                return replayed(unit.replay)
            receipts, changes = await write(unit)
            intake = Intake(receipts=tuple(receipts), position=await unit.save(changes))
            if intake.position != Position():
                counts: JsonObject = dict(intake.counts)
                await unit.audit({"source": source.code, **counts})
            await unit.remember(stored(intake))
            return intake

    return await despite_rivals(once)


async def despite_rivals(attempt: Callable[[], Awaitable[T]]) -> T:
    """Do a unit of work, and begin anew after a rival writer.

    Raises:
        Conflict: rivals kept writing the same rows.
    """
    for _ in range(ATTEMPTS - 1):
        with suppress(Conflict):
            return await attempt()
    return await attempt()


def _purpose(batch: Sequence[Numbered], delivery: Delivery) -> Purpose:
    key = None if delivery.dry_run else delivery.idempotency_key
    request: JsonObject = {}
    if key is not None:
        records: list[JsonValue] = [record.model_dump(mode="json", exclude_unset=True) for _, record in batch]
        source = delivery.source
        request = {"source": source.code, "trust": source.trust, "partial": delivery.partial, "records": records}
        request |= {"beside": delivery.beside} if delivery.beside else {}
    return Purpose(action="ingest", scope=delivery.scope, idempotency_key=key, request=request)


def stored(intake: Intake) -> JsonObject:
    """Return an intake as it is kept under its idempotency key."""
    receipts: list[JsonValue] = [receipt.as_json() for receipt in intake.receipts]
    return {"receipts": receipts, "txid": intake.position.txid, "seq": intake.position.seq}


def replayed(response: JsonObject) -> Intake:
    """Return the intake that `stored` kept."""
    stored = response["receipts"]
    rows = [row for row in stored if isinstance(row, dict)] if isinstance(stored, list) else []
    position = Position(txid=int(str(response["txid"])), seq=int(str(response["seq"])))
    return Intake(receipts=tuple(Receipt.from_json(row) for row in rows), position=position)
