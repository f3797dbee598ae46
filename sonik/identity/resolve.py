"""Who is who, by exact identifiers: an authority first, then the source's own id, then a derived key."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sonik.identity.sighting import AUTHORITIES, Key, Sighting, authorities_of
from sonik.sql import queries
from sonik.stores.postgres import Session, jsonb
from sonik.truth.rows import IdentifierRow, Tenancy, widest

SQL = queries("truth")
# A source has one word in these: what it says now replaces what it said before.
REPLACED = frozenset({"event_key", *AUTHORITIES})


@dataclass(frozen=True, kw_only=True, slots=True)
class PassedOver:
    """An entity one of the keys names, and why it is not the one.

    A surer key of the sighting is `against` it: it decided for another, or this entity holds another value of it.
    """

    entity_id: UUID
    key: Key
    why: Literal["private", "contradicted", "outranked"]
    against: Key | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """The entity a sighting speaks of, what decided, and who else its keys name, the surest first."""

    entity_id: UUID
    is_new: bool
    decided_by: Key | None
    passed_over: tuple[PassedOver, ...] = ()

    @property
    def also(self) -> tuple[UUID, ...]:
        """Other entities its keys also name: merge candidates."""
        return tuple(dict.fromkeys(other.entity_id for other in self.passed_over if other.why == "outranked"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Registered:
    """The strong identifiers an entity gained and lost by a sighting, and the weak ones it gained."""

    gained: tuple[Key, ...] = ()
    lost: tuple[Key, ...] = ()
    weak: tuple[Key, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.gained or self.lost or self.weak)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Holding:
    source: str
    observed_at: datetime | None
    tenancy: Tenancy


class Registry:
    """Who holds which identifier now: read from truth, and kept current within a batch."""

    def __init__(self) -> None:
        self.sought: set[Key] = set()
        self._holders: dict[tuple[str, str, str], UUID] = {}
        self._held: dict[UUID, dict[Key, _Holding]] = defaultdict(dict)
        self._tenancies: dict[UUID, Tenancy] = {}
        self._stored: set[UUID] = set()

    async def load(self, session: Session, sightings: Iterable[Sighting], *, collection: str) -> None:
        """Read the holders of all keys of these sightings, and everything else those holders hold."""
        keys = {key for sighting in sightings for key in sighting.sought}
        self.sought |= keys
        # As JSON, which is put together three times as fast as arrays.
        params = {"keys": jsonb([key._asdict() for key in keys]), "collection": collection}
        found = {row["entity_id"] for row in await session.rows(SQL["identifiers_by_value"], params)}
        new = {"ids": jsonb(list(found - self._tenancies.keys()))}
        for row in await session.fetch(IdentifierRow, SQL["identifiers_of"], new):
            key = Key(row.scheme, row.value)
            self._held[row.entity_id][key] = _Holding(
                source=row.source, observed_at=row.observed_at, tenancy=row.tenancy
            )
            self._tenancies[row.entity_id] = row.entity_tenancy
            self._stored.add(row.entity_id)
            if row.is_strong:
                self._holders[row.scheme, row.value, row.entity_type] = row.entity_id

    def holder(self, key: Key, kind: str) -> UUID | None:
        """Return who holds a key."""
        return self._holders.get((key.scheme, key.value, kind))

    def is_stored(self, entity_id: UUID) -> bool:
        """Say whether an entity was there before the batch."""
        return entity_id in self._stored

    def tenancy(self, entity_id: UUID) -> Tenancy:
        """Return who may read an entity that holds a key."""
        return self._tenancies[entity_id]

    def values(self, entity_id: UUID, scheme: str) -> set[str]:
        """Return the values an entity holds in a scheme."""
        return {key.value for key in self._held[entity_id] if key.scheme == scheme}

    def resolve(self, sighting: Sighting, *, new_id: Callable[[], UUID]) -> Resolution:
        """Find the sighting's entity, or name it by `new_id`."""
        found: tuple[Key, UUID] | None = None
        passed_over: list[PassedOver] = []
        for key in sighting.sought:
            holder = self.holder(key, sighting.kind)
            if holder is None:
                continue
            if not self._is_open_to(sighting, key, holder):
                passed_over.append(PassedOver(entity_id=holder, key=key, why="private"))
            elif (against := self._contradiction(holder, sighting, decided_by=key)) is not None:
                passed_over.append(PassedOver(entity_id=holder, key=key, why="contradicted", against=against))
            elif found is None:
                found = (key, holder)
            elif holder != found[1]:
                passed_over.append(PassedOver(entity_id=holder, key=key, why="outranked", against=found[0]))
        if found is None:
            return Resolution(entity_id=new_id(), is_new=True, decided_by=None, passed_over=tuple(passed_over))
        key, entity_id = found
        return Resolution(entity_id=entity_id, is_new=False, decided_by=key, passed_over=tuple(passed_over))

    def holders(self, sighting: Sighting) -> set[UUID]:
        """Return the stored entities that hold one of its keys."""
        found = {self.holder(key, sighting.kind) for key in sighting.sought}
        return {entity_id for entity_id in found if entity_id is not None and entity_id in self._stored}

    def register(self, sighting: Sighting, entity_id: UUID, *, outdated: bool = False) -> Registered:
        """Give the entity the sighting's free keys: a retitled event loses the key of its old title.

        An outdated sighting replaces nothing, and gives only keys of a scheme in which the entity has none; nor does
        any sighting replace a key that its source gave of a later moment.
        """
        known = self._tenancies.get(entity_id)
        self._tenancies[entity_id] = widest([known, sighting.tenancy]) if known else sighting.tenancy
        gained: list[Key] = []
        lost: list[Key] = []
        for key in sighting.keys:
            holder = self.holder(key, sighting.kind)
            if key.scheme in REPLACED and holder != entity_id and self._stays(key, sighting, entity_id, outdated):
                continue
            if holder is None:
                gained.append(key)
            elif holder == entity_id and self._widens(sighting, key):
                gained.append(key)
                lost.append(key)
            if holder != entity_id and key.scheme in REPLACED and not sighting.mention:
                lost += self._replaced_by(key, sighting, entity_id)
        weak = tuple(key for key in dict.fromkeys(sighting.weak) if key not in self._held[entity_id])
        for key in lost:
            self._holders.pop((key.scheme, key.value, sighting.kind), None)
            self._held[entity_id].pop(key, None)
        for key in (*gained, *weak):
            self._held[entity_id][key] = _Holding(
                source=sighting.source.code, observed_at=sighting.observed_at, tenancy=sighting.tenancy
            )
        for key in gained:
            self._holders[key.scheme, key.value, sighting.kind] = entity_id
        return Registered(gained=tuple(gained), lost=tuple(lost), weak=weak)

    def _is_open_to(self, sighting: Sighting, key: Key, holder: UUID) -> bool:
        """Say whether a sighting may speak of a holder: what is private to one is never joined by another's.

        What the source itself told the staff of, by its own id or name, is its own.
        """
        ours, theirs = sighting.tenancy, self._tenancies[holder]
        if ours.visibility != "org" or ours.reaches(theirs):
            return True
        own = key.scheme.startswith(("source:", "home:", "name:"))
        return own and theirs.visibility == "staff" and theirs.owner_org in (None, ours.owner_org)

    def _contradiction(self, holder: UUID, sighting: Sighting, *, decided_by: Key) -> Key | None:
        """Return the stronger key of the sighting that proves that the holder is somebody else, if there is one.

        Two homonyms with different Instagram handles, or two showings with different ids of one source, stay two.
        By the source's own id a new handle or place id proves nothing: that source says it is the same as before.
        """
        if decided_by.scheme.startswith("source:"):
            return None
        for key in sighting.sought:
            if key == decided_by:
                return None
            if key not in self._held[holder] and self.values(holder, key.scheme):
                return key
        return None

    def _widens(self, sighting: Sighting, key: Key) -> bool:
        """Say whether a key that was told in private is now told to more."""
        held = self._held[self._holders[key.scheme, key.value, sighting.kind]][key]
        return not sighting.tenancy.reaches(held.tenancy) and held.tenancy.reaches(sighting.tenancy)

    def _stays(self, new: Key, sighting: Sighting, entity_id: UUID, outdated: bool) -> bool:
        """Say whether what the entity holds in a key's scheme is of a later moment than the sighting."""
        held = [holding for key, holding in self._held[entity_id].items() if key.scheme == new.scheme]
        own = [one.observed_at for one in held if one.source == sighting.source.code and one.observed_at is not None]
        return any(moment > sighting.observed_at for moment in own) or (outdated and bool(held))

    def _replaced_by(self, new: Key, sighting: Sighting, entity_id: UUID) -> list[Key]:
        held = self._held[entity_id].items()
        source = sighting.source.code
        return [key for key, holding in held if key.scheme == new.scheme and holding.source == source]


def canonical_id(kind: str, keys: Iterable[Key]) -> str | None:
    """Return the entity's identifier in the outside world: its first authority, else the event key."""
    held: dict[str, str] = {}
    for key in keys:
        held.setdefault(key.scheme, key.value)
    order = (*authorities_of(kind), "event_key") if kind == "event" else authorities_of(kind)
    return next((f"{scheme}:{held[scheme]}" for scheme in order if scheme in held), None)
