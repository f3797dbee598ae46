"""People who sign in, as values: who is asked for, what may be shown, and by which session one is there."""

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from sonik.errors import InvalidInput
from sonik.types import Role, Scope

State = Literal["active", "revoked"]


@dataclass(frozen=True, kw_only=True, slots=True)
class NewPerson:
    """Who is asked for. The name is what is signed in with, and what the audit log refers to."""

    name: str
    role: Role
    organisation: str | None = None
    collection: str = "live"


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """What may be shown of somebody who signs in: everything but the password's hash."""

    id: UUID
    scope: Scope
    name: str
    created_at: datetime
    created_by: str
    password_at: datetime
    signed_in_at: datetime | None
    revoked_at: datetime | None

    @property
    def state(self) -> State:
        """Whether they may sign in."""
        return "active" if self.revoked_at is None else "revoked"


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    """Somebody who is there by a session, since when, and the token it is known by."""

    person: Person
    since: datetime
    token: str = field(repr=False)


def name_key(name: str) -> str:
    """Return a name as names are compared: the same however it is cased, composed and spaced."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def check_name(name: str) -> None:
    """Refuse a name that is an address, for those are personal and names are shown.

    Raises:
        InvalidInput: it holds an at sign, or what nobody can type.
    """
    key = name_key(name)
    if "@" in key or not key.isprintable():
        step = "Choose a name without '@', such as 'ines' or 'Inés R.'."
        raise InvalidInput("People sign in by a name, not by an e-mail address.", next_step=step, field="name")
