"""Sessions: a name and a password become a token of a browser, which is looked up in truth every time."""

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sonik.access.passwords import Passwords
from sonik.access.people import Account
from sonik.access.person import SignedIn, name_key
from sonik.clock import Clock
from sonik.settings import Settings
from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.truth.unit import Purpose, unit_of_work

SQL = queries("people")
TOKEN_BYTES = 32
LONGEST_NAME = 200
NOTED = timedelta(minutes=1)

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Held(Account):
    password: str
    version: int


@dataclass(frozen=True, kw_only=True, slots=True)
class _Session(Account):
    started_at: datetime
    seen_at: datetime


def mint() -> str:
    """Make a token from the system's randomness."""
    return secrets.token_urlsafe(TOKEN_BYTES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sessions:
    """The sessions of one truth. Nothing of them is held in memory: what ends one ends it everywhere at once."""

    postgres: Postgres
    clock: Clock
    passwords: Passwords
    idle: timedelta
    longest: timedelta
    mint: Callable[[], str] = mint

    @classmethod
    def of(cls, settings: Settings, *, postgres: Postgres, clock: Clock, passwords: Passwords) -> "Sessions":
        """Return what the settings want."""
        idle, longest = timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours)
        return cls(postgres=postgres, clock=clock, passwords=passwords, idle=idle, longest=longest)

    async def sign_in(self, name: str, password: str, *, instead_of: str | None = None) -> SignedIn | None:
        """Begin a session under a new token, and end the one the browser had; None where name or password is wrong.

        An unknown name takes as long as a wrong password.

        Raises:
            OutOfTime: too many passwords are being checked.
        """
        held = await self._account(name)
        if not await self.passwords.holds(password, held.password if held else None) or held is None:
            return None
        purpose = Purpose(action="session.begin", scope=held.person.scope, adds=False)
        async with unit_of_work(self.postgres, purpose=purpose, clock=self.clock) as unit:
            now, token = self.clock.now(), self.mint()
            known = {"id": held.id, "version": held.version, "now": now}
            noted = await unit.session.fetch(Account, SQL["note_sign_in"], known)
            if not noted:
                return None  # password or role changed since they were read
            if instead_of is not None:
                await unit.session.execute(SQL["end_session"], {"hash": _digest(instead_of)})
            await unit.session.execute(SQL["sweep_sessions"], self._bounds(now))
            await unit.session.execute(SQL["insert_session"], {"hash": _digest(token), "id": held.id, "now": now})
            await unit.audit({"account": str(held.id)})
        return SignedIn(person=noted[0].person, since=now, token=token)

    async def check(self, token: str) -> SignedIn | None:
        """Return who is there by a token; None for one of no session, or of one that ended or ran out.

        Raises:
            StoreUnavailable: truth does not answer.
        """
        if not _TOKEN.fullmatch(token):
            return None
        now, proof = self.clock.now(), _digest(token)
        async with self.postgres.writing(durable=False) as session:
            found = await session.fetch(_Session, SQL["held_session"], {"hash": proof, **self._bounds(now)})
            if found and found[0].seen_at <= now - NOTED:
                await session.execute(SQL["note_seen"], {"hash": proof, "now": now, "before": now - NOTED})
        return SignedIn(person=found[0].person, since=found[0].started_at, token=token) if found else None

    async def end(self, signed_in: SignedIn, *, everywhere: bool = False) -> int:
        """End a session, or all of the same person; return how many ended."""
        person = signed_in.person
        purpose = Purpose(action="session.end", scope=person.scope, adds=False)
        async with unit_of_work(self.postgres, purpose=purpose, clock=self.clock) as unit:
            if everywhere:
                ended = await unit.session.execute(SQL["end_sessions"], {"id": person.id})
            else:
                ended = await unit.session.execute(SQL["end_session"], {"hash": _digest(signed_in.token)})
            await unit.audit({"account": str(person.id), "sessions": ended})
        return ended

    async def _account(self, name: str) -> _Held | None:
        """Return who may sign in by a name."""
        key = name_key(name[:LONGEST_NAME])
        if not key.isprintable() or len(name) > LONGEST_NAME:
            return None
        async with self.postgres.writing() as session:
            found = await session.fetch(_Held, SQL["account_of_name"], {"name_key": key})
        return found[0] if found else None

    def _bounds(self, now: datetime) -> dict[str, object]:
        """Return after when a session must have begun, and been seen."""
        return {"started_after": now - self.longest, "seen_after": now - self.idle}


def _digest(token: str) -> bytes:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
