"""A batch of records: resolve them, absorb what they say, connect them, and say what is to be written."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sonik.clock import service_night
from sonik.identity.dossier import COLUMNS, Dossier, FieldChange
from sonik.identity.event_key import event_key
from sonik.identity.names import clean_text, name_key
from sonik.identity.resolve import Registered
from sonik.identity.sighting import Sighting, Source
from sonik.ingest.acquaintance import Acquaintance
from sonik.ingest.cast import Cast
from sonik.ingest.edges import EdgeBook
from sonik.ingest.legends import Legends
from sonik.ingest.reading import Reader
from sonik.ingest.receipts import MAX_SHOWN, Problem, Receipt
from sonik.ingest.records import AnyRecord
from sonik.ingest.schedule import times, true_start
from sonik.ingest.statement import Refused, Statement
from sonik.sql import queries
from sonik.stores.postgres import Session
from sonik.truth.rows import Changes, Record, RelationshipRow
from sonik.types import JsonObject, JsonValue, Scope

SQL = queries("truth")

Numbered = tuple[int, AnyRecord]


@dataclass(kw_only=True, slots=True)
class _Taken:
    """A statement on its way, and what it changed."""

    statement: Statement
    changes: list[FieldChange] = field(default_factory=list)
    edge_changes: list[str] = field(default_factory=list)


class Batch:
    """One batch: reads everything it needs in bulk, decides in memory, returns receipts and changes."""

    def __init__(
        self, session: Session, *, source: Source, scope: Scope, partial: bool, legends: Legends, now: datetime,
        acquaintance: Acquaintance | None = None,
    ) -> None:  # fmt: skip
        self._session = session
        self._source = source
        self._collection = scope.collection
        self._legends = legends
        self._reader = Reader(source=source, legends=legends, now=now, scope=scope, partial=partial)
        self._cast = Cast(session, collection=scope.collection, acquaintance=acquaintance)
        self._values = _Winners(self._cast.dossiers)
        self._changes = Changes()

    async def take(self, batch: Sequence[Numbered]) -> tuple[list[Receipt], Changes]:
        """Return a receipt per record, in order, and the changes to save."""
        refused, statements = self._read(batch)
        await self._cast.look_up(s for statement in statements for s in (statement.main, *statement.mentions))
        unknown, statements = self._split_unknown_events(statements)
        taken = [_Taken(statement=statement) for statement in statements]
        await self._take_early(taken)
        await self._take_events(taken)
        edges = await self._connect(taken)
        await self._name_new(edges)
        self._collect(edges, taken)
        self._cast.part()
        receipts = [*refused, *unknown, *self._receipts(taken)]
        return sorted(receipts, key=lambda receipt: receipt.line), self._changes

    def _read(self, batch: Sequence[Numbered]) -> tuple[list[Receipt], list[Statement]]:
        refused, statements = [], []
        for line, record in batch:
            try:
                statements.append(self._reader.read(record, line=line))
            except Refused as error:
                name = clean_text(record.name, max_length=MAX_SHOWN)
                refused.append(Receipt(line=line, outcome="refused", name=name, problems=error.problems))
        return refused, statements

    def _split_unknown_events(self, statements: list[Statement]) -> tuple[list[Receipt], list[Statement]]:
        """Refuse records that point to an event nobody has told of: a mention cannot say when it is."""
        told = {key for st in statements if st.main.kind == "event" for key in st.main.keys}
        refused, known = [], []
        for st in statements:
            events = [mention for mention in st.mentions if mention.kind == "event"]
            lost = [m for m in events if told.isdisjoint(m.keys) and not self._cast.knows(m)]
            if lost:
                reason = f"No event with the source_id '{lost[0].source_id}' is known. Take in its own record first."
                problem = Problem(field="relations", reason=reason)
                refused.append(Receipt(line=st.line, outcome="refused", name=st.main.name, problems=(problem,)))
            else:
                known.append(st)
        return refused, known

    async def _take_early(self, taken: Sequence[_Taken]) -> None:
        """Take in everything but events: an event's key needs to know its venue and where that is."""
        everyone = (s for one in taken for s in (one.statement.main, *one.statement.mentions))
        await self._cast.admit(sighting for sighting in everyone if sighting.kind != "event")
        absorbed: set[int] = set()
        for one in taken:
            if one.statement.main.kind != "event":
                one.changes = self._cast.dossier(one.statement.main).absorb(one.statement.main)
            for mention in one.statement.mentions:
                if id(mention) not in absorbed and self._is_told_by(mention):
                    self._cast.dossier(mention).absorb(mention)
                absorbed.add(id(mention))

    async def _take_events(self, taken: Sequence[_Taken]) -> None:
        events = [one for one in taken if one.statement.main.kind == "event"]
        for one in events:
            one.statement = self._keyed(one.statement)
        mains = [one.statement.main for one in events]
        await self._cast.look_up(mains)
        await self._cast.admit([*mains, *(m for one in taken for m in one.statement.mentions if m.kind == "event")])
        for one in events:
            one.changes = self._cast.dossier(one.statement.main).absorb(one.statement.main)

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
        if sources.get(self._source.code) != self._source.trust:
            self._changes.sources.append({"code": self._source.code, "trust": self._source.trust})
        book = EdgeBook(trust=sources)
        mains = [self._cast.dossier(one.statement.main) for one in taken]
        stored = [dossier for dossier in mains if not dossier.is_new]
        events = [dossier.id for dossier in stored if dossier.kind == "event"]
        around = {"ids": [dossier.id for dossier in stored], "event_ids": events}
        book.load(await self._session.fetch(RelationshipRow, SQL["relationships_of"], around))
        if played := self._said_by_artists(taken):
            ends = {"sources": [src for src, _ in played], "targets": [dst for _, dst in played]}
            book.load(await self._session.fetch(RelationshipRow, SQL["relationships_between"], ends))
        for one in taken:
            mentioned = [self._cast.entity_id(mention) for mention in one.statement.mentions]
            one.edge_changes = book.state(one.statement, self._cast.entity_id(one.statement.main), mentioned)
        return book

    def _said_by_artists(self, taken: Sequence[_Taken]) -> list[tuple[UUID, UUID]]:
        return [
            (self._cast.entity_id(one.statement.main), self._cast.entity_id(one.statement.mentions[edge.mention]))
            for one in taken
            if one.statement.main.kind == "artist"
            for edge in one.statement.edges
            if edge.type == "PERFORMS_AT"
        ]

    async def _name_new(self, edges: EdgeBook) -> None:
        """Give every new entity a free slug; a slug never changes afterwards."""
        new = [dossier for dossier in self._cast.dossiers.values() if dossier.is_new]
        wishes = {d.id: d.slug_wishes(self._values[d.id], suffix=self._night(d, edges)) for d in new}
        if not wishes:
            return
        slugs = [slug for options in wishes.values() for slug in options]
        rows = await self._session.rows(SQL["taken_slugs"], {"collection": self._collection, "slugs": slugs})
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
        changes.new_relationships = edges.opened_records()
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
            venue_id = edges.target(event.id, "HOSTED_BY")
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
        resolution, registered = self._cast.resolution(main), self._cast.registered(main)
        updated = one.changes or one.edge_changes or registered
        candidates = (f"Its identifiers also name {other}: a merge candidate." for other in resolution.also)
        return Receipt(
            line=one.statement.line, outcome="created" if creates else "updated" if updated else "unchanged",
            ref=dossier.slug, entity_id=str(dossier.id), name=main.name,
            decided_by=":".join(resolution.decided_by) if resolution.decided_by else None,
            changes={} if creates else _changes(one, registered), notes=(*one.statement.notes, *candidates),
        )  # fmt: skip

    def _is_told_by(self, mention: Sighting) -> bool:
        """Say whether a mention may add to its entity: a market comes from the legend, others from their own rooms."""
        if mention.kind == "event":
            return False
        return mention.kind in COLUMNS or self._cast.dossier(mention).is_new


