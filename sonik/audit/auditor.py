"""The room's door: what was logged is shown, sealed and checked, for those who run Sonik."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sonik.audit.checking import LEAST_HEAD, Checked, Watcher, check
from sonik.audit.sealing import Sealing
from sonik.clock import Clock
from sonik.errors import InvalidInput, NotAllowed
from sonik.jobs.job import Handler
from sonik.settings import Settings
from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.types import JsonObject, Scope

SQL = queries("audit")
OPERATORS = frozenset({"ops", "staff"})
MOST_SHOWN = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Sought:
    """What to show. A caller is meant by name, by reference, or by the prefix of a key."""

    trace: str | None = None
    since: datetime | None = None
    caller: str | None = None
    limit: int = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A row of the log as it is shown; `caller` and `organisation` are salted references."""

    at: datetime
    trace: str
    caller: str
    organisation: str | None
    key: str | None
    role: str
    action: str
    target: str | None
    outcome: str
    ms: float | None
    arguments: str | None
    details: JsonObject


@dataclass(frozen=True, kw_only=True, slots=True)
class Auditor:
    """Shows the audit log, seals it and checks it."""

    postgres: Postgres
    clock: Clock
    keep: timedelta
    secret: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(cls, settings: Settings, *, postgres: Postgres, clock: Clock) -> "Auditor":
        """Return what the settings want."""
        secret = settings.audit_secret.get_secret_value().encode() if settings.audit_secret else None
        keep = timedelta(days=settings.keep_audit_days)
        return cls(postgres=postgres, clock=clock, keep=keep, secret=secret)

    @property
    def handler(self) -> Handler:
        """How the job that seals is done."""
        return self._sealing.handler

    async def entries(self, sought: Sought, *, scope: Scope) -> Sequence[Entry]:
        """Return rows of the log, the newest first; ops of an organisation see what it did.

        Raises:
            NotAllowed: the caller does not run Sonik.
        """
        _check_operator(scope)
        own = scope.organisation if scope.role != "staff" else None
        asked = {
            "collection": scope.collection, "organisation": own, "trace": sought.trace, "since": sought.since,
            "caller": sought.caller, "limit": min(sought.limit, MOST_SHOWN),
        }  # fmt: skip
        async with self.postgres.writing() as session:
            return await session.fetch(Entry, SQL["entries"], asked)

    async def seal(self, *, scope: Scope) -> int:
        """Seal what is there, without waiting for the job that comes round; return how many rows that were.

        Raises:
            NotAllowed: the caller does not run all of Sonik.
            Misconfigured: the last seal bears the mark of another secret.
        """
        _check_operator(scope, everywhere=True)
        return await self._sealing.seal()

    async def check(
        self, *, scope: Scope, head: str | None = None, first: int = 1, watch: Watcher | None = None
    ) -> Checked:
        """Check rows and seals from a seal on; with a head noted earlier, also that the chain still leads through it.

        Raises:
            NotAllowed: the caller does not run all of Sonik.
            InvalidInput: the head is no beginning of a digest.
        """
        _check_operator(scope, everywhere=True)
        return await check(self.postgres, secret=self.secret, head=_head(head), first=first, watch=watch)

    @property
    def _sealing(self) -> Sealing:
        return Sealing(postgres=self.postgres, clock=self.clock, keep=self.keep, secret=self.secret)


def _check_operator(scope: Scope, *, everywhere: bool = False) -> None:
    if scope.role not in OPERATORS or (everywhere and scope.role != "staff" and scope.organisation):
        whose = f"The role '{scope.role}'" if scope.role not in OPERATORS else "Ops of one organisation"
        raise NotAllowed(
            f"{whose} may not do this with the audit log.",
            next_step="Act with SONIK_ROLE=ops or staff, or ask whoever runs Sonik.",
        )


def _head(given: str | None) -> str | None:
    if given is None:
        return None
    head = given.strip().lower()
    if len(head) < LEAST_HEAD or set(head) - set("0123456789abcdef"):
        step = f"Pass what `sonik audit verify` printed as the head, {LEAST_HEAD} hex digits of it or more."
        raise InvalidInput("This is no head.", next_step=step, field="head")
    return head
