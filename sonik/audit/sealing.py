"""Sealing: a job that comes round puts seals on what was logged since, and forgets whole batches that are old."""

from dataclasses import asdict, dataclass
from datetime import timedelta

from sonik.audit.seal import FORGET, Place, Row, Seal, sealed
from sonik.clock import Clock
from sonik.correlation import correlation_id
from sonik.errors import Misconfigured
from sonik.jobs.job import Handler, Run, Step
from sonik.jobs.schedule import Every
from sonik.sql import queries
from sonik.stores.postgres import Postgres, Session, jsonb
from sonik.types import JsonObject

SQL = queries("audit")
TRUTH = queries("truth")
NAME = "audit"
HOURLY = Every(name=NAME, seconds=3600)
BATCH = 1_000
# Seals whose rows are forgotten in one transaction.
FORGOTTEN_AT_ONCE = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Sealing:
    """Puts seals on the audit log. With a secret each bears a mark that nobody else can make."""

    postgres: Postgres
    clock: Clock
    keep: timedelta
    secret: bytes | None = None
    batch: int = BATCH

    @property
    def handler(self) -> Handler:
        """How the worker calls it."""
        return Handler(work=self.work)

    async def work(self, run: Run) -> None:
        """Seal what is there, then forget what is old, a batch a step."""
        number = 0
        while (await run.step(f"seal:{number}", self._seal))["rows"] == self.batch:
            number += 1
        number = 0
        while (await run.step(f"forget:{number}", self._forget))["through"] is not None:
            number += 1

    async def seal(self) -> int:
        """Seal what is there now; return how many rows that were."""
        rows = 0
        while True:
            async with self.postgres.writing() as session:
                seal = await self.put_on(session)
            rows += seal.rows if seal else 0
            if seal is None or seal.rows < self.batch:
                return rows

    async def put_on(self, session: Session) -> Seal | None:
        """Put the next seal on, unless there is nothing to seal.

        No row at or above the oldest running transaction is taken: one that commits late would slip behind the seal.

        Raises:
            Misconfigured: the last seal bears a mark that is not this secret's.
        """
        await session.execute(SQL["hold_chain"])
        last = next(iter(await session.fetch(Seal, SQL["last_seal"])), None)
        self._check_mark(last)
        (to,) = await session.fetch(Place, SQL["horizon"])
        rows = await stretch(session, last.place if last else Place(), to, limit=self.batch)
        if not rows:
            return None
        seal = sealed(rows, after=last, now=self.clock.now(), secret=self.secret)
        await session.execute(SQL["insert_seal"], asdict(seal))
        return seal

    def _check_mark(self, last: Seal | None) -> None:
        if last is None or last.mark is None:
            return
        if not last.bears_mark_of(self.secret):
            raise Misconfigured(
                f"Seal {last.number} of the audit log bears the mark of another SONIK_AUDIT_SECRET.",
                next_step="Set the one it was made with, on every process that does jobs.",
            )

    async def _seal(self, step: Step) -> JsonObject:
        seal = await self.put_on(step.session)
        return {"rows": seal.rows if seal else 0}

    async def _forget(self, step: Step) -> JsonObject:
        before = self.clock.now() - self.keep
        found = await step.session.rows(SQL["forget"], {"before": before, "most": FORGOTTEN_AT_ONCE})
        if not found:
            return {"through": None}
        told: JsonObject = {"through": int(str(found[0]["through"])), "rows": int(str(found[0]["swept"]))}
        note = {"now": self.clock.now(), "correlation_id": correlation_id(), "action": FORGET}
        await step.session.execute(TRUTH["append_note"], {**note, "details": jsonb(told)})
        return told


async def stretch(session: Session, after: Place, to: Place, *, limit: int | None = None) -> list[Row]:
    """Return the rows behind a place, up to another."""
    bounds = {**after._asdict(), "to_epoch": to.epoch, "to_txid": to.txid, "to_seq": to.seq, "limit": limit}
    return await session.fetch(Row, SQL["stretch"], bounds)
