"""The queue's outside: put jobs in, look at them, cancel them, try failed ones again."""

from collections.abc import Sequence
from uuid import UUID

from sonik.clock import Clock
from sonik.errors import Conflict, InvalidInput, NotFound
from sonik.jobs.job import STATUSES, Job, Order, Status
from sonik.sql import queries
from sonik.stores.postgres import Postgres, Session, jsonb
from sonik.truth.unit import Purpose, unit_of_work
from sonik.types import JsonObject, Scope

SQL = queries("jobs")
# These roles run Sonik; everyone else sees the jobs they asked for.
OPERATORS = frozenset({"ingest", "ops", "staff"})
MOST_LISTED = 100


async def enqueue(session: Session, order: Order, *, clock: Clock) -> tuple[UUID, bool]:
    """Put a job in, in the caller's transaction; return its id, and whether it is new."""
    now = clock.now()
    # Its own organisation and collection alone know a key.
    known = {"key": order.key, "owner_org": order.scope.organisation, "collection": order.scope.collection}
    rows = await session.rows(
        SQL["enqueue"],
        {
            "name": order.name, "arguments": jsonb(order.arguments), "run_at": order.run_at or now,
            "most_attempts": order.most_attempts, "role": order.scope.role, "actor": order.scope.actor, "now": now,
            **known,
        },
    )  # fmt: skip
    found = rows or await session.rows(SQL["find_by_key"], known)
    return UUID(str(found[0]["id"])), bool(rows)


async def put_part(session: Session, job_id: UUID, *, number: int, content: bytes) -> None:
    """Hand over one part of a job's input, in the transaction that puts it in."""
    await session.execute(SQL["put_part"], {"id": job_id, "part": number, "content": content})


async def describe(session: Session, job_id: UUID, *, arguments: JsonObject, total: int) -> None:
    """Add what was known only after the whole input was read."""
    await session.execute(SQL["describe"], {"id": job_id, "arguments": jsonb(arguments), "total": total})


async def arguments_of(session: Session, job_id: UUID) -> JsonObject:
    """Return the arguments of a job."""
    rows = await session.rows(SQL["arguments"], {"id": job_id})
    found = rows[0]["arguments"] if rows else None
    return found if isinstance(found, dict) else {}


async def look_up(postgres: Postgres, job_id: str, *, scope: Scope) -> Job:
    """Return a job this caller may see.

    Raises:
        NotFound: there is none with this id, or not for this caller.
    """
    found = await _visible(postgres, scope=scope, job_id=_id(job_id), limit=1)
    if not found:
        raise _missing(job_id)
    return found[0]


async def list_jobs(postgres: Postgres, *, scope: Scope, status: str | None = None, limit: int = 20) -> Sequence[Job]:
    """Return the newest jobs this caller may see.

    Raises:
        InvalidInput: there is no such status.
    """
    known = next((name for name in STATUSES if name == status), None)
    if status is not None and known is None:
        raise InvalidInput(f"No status '{status[:40]}'.", next_step=f"Known: {', '.join(STATUSES)}.", field="status")
    return await _visible(postgres, scope=scope, status=known, limit=max(1, min(limit, MOST_LISTED)))


async def cancel(postgres: Postgres, job_id: str, *, scope: Scope, clock: Clock) -> Job:
    """Cancel a job: one that waits at once, one at work before its next step, and undo what can be undone.

    Raises:
        NotFound: there is none with this id, or not for this caller.
        Conflict: it has come to its end already.
    """
    job = await look_up(postgres, job_id, scope=scope)
    async with unit_of_work(
        postgres, purpose=Purpose(action="job.cancel", scope=scope, adds=False), clock=clock
    ) as unit:
        changed = await unit.session.rows(SQL["cancel"], {"id": job.id, "now": clock.now()})
        if not changed:
            raise Conflict(f"Job {job.id} has {job.status} already.", next_step="There is nothing to cancel.")
        if changed[0]["status"] == "cancelled":
            await unit.session.execute(SQL["drop_inputs"], {"id": job.id})
        await unit.session.execute(SQL["wake"])
        await unit.audit({"job": str(job.id)})
    return await look_up(postgres, job_id, scope=scope)


async def retry(postgres: Postgres, job_id: str, *, scope: Scope, clock: Clock) -> Job:
    """Try a failed job again, or one that waits to be tried again, now; recorded steps are not repeated.

    Raises:
        NotFound: there is none with this id, or not for this caller.
        Conflict: it is at work, succeeded, or was cancelled.
    """
    job = await look_up(postgres, job_id, scope=scope)
    async with unit_of_work(
        postgres, purpose=Purpose(action="job.retry", scope=scope, adds=False), clock=clock
    ) as unit:
        changed = await unit.session.rows(SQL["retry"], {"id": job.id, "now": clock.now()})
        if not changed:
            raise Conflict(f"Job {job.id} is {job.status}.", next_step="Only a failed or waiting job is tried again.")
        await unit.session.execute(SQL["forget_undone"], {"id": job.id})
        await unit.session.execute(SQL["wake"])
        await unit.audit({"job": str(job.id)})
    return await look_up(postgres, job_id, scope=scope)


async def _visible(
    postgres: Postgres, *, scope: Scope, limit: int, job_id: UUID | None = None, status: Status | None = None
) -> list[Job]:
    params = {
        "id": job_id, "status": status, "limit": limit, "actor": scope.actor, "everyones": scope.role in OPERATORS
    }  # fmt: skip
    async with postgres.reading(scope) as session:
        return await session.fetch(Job, SQL["visible"], params)


def _id(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError as error:
        raise _missing(given) from error


def _missing(given: str) -> NotFound:
    return NotFound(f"There is no job '{given[:40]}'.", next_step="`sonik job list` shows the jobs.", field="job_id")
