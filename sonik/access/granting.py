"""Who may give access, as keys or to people, list it and revoke it, and which access they may give."""

import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, LiteralString, TypeVar

from sonik.access.api_key import NewKey
from sonik.errors import InvalidInput, NotAllowed, did_you_mean
from sonik.types import ROLES, Scope

if TYPE_CHECKING:
    from sonik.stores.postgres import Postgres

T = TypeVar("T")
Managed = Literal["keys", "people"]

MANAGERS = frozenset({"ops", "staff"})
LONGEST_NAME = 80
# As long as records may name one.
LONGEST_ORGANISATION = 500
LONGEST_LIFE = timedelta(days=3650)


def check_manager(scope: Scope, *, over: Managed = "keys") -> None:
    """Refuse callers who do not run Sonik.

    Raises:
        NotAllowed: the role is neither ops nor staff.
    """
    if scope.role not in MANAGERS:
        raise NotAllowed(
            f"The role '{scope.role}' may not manage {over}.",
            next_step="Act with SONIK_ROLE=ops or staff, or ask whoever runs Sonik.",
        )


async def visible(
    postgres: "Postgres", row: type[T], query: LiteralString, *, scope: Scope, over: Managed = "keys"
) -> list[T]:
    """Return what a caller who runs Sonik may see of keys or people.

    Raises:
        NotAllowed: the caller does not run Sonik.
    """
    check_manager(scope, over=over)
    async with postgres.reading(scope) as session:
        return await session.fetch(row, query)


def granted(wish: NewKey, *, scope: Scope, now: datetime) -> NewKey:
    """Return a wish as it can be fulfilled: allowed, complete, its texts clean.

    Raises:
        NotAllowed: the caller may not give such a key.
        InvalidInput: something is missing, too long, unknown or in the past.
    """
    check_manager(scope)
    if wish.role not in ROLES:
        hint = did_you_mean(str(wish.role)[:40], list(ROLES))
        raise InvalidInput(f"No role '{str(wish.role)[:40]}'.", next_step=hint, field="role")
    cleaned = replace(
        wish, name=_line(wish.name, "name"), organisation=_organisation(wish, scope),
        user=None if wish.user is None else _line(wish.user, "user"),
    )  # fmt: skip
    _check_reach(cleaned, scope)
    _check_expiry(cleaned.expires_at, now)
    return cleaned


def _organisation(wish: NewKey, scope: Scope) -> str | None:
    """Return for whom the key is; ops of an organisation give keys for it alone."""
    named = wish.organisation
    if named is not None:
        named = _line(named, "organisation", longest=LONGEST_ORGANISATION)
    if scope.role == "staff" or not scope.organisation:
        return named
    if named not in (None, scope.organisation):
        step = f"Leave the organisation out to give access for '{scope.organisation}', or ask staff."
        raise NotAllowed("This caller gives access for its own organisation.", next_step=step, field="organisation")
    return scope.organisation


def _check_reach(wish: NewKey, scope: Scope) -> None:
    """Refuse a key that would reach further than who gives it, or nowhere."""
    if wish.role == "staff" and scope.role != "staff":
        raise NotAllowed(
            "Only staff give the role staff.", next_step="Choose another role, or ask staff.", field="role"
        )
    if wish.collection != scope.collection:
        step = f"Ask for access to '{scope.collection}', or act in the other collection (SONIK_COLLECTION)."
        raise NotAllowed(
            f"This caller acts in the collection '{scope.collection}'.", next_step=step, field="collection"
        )
    if wish.role == "organizer" and wish.organisation is None:
        raise InvalidInput(
            "An organizer acts for an organisation.", next_step="Name the organisation.", field="organisation"
        )


def _check_expiry(expires_at: datetime | None, now: datetime) -> None:
    if expires_at is None:
        return
    if expires_at.tzinfo is None:
        raise InvalidInput("The expiry has no time zone.", next_step="Add its offset, such as Z.", field="expires_at")
    if expires_at <= now:
        raise InvalidInput("The expiry is in the past.", next_step="Choose a later one.", field="expires_at")
    if expires_at - now > LONGEST_LIFE:
        step = "Choose an earlier one, or none for a key that holds until it is revoked."
        raise InvalidInput(f"The expiry is over {LONGEST_LIFE.days} days away.", next_step=step, field="expires_at")


def _line(text: str, field: str, *, longest: int = LONGEST_NAME) -> str:
    """Return a text as one clean line; what is empty or too long is refused, not cut: others may be told by it."""
    spaced = " ".join(unicodedata.normalize("NFC", text).split())
    line = "".join(char for char in spaced if char.isprintable()).strip()
    if not line or len(line) > longest:
        step = f"Write 1 to {longest} characters."
        raise InvalidInput(f"The {field} is {'too long' if line else 'empty'}.", next_step=step, field=field)
    return line