class _Winners(dict[UUID, JsonObject]):
    """The winning values of each dossier, worked out when they are first asked for: after all was absorbed."""

    def __init__(self, dossiers: Mapping[UUID, Dossier]) -> None:
        super().__init__()
        self._dossiers = dossiers

    def __missing__(self, entity_id: UUID) -> JsonObject:
        values = self[entity_id] = self._dossiers[entity_id].values()
        return values


def _changes(one: _Taken, registered: Registered) -> JsonObject:
    """Return what a receipt shows: fields before and after; those that stay as they were are only confirmed."""
    shown: JsonObject = {}
    confirmed: list[JsonValue] = []
    for change in one.changes:
        if change.wins and change.before == change.after:
            confirmed.append(change.attribute)
        else:
            shown[change.attribute] = _shown(change)
    if confirmed:
        shown["confirmed"] = confirmed
    if one.edge_changes:
        shown["relations"] = list[JsonValue](sorted(set(one.edge_changes)))
    if registered:
        gained = sorted({key.scheme for key in (*registered.gained, *registered.lost, *registered.weak)})
        shown["identifiers"] = list[JsonValue](gained)
    return shown


def _shown(change: FieldChange) -> JsonValue:
    shown: JsonObject = {"before": change.before, "after": change.after}
    if not change.wins:
        shown["kept"] = "the word of another source stands"
    return shown


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
