"""A delivery taken in by a job ends as it would have in the foreground, each batch exactly once."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from sonik.errors import IdempotencyConflict, InvalidInput
from sonik.identity.sighting import Source
from sonik.ingest.background import NAME, BackgroundIngest, submit
from sonik.ingest.files import Row, rows_of
from sonik.ingest.intake import Delivery
from sonik.ingest.mapping import FieldMapping
from sonik.ingest.stream import BATCH
from sonik.jobs.job import Job
from sonik.jobs.queue import cancel, look_up
from sonik.jobs.worker import Worker
from sonik.types import JsonObject, Scope
from tests.fix_truth import INGEST, Truth, event, venue

pytestmark = pytest.mark.anyio

SOURCE = Source(code="agenda", trust=60)


async def put(
    truth: Truth, rows: Sequence[Row], *, key: str | None = None, source: Source = SOURCE,
    mapping: FieldMapping | None = None, scope: Scope = INGEST,
) -> UUID:  # fmt: skip
    delivery = Delivery(source=source, scope=scope, idempotency_key=key)
    return await submit(truth.postgres, rows, delivery=delivery, clock=truth.clock, mapping=mapping)


def worker(truth: Truth) -> Worker:
    handler = BackgroundIngest(postgres=truth.postgres, clock=truth.clock).handler
    return Worker(postgres=truth.postgres, handlers={NAME: handler}, clock=truth.clock)


async def job_of(truth: Truth, job_id: UUID) -> Job:
    return await look_up(truth.postgres, str(job_id), scope=INGEST)


def venues(count: int) -> list[JsonObject]:
    return [venue(f"v{number}", name=f"Sala {number}", city="Medellín") for number in range(count)]


async def test_a_file_is_taken_in_whole_with_its_refusals_told(truth: Truth) -> None:
    records = [*venues(BATCH + 5), venue("bad", capacity=-3), event("e1")]
    job_id = await put(truth, list(rows_of(records)))
    waiting = await job_of(truth, job_id)
    assert (waiting.status, waiting.done, waiting.total) == ("queued", 0, len(records))
    assert await truth.names("event") == []
    await worker(truth).drain()
    job = await job_of(truth, job_id)
    refusals = job.summary.pop("refusals")
    assert (job.status, job.done, job.total) == ("succeeded", len(records), len(records))
    assert job.summary == {"created": BATCH + 6, "updated": 0, "unchanged": 0, "refused": 1}
    assert isinstance(refusals, list)
    assert [(row["line"], row["problems"][0]["field"]) for row in refusals if isinstance(row, dict)] == [  # type: ignore[index,call-overload]
        (BATCH + 6, "capacity")
    ]
    assert await truth.column("select count(*) from unified.job_inputs") == [0]


async def test_it_leaves_what_the_foreground_leaves(truth: Truth) -> None:
    records = [*venues(BATCH), event("e1", venue={"name": "Sala 3", "source_id": "v3"}), event("e2")]
    await truth.deliver(*records, trust=60)
    foreground = await truth.everything()
    await truth.empty()
    await put(truth, list(rows_of(records)))
    await worker(truth).drain()
    background = await truth.everything()
    assert {**background, "audit_log": 0} == {**foreground, "audit_log": 0}


async def test_the_same_key_with_the_same_rows_is_the_same_job_and_with_others_a_conflict(truth: Truth) -> None:
    first = await put(truth, list(rows_of(venues(3))), key="monday")
    assert await put(truth, list(rows_of(venues(3))), key="monday") == first
    with pytest.raises(IdempotencyConflict, match="'monday' was used for other rows"):
        await put(truth, list(rows_of(venues(4))), key="monday")
    assert await truth.column("select count(*) from unified.jobs") == [1]


async def test_two_organisations_may_use_one_key(truth: Truth) -> None:
    rows = list(rows_of(venues(3)))
    scopes = [INGEST, *(replace(INGEST, organisation=name) for name in ("acme", "rival"))]
    jobs = [await put(truth, rows[:number], key="monday", scope=scope) for number, scope in enumerate(scopes, start=1)]
    assert len(set(jobs)) == 3
    assert await put(truth, rows[:2], key="monday", scope=scopes[1]) == jobs[1]
    with pytest.raises(IdempotencyConflict):
        await put(truth, rows[:3], key="monday", scope=scopes[1])


async def test_a_source_without_a_name_is_refused_before_anything_is_kept(truth: Truth) -> None:
    with pytest.raises(InvalidInput, match="no usable name"):
        await put(truth, list(rows_of(venues(1))), source=Source(code=" "))
    assert await truth.column("select count(*) from unified.jobs") == [0]


async def test_rows_with_characters_postgresql_does_not_take_refuse_only_themselves(truth: Truth) -> None:
    rows = [
        Row(line=1, content=venue("v1", name="Sala \x00 Cero")), Row(line=2, content=venue("v2", name="Sala \ud800")),
        Row(line=3, content=None, problem="not UTF-8"), Row(line=4, content=venue("v4", name="Sala Cuatro")),
    ]  # fmt: skip
    job_id = await put(truth, rows)
    await worker(truth).drain()
    job = await job_of(truth, job_id)
    assert job.status == "succeeded"
    assert "Sala Cuatro" in await truth.names("venue")
    assert int(str(job.summary["created"])) + int(str(job.summary["refused"])) == 4


async def test_a_mapping_goes_with_the_job(truth: Truth) -> None:
    mapping = FieldMapping(
        source=Source(code="other", trust=20), kind="venue", partial=True,
        fields={"name": "title", "city": {"value": "Medellín"}, "source_id": {"from": ["id"]}},
    )  # fmt: skip
    job_id = await put(
        truth, list(rows_of([{"id": "7", "title": "Sala Siete"}])), source=mapping.source, mapping=mapping
    )
    await worker(truth).drain()
    assert (await job_of(truth, job_id)).summary["created"] == 1
    assert await truth.names("venue") == ["Sala Siete"]
    assert await truth.column("select trust from unified.sources where code = 'other'") == [20]


async def test_a_cancelled_delivery_keeps_what_was_taken_in_and_drops_the_rest(truth: Truth) -> None:
    job_id = await put(truth, list(rows_of(venues(3))))
    job = await cancel(truth.postgres, str(job_id), scope=INGEST, clock=truth.clock)
    await worker(truth).drain()
    assert job.status == "cancelled"
    assert await truth.names("venue") == []
    assert await truth.column("select count(*) from unified.job_inputs") == [0]
