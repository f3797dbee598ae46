"""The room's door: keys are made, listed and revoked, and the token of a caller is checked."""

import asyncio
import hmac
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sonik.access.api_key import ApiKey, NewKey
from sonik.access.granting import granted, visible
from sonik.access.recent import Recent
from sonik.access.token import MARK, PREFIX_LENGTH, Token, digest, mint, prefix_named, prefix_of
from sonik.clock import Clock
from sonik.errors import Conflict, NotFound, SonikError, did_you_mean
from sonik.sql import queries
from sonik.stores.cancellation import settled
from sonik.stores.postgres import Postgres
from sonik.truth.unit import Purpose, Unit, unit_of_work
from sonik.types import JsonObject, Role, Scope

logger = logging.getLogger(__name__)

SQL = queries("access")
HELD_SECONDS = 5.0
MOST_HELD = 4096
USE_SECONDS = 60.0
TRIES = 5
# A hash to compare with where there is no key, so that both take as long.
NOBODYS = bytes(32)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    id: UUID
    prefix: str
    name: str
    role: Role
    owner_org: str | None
    acts_as: str
    collection: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    @property
    def key(self) -> ApiKey:
        scope = Scope(role=self.role, organisation=self.owner_org, user=self.acts_as, collection=self.collection)
        return ApiKey(
            id=self.id, prefix=self.prefix, name=self.name, scope=scope, created_at=self.created_at,
            created_by=self.created_by, expires_at=self.expires_at, last_used_at=self.last_used_at,
            revoked_at=self.revoked_at,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class _Held(_Row):
    hash: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class _Revoked(_Row):
    ended: bool


class Keys:
    """The keys of one truth. What a check found counts for five seconds: a revocation acts everywhere within them."""

    def __init__(
        self, *, postgres: Postgres, clock: Clock, monotonic: Callable[[], float] = time.monotonic,
        mint: Callable[[], Token] = mint,
    ) -> None:  # fmt: skip
        self._postgres = postgres
        self._clock = clock
        self._monotonic = monotonic
        self._mint = mint
        # Apart from each other: a flood of forged tokens must not drive out the keys that hold.
        self._known: Recent[bytes, ApiKey] = Recent(seconds=HELD_SECONDS, most=MOST_HELD, monotonic=monotonic)
        self._strange: Recent[bytes, bool] = Recent(seconds=HELD_SECONDS, most=MOST_HELD, monotonic=monotonic)
        self._noted: Recent[UUID, bool] = Recent(seconds=USE_SECONDS, most=MOST_HELD, monotonic=monotonic)
        self._revocations = 0
        self._used: set[UUID] = set()
        self._noting: asyncio.Task[None] | None = None

    async def create(self, wish: NewKey, *, scope: Scope) -> tuple[str, ApiKey]:
        """Make a key; return its token, which is told this once, and what may be shown of it.

        Raises:
            NotAllowed: the caller may not give such a key.
            InvalidInput: something is missing, too long, unknown or in the past.
        """
        wish = granted(wish, scope=scope, now=self._clock.now())
        request: JsonObject = {
            "name": wish.name, "role": wish.role, "organisation": wish.organisation, "user": wish.user,
            "expires_at": wish.expires_at.isoformat() if wish.expires_at else None,
        }  # fmt: skip
        purpose = Purpose(action="key.create", scope=scope, request=request)
        async with unit_of_work(self._postgres, purpose=purpose, clock=self._clock) as unit:
            token, key = await self._insert(unit, wish, actor=scope.actor)
            await unit.audit({"prefix": key.prefix, "role": wish.role, "expires_at": request["expires_at"]})
        return token.text, key

    async def listed(self, *, scope: Scope) -> list[ApiKey]:
        """Return the keys this caller may see, the newest first, with those that hold no longer.

        Raises:
            NotAllowed: the caller does not run Sonik.
        """
        return [row.key for row in await visible(self._postgres, _Row, SQL["visible_keys"], scope=scope)]

    async def revoke(self, prefix: str, *, scope: Scope) -> ApiKey:
        """End a key for good; one that was revoked before stays as it is.

        Raises:
            NotAllowed: the caller does not run Sonik.
            NotFound: there is none with this prefix, or not for this caller.
        """
        key = _named(prefix, await self.listed(scope=scope))
        purpose = Purpose(action="key.revoke", scope=scope, adds=False)
        try:
            async with unit_of_work(self._postgres, purpose=purpose, clock=self._clock) as unit:
                asked = {"id": key.id, "now": self._clock.now()}
                (revoked,) = await unit.session.fetch(_Revoked, SQL["revoke_key"], asked)
                if revoked.ended:
                    await unit.audit({"prefix": key.prefix})
        finally:
            self._revocations += 1
            self._known.clear()
        return revoked.key

    async def check(self, token: str) -> ApiKey | None:
        """Return the key of a token; None for what is no token, or of no key that holds.

        Raises:
            StoreUnavailable: truth does not answer, and the token was not checked a moment ago.
        """
        prefix = prefix_of(token)
        if prefix is None:
            return None
        proof = digest(token)
        if self._strange.get(proof):
            return None
        key = self._known.get(proof) or await self._found(prefix, proof)
        if key is None or key.state(self._clock.now()) != "active":
            return None
        self._note_use(key.id)
        return key

    async def close(self) -> None:
        """Let what is being written come to its end."""
        if self._noting is not None:
            await settled(self._noting)

    async def _insert(self, unit: Unit, wish: NewKey, *, actor: str) -> tuple[Token, ApiKey]:
        """Put a key in under a prefix that no other has."""
        for _ in range(TRIES):
            token = self._mint()
            asked = {
                "prefix": token.prefix, "hash": digest(token.text), "name": wish.name, "role": wish.role,
                "organisation": wish.organisation, "user": wish.user or f"key:{token.prefix}",
                "collection": wish.collection, "now": self._clock.now(), "actor": actor, "expires_at": wish.expires_at,
            }  # fmt: skip
            inserted = await unit.session.fetch(_Row, SQL["insert_key"], asked)
            if inserted:
                return token, inserted[0].key
        raise Conflict("No free prefix was found for the key.", next_step="Try again.")

    async def _found(self, prefix: str, proof: bytes) -> ApiKey | None:
        """Look a token up in truth, and hold what was found unless a key was revoked meanwhile."""
        read_at, revocations = self._monotonic(), self._revocations
        async with self._postgres.writing() as session:
            held = await session.fetch(_Held, SQL["held_key"], {"prefix": prefix})
        same = hmac.compare_digest(held[0].hash if held else NOBODYS, proof)
        if not (held and same):
            self._strange.put(proof, True, read_at=read_at)
            return None
        if revocations == self._revocations:
            self._known.put(proof, held[0].key, read_at=read_at)
        return held[0].key

    def _note_use(self, key_id: UUID) -> None:
        """Have the use of a key written down, once a minute and off the answer's path."""
        if self._noted.get(key_id):
            return
        self._noted.put(key_id, True, read_at=self._monotonic())
        self._used.add(key_id)
        if self._noting is None or self._noting.done():
            self._noting = asyncio.create_task(self._write_uses())

    async def _write_uses(self) -> None:
        while self._used:
            used, self._used = self._used, set()
            now = self._clock.now()
            uses = {"ids": list(used), "now": now, "before": now - timedelta(seconds=USE_SECONDS)}
            try:
                async with self._postgres.writing(durable=False) as session:
                    await session.execute(SQL["note_use"], uses)
            except SonikError as error:
                facts = {"error": str(error), "keys": len(used)}
                logger.warning("the last use of keys could not be written", extra=facts)


def _named(given: str, keys: list[ApiKey]) -> ApiKey:
    """Return the key that a person means."""
    prefix = prefix_named(given)
    found = next((key for key in keys if key.prefix == prefix), None)
    if found is not None:
        return found
    # Cut short: it may be a token.
    told = prefix or given.strip().removeprefix(MARK)[:PREFIX_LENGTH]
    hint = did_you_mean(told, [key.prefix for key in keys]) if keys else "`sonik keys create` makes one."
    raise NotFound(f"There is no key '{told}'.", next_step=hint, field="prefix")
