"""A delivery of any length, taken in batch by batch; a batch the database refuses is taken record by record."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from sonik.clock import Clock
from sonik.errors import IdempotencyConflict, InvalidInput
from sonik.ingest.files import Row, to_record
from sonik.ingest.intake import Delivery, Numbered, take_in
from sonik.ingest.legends import load_legends
from sonik.ingest.mapping import FieldMapping
from sonik.ingest.receipts import Intake, Problem, Receipt, merge
from sonik.sql import queries
from sonik.stores.postgres import Postgres

SQL = queries("truth")
BATCH = 200
ANALYZE_AFTER = 100

Watcher = Callable[[int], None]


async def ingest(
    postgres: Postgres, rows: Iterable[Row], *, delivery: Delivery, clock: Clock, mapping: FieldMapping | None = None,
    watch: Watcher | None = None,
) -> Intake:  # fmt: skip
    """Take all rows in and return a receipt per row; `watch` is told how many rows each step took."""
    async with postgres.writing() as session:
        legends = await load_legends(session)
    parts = []
    for number, batch in enumerate(_batches(rows)):
        read = [(row.line, to_record(row, mapping=mapping, legends=legends)) for row in batch]
        refused = [record for _, record in read if isinstance(record, Receipt)]
        records = [(line, record) for line, record in read if not isinstance(record, Receipt)]
        key = delivery.idempotency_key
        numbered = replace(delivery, idempotency_key=f"{key}:{number}" if key else None)
        taken = await _take(postgres, records, delivery=numbered, clock=clock)
        receipts = sorted((*refused, *taken.receipts), key=lambda receipt: receipt.line)
        parts.append(replace(taken, receipts=tuple(receipts)))
        if watch is not None:
            watch(len(batch))
    whole = replace(merge(parts), dry_run=delivery.dry_run)
    if whole.counts["created"] >= ANALYZE_AFTER and not delivery.dry_run:
        async with postgres.writing() as session:
            await session.execute(SQL["analyze"])
    return whole


async def _take(postgres: Postgres, records: Sequence[Numbered], *, delivery: Delivery, clock: Clock) -> Intake:
    if not records:
        return Intake(receipts=(), dry_run=delivery.dry_run)
    try:
        return await take_in(postgres, records, delivery=delivery, clock=clock)
    except IdempotencyConflict:
        raise
    except InvalidInput as error:
        if len(records) > 1:
            key = delivery.idempotency_key
            keyed = [replace(delivery, idempotency_key=f"{key}:{line}" if key else None) for line, _ in records]
            singles = zip(records, keyed, strict=True)
            return merge([await _take(postgres, [record], delivery=one, clock=clock) for record, one in singles])
        line, record = records[0]
        problem = Problem(field=error.field or "record", reason=str(error))
        return Intake(receipts=(Receipt(line=line, outcome="refused", name=record.name, problems=(problem,)),))


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    source = iter(rows)
    while batch := list(islice(source, BATCH)):
        yield batch
