"""API keys as values: what is asked for, what may be shown, and whether one holds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sonik.types import Role, Scope

State = Literal["active", "expired", "revoked"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKey:
    """What may be shown of a key: everything but its secret."""

    id: UUID
    prefix: str
    name: str
    scope: Scope
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    def state(self, now: datetime) -> State:
        """Say whether the key holds at a moment."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


@dataclass(frozen=True, kw_only=True, slots=True)
class NewKey:
    """What is asked for. Calls are put down to `user`, or to the key itself where none is named."""

    name: str
    role: Role
    organisation: str | None = None
    user: str | None = None
    collection: str = "live"
    expires_at: datetime | None = None
