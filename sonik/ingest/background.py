"""Ingest as a job: a delivery of any length is kept in truth first, and taken in batch by batch, each exactly once."""

import asyncio
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from pydantic import TypeAdapter

from sonik.clock import Clock
from sonik.errors import IdempotencyConflict
from sonik.identity.sighting import Source
from sonik.ingest.files import Row
from sonik.ingest.intake import Delivery
from sonik.ingest.legends import load_legends
from sonik.ingest.mapping import FieldMapping
from sonik.ingest.receipts import Intake, merge
from sonik.ingest.rows import packed
from sonik.ingest.stream import Stream, Within, batches, check_delivery
from sonik.jobs.job import Handler, Order, Run, Step
from sonik.jobs.queue import arguments_of, describe, enqueue, put_part
from sonik.sql import queries
from sonik.stores.postgres import Postgres, Session
from sonik.truth.unit import Purpose, unit_of_work
from sonik.types import JsonObject, JsonValue

SQL = queries("truth")
NAME = "ingest"
MOST_REFUSALS = 20
# A server answers on the loop on which it does jobs, and a whole part would hold that for too long:
# `python -m tests.bench.sharing`.
SLICE = 100
_MAPPING: TypeAdapter[FieldMapping] = TypeAdapter(FieldMapping)


async def submit(
    postgres: Postgres, rows: Iterable[Row], *, delivery: Delivery, clock: Clock, mapping: FieldMapping | None = None
) -> UUID:
    """Keep rows to be taken in by a job and return its id; the same key with the same rows returns the same job.

    Raises:
        InvalidInput: the source's name or trust is wrong, or the file cannot be read as what it seems.
        IdempotencyConflict: the key was used for other rows.
    """
    check_delivery(delivery)
    scope = delivery.scope
    key = f"{NAME}:{scope.collection}:{scope.actor}:{delivery.idempotency_key}" if delivery.idempotency_key else None
    order = Order(name=NAME, scope=scope, arguments=_arguments(delivery, mapping), key=key)
    async with unit_of_work(postgres, purpose=Purpose(action="ingest.submit", scope=scope), clock=clock) as unit:
        job_id, is_new = await enqueue(unit.session, order, clock=clock)
        total, digest = await _keep(unit.session, job_id if is_new else None, rows)
        if is_new:
            await describe(unit.session, job_id, arguments={"sha256": digest}, total=total)
            await unit.audit({"source": delivery.source.code, "job": str(job_id), "rows": total})
        elif (await arguments_of(unit.session, job_id)).get("sha256") != digest:
            raise IdempotencyConflict(
                f"Idempotency key '{str(delivery.idempotency_key)[:80]}' was used for other rows.",
                next_step="Use a new key for a new delivery.", field="idempotency_key",
            )  # fmt: skip
    return job_id


@dataclass(frozen=True, kw_only=True, slots=True)
class BackgroundIngest:
    """Does the jobs that `submit` makes."""

    postgres: Postgres
    clock: Clock

    @property
    def handler(self) -> Handler:
        """How the worker calls it. What was taken in stays when the job is cancelled."""
        return Handler(work=self.work)

    async def work(self, run: Run) -> None:
        """Take in every part that was not taken in yet, in order."""
        for number in await run.parts():
            await run.step(f"part:{number}", partial(self._take, run, number))
        await run.step("analyze", _analyze)

    async def _take(self, run: Run, number: int, step: Step) -> JsonObject:
        delivery, mapping = _delivery(run)
        rows = _unpacked(await step.part(number))
        stream = Stream(
            delivery=delivery, legends=await load_legends(step.session), clock=self.clock, mapping=mapping
        )  # fmt: skip
        # Inside the step's transaction: its record and the rows stand or fall together.
        within, taken = Within(step.session, self.postgres), []
        for first in range(0, len(rows), SLICE):
            taken.append(await stream.take_batch(within, rows[first : first + SLICE], number=number))
            await asyncio.sleep(0)
        intake = merge(taken)
        step.progress(done=run.job.done + len(rows))
        step.summarise(_summary(run.job.summary, intake))
        return {"rows": len(rows)}


async def _keep(session: Session, job_id: UUID | None, rows: Iterable[Row]) -> tuple[int, str]:
    """Store the rows as the parts of a new job; return how many there are, and a digest of them all."""
    total, digest = 0, hashlib.sha256()
    for number, batch in enumerate(batches(rows)):
        content = packed(batch)
        digest.update(content)
        total += len(batch)
        if job_id is not None:
            await put_part(session, job_id, number=number, content=content)
    return total, digest.hexdigest()


async def _analyze(step: Step) -> JsonObject:
    await step.session.execute(SQL["analyze"])
    return {}


def _arguments(delivery: Delivery, mapping: FieldMapping | None) -> JsonObject:
    return {
        "source": {"code": delivery.source.code, "trust": delivery.source.trust}, "partial": delivery.partial,
        "mapping": _MAPPING.dump_python(mapping, mode="json") if mapping else None,
    }  # fmt: skip


def _delivery(run: Run) -> tuple[Delivery, FieldMapping | None]:
    given = run.job.arguments
    stated, mapping = given["source"], given.get("mapping")
    source = TypeAdapter(Source).validate_python(stated)
    delivery = Delivery(source=source, scope=run.job.scope, partial=given.get("partial") is True)
    return delivery, _MAPPING.validate_python(mapping) if mapping else None


def _summary(so_far: JsonObject, intake: Intake) -> JsonObject:
    """Return the counts with those of one more part, and the first refusals in full."""
    counts: JsonObject = {name: int(str(so_far.get(name, 0))) + count for name, count in intake.counts.items()}
    known = so_far.get("refusals")
    refusals: list[JsonValue] = list(known) if isinstance(known, list) else []
    refusals += [receipt.as_json() for receipt in intake.receipts if receipt.outcome == "refused"]
    return {**counts, "refusals": refusals[:MOST_REFUSALS]}


def _unpacked(content: bytes) -> list[Row]:
    return [Row(**row) for row in json.loads(content)]
