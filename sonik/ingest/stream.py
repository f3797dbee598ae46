"""A delivery of any length, taken in batch by batch; one the database refuses is halved until the record is found."""

import asyncio
import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice

from sonik.clock import Clock
from sonik.errors import IdempotencyConflict, InvalidInput
from sonik.identity.names import clean_line
from sonik.ingest.acquaintance import Acquaintance
from sonik.ingest.batch import Numbered
from sonik.ingest.files import Row, to_record
from sonik.ingest.intake import Delivery, Draft, take_in_draft
from sonik.ingest.legends import Legends, load_legends
from sonik.ingest.mapping import FieldMapping
from sonik.ingest.receipts import MAX_SHOWN, Intake, Problem, Receipt, merge
from sonik.ingest.rows import digest_of
from sonik.sql import queries
from sonik.stores.postgres import Postgres, Session
from sonik.truth.unit import Writable

SQL = queries("truth")
BATCH = 500
ANALYZE_AFTER = 100
# Batches: what others leave in cycles meanwhile is small, and looking for it takes as long as half a batch.
COLLECT_EVERY = 50
MAX_SOURCE_NAME = 100

Watcher = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Within:
    """Stands in for the database where all is one transaction, as in a dry run: each unit of work is a savepoint."""

    session: Session
    postgres: Postgres | None = None

    def admit(self) -> None:
        """Refuse anything new when there is no room for it; without a database whoever opened the session has asked."""
        if self.postgres is not None:
            self.postgres.admit()

    def writing(self) -> AbstractAsyncContextManager[Session]:
        """Open a savepoint."""
        return self.session.nested()


async def ingest(
    postgres: Postgres, rows: Iterable[Row], *, delivery: Delivery, clock: Clock, mapping: FieldMapping | None = None,
    watch: Watcher | None = None,
) -> Intake:  # fmt: skip
    """Take all rows in and return a receipt per row; `watch` is told how many rows each step took.

    A dry run is the real run in one transaction that is undone; while it lasts, writers of the same entities wait.

    Raises:
        InvalidInput: the source's name or trust is wrong, or the file cannot be read as what it seems.
        IdempotencyConflict: the key was used for another request.
    """
    check_delivery(delivery)
    async with postgres.writing() as session:
        legends = await load_legends(session)
    stream = Stream(delivery=delivery, legends=legends, clock=clock, mapping=mapping, watch=watch)
    if delivery.dry_run:
        async with postgres.writing() as session:
            whole = await stream.take(Within(session, postgres), rows)
            await session.rollback()
        return unmade(whole)
    whole = await stream.take(postgres, rows)
    if whole.counts["created"] >= ANALYZE_AFTER:
        async with postgres.writing() as session:
            if await session.rows(SQL["has_grown"], {"created": whole.counts["created"]}):
                await session.execute(SQL["analyze"])
    return whole


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """A delivery on its way in, batch by batch."""

    delivery: Delivery
    legends: Legends
    clock: Clock
    mapping: FieldMapping | None = None
    watch: Watcher | None = None
    acquaintance: Acquaintance = field(default_factory=Acquaintance)

    async def take(self, database: Writable, rows: Iterable[Row]) -> Intake:
        """Take all batches in, in order; while one is being written the next is worked out."""
        writing: _Writing | None = None
        parts: list[Intake] = []
        try:
            with _collecting_later():
                for number, batch in enumerate(batches(rows)):
                    part = self._part(batch, number=number)
                    if writing is not None:
                        parts.append(await self._turn(database, part, after=writing))
                    writing = _Writing(part=part, task=asyncio.create_task(self._write(database, part)))
                    if number % COLLECT_EVERY == COLLECT_EVERY - 1:
                        gc.collect()
                if writing is not None:
                    parts.append(await self._done(writing))
        except asyncio.CancelledError:
            if writing is not None:
                writing.task.cancel()
            raise
        finally:
            if writing is not None:
                await asyncio.gather(writing.task, return_exceptions=True)
        return merge(parts)

    async def _turn(self, database: Writable, part: "_Part", *, after: "_Writing") -> Intake:
        """Work a batch out while the one before it is written; return the intake of that one."""
        # A transaction that holds the whole delivery, as a dry run's, can do but one thing at a time.
        if isinstance(database, Postgres):
            await part.draft.prepare(database)
        taken = await self._done(after)
        part.draft.follow(after.part.draft)
        return taken

    async def _done(self, writing: "_Writing") -> Intake:
        taken = await writing.task
        if self.watch is not None:
            self.watch(writing.part.rows)
        return taken

    async def take_batch(self, database: Writable, batch: Sequence[Row], *, number: int) -> Intake:
        """Take one batch in; return a receipt per row, in order."""
        with _collecting_later():
            return await self._write(database, self._part(batch, number=number))

    def _part(self, batch: Sequence[Row], *, number: int) -> "_Part":
        """Read a batch's rows; what its idempotency key stands for are its records and what was refused of it."""
        read = [(row.line, to_record(row, mapping=self.mapping, legends=self.legends)) for row in batch]
        refused = [record for _, record in read if isinstance(record, Receipt)]
        records = [(line, record) for line, record in read if not isinstance(record, Receipt)]
        lost = {receipt.line for receipt in refused}
        beside = digest_of([row for row in batch if row.line in lost]) if lost else ""
        draft = self._draft(records, part=str(number), beside=beside)
        return _Part(name=str(number), rows=len(batch), refused=refused, draft=draft)

    def _draft(self, records: Sequence[Numbered], *, part: str, beside: str) -> Draft:
        """Return a draft; `part` tells its idempotency key from those of other parts."""
        key = self.delivery.idempotency_key
        delivery = replace(self.delivery, idempotency_key=f"{key}:{part}" if key else None, beside=beside)
        return Draft(
            records=records, delivery=delivery, legends=self.legends, clock=self.clock, acquaintance=self.acquaintance
        )  # fmt: skip

    async def _write(self, database: Writable, part: "_Part") -> Intake:
        taken = await self._take(database, part.draft, part=part.name)
        receipts = sorted((*part.refused, *taken.receipts), key=lambda receipt: receipt.line)
        return replace(taken, receipts=tuple(receipts))

    async def _take(self, database: Writable, draft: Draft, *, part: str) -> Intake:
        """Take a draft in as one unit of work, or by halves until the record is found that the database refuses."""
        key, records, beside = self.delivery.idempotency_key, draft.records, draft.delivery.beside
        if not records and (key is None or not beside):
            return Intake(receipts=())
        try:
            return await take_in_draft(database, draft)
        except IdempotencyConflict as error:
            message = f"Idempotency key '{str(key)[:80]}' was used for another request."
            raise IdempotencyConflict(message, next_step=error.next_step, field=error.field) from error
        except InvalidInput as error:
            draft.changes = None
            if len(records) == 1:
                return Intake(receipts=(refused_by_truth(records[0], error),))
        middle = len(records) // 2
        named = {f"{part}.{i}": half for i, half in enumerate((records[:middle], records[middle:]))}
        halves = {name: self._draft(half, part=name, beside=beside) for name, half in named.items()}
        return merge([await self._take(database, half, part=name) for name, half in halves.items()])


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """A batch of a delivery: how many rows it had, those that were refused as they were read, and the rest."""

    name: str
    rows: int
    refused: Sequence[Receipt]
    draft: Draft


