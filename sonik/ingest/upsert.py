"""A small delivery taken in at once: its records, the source's cursor and the receipts in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sonik.clock import Clock
from sonik.errors import InvalidInput, NotAllowed
from sonik.identity.sighting import Source
from sonik.ingest.batch import Numbered
from sonik.ingest.files import rows_of, to_record
from sonik.ingest.intake import Delivery, despite_rivals, replayed, stored, take_in
from sonik.ingest.legends import Legends, load_legends
from sonik.ingest.losses import Consent, Losses, losses_of
from sonik.ingest.receipts import Intake, Receipt, merge
from sonik.ingest.stream import Within, check_delivery, refused_by_truth, unmade
from sonik.sql import queries
from sonik.stores.postgres import Postgres, Session
from sonik.truth.unit import Purpose, Unit, unit_of_work
from sonik.types import JsonObject, JsonValue, Scope

SQL = queries("truth")
WRITERS = ("ingest", "staff")
# Its word stands above all others, and comes from Sonik's own legends.
OWN_SOURCE = "sonik"


@dataclass(frozen=True, kw_only=True, slots=True)
class Upsert:
    """What comes with the records. The source's trust is what it was given before, else the default.

    `cursor` is how far the source has been read by now, in its own words; `partial` is as of a `Delivery`. What is
    `careful` takes nothing out of people's sight without their consent.
    """

    source: str
    cursor: str | None = None
    dry_run: bool = True
    partial: bool = False
    idempotency_key: str | None = None
    careful: bool = False
    consent: Consent | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Upserted:
    """The receipts, and the cursor that the last upsert of this source left.

    `losses` is what it takes away; with `held_back`, nothing was written for want of consent.
    """

    intake: Intake
    last_cursor: str | None
    losses: Losses = field(default_factory=Losses)
    held_back: bool = False


async def upsert(
    postgres: Postgres, records: Sequence[JsonObject], *, told: Upsert, scope: Scope, clock: Clock
) -> Upserted:
    """Check all records before any is written; write the good ones, and the cursor, as one unit of work.

    As in any delivery a record is taken whole or refused, and a refused one leaves the others be: the cursor moves
    on, and whoever sent the record has its receipt. Under an idempotency key the very same call is answered by the
    very same receipts, refused ones included.

    Raises:
        NotAllowed: the caller's role does not write.
        InvalidInput: the source has no usable name.
        IdempotencyConflict: the key was used for another request.
        Conflict: rivals kept writing the same entities.
        InvalidInput: the consent was used before, or not given for this.
    """
    _check(told, scope)
    request: JsonObject = {
        "source": told.source, "partial": told.partial, "cursor": told.cursor, "records": list[JsonValue](records)
    }  # fmt: skip
    key = None if told.dry_run else told.idempotency_key
    purpose = Purpose(action="upsert", scope=scope, idempotency_key=key, request=request)

    async def once() -> Upserted:
        async with unit_of_work(postgres, purpose=purpose, clock=clock) as unit:
            done = await _once(unit, records, told=told, scope=scope, clock=clock)
            if told.dry_run or done.held_back:
                await unit.session.rollback()
        return done

    done = await despite_rivals(once)
    return replace(done, intake=unmade(done.intake)) if told.dry_run or done.held_back else done


def _check(told: Upsert, scope: Scope) -> None:
    if scope.role not in WRITERS:
        raise NotAllowed(
            f"The role '{scope.role}' may not write.",
            next_step="Start the server with SONIK_ROLE=ingest, or ask whoever runs it.",
        )
    check_delivery(Delivery(source=Source(code=told.source), scope=scope))
    if told.source.strip().lower() == OWN_SOURCE:
        raise InvalidInput(f"'{OWN_SOURCE}' is no outside source.", next_step="Name yours.", field="source")


async def _once(unit: Unit, records: Sequence[JsonObject], *, told: Upsert, scope: Scope, clock: Clock) -> Upserted:
    if unit.replay is not None:
        last = unit.replay.get("last_cursor")
        return Upserted(intake=replayed(unit.replay), last_cursor=last if isinstance(last, str) else None)
    own = Source(code=told.source).of(scope.organisation).code
    place: dict[str, object] = {"collection": scope.collection, "source": own}
    rows = await unit.session.rows(SQL["source_cursor"], place)
    last_cursor = str(rows[0]["cursor"]) if rows else None
    intake = await _take(unit.session, records, told=told, scope=scope, clock=clock)
    if told.cursor is not None:
        moved = {**place, "cursor": told.cursor, "now": clock.now()}
        await unit.session.execute(SQL["move_source_cursor"], moved)
    losses = await losses_of(unit.session, intake.receipts, now=clock.now()) if told.careful else Losses()
    if told.consent is not None and not told.dry_run:
        await _use(unit, told.consent, losses)
    await unit.remember({**stored(intake), "last_cursor": last_cursor})
    held_back = bool(losses) and told.consent is None and not told.dry_run
    return Upserted(intake=intake, last_cursor=last_cursor, losses=losses, held_back=held_back)


async def _use(unit: Unit, consent: Consent, losses: Losses) -> None:
    if not await unit.use_once(consent.name):
        step = "Repeat the call without it, to see what it would take away now."
        raise InvalidInput("This consent was used before.", next_step=step, field="confirm_token")
    consent.check(losses)


async def _take(session: Session, records: Sequence[JsonObject], *, told: Upsert, scope: Scope, clock: Clock) -> Intake:
    legends = await load_legends(session)
    trusts = {source.code: source for source in await session.fetch(Source, SQL["sources"])}
    said = Source(code=told.source)
    source = replace(said, trust=trusts.get(said.of(scope.organisation).code, said).trust)
    delivery = Delivery(source=source, scope=scope, partial=told.partial)
    read = [(row.line, to_record(row, mapping=None, legends=legends)) for row in rows_of(records)]
    refused = [record for _, record in read if isinstance(record, Receipt)]
    good: list[Numbered] = [(line, record) for line, record in read if not isinstance(record, Receipt)]
    taken = (
        await _write(session, good, delivery=delivery, legends=legends, clock=clock) if good else Intake(receipts=())
    )
    receipts = sorted((*refused, *taken.receipts), key=lambda receipt: receipt.line)
    return replace(taken, receipts=tuple(receipts))


async def _write(
    session: Session, good: Sequence[Numbered], *, delivery: Delivery, legends: Legends, clock: Clock
) -> Intake:
    """Write records together; if the database refuses one of them, each by itself."""
    try:
        return await take_in(Within(session), good, delivery=delivery, legends=legends, clock=clock)
    except InvalidInput as error:
        if len(good) == 1:
            return Intake(receipts=(refused_by_truth(good[0], error),))
    parts = [await _write(session, [one], delivery=delivery, legends=legends, clock=clock) for one in good]
    return merge(parts)
