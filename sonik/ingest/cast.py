"""The cast of a batch: who each sighting speaks of, the identifiers they gain and lose, and what is known of them."""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sonik.identity.dossier import Dossier, FieldChange, tenancy_record
from sonik.identity.resolve import Registered, Registry, Resolution, canonical_id
from sonik.identity.sighting import Key, Sighting, authorities_of
from sonik.identity.telling import Telling
from sonik.ingest.acquaintance import Acquaintance, Memo, Mentioned
from sonik.sql import queries
from sonik.stores.postgres import Session, jsonb
from sonik.truth.ids import new_id
from sonik.truth.rows import AliasRow, EntityRow, FactRow, Record, Tenancy

SQL = queries("truth")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Told:
    entity_id: UUID
    partial: bool
    observed_at: datetime
    words: list[str]


class Cast:
    """Everyone a batch speaks of. Sightings are known by identity: one that many records share is settled once."""

    def __init__(self, session: Session, *, collection: str, acquaintance: Acquaintance | None = None) -> None:
        self.dossiers: dict[UUID, Dossier] = {}
        self.closed_identifiers: list[Record] = []
        # Only writers may read what sources told before; who somebody is does not depend on it.
        self.recalls = True
        self._session = session
        self._collection = collection
        self._acquaintance = acquaintance or Acquaintance()
        self._registry = Registry()
        self._resolutions: dict[int, Resolution] = {}
        self._registered: dict[int, Registered] = {}
        self._recalled: set[int] = set()
        self._outdated: set[int] = set()
        self._tellings: dict[tuple[UUID, str, bool], Telling] = {}
        self._identifiers: dict[tuple[Key, UUID], Record] = {}

    async def recall(self, known: Mapping[Memo, Mentioned]) -> bool:
        """Take over whom mentions meant in an earlier batch, if all still hold; else forget those that do not."""
        if not known:
            return True
        # Of two versions of one entity the older counts: what was settled by that one may hold no longer.
        newest_first = sorted(known.values(), key=lambda one: one.version, reverse=True)
        versions = {one.resolution.entity_id: one.version for one in newest_first}
        rows = await self._session.rows(SQL["changed_since"], {"versions": jsonb(versions)})
        changed = {row["id"] for row in rows}
        self._acquaintance.forget(changed)
        if not changed:
            self._resolutions.update((id(one.sighting), one.resolution) for one in known.values())
            self._recalled = {id(one.sighting) for one in known.values()}
        return not changed

    def is_recalled(self, sighting: Sighting) -> bool:
        """Say whether a mention was settled by an earlier batch, and tells nothing new."""
        return id(sighting) in self._recalled

    async def look_up(self, sightings: Iterable[Sighting]) -> None:
        """Read who holds the keys of these sightings."""
        unknown = (sighting for sighting in sightings if id(sighting) not in self._recalled)
        await self._registry.load(self._session, unknown, collection=self._collection)

    async def admit(self, sightings: Iterable[Sighting]) -> None:
        """Settle who is who, the surest first, and open the dossiers of all.

        So the order of a file does not decide who is who; among equals the later word replaces the earlier.
        """
        unopened: dict[UUID, Sighting] = {}
        unique = {id(sighting): sighting for sighting in sightings if id(sighting) not in self._recalled}
        await self._open_missing({held: one for one in unique.values() for held in self._registry.holders(one)})
        if self.recalls:
            await self._recall([one for one in unique.values() if one.digest])
        replaced = _replaced(unique)
        for number, sighting in sorted(unique.items(), key=lambda item: _unsureness(item[1])):
            resolution = self._registry.resolve(sighting, new_id=new_id)
            if number in replaced or not self._hear(sighting, resolution.entity_id):
                self._outdated.add(number)
            registered = self._registry.register(sighting, resolution.entity_id, outdated=number in self._outdated)
            self._resolutions[number] = resolution
            self._registered[number] = registered
            self._note_identifiers(sighting, resolution.entity_id, registered)
            unopened.setdefault(resolution.entity_id, sighting)
        await self._open_missing(unopened)

    @property
    def sought(self) -> Set[Key]:
        """Every key that was looked up."""
        return self._registry.sought

    def knows(self, sighting: Sighting) -> bool:
        """Say whether somebody holds one of its keys."""
        return self.is_recalled(sighting) or any(self._registry.holder(key, sighting.kind) for key in sighting.sought)

    def entity_id(self, sighting: Sighting) -> UUID:
        """Return the entity it speaks of."""
        return self._resolutions[id(sighting)].entity_id

    def dossier(self, sighting: Sighting) -> Dossier:
        """Return the dossier of the entity it speaks of."""
        return self.dossiers[self.entity_id(sighting)]

    def resolution(self, sighting: Sighting) -> Resolution:
        """Return how it was resolved."""
        return self._resolutions[id(sighting)]

    def tenancy(self, entity_id: UUID) -> Tenancy:
        """Return who may read an entity that holds a key, as it stands within the batch."""
        return self._registry.tenancy(entity_id)

    def registered(self, sighting: Sighting) -> Registered:
        """Return the identifiers its entity gained and lost by it."""
        return self._registered[id(sighting)]

    def is_outdated(self, sighting: Sighting) -> bool:
        """Say whether a record tells nothing that stands, now that all of the batch are admitted."""
        if id(sighting) in self._outdated:
            return True
        return not sighting.partial and not self._telling(sighting, self.entity_id(sighting)).stands(sighting.word)

    def absorb(self, sighting: Sighting) -> list[FieldChange]:
        """Take in what a record says of its own entity; return what changed."""
        return self.dossier(sighting).absorb(sighting, outdated=self.is_outdated(sighting))

    def new_tellings(self) -> list[Record]:
        """Return which word of whom was heard last, as rows, in an order in which rival writers do not deadlock."""
        rows: list[Record] = [
            {"entity_id": entity_id, "source": source, "partial": partial, "observed_at": one.observed_at,
             "words": list(one.words)}
            for (entity_id, source, partial), one in self._tellings.items() if one.changed
        ]  # fmt: skip
        return sorted(rows, key=lambda row: (str(row["entity_id"]), row["source"], row["partial"]))

    def new_identifiers(self) -> list[Record]:
        """Return the new identifiers as rows, in an order in which rival writers wait and do not deadlock."""
        return sorted(self._identifiers.values(), key=lambda row: (row["scheme"], row["value"]))

    def rekeyed(self) -> set[UUID]:
        """Return the entities whose identifiers changed."""
        changed = (number for number, registered in self._registered.items() if registered)
        return {self._resolutions[number].entity_id for number in changed}

    @property
    def stored(self) -> set[UUID]:
        """The entities spoken of that were there before the batch."""
        entities = {dossier.id for dossier in self.dossiers.values() if not dossier.is_new}
        return entities | {self._resolutions[number].entity_id for number in self._recalled}

    def part(self, mentions: Mapping[Memo, Sighting]) -> None:
        """Keep whoever is unchanged for the batches to come, and the mentions that told nothing new."""
        self._acquaintance.keep(self.dossiers.values())
        self._acquaintance.forget({one.id for one in self.dossiers.values() if one.changed and not one.is_new})
        settled = ((memo, self._settled(sighting)) for memo, sighting in mentions.items())
        self._acquaintance.remember((memo, one) for memo, one in settled if one is not None)

    def _settled(self, sighting: Sighting) -> Mentioned | None:
        """Return whom a mention meant if it will mean the same, and tell nothing new, while that one is unchanged.

        A venue's dossier is needed each time: where it is tells when its events are. Keys of authorities can pass to
        others within a batch; its source's own cannot.
        """
        resolution = self._resolutions.get(id(sighting))
        if resolution is None or sighting.authorities or sighting.kind in ("event", "venue"):
            return None
        dossier = self.dossiers[resolution.entity_id]
        if dossier.row is None or dossier.changed:
            return None
        if any(self._registry.holder(key, sighting.kind) != dossier.id for key in sighting.sought):
            return None
        return Mentioned(sighting, resolution, dossier.row.version)

    def canonical_id(self, dossier: Dossier) -> str | None:
        """Return an entity's identifier in the outside world."""
        schemes = (*authorities_of(dossier.kind), "event_key")
        held = (Key(scheme, value) for scheme in schemes for value in sorted(self._registry.values(dossier.id, scheme)))
        return canonical_id(dossier.kind, held)

    def _note_identifiers(self, sighting: Sighting, entity_id: UUID, registered: Registered) -> None:
        """Note what is to be written; what is gained and lost within the batch was never there."""
        if not registered:
            return
        base: Record = {"entity_type": sighting.kind, "entity_id": entity_id, "source": sighting.source.code}
        base |= {"observed_at": sighting.observed_at, **tenancy_record(sighting.tenancy)}
        for key in registered.lost:
            if self._identifiers.pop((key, entity_id), None) is None:
                self.closed_identifiers.append({"scheme": key.scheme, "value": key.value, **base})
        for strong, keys in ((True, registered.gained), (False, registered.weak)):
            for key in keys:
                row: Record = {"scheme": key.scheme, "value": key.value, "is_strong": strong, **base}
                self._identifiers[key, entity_id] = row

    def _hear(self, sighting: Sighting, entity_id: UUID) -> bool:
        """Take in a record's word, and say whether it counts; a mention's always does, and overrules nothing."""
        if not sighting.digest:
            return True
        in_full = self._telling(sighting, entity_id)
        if not sighting.partial:
            return in_full.hear(sighting.word)
        parts = self._tellings.setdefault((entity_id, sighting.source.code, True), Telling())
        return not in_full.is_after(sighting.observed_at) and parts.hear_part(sighting.word)

    def _telling(self, sighting: Sighting, entity_id: UUID) -> Telling:
        """Return what the sighting's source told of an entity in full."""
        return self._tellings.setdefault((entity_id, sighting.source.code, False), Telling())

    async def _recall(self, records: Sequence[Sighting]) -> None:
        """Read what the source of these records last told of stored entities."""
        spoken_of = {"ids": list({entity_id for one in records for entity_id in self._registry.holders(one)})}
        for source in {one.source.code for one in records} if spoken_of["ids"] else ():
            for told in await self._session.fetch(_Told, SQL["tellings_of"], {"source": source, **spoken_of}):
                telling = Telling(observed_at=told.observed_at, words=told.words)
                self._tellings.setdefault((told.entity_id, source, told.partial), telling)

    async def _open_missing(self, spoken_of: Mapping[UUID, Sighting]) -> None:
        unopened = {entity_id: sighting for entity_id, sighting in spoken_of.items() if entity_id not in self.dossiers}
        stored = [entity_id for entity_id in unopened if self._registry.is_stored(entity_id)]
        held = await self._session.fetch(EntityRow, SQL["entities_by_id"], {"ids": stored}) if stored else []
        rows = {row.id: row for row in held}
        known = {row.id: dossier for row in rows.values() if (dossier := self._acquaintance.still(row)) is not None}
        for entity_id, sighting in unopened.items():
            row = rows.get(entity_id)
            self.dossiers[entity_id] = known.get(entity_id) or Dossier(
                id=entity_id, kind=sighting.kind, tenancy=row.tenancy if row else sighting.tenancy, row=row,
                slug=row.slug if row else "",
            )  # fmt: skip
        unread = [entity_id for entity_id in stored if entity_id not in known]
        for fact in await self._stored(FactRow, "current_facts", unread):
            self.dossiers[fact.entity_id].load_fact(fact)
        for alias in await self._stored(AliasRow, "aliases_of", unread):
            self.dossiers[alias.entity_id].load_alias(alias)

    async def _stored(self, row: type[T], query: str, ids: Sequence[UUID]) -> list[T]:
        return await self._session.fetch(row, SQL[query], {"ids": jsonb(ids)}) if ids else []


def _replaced(sightings: Mapping[int, Sighting]) -> set[int]:
    """Return which undated records of a batch a later one of the very same row replaces."""
    replaced: set[int] = set()
    latest: dict[object, int] = {}
    for number, one in sightings.items():
        if one.digest and not one.dated and not one.partial:
            row = (one.kind, one.authorities, one.source_id) if one.source_id else (one.kind, one.keys)
            replaced |= {latest[row]} if row in latest else set()
            latest[row] = number
    return replaced


def _unsureness(sighting: Sighting) -> tuple[int, bool, bool]:
    return (-len(sighting.authorities), sighting.source_id is None, sighting.mention)
