"""A batch of records: resolve them, absorb what they say, connect them, and say what is to be written."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sonik import ontology
from sonik.clock import service_night
from sonik.identity.dossier import COLUMNS, Dossier, FieldChange, Winners
from sonik.identity.event_key import event_key
from sonik.identity.names import clean_text, name_key
from sonik.identity.resolve import Resolution
from sonik.identity.sighting import Key, Sighting, Source
from sonik.ingest.acquaintance import Acquaintance
from sonik.ingest.cast import Cast
from sonik.ingest.edges import EdgeBook, Ends, edge_ends
from sonik.ingest.footing import Footing
from sonik.ingest.legends import Legends
from sonik.ingest.reading import Reader
from sonik.ingest.receipts import MAX_SHOWN, Problem, Receipt
from sonik.ingest.records import AnyRecord
from sonik.ingest.schedule import times, true_start
from sonik.ingest.shown import shown
from sonik.ingest.statement import Refused, Statement
from sonik.sql import queries
from sonik.stores.postgres import Session, jsonb
from sonik.truth.rows import Changes, Record, RelationshipRow, may_read
from sonik.types import Scope

SQL = queries("truth")
# After so many records the batch before this one, which is being written meanwhile, may go on.
AT_ONCE = 20

Numbered = tuple[int, AnyRecord]


@dataclass(kw_only=True, slots=True)
class _Taken:
    """A statement on its way, and what it changed."""

    statement: Statement
    changes: list[FieldChange] = field(default_factory=list)
    edge_changes: list[str] = field(default_factory=list)
    mentioned: list[UUID] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Batch:
    """One batch: reads everything it needs in bulk, decides in memory, returns receipts and changes."""

    def __init__(
        self, session: Session, *, source: Source, scope: Scope, partial: bool, legends: Legends, now: datetime,
        acquaintance: Acquaintance | None = None,
    ) -> None:  # fmt: skip
        self._session = session
        self._collection = scope.collection
        self._scope = scope
        self._legends = legends
        self._reader = Reader(
            source=source, legends=legends, now=now, scope=scope, partial=partial, acquaintance=acquaintance
        )
        self._cast = Cast(session, collection=scope.collection, acquaintance=acquaintance)
        self._values = Winners(self._cast.dossiers)
        self._changes = Changes()
        self._slugs: set[str] = set()
        self._around: set[UUID] = set()

    async def take(self, batch: Sequence[Numbered]) -> tuple[list[Receipt], Changes]:
        """Return a receipt per record, in order, and the changes to save."""
        refused, taken = await self._settle(batch)
        edges = await self._connect(taken)
        await self._name_new(edges)
        self._collect(edges, taken)
        self._cast.part(self._reader.fresh)
        receipts = [*refused, *self._receipts(taken)]
        return sorted(receipts, key=lambda receipt: receipt.line), self._changes

    @property
    def footing(self) -> Footing:
        """What was read to decide."""
        return Footing(keys=self._cast.sought, slugs=self._slugs, entities=self._cast.stored, around=self._around)

    async def identify(self, record: AnyRecord) -> tuple[Resolution | None, Receipt | None]:
        """Say whom a record speaks of, as `take` would settle it, or why it would be refused."""
        self._cast.recalls = False
        refused, taken = await self._settle([(1, record)])
        return (None, refused[0]) if refused else (self._cast.resolution(taken[0].statement.main), None)

    async def _settle(self, batch: Sequence[Numbered]) -> tuple[list[Receipt], list[_Taken]]:
        """Settle who is who and what is said of them; nothing is connected yet."""
        refused, statements = await self._read(batch)
        while not await self._cast.recall(self._reader.recalled):
            self._reader.forget()
            refused, statements = await self._read(batch)
        await self._cast.look_up(s for statement in statements for s in (statement.main, *statement.mentions))
        unknown, statements = self._split_unknown(statements)
        taken = [_Taken(statement=statement) for statement in statements]
        await self._take_early(taken)
        await self._take_events(taken)
        return [*refused, *unknown], taken

    async def _read(self, batch: Sequence[Numbered]) -> tuple[list[Receipt], list[Statement]]:
        refused, statements = [], []
        for number, (line, record) in enumerate(batch):
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
            try:
                statements.append(self._reader.read(record, line=line))
            except Refused as error:
                name = clean_text(record.name, max_length=MAX_SHOWN)
                refused.append(Receipt(line=line, outcome="refused", name=name, problems=error.problems))
        return refused, statements

    def _split_unknown(self, statements: list[Statement]) -> tuple[list[Receipt], list[Statement]]:
        """Refuse records that point to what nobody has told of and a mention cannot make, such as an event.

        A record that is refused tells of nothing, so others may lose what they point to.
        """
        refused: list[Receipt] = []
        while True:
            told = {(st.main.kind, key) for st in statements for key in st.main.keys}
            known = []
            for st in statements:
                lost = next((m for m in st.mentions if not self._can_be(m, told)), None)
                if lost is None:
                    known.append(st)
                else:
                    refused.append(_unknown(st, lost))
            if len(known) == len(statements):
                return refused, known
            statements = known

    def _can_be(self, mention: Sighting, told: set[tuple[str, Key]]) -> bool:
        if ontology.vertex(mention.kind).named or self._cast.knows(mention):
            return True
        return any((mention.kind, key) in told for key in mention.keys)

    async def _take_early(self, taken: Sequence[_Taken]) -> None:
        """Take in everything but events: an event's key needs to know its venue and where that is."""
        everyone = (s for one in taken for s in (one.statement.main, *one.statement.mentions))
        await self._cast.admit(sighting for sighting in everyone if sighting.kind != "event")
        absorbed: set[int] = set()
        for one in taken:
            if one.statement.main.kind != "event":
                one.changes = self._cast.absorb(one.statement.main)
            for mention in one.statement.mentions:
                if id(mention) in absorbed or self._cast.is_recalled(mention):
                    continue
                absorbed.add(id(mention))
                if self._is_told_by(mention):
                    self._cast.dossier(mention).absorb(mention)

    async def _take_events(self, taken: Sequence[_Taken]) -> None:
        events = [one for one in taken if one.statement.main.kind == "event"]
        for one in events:
            one.statement = self._keyed(one.statement)
        mains = [one.statement.main for one in events]
        await self._cast.look_up(mains)
        await self._cast.admit([*mains, *(m for one in taken for m in one.statement.mentions if m.kind == "event")])
        for one in events:
            one.changes = self._cast.absorb(one.statement.main)

    def _keyed(self, statement: Statement) -> Statement:
        """Give an event its key, now that its venue is known."""
        main = statement.main
        if statement.starts_at is None:
            return statement
        venue = None if statement.venue is None else statement.mentions[statement.venue]
        place = self._cast.dossier(venue).winner("market") if venue else None
        zone = self._legends.zone(_text(main.facts.get("market")) or (_text(place.value) if place else None))
        start = true_start(statement.starts_at, all_day=statement.all_day, zone=zone)
        if venue is not None:
            key = event_key(
                venue_id=str(self._cast.entity_id(venue)), starts_at=start, zone=zone, name=main.name,
                drop=(venue.name, _text(venue.facts.get("city")) or ""),
            )  # fmt: skip
            return replace(statement, main=replace(main, event_key=key))
        if main.source_id is None:
            # Nothing else names it, so within its source it is its name and its night.
            own = f"{name_key(main.name) or main.name}@{service_night(start, zone)}"
            return replace(statement, main=replace(main, name_key=own))
        return statement

    async def _connect(self, taken: Sequence[_Taken]) -> EdgeBook:
        sources = {s.code: s.trust for s in await self._session.fetch(Source, SQL["sources"])}
        said_by = (sighting.source for one in taken for sighting in (one.statement.main, *one.statement.mentions))
        told = {source.code: source.trust for source in (self._reader.source, *said_by)}
        self._changes.sources += [
            {"code": code, "trust": told[code]} for code in told if sources.get(code) != told[code]
        ]
        for one in taken:
            one.mentioned = [self._cast.entity_id(mention) for mention in one.statement.mentions]
        book = EdgeBook(trust=sources)
        await self._load_edges(book, taken)
        # What a source has taken back since stands no more, though its old file is delivered again.
        for number, one in enumerate(taken):
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
            if self._cast.is_outdated(one.statement.main):
                continue
            main_id = self._cast.entity_id(one.statement.main)
            own = [edge for edge in one.statement.edges if one.mentioned[edge.mention] == main_id]
            if own:
                # Only now is it seen: by name or by id the record seemed to speak of another.
                one.statement = replace(one.statement, edges=tuple(e for e in one.statement.edges if e not in own))
                one.notes += [f"{edge.type} joins it to itself and was left out." for edge in own]
            one.edge_changes = book.state(one.statement, main_id, one.mentioned)
        return book

    async def _load_edges(self, book: EdgeBook, taken: Sequence[_Taken]) -> None:
        mains = [self._cast.dossier(one.statement.main) for one in taken]
        stored = [dossier for dossier in mains if not dossier.is_new]
        events = [dossier.id for dossier in stored if dossier.kind == "event"]
        elsewhere = set(self._said_elsewhere(taken))
        # What has one target may have another one than is now said.
        ids = {dossier.id for dossier in stored} | {src for src, name, _ in elsewhere if ontology.BY_EDGE[name].single}
        self._around = ids | {end for src, _, dst in elsewhere for end in (src, dst)}
        around = {"ids": list(ids), "event_ids": events}
        book.load(await self._session.fetch(RelationshipRow, SQL["relationships_of"], around))
        if elsewhere:
            sources, types, targets = zip(*elsewhere, strict=True)
            between = {"sources": list(sources), "types": list(types), "targets": list(targets)}
            book.load(await self._session.fetch(RelationshipRow, SQL["relationships_between"], between))

    def _said_elsewhere(self, taken: Sequence[_Taken]) -> Iterable[Ends]:
        """Yield the stated edges that are not found around the entity whose record states them."""
        for one in taken:
            main = one.statement.main
            main_id = self._cast.entity_id(main)
            for edge in one.statement.edges:
                played = edge.type == "PERFORMS_AT"
                if (main.kind == "artist" and played) or not (edge.outgoing or played):
                    yield edge_ends(edge, main_id, one.mentioned)

    async def _name_new(self, edges: EdgeBook) -> None:
        """Give every new entity a free slug. It never changes, unless it would tell more readers a private name."""
        unnamed = [dossier for dossier in self._cast.dossiers.values() if dossier.is_new or dossier.is_made_known]
        wishes = {d.id: d.slug_wishes(self._values[d.id], suffix=self._night(d, edges)) for d in unnamed}
        wishes = {key: told for key, told in wishes.items() if self._cast.dossiers[key].slug not in told}
        if not wishes:
            return
        slugs = [slug for options in wishes.values() for slug in options]
        self._slugs.update(slugs)
        rows = await self._session.rows(SQL["taken_slugs"], {"collection": self._collection, "slugs": jsonb(slugs)})
        taken = {row["slug"] for row in rows}
        for entity_id, options in wishes.items():
            slug = next((option for option in options if option not in taken), options[-1])
            taken.add(slug)
            self._cast.dossiers[entity_id].slug = slug

    def _night(self, dossier: Dossier, edges: EdgeBook) -> str:
        if dossier.kind != "event":
            return ""
        return str(times(self._values[dossier.id], self._legends.zone(self._market(dossier, edges)))["night"])

    def _collect(self, edges: EdgeBook, taken: Sequence[_Taken]) -> None:
        changes = self._changes
        for entity_id in self._cast.rekeyed():
            self._cast.dossiers[entity_id].touched = True
        for one in taken:
            if one.edge_changes:
                self._cast.dossier(one.statement.main).touched = True
        extensions: dict[str, list[Record]] = defaultdict(list)
        for dossier in self._cast.dossiers.values():
            if dossier.changed:
                self._collect_one(dossier, extensions, edges=edges)
        changes.extensions = dict(extensions)
        changes.closed_identifiers = self._cast.closed_identifiers
        changes.new_identifiers = self._cast.new_identifiers()
        changes.tellings = self._cast.new_tellings()
        changes.new_relationships = edges.opened()
        changes.changed_relationships = edges.changed_records()
        changes.closed_relationships = list(edges.closed.values())

    def _collect_one(self, dossier: Dossier, extensions: dict[str, list[Record]], *, edges: EdgeBook) -> None:
        changes = self._changes
        values = self._values[dossier.id]
        record = dossier.entity_record(values, canonical_id=self._cast.canonical_id(dossier))
        if dossier.kind in COLUMNS:
            extension = dossier.extension_record(values)
            if dossier.kind == "event":
                market = record["market"] = self._market(dossier, edges)
                extension |= times(values, self._legends.zone(market))
            extensions[dossier.kind].append(extension)
        (changes.new_entities if dossier.is_new else changes.changed_entities).append(record)
        changes.new_facts += dossier.fact_records()
        changes.closed_facts += dossier.closed_facts
        changes.new_aliases += dossier.alias_records()
        changes.touched.add(dossier.id)

    def _market(self, event: Dossier, edges: EdgeBook) -> str | None:
        """Return the market of an event: of one that names none its venue's, as far as that is known here."""
        named = self._values[event.id].get("market")
        if named is None:
            venue_id = edges.target(event.id, "HOSTED_BY", seen_by=event.tenancy)
            named = self._values[venue_id].get("market") if venue_id in self._cast.dossiers else None
        if named is None and event.row is not None:
            named = event.row.market
        return _text(named)

    def _receipts(self, taken: Sequence[_Taken]) -> Iterable[Receipt]:
        """Yield the receipts; of several records of a new entity, the first one made it."""
        made: set[UUID] = set()
        for one in taken:
            dossier = self._cast.dossier(one.statement.main)
            yield self._receipt(one, dossier, creates=dossier.is_new and dossier.id not in made)
            made.add(dossier.id)

    def _receipt(self, one: _Taken, dossier: Dossier, *, creates: bool) -> Receipt:
        main = one.statement.main
        notes = (*one.statement.notes, *one.notes)
        if dossier.row is not None and not may_read(dossier.row.tenancy, self._scope):
            # That it was there, and what it was, is not for whoever told of it now.
            return Receipt(
                line=one.statement.line, outcome="created", ref=dossier.slug, entity_id=str(dossier.id),
                name=main.name, notes=notes,
            )  # fmt: skip
        resolution, registered = self._cast.resolution(main), self._cast.registered(main)
        updated = one.changes or one.edge_changes or registered
        also = (other for other in resolution.also if may_read(self._cast.tenancy(other), self._scope))
        candidates = (f"Its identifiers also name {other}: a merge candidate." for other in also)
        return Receipt(
            line=one.statement.line, outcome="created" if creates else "updated" if updated else "unchanged",
            ref=dossier.slug, entity_id=str(dossier.id), name=main.name,
            decided_by=":".join(resolution.decided_by) if resolution.decided_by else None,
            changes={} if creates else shown(one.changes, one.edge_changes, registered),
            notes=(*notes, *candidates),
        )  # fmt: skip

    def _is_told_by(self, mention: Sighting) -> bool:
        """Say whether a mention may add to its entity: not where that comes from the legend or from another room."""
        if mention.kind == "event":
            return False
        dossier = self._cast.dossier(mention)
        return mention.kind in COLUMNS or dossier.is_new or (mention.kind != "market" and bool(dossier.facts))


def _unknown(statement: Statement, lost: Sighting) -> Receipt:
    reason = f"No {lost.kind} with the source_id '{lost.source_id}' is known. Take in its own record first."
    problem = Problem(field="relations", reason=reason)
    return Receipt(line=statement.line, outcome="refused", name=statement.main.name, problems=(problem,))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
