"""Turn a typed record into a statement: what it says of its own entity and of the ones it mentions."""

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b

from sonik import ontology
from sonik.errors import InvalidInput
from sonik.identity.dossier import COLUMNS
from sonik.identity.names import clean_line, name_key
from sonik.identity.sighting import Key, Sighting, Source
from sonik.ingest.acquaintance import Acquaintance, Memo, Mentioned
from sonik.ingest.attributes import described
from sonik.ingest.identifiers import authorities, cleaned_id, home_key_of, name_key_of, weak_keys
from sonik.ingest.legends import Legends
from sonik.ingest.plain_facts import plain_facts
from sonik.ingest.records import (
    AnyRecord,
    BrandRecord,
    EventRecord,
    Mention,
    PersonRecord,
    Relation,
    ThingRecord,
    VenueRecord,
)
from sonik.ingest.statement import Findings, Refused, StatedEdge, Statement, played, stated
from sonik.truth.rows import Tenancy, tenancy_of
from sonik.types import JsonObject, Scope

MAX_NAME = 300
MAX_SHORT = 500
# As many as a four-byte number keeps: more would look changed each time.
CONFIDENCE_DIGITS = 6
DIGEST_BYTES = 8
# How far the clock of a source may be ahead.
SKEW = timedelta(hours=1)


class Reader:
    """Reads records of one source; what many records mention alike is read once, or was in an earlier batch.

    `mentions` are those of one moment and tenancy, by what was said; `recalled` are the ones among all of them that an
    earlier batch settled, and `fresh` the others.
    """

    def __init__(
        self, *, source: Source, legends: Legends, now: datetime, scope: Scope, partial: bool,
        acquaintance: Acquaintance | None = None,
    ) -> None:  # fmt: skip
        self.source = source.of(scope.organisation)
        self.legends = legends
        self.now = now
        self.scope = scope
        self.partial = partial
        self.markets: dict[str, Sighting] = {}
        self.recalled: dict[Memo, Mentioned] = {}
        self.fresh: dict[Memo, Sighting] = {}
        self.mentions: dict[tuple[datetime, Tenancy], dict[Memo, Sighting]] = defaultdict(dict)
        self._acquaintance = acquaintance or Acquaintance()

    def read(self, record: AnyRecord, *, line: int) -> Statement:
        """Return the statement a record makes.

        Raises:
            Refused: an identifier, a market, an edge or its tenancy is wrong.
        """
        return _Reading(record, reader=self).statement(line)

    def recall(self, memo: Memo) -> Sighting | None:
        """Return a mention that an earlier batch settled."""
        known = self._acquaintance.mentioned(memo)
        if known is None:
            return None
        self.recalled[memo] = known
        return known.sighting

    def forget(self) -> None:
        """Begin anew: some of what was recalled holds no longer."""
        self.recalled, self.fresh, self.mentions = {}, {}, defaultdict(dict)


