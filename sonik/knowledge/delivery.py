"""A delivery of documents of any length: taken in batch by batch, and where it was cut short it goes on."""

from collections.abc import Iterable, Iterator, Sequence

from sonik.clock import Clock
from sonik.errors import InvalidInput
from sonik.identity.names import clean_text
from sonik.ingest.intake import Delivery
from sonik.ingest.receipts import MAX_SHOWN, Intake, Problem, Receipt, merge
from sonik.ingest.rows import Row
from sonik.ingest.stream import ANALYZE_AFTER, Watcher, Within, check_delivery, unmade
from sonik.knowledge.intake import take_in
from sonik.knowledge.records import read_record
from sonik.knowledge.shelf import Numbered
from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.truth.unit import Writable

SQL = queries("knowledge")
BATCH = 500


async def ingest_documents(
    postgres: Postgres, rows: Iterable[Row], *, delivery: Delivery, clock: Clock, watch: Watcher | None = None
) -> Intake:
    """Take documents in and return a receipt per row; `watch` is told how many rows each step took.

    What was taken in before and says the same is left as it is, so a delivery can be repeated at any time. A dry run
    is the real run in one transaction that is undone.

    Raises:
        InvalidInput: the source's name or trust is wrong.
        IdempotencyConflict: the key was used for other documents.
    """
    check_delivery(delivery)
    if not delivery.dry_run:
        return await _take_all(postgres, postgres, rows, delivery=delivery, clock=clock, watch=watch)
    async with postgres.writing() as session:
        database = Within(session, postgres)
        whole = await _take_all(postgres, database, rows, delivery=delivery, clock=clock, watch=watch)
        await session.rollback()
    return unmade(whole)


async def _take_all(
    postgres: Postgres, database: Writable, rows: Iterable[Row], *, delivery: Delivery, clock: Clock,
    watch: Watcher | None,
) -> Intake:  # fmt: skip
    parts: list[Intake] = []
    fresh = 0
    for number, batch in enumerate(_batches(rows)):
        parts.append(await _take(database, batch, delivery=delivery, clock=clock, part=str(number)))
        fresh += parts[-1].counts["created"]
        if watch is not None:
            watch(len(batch))
        if fresh >= ANALYZE_AFTER and not delivery.dry_run:
            # Early and again after each growth: links are looked up in tables that were empty a moment ago.
            async with postgres.writing() as session:
                await session.execute(SQL["analyze"])
            fresh = 0
    return merge(parts)


async def _take(database: Writable, batch: Sequence[Row], *, delivery: Delivery, clock: Clock, part: str) -> Intake:
    """Take one batch in; one the database refuses is halved until the document is found."""
    read = [(row.line, read_record(row, organisation=delivery.scope.organisation)) for row in batch]
    refused = [found for _, found in read if isinstance(found, Receipt)]
    records = [(line, found) for line, found in read if not isinstance(found, Receipt)]
    taken = await _settle(database, records, delivery=delivery, clock=clock, part=part)
    receipts = sorted((*refused, *taken.receipts), key=lambda receipt: receipt.line)
    return Intake(receipts=tuple(receipts), position=taken.position)


async def _settle(
    database: Writable, records: Sequence[Numbered], *, delivery: Delivery, clock: Clock, part: str
) -> Intake:
    if not records:
        return Intake(receipts=())
    key = delivery.idempotency_key
    own = Delivery(
        source=delivery.source, scope=delivery.scope, dry_run=delivery.dry_run,
        idempotency_key=f"{key}:{part}" if key else None,
    )  # fmt: skip
    try:
        return await take_in(database, records, delivery=own, clock=clock)
    except InvalidInput as error:
        if len(records) == 1:
            return Intake(receipts=(_refused(records[0], error),))
    middle = len(records) // 2
    halves = (records[:middle], records[middle:])
    return merge(
        [
            await _settle(database, half, delivery=delivery, clock=clock, part=f"{part}.{place}")
            for place, half in enumerate(halves)
        ]
    )


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
