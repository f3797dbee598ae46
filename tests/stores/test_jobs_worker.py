"""Jobs are done once, tried again when they stumble, given up in the end, and undone where they can be."""

import asyncio
from dataclasses import replace

import pytest

from sonik.errors import Conflict, InvalidInput, NotFound, StoreUnavailable
from sonik.jobs.job import Order, Run, Step
from sonik.jobs.queue import cancel, enqueue, list_jobs, look_up, retry
from sonik.jobs.schedule import Every
from sonik.jobs.worker import delay_seconds
from sonik.types import JsonObject, Scope
from tests.fix_jobs import ASKER, Office

pytestmark = pytest.mark.anyio


async def test_a_job_is_done_once_however_many_workers_look(office: Office) -> None:
    job_id = await office.order()

    async def work(run: Run) -> None:
        await run.step("write", office.doing("write"))

    await asyncio.gather(*(office.worker(work).drain() for _ in range(4)))
    job = await office.job(job_id)
    assert office.diary == ["write"]
    assert (job.status, job.done, job.total, job.error, job.attempts) == ("succeeded", 1, 3, None, 1)


async def test_a_job_whose_transaction_is_undone_was_never_there(office: Office) -> None:
    async with office.truth.postgres.writing() as session:
        job_id, _ = await enqueue(session, Order(name="errand", scope=ASKER), clock=office.truth.clock)
        await session.rollback()
    with pytest.raises(NotFound):
        await office.job(job_id)


async def test_a_stumble_is_tried_again_later_and_recorded_steps_are_not_repeated(office: Office) -> None:
    job_id = await office.order()
    stores = iter([False, True])

    async def work(run: Run) -> None:
        await run.step("first", office.doing("first"))
        if not next(stores):
            raise StoreUnavailable("Nobody answers.", next_step="Wait.")
        await run.step("second", office.doing("second"))

    await office.worker(work).drain()
    waiting = await office.job(job_id)
    assert (waiting.status, waiting.error) == (
        "queued",
        {"code": "store_unavailable", "message": "Nobody answers.", "next_step": "Wait."},
    )
    await office.worker(work).drain()
    assert office.diary == ["first"]
    office.truth.later(seconds=delay_seconds(1))
    await office.worker(work).drain()
    assert office.diary == ["first", "second"]
    assert (await office.job(job_id)).status == "succeeded"


async def test_a_job_that_stumbles_each_time_is_given_up_and_undone_from_its_end(office: Office) -> None:
    job_id = await office.order(most_attempts=2)

    async def work(run: Run) -> None:
        await run.step("book:1", office.doing("book table"))
        await run.step("note", office.doing("note"))
        await run.step("book:2", office.doing("book band"))
        raise StoreUnavailable("The street is closed.", next_step="Try tomorrow.")

    for attempt in (1, 2):
        await office.worker(work, undo=["book"]).drain()
        office.truth.later(seconds=delay_seconds(attempt))
    job = await office.job(job_id)
    assert office.diary == ["book table", "note", "book band", "not book band", "not book table"]
    assert job.status == "failed"
    assert job.error == {"code": "store_unavailable", "message": "The street is closed.", "next_step": "Try tomorrow."}


async def test_a_failed_job_goes_on_where_it_stopped_when_it_is_tried_again(office: Office) -> None:
    job_id = await office.order()
    doors = iter([False, True])

    async def work(run: Run) -> None:
        await run.step("ring", office.doing("ring"))
        if not next(doors):
            raise InvalidInput("The door is closed.", next_step="Open it.")
        await run.step("enter", office.doing("enter"))

    await office.worker(work).drain()
    assert (await office.job(job_id)).status == "failed"
    await retry(office.truth.postgres, str(job_id), scope=ASKER, clock=office.truth.clock)
    await office.worker(work).drain()
    assert office.diary == ["ring", "enter"]
    with pytest.raises(Conflict, match="succeeded"):
        await retry(office.truth.postgres, str(job_id), scope=ASKER, clock=office.truth.clock)


async def test_an_error_nobody_foresaw_ends_the_job_and_not_the_worker(office: Office) -> None:
    broken, sound = await office.order(most_attempts=1), await office.order()

    async def work(run: Run) -> None:
        if run.job.id == broken:
            raise ZeroDivisionError("secret@example.org")
        await run.step("write", office.doing("write"))

    await office.worker(work).drain()
    office.truth.later(seconds=delay_seconds(1))
    await office.worker(work).drain()
    failed = await office.job(broken)
    assert (await office.job(sound)).status == "succeeded"
    assert failed.status == "failed"
    assert failed.error is not None
    assert failed.error["message"] == "Something went wrong inside (ZeroDivisionError)."


async def test_a_step_that_fails_leaves_nothing_behind(office: Office) -> None:
    job_id = await office.order(most_attempts=1)

    async def half(step: Step) -> JsonObject:
        await step.session.execute("insert into unified.sources (code) values ('half')")
        step.progress(done=7)
        raise InvalidInput("No more.", next_step="Stop.")

    async def work(run: Run) -> None:
        await run.step("half", half)

    await office.worker(work).drain()
    assert (await office.job(job_id)).done == 0
    assert await office.truth.column("select code from unified.sources where code = 'half'") == []
    assert await office.truth.column("select key from unified.job_steps") == []


