"""Take a batch of records into truth: resolve, absorb, connect, and write it all as one unit of work."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sonik.clock import Clock, service_day, service_night
from sonik.errors import Conflict
from sonik.identity.dossier import Dossier, FieldChange
from sonik.identity.event_key import event_key
from sonik.identity.resolve import Registry, Resolution, canonical_id
from sonik.identity.sighting import Key, Sighting, Source
from sonik.ingest.edges import EdgeBook
from sonik.ingest.legends import Legends, load_legends
from sonik.ingest.receipts import Intake, Problem, Receipt
from sonik.ingest.records import AnyRecord
from sonik.ingest.statement import Reader, Refused, Statement
from sonik.sql import queries
from sonik.stores.postgres import Postgres, Session
from sonik.truth.rows import AliasRow, Changes, EntityRow, FactRow, Position, Record, RelationshipRow
from sonik.truth.unit import Purpose, Unit, unit_of_work
from sonik.types import JsonObject, JsonValue, Scope

SQL = queries("truth")
ASSUMED_LENGTH = timedelta(hours=4)
SHORTEST = timedelta(minutes=30)
ATTEMPTS = 3

Numbered = tuple[int, AnyRecord]


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """What comes with a batch: its source, who brings it, and how it is to be taken.

    `partial` records say nothing of the fields they leave out; others take back what they no longer say.
    """

    source: Source
    scope: Scope
    dry_run: bool = False
    partial: bool = False
    idempotency_key: str | None = None


async def take_in(postgres: Postgres, batch: Sequence[Numbered], *, delivery: Delivery, clock: Clock) -> Intake:
    """Write a batch and return a receipt per record; a rival writer is met by trying again."""
    purpose = Purpose(
        action="ingest", scope=delivery.scope, idempotency_key=None if delivery.dry_run else delivery.idempotency_key,
        request={"records": [record.model_dump(mode="json") for _, record in batch], "source": delivery.source.code},
    )  # fmt: skip
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with unit_of_work(postgres, purpose=purpose, clock=clock) as unit:
                return await _once(unit, batch, delivery=delivery, clock=clock)
        except Conflict:
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


async def _once(unit: Unit, batch: Sequence[Numbered], *, delivery: Delivery, clock: Clock) -> Intake:
    if unit.replay is not None:
        return _replayed(unit.replay)
    taker = Taker(unit.session, delivery=delivery, legends=await load_legends(unit.session), now=clock.now())
    receipts, changes = await taker.take(batch)
    if delivery.dry_run:
        return Intake(receipts=tuple(receipts), dry_run=True)
    intake = Intake(receipts=tuple(receipts), position=await unit.save(changes))
    if intake.counts["created"] or intake.counts["updated"]:
        counts: JsonObject = dict(intake.counts)
        await unit.audit({"source": delivery.source.code, **counts})
    await unit.remember(_stored(intake))
    return intake


@dataclass(kw_only=True, slots=True)
class _Taken:
    """A statement on its way: who it speaks of, and what it changed."""

    statement: Statement
    mentions: list[UUID] = field(default_factory=list)
    main: Resolution | None = None
    changes: list[FieldChange] = field(default_factory=list)
    edge_changes: list[str] = field(default_factory=list)
    keys_changed: bool = False


class Taker:
    """One batch: reads everything it needs in bulk, decides in memory, returns receipts and changes."""

    def __init__(self, session: Session, *, delivery: Delivery, legends: Legends, now: datetime) -> None:
        self._session = session
        self._delivery = delivery
        self._legends = legends
        self._now = now
        self._registry = Registry()
        self._dossiers: dict[UUID, Dossier] = {}
        self._changes = Changes(sources=[{"code": delivery.source.code, "trust": delivery.source.trust}])
        self._resolved: dict[UUID, Sighting] = {}

    async def take(self, batch: Sequence[Numbered]) -> tuple[list[Receipt], Changes]:
        """Return a receipt per record, in order, and the changes to save."""
        refused, statements = self._read(batch)
        taken = await self._resolve(statements)
        await self._open_dossiers()
        for one in taken:
            self._absorb(one)
        edges = await self._connect(taken)
        await self._slugs()
        self._collect(edges, taken)
        receipts = [*refused, *(self._receipt(one) for one in taken)]
        return sorted(receipts, key=lambda receipt: receipt.line), self._changes

    def _read(self, batch: Sequence[Numbered]) -> tuple[list[Receipt], list[Statement]]:
        reader = Reader(
            source=self._delivery.source, legends=self._legends, now=self._now,
            collection=self._delivery.scope.collection, partial=self._delivery.partial,
        )  # fmt: skip
        refused, statements = [], []
        for line, record in batch:
            try:
                statements.append(reader.read(record, line=line))
            except Refused as error:
                refused.append(Receipt(line=line, outcome="refused", name=record.name, problems=error.problems))
        return refused, statements

    async def _resolve(self, statements: Sequence[Statement]) -> list[_Taken]:
        """Resolve mentions and plain records first: an event's key needs to know its venue."""
        collection = self._delivery.scope.collection
        early = [s for st in statements for s in (*st.mentions, *([] if st.main.kind == "event" else [st.main]))]
        await self._registry.load(self._session, early, collection=collection)
        taken = [_Taken(statement=statement) for statement in statements]
        for one in taken:
            if one.statement.main.kind != "event":
                self._settle(one)
            one.mentions = [self._identify(mention)[0].entity_id for mention in one.statement.mentions]
        events = [one for one in taken if one.statement.main.kind == "event"]
        for one in events:
            one.statement = self._keyed(one)
        await self._registry.load(self._session, [one.statement.main for one in events], collection=collection)
        for one in events:
            self._settle(one)
        return taken

    def _settle(self, one: _Taken) -> None:
        one.main, one.keys_changed = self._identify(one.statement.main)

    def _identify(self, sighting: Sighting) -> tuple[Resolution, bool]:
        resolution = self._registry.resolve(sighting, new_id=uuid4())
        gained, lost = self._registry.register(sighting, resolution.entity_id)
        base: Record = {"entity_type": sighting.kind, "entity_id": resolution.entity_id, "source": sighting.source.code}
        base |= {
            "owner_org": sighting.tenancy.owner_org, "visibility": sighting.tenancy.visibility,
            "collection": self._delivery.scope.collection,
        }  # fmt: skip
        for key in lost:
            self._changes.closed_identifiers.append({"scheme": key.scheme, "value": key.value, **base})
        for key in gained:
            row: Record = {"scheme": key.scheme, "value": key.value, "is_strong": True, **base}
            self._changes.new_identifiers.append(row)
        for key in sighting.weak:
            row = {"scheme": key.scheme, "value": key.value, "is_strong": False, **base}
            self._changes.new_identifiers.append(row)
        self._resolved.setdefault(resolution.entity_id, sighting)
        return resolution, bool(gained or lost)

    def _keyed(self, one: _Taken) -> Statement:
        """Give an event its key, now that its venue is known."""
        statement = one.statement
        if statement.venue is None or statement.starts_at is None:
            return statement
        venue = statement.mentions[statement.venue]
        zone = self._legends.zone(_text(statement.main.facts.get("market")) or _text(venue.facts.get("market")))
        key = event_key(
            venue_id=str(one.mentions[statement.venue]), starts_at=statement.starts_at, zone=zone,
            name=statement.main.name, drop=(venue.name, _text(venue.facts.get("city")) or ""),
        )  # fmt: skip
        return replace(statement, main=replace(statement.main, event_key=key))

    async def _open_dossiers(self) -> None:
        ids = {"ids": list(self._resolved)}
        rows = {row.id: row for row in await self._session.fetch(EntityRow, SQL["entities_by_id"], ids)}
        for entity_id, sighting in self._resolved.items():
            row = rows.get(entity_id)
            self._dossiers[entity_id] = Dossier(
                id=entity_id, kind=sighting.kind, tenancy=sighting.tenancy, row=row, slug=row.slug if row else ""
            )
        for fact in await self._session.fetch(FactRow, SQL["current_facts"], ids):
            self._dossiers[fact.entity_id].load_fact(fact)
        for alias in await self._session.fetch(AliasRow, SQL["aliases_of"], ids):
            self._dossiers[alias.entity_id].aliases.add(alias.folded)

    def _absorb(self, one: _Taken) -> None:
        if one.main is None:
            return
        one.changes = self._dossiers[one.main.entity_id].absorb(one.statement.main)
        for entity_id, mention in zip(one.mentions, one.statement.mentions, strict=True):
            # Markets come from the legend; a record only points at them.
            if mention.kind != "market":
                self._dossiers[entity_id].absorb(mention)

    async def _connect(self, taken: Sequence[_Taken]) -> EdgeBook:
        sources = await self._session.fetch(Source, "select code, trust from unified.sources")
        book = EdgeBook(trust={source.code: source.trust for source in sources})
        mains = [one.main.entity_id for one in taken if one.main is not None and not one.main.is_new]
        book.load(await self._session.fetch(RelationshipRow, SQL["relationships_of"], {"ids": mains}))
        for one in taken:
            if one.main is not None:
                one.edge_changes = book.state(one.statement, one.main.entity_id, one.mentions)
        return book

    async def _slugs(self) -> None:
        """Give every new entity a free slug; a slug never changes afterwards."""
        wishes = {d.id: d.slug_wishes(suffix=self._night(d)) for d in self._dossiers.values() if d.is_new}
        params = {
            "collection": self._delivery.scope.collection,
            "slugs": [slug for options in wishes.values() for slug in options],
        }
        taken = {row["slug"] for row in await self._session.rows(SQL["taken_slugs"], params)}
        for entity_id, options in wishes.items():
            slug = next((option for option in options if option not in taken), options[-1])
            taken.add(slug)
            self._dossiers[entity_id].slug = slug

    def _night(self, dossier: Dossier) -> str:
        start = dossier.winner("starts_at")
        if start is None:
            return ""
        market = dossier.winner("market")
        zone = self._legends.zone(_text(market.value) if market else None)
        return service_night(datetime.fromisoformat(str(start.value)), zone).isoformat()

    def _collect(self, edges: EdgeBook, taken: Sequence[_Taken]) -> None:
        changes = self._changes
        for one in taken:
            if one.main is not None and (one.edge_changes or one.keys_changed):
                self._dossiers[one.main.entity_id].touched = True
        venues = {one.main.entity_id: one.mentions[one.statement.venue] for one in taken
                  if one.main is not None and one.statement.venue is not None}  # fmt: skip
        extensions: dict[str, list[Record]] = defaultdict(list)
        for dossier in self._dossiers.values():
            if dossier.kind != "market" and dossier.changed:
                self._collect_one(dossier, extensions, venue=self._dossiers.get(venues.get(dossier.id, dossier.id)))
        changes.extensions = dict(extensions)
        changes.new_relationships = list(edges.opened.values())
        changes.changed_relationships = [{"eid": eid, "sources": s} for eid, s in edges.resourced.items()]
        changes.closed_relationships = list(edges.closed.values())

    def _collect_one(self, dossier: Dossier, extensions: dict[str, list[Record]], *, venue: Dossier | None) -> None:
        changes = self._changes
        record = dossier.entity_record(canonical_id=self._canonical(dossier))
        extension = dossier.extension_record()
        if dossier.kind == "event":
            market = venue.winner("market") if venue is not None else None
            record["market"] = record["market"] or (market.value if market else None)
            extension |= self._times(dossier, _text(record["market"]))
        (changes.new_entities if dossier.is_new else changes.changed_entities).append(record)
        extensions[dossier.kind].append(extension)
        changes.new_facts += dossier.fact_records()
        changes.closed_facts += dossier.closed_facts
        changes.new_aliases += dossier.alias_records()
        changes.touched.add(dossier.id)
        if dossier.row is not None and dossier.row.name != record["name"]:
            changes.renamed.add(dossier.id)

    def _canonical(self, dossier: Dossier) -> str | None:
        keys = []
        for scheme in ("google_place_id", "instagram", "domain", "event_key"):
            keys += [Key(scheme=scheme, value=value) for value in sorted(self._registry.values(dossier.id, scheme))[:1]]
        return canonical_id(dossier.kind, keys)

    def _times(self, dossier: Dossier, market: str | None) -> Record:
        """Derive when an event is surely over, and the service night it belongs to."""
        values = dossier.values()
        zone = self._legends.zone(market)
        start = datetime.fromisoformat(str(values["starts_at"]))
        end = datetime.fromisoformat(str(values["ends_at"])) if values.get("ends_at") else None
        night = service_night(start, zone)
        if values.get("all_day"):
            until = service_day(service_night(end or start, zone), zone).end
        else:
            until = end if end is not None and end - start >= SHORTEST else start + ASSUMED_LENGTH
        return {"until": until, "night": night, "timezone": zone.key}

    def _receipt(self, one: _Taken) -> Receipt:
        main = one.main
        if main is None:
            raise AssertionError("every statement is resolved before receipts are written")
        dossier = self._dossiers[main.entity_id]
        updated = one.changes or one.edge_changes or one.keys_changed
        changes: JsonObject = {} if main.is_new else {c.attribute: _change(c) for c in one.changes}
        if not main.is_new and one.edge_changes:
            changes["relations"] = list[JsonValue](sorted(set(one.edge_changes)))
        notes = [
            *one.statement.notes,
            *(f"Its identifiers also name {other}: a merge candidate." for other in main.also),
        ]
        return Receipt(
            line=one.statement.line, outcome="created" if main.is_new else "updated" if updated else "unchanged",
            ref=dossier.slug, entity_id=str(main.entity_id), name=one.statement.main.name,
            decided_by=f"{main.decided_by.scheme}:{main.decided_by.value}" if main.decided_by else None,
            changes=changes, notes=tuple(notes),
        )  # fmt: skip


def _change(change: FieldChange) -> JsonValue:
    shown: JsonObject = {"before": change.before, "after": change.after}
    if not change.wins:
        shown["kept"] = "a more trusted source says otherwise"
    return shown


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _stored(intake: Intake) -> JsonObject:
    receipts: list[JsonValue] = [receipt.as_json() for receipt in intake.receipts]
    return {"receipts": receipts, "txid": intake.position.txid, "seq": intake.position.seq}


def _replayed(response: JsonObject) -> Intake:
    stored = response["receipts"]
    receipts = []
    for row in stored if isinstance(stored, list) else []:
        if isinstance(row, dict):
            problems = row.pop("problems", [])
            given = [Problem(**p) for p in problems if isinstance(p, dict)] if isinstance(problems, list) else []  # type: ignore[arg-type]
            notes = row.pop("notes", [])
            receipts.append(Receipt(**row, problems=tuple(given), notes=tuple(notes or ())))  # type: ignore[arg-type]
    return Intake(
        receipts=tuple(receipts), position=Position(txid=int(str(response["txid"])), seq=int(str(response["seq"])))
    )
