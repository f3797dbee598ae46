"""A batch of documents into truth as one unit of work: their passages, and what links them."""

from collections.abc import Sequence

from sonik.clock import Clock
from sonik.ingest.intake import Delivery, Written, in_one_unit
from sonik.ingest.receipts import Intake
from sonik.knowledge.records import Extracted
from sonik.knowledge.shelf import Numbered, Shelf
from sonik.sql import queries
from sonik.truth.unit import Purpose, Unit, Writable
from sonik.types import JsonObject, JsonValue

SQL = queries("knowledge")


async def take_in(
    database: Writable, batch: Sequence[Numbered], *, delivery: Delivery, extracted: Extracted, clock: Clock
) -> Intake:
    """Write a batch of documents, no two of one id, and return a receipt for each."""

    async def write(unit: Unit) -> Written:
        collection = delivery.scope.collection
        await unit.session.execute(SQL["alone"], {"collection": collection})
        shelf = Shelf(unit.session, source=delivery.source, collection=collection, extracted=extracted, now=clock.now())
        return await shelf.put(batch), shelf.changes

    purpose = _purpose(batch, delivery)
    return await in_one_unit(database, write, purpose=purpose, source=delivery.source, clock=clock)


def _purpose(batch: Sequence[Numbered], delivery: Delivery) -> Purpose:
    key = None if delivery.dry_run else delivery.idempotency_key
    request: JsonObject = {}
    if key is not None:
        records: list[JsonValue] = [record.model_dump(mode="json") for _, record in batch]
        request = {"source": delivery.source.code, "records": records}
    return Purpose(action="ingest.documents", scope=delivery.scope, idempotency_key=key, request=request)