async def test_a_waiting_job_is_cancelled_at_once_and_one_at_work_before_its_next_step(office: Office) -> None:
    waiting = await office.order(name="never")
    stopped = await cancel(office.truth.postgres, str(waiting), scope=ASKER, clock=office.truth.clock)
    job_id = await office.order()

    async def work(run: Run) -> None:
        await run.step("book", office.doing("book"))
        asked = await cancel(office.truth.postgres, str(run.job.id), scope=ASKER, clock=office.truth.clock)
        assert (asked.status, asked.cancelling) == ("running", True)
        await run.step("pay", office.doing("pay"))

    await office.worker(work, undo=["book", "pay"]).drain()
    assert stopped.status == "cancelled"
    assert (await office.job(job_id)).status == "cancelled"
    assert office.diary == ["book", "not book"]
    with pytest.raises(Conflict, match="cancelled already"):
        await cancel(office.truth.postgres, str(job_id), scope=ASKER, clock=office.truth.clock)


async def test_a_worker_that_stops_puts_its_job_back_and_takes_no_try_from_it(office: Office) -> None:
    job_id = await office.order()
    begun = asyncio.Event()

    async def endless(run: Run) -> None:
        await run.step("begin", office.doing("begin"))
        begun.set()
        await asyncio.Event().wait()

    working = asyncio.create_task(office.worker(endless).run())
    await begun.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    job = await office.job(job_id)
    assert (job.status, job.attempts, job.done) == ("queued", 0, 1)


async def test_a_worker_that_lost_its_job_writes_no_more(office: Office) -> None:
    job_id = await office.order()

    async def work(run: Run) -> None:
        await run.step("mine", office.doing("mine"))
        async with office.truth.postgres.writing() as session:
            await session.execute("update unified.jobs set fence = fence + 1")
        await run.step("no longer mine", office.doing("no longer mine"))

    await office.worker(work).once()
    assert office.diary == ["mine"]
    assert (await office.job(job_id)).status == "running"


async def test_one_key_is_one_job(office: Office) -> None:
    assert await office.order(key="monday") == await office.order(key="monday")
    assert await office.order(key="tuesday") != await office.order(key="wednesday")


async def test_a_key_is_known_to_its_organisation_and_collection_only(office: Office) -> None:
    scopes = [ASKER, *(replace(ASKER, organisation=name) for name in ("acme", "rival")), replace(ASKER, collection="b")]
    first = [await office.order(key="monday", scope=scope) for scope in scopes]
    again = [await office.order(key="monday", scope=scope) for scope in scopes]
    assert len(set(first)) == len(scopes)
    assert again == first


async def test_a_scheduled_job_is_done_once_in_each_span(office: Office) -> None:
    async def work(run: Run) -> None:
        await run.step("sweep", office.doing("sweep"))

    for _ in range(3):
        await office.worker(work, schedule=[Every(name="errand", seconds=3600)]).drain()
    assert office.diary == ["sweep"]
    office.truth.later(hours=1)
    await office.worker(work, schedule=[Every(name="errand", seconds=3600)]).drain()
    assert office.diary == ["sweep", "sweep"]


async def test_a_job_is_shown_to_those_who_asked_for_it_and_those_who_run_sonik(office: Office) -> None:
    job_id = await office.order()
    postgres = office.truth.postgres
    for scope in (ASKER, Scope(role="reader", user="asker"), Scope(role="ops", user="other"), Scope(role="staff")):
        assert [job.id for job in await list_jobs(postgres, scope=scope)] == [job_id]
    for scope in (
        Scope(role="reader", user="other"), Scope(role="ops", organisation="club"), Scope(role="ops", collection="b"),
    ):  # fmt: skip
        assert await list_jobs(postgres, scope=scope) == []
        with pytest.raises(NotFound):
            await look_up(postgres, str(job_id), scope=scope)


@pytest.mark.parametrize("given", ["", "nothing", "0197a0c8-0000-7000-8000-000000000000", "'; drop table x"])
async def test_an_id_of_nothing_is_not_found(office: Office, given: str) -> None:
    with pytest.raises(NotFound, match="There is no job"):
        await look_up(office.truth.postgres, given, scope=ASKER)


async def test_only_jobs_of_a_status_are_listed_and_a_wrong_one_is_refused(office: Office) -> None:
    job_id = await office.order()
    postgres = office.truth.postgres
    assert [job.id for job in await list_jobs(postgres, scope=ASKER, status="queued")] == [job_id]
    assert await list_jobs(postgres, scope=ASKER, status="failed") == []
    with pytest.raises(InvalidInput, match="No status 'lost'"):
        await list_jobs(postgres, scope=ASKER, status="lost")


def test_the_delay_doubles_and_has_an_end() -> None:
    assert [delay_seconds(attempt) for attempt in (1, 2, 3, 4)] == [2, 4, 8, 16]
    assert delay_seconds(1_000_000) == 600
