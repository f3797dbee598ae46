"""Who is who, by exact identifiers: an authority first, then the source's own id, then a derived key."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sonik.identity.sighting import AUTHORITIES, Key, Sighting
from sonik.sql import queries
from sonik.stores.postgres import Session
from sonik.truth.rows import IdentifierRow

SQL = queries("truth")


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """The entity a sighting speaks of, what decided, and other entities its keys also name (merge candidates)."""

    entity_id: UUID
    is_new: bool
    decided_by: Key | None
    also: tuple[UUID, ...] = ()


class Registry:
    """Who holds which strong identifier now: read from truth, and kept current within a batch."""

    def __init__(self) -> None:
        self._holders: dict[tuple[str, str, str], UUID] = {}
        self._held: dict[UUID, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))

    async def load(self, session: Session, sightings: Iterable[Sighting], *, collection: str) -> None:
        """Read the holders of all keys of these sightings, and everything else those holders hold."""
        keys = {key for sighting in sightings for key in sighting.keys}
        params = {
            "schemes": [key.scheme for key in keys],
            "values": [key.value for key in keys],
            "collection": collection,
        }
        found = await session.fetch(IdentifierRow, SQL["identifiers_by_value"], params)
        holders = {row.entity_id for row in found} - set(self._held)
        for row in await session.fetch(IdentifierRow, SQL["identifiers_of"], {"ids": list(holders)}):
            self._note(Key(scheme=row.scheme, value=row.value), row.entity_type, row.entity_id)

    def holder(self, key: Key, kind: str) -> UUID | None:
        """Return who holds a key."""
        return self._holders.get((key.scheme, key.value, kind))

    def values(self, entity_id: UUID, scheme: str) -> set[str]:
        """Return the values an entity holds in a scheme."""
        return self._held[entity_id][scheme]

    def resolve(self, sighting: Sighting, *, new_id: UUID) -> Resolution:
        """Find the sighting's entity, or name it `new_id`."""
        found: list[tuple[Key, UUID]] = []
        for key in sighting.keys:
            holder = self.holder(key, sighting.kind)
            if holder is not None and not self._contradicts(holder, sighting, decided_by=key):
                found.append((key, holder))
        if not found:
            return Resolution(entity_id=new_id, is_new=True, decided_by=None)
        key, entity_id = found[0]
        also = tuple(dict.fromkeys(holder for _, holder in found if holder != entity_id))
        return Resolution(entity_id=entity_id, is_new=False, decided_by=key, also=also)

    def register(self, sighting: Sighting, entity_id: UUID) -> tuple[list[Key], list[Key]]:
        """Give the entity the sighting's free keys; return (gained, lost): a retitled event loses its old key."""
        gained, lost = [], []
        for key in sighting.keys:
            if self.holder(key, sighting.kind) is not None:
                continue
            if key.scheme == "event_key":
                lost += [Key(scheme=key.scheme, value=old) for old in self.values(entity_id, key.scheme)]
            self._note(key, sighting.kind, entity_id)
            gained.append(key)
        for key in lost:
            self._holders.pop((key.scheme, key.value, sighting.kind), None)
            self.values(entity_id, key.scheme).discard(key.value)
        return gained, lost

    def _contradicts(self, holder: UUID, sighting: Sighting, *, decided_by: Key) -> bool:
        """Say whether a stronger key of the sighting proves that the holder is somebody else.

        Two homonyms with different Instagram handles, or two showings with different ids of one source, stay two.
        """
        for key in sighting.keys:
            if key == decided_by:
                return False
            if self.values(holder, key.scheme) and key.value not in self.values(holder, key.scheme):
                return True
        return False

    def _note(self, key: Key, kind: str, entity_id: UUID) -> None:
        self._holders[key.scheme, key.value, kind] = entity_id
        self._held[entity_id][key.scheme].add(key.value)


def canonical_id(kind: str, keys: Iterable[Key]) -> str | None:
    """Return the entity's identifier in the outside world: its first authority, else the event key."""
    held = {key.scheme: key.value for key in keys}
    order = (*AUTHORITIES, "event_key") if kind == "event" else AUTHORITIES
    return next((f"{scheme}:{held[scheme]}" for scheme in order if scheme in held), None)
