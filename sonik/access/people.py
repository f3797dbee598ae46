"""The room's door for people: they are added, listed and revoked, and their password or role is changed."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from sonik.access.api_key import NewKey
from sonik.access.granting import check_manager, granted, visible
from sonik.access.passwords import Passwords, check_password
from sonik.access.person import NewPerson, Person, check_name, name_key
from sonik.clock import Clock
from sonik.errors import Conflict, NotAllowed, NotFound, did_you_mean
from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.truth.unit import Purpose, Unit, unit_of_work
from sonik.types import JsonObject, Role, Scope

SQL = queries("people")


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A row of an account, without what is kept of the password."""

    id: UUID
    name: str
    role: Role
    owner_org: str | None
    collection: str
    created_at: datetime
    created_by: str
    password_at: datetime
    signed_in_at: datetime | None
    revoked_at: datetime | None

    @property
    def person(self) -> Person:
        """Who it is, and as whom they act: as the bearer of a key of that role would."""
        scope = Scope(role=self.role, organisation=self.owner_org, user=self.name, collection=self.collection)
        return Person(
            id=self.id, scope=scope, name=self.name, created_at=self.created_at, created_by=self.created_by,
            password_at=self.password_at, signed_in_at=self.signed_in_at, revoked_at=self.revoked_at,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class _Revoked(Account):
    ended: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class People:
    """The people of one truth. What ends or changes one of them ends their sessions, in the same transaction."""

    postgres: Postgres
    clock: Clock
    passwords: Passwords

    async def add(self, wish: NewPerson, *, password: str, scope: Scope) -> Person:
        """Add somebody who may sign in.

        Raises:
            NotAllowed: the caller may not give such a role.
            InvalidInput: something is missing, too long, unknown or weak.
            Conflict: somebody who may sign in has the name.
        """
        wish = self._granted(wish, scope=scope)
        check_password(password, name=wish.name)
        asked = {
            "name": wish.name, "name_key": name_key(wish.name), "password": await self.passwords.hashed(password),
            "role": wish.role, "organisation": wish.organisation, "collection": wish.collection,
            "now": self.clock.now(), "actor": scope.actor,
        }  # fmt: skip
        purpose = Purpose(action="person.add", scope=scope)
        async with unit_of_work(self.postgres, purpose=purpose, clock=self.clock) as unit:
            added = await unit.session.fetch(Account, SQL["insert_account"], asked)
            if not added:
                step = "Choose another name, or revoke theirs first."
                raise Conflict(f"Somebody signs in as '{wish.name}' already.", next_step=step, field="name")
            await unit.audit({"account": str(added[0].id), "role": wish.role})
        return added[0].person

    async def listed(self, *, scope: Scope) -> list[Person]:
        """Return the people this caller may see, the newest first, with those who were revoked.

        Raises:
            NotAllowed: the caller does not run Sonik.
        """
        rows = await visible(self.postgres, Account, SQL["visible_accounts"], scope=scope, over="people")
        return [row.person for row in rows]

    async def revoke(self, name: str, *, scope: Scope) -> Person:
        """End somebody's access for good, and their sessions; one who was revoked before stays so.

        Raises:
            NotAllowed: the caller does not run Sonik.
            NotFound: there is nobody of this name, or not for this caller.
        """
        person = _named(name, await self.listed(scope=scope))
        async with self._unit("person.revoke", scope) as unit:
            asked = {"id": person.id, "now": self.clock.now()}
            (revoked,) = await unit.session.fetch(_Revoked, SQL["revoke_account"], asked)
            if revoked.ended:
                await self._note(unit, person)
        return revoked.person

    async def change_password(self, name: str, *, password: str, scope: Scope) -> Person:
        """Give somebody another password, and end their sessions.

        Raises:
            NotAllowed: the caller does not run Sonik, or is to be no staff and they are.
            InvalidInput: the password is weak.
            NotFound: there is nobody of this name who may sign in, or not for this caller.
        """
        person = await self._changeable(name, scope=scope)
        check_password(password, name=person.name)
        asked = {"id": person.id, "password": await self.passwords.hashed(password), "now": self.clock.now()}
        return await self._change(person, SQL["change_password"], asked, action="person.password", scope=scope)

    async def change_role(
        self, name: str, *, role: Role, organisation: str | None = None, scope: Scope
    ) -> Person:  # fmt: skip
        """Give somebody another role and organisation, and end their sessions.

        Raises:
            NotAllowed: the caller may not give such a role, or take the one they have.
            InvalidInput: the role is unknown, or needs an organisation.
            NotFound: there is nobody of this name who may sign in, or not for this caller.
        """
        person = await self._changeable(name, scope=scope)
        wish = NewPerson(name=person.name, role=role, organisation=organisation, collection=person.scope.collection)
        wish = self._granted(wish, scope=scope)
        asked = {"id": person.id, "role": wish.role, "organisation": wish.organisation}
        return await self._change(person, SQL["change_role"], asked, action="person.role", scope=scope)

    def _granted(self, wish: NewPerson, *, scope: Scope) -> NewPerson:
        """Return a wish as it can be fulfilled: whoever may give a key of a role may give the role."""
        check_manager(scope, over="people")
        check_name(wish.name)
        key = NewKey(name=wish.name, role=wish.role, organisation=wish.organisation, collection=wish.collection)
        key = granted(key, scope=scope, now=self.clock.now())
        return NewPerson(name=key.name, role=key.role, organisation=key.organisation, collection=key.collection)

    async def _changeable(self, name: str, *, scope: Scope) -> Person:
        """Return somebody whom a caller may act as after a change: ops must not become staff by it."""
        people = [person for person in await self.listed(scope=scope) if person.state == "active"]
        person = _named(name, people)
        if person.scope.role == "staff" and scope.role != "staff":
            step = "Ask staff, or act with SONIK_ROLE=staff."
            raise NotAllowed("Only staff change what staff sign in with.", next_step=step, field="name")
        return person

    async def _change(
        self, person: Person, query: LiteralString, asked: Mapping[str, object], *, action: str, scope: Scope
    ) -> Person:
        async with self._unit(action, scope) as unit:
            changed = await unit.session.fetch(Account, query, asked)
            if not changed:
                raise Conflict(f"'{person.name}' was revoked just now.", next_step="Add them anew.", field="name")
            await self._note(unit, changed[0].person)
        return changed[0].person

    def _unit(self, action: str, scope: Scope) -> AbstractAsyncContextManager[Unit]:
        return unit_of_work(self.postgres, purpose=Purpose(action=action, scope=scope, adds=False), clock=self.clock)

    async def _note(self, unit: Unit, person: Person) -> None:
        """End the sessions of somebody who changed, and write it down."""
        ended = await unit.session.execute(SQL["end_sessions"], {"id": person.id})
        details: JsonObject = {"account": str(person.id), "role": person.scope.role, "sessions": ended}
        await unit.audit(details)


def _named(given: str, people: list[Person]) -> Person:
    """Return whom a name means: somebody who may sign in rather than one of the same name who was revoked."""
    wanted = name_key(given)
    same = [person for person in people if name_key(person.name) == wanted]
    if same:
        return next((person for person in same if person.state == "active"), same[0])
    hint = did_you_mean(given[:80], [person.name for person in people]) if people else "`sonik people add` adds one."
    raise NotFound(f"Nobody signs in as '{given[:80]}'.", next_step=hint, field="name")
