"""A batch of documents into truth as one unit of work: their passages, and what links them."""

from collections.abc import Sequence

from sonik.clock import Clock
from sonik.errors import Conflict
from sonik.ingest.intake import ATTEMPTS, Delivery, replayed, stored
from sonik.ingest.receipts import Intake
from sonik.knowledge.records import Extracted
from sonik.knowledge.shelf import Numbered, Shelf
from sonik.sql import queries
from sonik.truth.unit import Purpose, Unit, Writable, unit_of_work
from sonik.types import JsonObject, JsonValue

SQL = queries("knowledge")


async def take_in(
    database: Writable, batch: Sequence[Numbered], *, delivery: Delivery, extracted: Extracted, clock: Clock
) -> Intake:
    """Write a batch of documents, no two of one id, and return a receipt for each."""
    purpose = _purpose(batch, delivery)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with unit_of_work(database, purpose=purpose, clock=clock) as unit:
                return await _once(unit, batch, delivery=delivery, extracted=extracted, clock=clock)
        except Conflict:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


async def _once(
    unit: Unit, batch: Sequence[Numbered], *, delivery: Delivery, extracted: Extracted, clock: Clock
) -> Intake:
    if unit.replay is not None:
        return replayed(unit.replay)
    collection = delivery.scope.collection
    await unit.session.execute(SQL["alone"], {"collection": collection})
    shelf = Shelf(unit.session, source=delivery.source, collection=collection, extracted=extracted, now=clock.now())
    receipts = await shelf.put(batch)
    intake = Intake(receipts=tuple(receipts), position=await unit.save(shelf.changes))
    if shelf.changes.touched:
        counts: JsonObject = dict(intake.counts)
        await unit.audit({"source": delivery.source.code, **counts})
    await unit.remember(stored(intake))
    return intake


def _purpose(batch: Sequence[Numbered], delivery: Delivery) -> Purpose:
    key = None if delivery.dry_run else delivery.idempotency_key
    request: JsonObject = {}
    if key is not None:
        records: list[JsonValue] = [record.model_dump(mode="json") for _, record in batch]
        request = {"source": delivery.source.code, "records": records}
    return Purpose(action="ingest.documents", scope=delivery.scope, idempotency_key=key, request=request)