class _Reading:
    """One record; problems and notes are collected, so that a receipt names them all."""

    def __init__(self, record: AnyRecord, *, reader: Reader) -> None:
        self._record = record
        self._reader = reader
        self._legends = reader.legends
        self._findings = Findings()
        self._mentions: list[Sighting] = []
        self._edges: list[StatedEdge] = []
        self._at = self._observed_at()
        self._tenancy = self._read_tenancy()
        owner = self._tenancy.owner_org if reader.scope.organisation is None else None
        self._source = reader.source.of(owner)
        self._shared_as = reader.source.code if owner is not None else None
        self._known = reader.mentions[self._at, self._tenancy]

    def statement(self, line: int) -> Statement:
        market = self._market()
        main = self._main(market)
        event = self._record if isinstance(self._record, EventRecord) else None
        venue = None if event is None else self._mention_all(event, market)
        self._locate(market)
        self._relate()
        if self._findings.problems:
            raise Refused(self._findings.problems)
        return Statement(
            line=line, main=main, mentions=tuple(self._mentions), edges=tuple(self._edges), venue=venue,
            starts_at=event.starts_at if event else None, all_day=event is not None and event.all_day,
            notes=tuple(self._findings.notes),
        )  # fmt: skip

    def _main(self, market: str | None) -> Sighting:
        record, findings = self._record, self._findings
        name = self._name(record.name, "name")
        if record.kind != "event" and not ontology.vertex(record.kind).named and cleaned_id(record.source_id) is None:
            findings.refuse("source_id", f"{_not_by_name(record.kind)} Give its source_id.")
        facts = plain_facts(record, findings, market=market, legends=self._legends, partial=self._reader.partial)
        url = facts.get("url")
        aliases = (clean_line(alias, max_length=MAX_NAME) for alias in record.aliases)
        country = self._legends.markets[market].country if market else None
        return Sighting(
            kind=record.kind, name=name, source=self._source, observed_at=self._at,
            authorities=authorities(record, record.kind, findings), source_id=cleaned_id(record.source_id),
            home_key=home_key_of(record.kind, name, city=self._home(_city(record))),
            name_key=name_key_of(record.kind, name, place=self._place(_city(record), market)),
            weak=weak_keys(record, findings, country=country), facts=facts, aliases=tuple(filter(None, aliases)),
            url=url if isinstance(url, str) else None, partial=self._reader.partial, tenancy=self._tenancy,
            digest=self._digest(), dated=record.observed_at is not None, shared_as=self._shared_as,
        )  # fmt: skip

    def _digest(self) -> str:
        """Return what tells this record from all others of its entity, whatever their time."""
        said = self._record.model_dump_json(exclude={"observed_at"}, exclude_unset=True)
        known = f"{self._source.trust} {self._tenancy.owner_org} {said}"
        return blake2b(known.encode(), digest_size=DIGEST_BYTES).hexdigest()

    def _observed_at(self) -> datetime:
        """Return when this was seen; a moment to come would keep every later record from being believed."""
        seen, now = self._record.observed_at, self._reader.now
        if seen is not None and seen > now:
            self._findings.note("observed_at lies in the future; the present moment was taken instead.")
        return min(seen, now) if seen is not None else now

    def _read_tenancy(self) -> Tenancy:
        record, ours = self._record, self._reader.scope.organisation
        owner = clean_line(record.owner_org, max_length=MAX_SHORT) or None if record.owner_org else None
        if ours is not None and owner not in (None, ours):
            self._findings.refuse("owner_org", f"is not '{ours}', for whom this is delivered")
        if record.visibility == "org":
            owner = owner or ours
            if owner is None:
                self._findings.refuse("visibility", "'org' needs an owner_org, whose people may see it")
        said = "visibility" in record.model_fields_set or not ontology.vertex(record.kind).private
        visibility = record.visibility if said else "staff"
        return tenancy_of(self._reader.scope.collection, owner, visibility)

    def _market(self) -> str | None:
        record = self._record
        if isinstance(record, EventRecord | VenueRecord) and record.market:
            return self._known_market(record.market, "market")
        venue = record.venue if isinstance(record, EventRecord) else None
        if venue is not None and venue.market:
            return self._known_market(venue.market, "venue.market")
        return self._legends.find_market(venue.city if venue is not None else _city(record))

    def _known_market(self, name: str, field: str) -> str | None:
        try:
            return self._legends.market(name).slug
        except InvalidInput as error:
            self._findings.refuse(field, error)
            return None

    def _mention_all(self, event: EventRecord, market: str | None) -> int | None:
        """Add the mentions an event makes by its fields; return the venue's index."""
        venue = None
        if event.venue is not None:
            venue = self._mention("venue", event.venue, at="venue.", market=market)
            self._edges.append(stated("HOSTED_BY", venue))
        for number, artist in enumerate(event.lineup):
            index = self._mention("artist", artist, at=f"lineup.{number}.")
            self._edges.append(played(index, number + 1))
        for number, promoter in enumerate(event.promoters):
            index = self._mention("organization", promoter, at=f"promoters.{number}.")
            self._edges.append(stated("PROMOTED_BY", index))
        return venue

    def _locate(self, market: str | None) -> None:
        if market is not None and not isinstance(self._record, PersonRecord | BrandRecord):
            self._edges.append(stated("IN_LOCATION", self._mention_market(market)))

    def _relate(self) -> None:
        first: dict[tuple[str, bool, int], int] = {}
        for number, relation in enumerate(self._record.relations):
            at = f"relations.{number}"
            try:
                edge = self._related(relation, at=at)
            except InvalidInput as error:
                self._findings.refuse(error.field or at, error)
                continue
            # Who is mentioned alike is one sighting.
            same = first.setdefault((edge.type, edge.outgoing, id(self._mentions[edge.mention])), number)
            if same != number and self._record.relations[same] == relation:
                continue
            if same != number:
                self._findings.refuse(at, f"says otherwise of the edge of relations.{same}: there is one of a type.")
            elif edge.outgoing and ontology.BY_EDGE[edge.type].single and self._leads_elsewhere(edge):
                self._findings.refuse(at, f"{edge.type} has one target, and another is named before.")
            self._edges.append(edge)

    def _leads_elsewhere(self, edge: StatedEdge) -> bool:
        return any(other.outgoing and other.type == edge.type for other in self._edges)

    def _related(self, relation: Relation, *, at: str) -> StatedEdge:
        kinds = (self._record.kind, relation.target_kind)
        edge_type = ontology.edge(relation.type, *(kinds if relation.direction == "out" else reversed(kinds)))
        mention = self._target(relation.target_kind, relation.target, at=f"{at}.target.")
        own = described(
            relation.properties, edge_type.described, self._findings, at=f"{at}.properties", of=edge_type.name
        )
        said = relation.model_fields_set
        self._check_dates(relation, edge_type, at=at)
        return StatedEdge(
            type=relation.type, outgoing=relation.direction == "out", mention=mention, properties=tuple(own.items()),
            confidence=round(relation.confidence, CONFIDENCE_DIGITS) if "confidence" in said else None,
            timestamp=relation.timestamp, valid_from=relation.valid_from, valid_to=relation.valid_to,
        )  # fmt: skip

    def _check_dates(self, relation: Relation, edge_type: ontology.EdgeType, *, at: str) -> None:
        """Refuse times that cannot be: of what has not come about yet, or of an edge that lives with its event."""
        for name in ("timestamp", "valid_from"):
            moment = getattr(relation, name)
            if moment is not None and moment > self._reader.now + SKEW:
                self._findings.refuse(f"{at}.{name}", "lies in the future. Deliver it once it holds.")
        dates = {"valid_from", "valid_to"} & relation.model_fields_set
        for name in sorted(dates if not edge_type.dated else ()):
            if getattr(relation, name) is not None:
                self._findings.refuse(f"{at}.{name}", f"{edge_type.name} holds as long as its event. Leave it out.")

    def _target(self, kind: str, target: Mention, *, at: str) -> int:
        if kind == "market":
            return self._mention_market(self._legends.market(target.name, field=f"{at}name").slug)
        if not ontology.vertex(kind).named and cleaned_id(target.source_id) is None:
            raise InvalidInput(_not_by_name(kind), next_step="Give its source_id.", field=f"{at}source_id")
        if kind not in COLUMNS:
            for field in sorted(target.model_fields_set - {"name", "source_id"}):
                self._findings.refuse(f"{at}{field}", f"says nothing of a {kind}. Give its name and source_id only.")
        if kind == self._record.kind and self._is_itself(target):
            self._findings.refuse(at.rstrip("."), "is the record's own entity. An edge joins two.")
        return self._mention(kind, target, at=at)

    def _is_itself(self, target: Mention) -> bool:
        if target.instagram or target.google_place_id or target.website:
            return False
        own, other = cleaned_id(self._record.source_id), cleaned_id(target.source_id)
        if own is not None or other is not None:
            return own == other
        return name_key(self._record.name) == name_key(target.name)

    def _mention_market(self, slug: str) -> int:
        """Mention a market of the legend; its vertex is made in collections that do not have it yet."""
        known = self._reader.markets.get(slug)
        if known is None:
            market = self._legends.markets[slug]
            known = self._reader.markets[slug] = Sighting(
                kind="market", name=market.name, source=self._reader.source, observed_at=self._at, mention=True,
                authorities=(Key("market", slug),), tenancy=Tenancy(collection=self._tenancy.collection),
                facts={"market": slug, "country": market.country, "status": "active"},
            )  # fmt: skip
        return self._append(known)

    def _mention(self, kind: str, mention: Mention, *, at: str, market: str | None = None) -> int:
        # By its values, for comparing models takes longer than reading them.
        memo = (kind, market, *vars(mention).values())
        known = self._known.get(memo)
        if known is not None:
            return self._append(known)
        sighting = self._reader.recall((self._tenancy, *memo))
        if sighting is None:
            found = len(self._findings)
            sighting = self._read_mention(kind, mention, at=at, market=market)
            if len(self._findings) > found:
                return self._append(sighting)
            self._reader.fresh[self._tenancy, *memo] = sighting
        self._known[memo] = sighting
        return self._append(sighting)

    def _read_mention(self, kind: str, mention: Mention, *, at: str, market: str | None) -> Sighting:
        if mention.market:
            market = self._known_market(mention.market, f"{at}market")
        market = self._legends.find_market(mention.city) or market
        said: JsonObject = {"city": mention.city and clean_line(mention.city)}
        if kind == "venue":
            address = mention.address and clean_line(mention.address)
            said |= {"address": address, "lat": mention.lat, "lng": mention.lng, "market": market}
        name = self._name(mention.name, f"{at}name")
        # Who may read the record may read what it mentions; only people, and what is theirs, are not made public by it.
        in_public = ontology.vertex(kind).private and self._tenancy.visibility == "public"
        return Sighting(
            kind=kind, name=name, source=self._source, observed_at=self._at, mention=True,
            authorities=authorities(mention, kind, self._findings, at=at), source_id=cleaned_id(mention.source_id),
            home_key=home_key_of(kind, name, city=self._home(mention.city)),
            name_key=name_key_of(kind, name, place=self._place(mention.city, market)),
            facts={field: value for field, value in said.items() if value is not None and value != ""},
            tenancy=replace(self._tenancy, visibility="staff") if in_public else self._tenancy,
            shared_as=self._shared_as,
        )  # fmt: skip

    def _place(self, city: str | None, market: str | None) -> str | None:
        """Return the city; where none is said, the one the market is named for."""
        return city or (self._legends.markets[market].name if market else None)

    def _home(self, city: str | None) -> str | None:
        """Return a city by one of its names, if it is a market's."""
        market = self._legends.find_market(city) if city else None
        return self._legends.markets[market].name if market else city

    def _append(self, sighting: Sighting) -> int:
        self._mentions.append(sighting)
        return len(self._mentions) - 1

    def _name(self, raw: str, field: str) -> str:
        name = clean_line(raw, max_length=MAX_NAME)
        if not name:
            self._findings.refuse(field, "has no visible character")
        return name


def _city(record: AnyRecord) -> str | None:
    return None if isinstance(record, EventRecord | PersonRecord | BrandRecord | ThingRecord) else record.city


def _not_by_name(kind: str) -> str:
    return f"A{'n' if kind[0] in 'aeiou' else ''} {kind} is not known by its name."
