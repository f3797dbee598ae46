"""A delivery of documents of any length: taken in batch by batch, and where it was cut short it goes on."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from sonik.clock import Clock
from sonik.errors import InvalidInput
from sonik.identity.names import clean_text
from sonik.ingest.intake import Delivery
from sonik.ingest.receipts import MAX_SHOWN, Intake, Problem, Receipt, merge
from sonik.ingest.rows import Row
from sonik.ingest.stream import ANALYZE_AFTER, Watcher, Within, check_delivery, unmade
from sonik.knowledge.intake import take_in
from sonik.knowledge.records import Extracted, read_record
from sonik.knowledge.shelf import Numbered
from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.truth.unit import Writable

SQL = queries("knowledge")
BATCH = 500


async def ingest_documents(
    postgres: Postgres, rows: Iterable[Row], *, delivery: Delivery, clock: Clock, triples: Iterable[Row] = (),
    watch: Watcher | None = None,
) -> Intake:  # fmt: skip
    """Take documents in and return a receipt per row; `watch` is told how many rows each step took.

    What was taken in before and says the same is left as it is, so a delivery can be repeated at any time. A dry run
    is the real run in one transaction that is undone. Of `triples`, rows nobody can use get a receipt too.

    Raises:
        InvalidInput: the source's name or trust is wrong.
        IdempotencyConflict: the key was used for other documents.
    """
    check_delivery(delivery)
    taking = _Taking(delivery=delivery, clock=clock, extracted=Extracted.of(triples), watch=watch)
    if not delivery.dry_run:
        return await taking.take(postgres, rows, analyze=partial(_analyze, postgres))
    async with postgres.writing() as session:
        whole = await taking.take(Within(session, postgres), rows)
        await session.rollback()
    return unmade(whole)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Taking:
    """A delivery on its way in."""

    delivery: Delivery
    clock: Clock
    extracted: Extracted
    watch: Watcher | None

    async def take(
        self, database: Writable, rows: Iterable[Row], *, analyze: Callable[[], Awaitable[None]] | None = None
    ) -> Intake:
        """Take all batches in."""
        parts: list[Intake] = []
        fresh = 0
        for number, batch in enumerate(_batches(rows)):
            parts.append(await self._take_batch(database, batch, part=str(number)))
            fresh += parts[-1].counts["created"]
            if self.watch is not None:
                self.watch(len(batch))
            if fresh >= ANALYZE_AFTER and analyze is not None:
                # Soon, and again after each growth: links are looked up in tables that were empty a moment ago.
                await analyze()
                fresh = 0
        parts.append(Intake(receipts=(*self.extracted.refused, *self.extracted.left())))
        return merge(parts)

    async def _take_batch(self, database: Writable, batch: Sequence[Row], *, part: str) -> Intake:
        """Take one batch in; return a receipt per row, in order."""
        read = [(row.line, read_record(row, organisation=self.delivery.scope.organisation)) for row in batch]
        refused = [found for _, found in read if isinstance(found, Receipt)]
        records = [(line, found) for line, found in read if not isinstance(found, Receipt)]
        taken = await self._settle(database, records, part=part)
        receipts = sorted((*refused, *taken.receipts), key=lambda receipt: receipt.line)
        return Intake(receipts=tuple(receipts), position=taken.position)

    async def _settle(self, database: Writable, records: Sequence[Numbered], *, part: str) -> Intake:
        """Write records as one unit of work; what the database refuses is halved until the document is found."""
        if not records:
            return Intake(receipts=())
        key = self.delivery.idempotency_key
        delivery = replace(self.delivery, idempotency_key=f"{key}:{part}" if key else None)
        try:
            return await take_in(database, records, delivery=delivery, extracted=self.extracted, clock=self.clock)
        except InvalidInput as error:
            if len(records) == 1:
                return Intake(receipts=(_refused(records[0], error),))
        middle = len(records) // 2
        halves = (records[:middle], records[middle:])
        return merge([await self._settle(database, half, part=f"{part}.{i}") for i, half in enumerate(halves)])


async def _analyze(postgres: Postgres) -> None:
    async with postgres.writing() as session:
        await session.execute(SQL["analyze"])


def _refused(numbered: Numbered, error: InvalidInput) -> Receipt:
    line, record = numbered
    problem = Problem(field=error.field or "record", reason=str(error))
    name = clean_text(record.title, max_length=MAX_SHOWN)
    return Receipt(line=line, outcome="refused", name=name, problems=(problem,))


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield rows in lists of at most BATCH in which no id stands twice: a later word on a document is a change."""
    batch: list[Row] = []
    ids: set[str] = set()
    for row in rows:
        own = str(row.content.get("id")).strip() if row.content else ""
        if len(batch) == BATCH or (own and own in ids):
            yield batch
            batch, ids = [], set()
        batch.append(row)
        ids.add(own)
    if batch:
        yield batch