@dataclass(frozen=True, kw_only=True, slots=True)
class _Writing:
    """A batch that is being written."""

    part: _Part
    task: asyncio.Task[Intake]


@contextmanager
def _collecting_later() -> Iterator[None]:
    """Put the collector of cycles off.

    A batch makes half a million objects that live as long as it does and hold no cycles; the collector would look
    through them, and through all that was ever imported, again and again: half the time of a delivery.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def check_delivery(delivery: Delivery) -> None:
    """Refuse a delivery whose source could not be kept, before anything is done.

    Raises:
        InvalidInput: its name or trust is wrong.
    """
    source = delivery.source
    if not 0 < len(source.code.strip()) <= MAX_SOURCE_NAME or not source.code.isprintable():
        step = f"Give 1 to {MAX_SOURCE_NAME} visible characters."
        raise InvalidInput("The source has no usable name.", next_step=step, field="source")
    if "@" in source.code:
        step = "Leave the @ out: whose source it is follows from who delivers."
        raise InvalidInput("An @ stands before an organisation.", next_step=step, field="source")
    if not 0 <= source.trust <= 100:
        raise InvalidInput(f"Trust {source.trust} is out of reach.", next_step="Give 0 to 100.", field="trust")


def refused_by_truth(numbered: Numbered, error: InvalidInput) -> Receipt:
    """Return the receipt of a record that the database refuses, whatever was checked before."""
    line, record = numbered
    problem = Problem(field=error.field or "record", reason=str(error))
    name = clean_line(record.name, max_length=MAX_SHOWN)
    return Receipt(line=line, outcome="refused", name=name, problems=(problem,))


def unmade(whole: Intake) -> Intake:
    """Return a dry run's receipts without the ids of what it only seemed to create."""
    made = {receipt.entity_id for receipt in whole.receipts if receipt.outcome == "created"}
    receipts = (replace(r, entity_id=None) if r.entity_id in made else r for r in whole.receipts)
    return Intake(receipts=tuple(receipts), dry_run=True)


def batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield rows in lists of at most BATCH."""
    source = iter(rows)
    while batch := list(islice(source, BATCH)):
        yield batch
