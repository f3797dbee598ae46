"""Turn a typed record into sightings and edges: what it says of its own entity and of the ones it mentions."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sonik import ontology
from sonik.errors import InvalidInput, SonikError
from sonik.identity import contact, domains, instagram, places
from sonik.identity.names import clean_text, fold, name_key
from sonik.identity.sighting import Key, Sighting, Source
from sonik.ingest.legends import Legends
from sonik.ingest.receipts import Problem
from sonik.ingest.records import AnyRecord, BrandRecord, EventRecord, Mention, PersonRecord
from sonik.truth.rows import Tenancy
from sonik.types import JsonObject, JsonValue


@dataclass(frozen=True, kw_only=True, slots=True)
class StatedEdge:
    """An edge a record states: from or to its own entity, and the mention at the other end."""

    type: str
    outgoing: bool
    mention: int
    confidence: float = 1.0
    properties: tuple[tuple[str, JsonValue], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """A record taken apart. `venue` is the index of the mention that is the event's venue."""

    line: int
    main: Sighting
    mentions: tuple[Sighting, ...]
    edges: tuple[StatedEdge, ...]
    venue: int | None = None
    starts_at: datetime | None = None
    all_day: bool = False
    notes: tuple[str, ...] = ()


class Refused(SonikError):
    """A record that cannot be taken in, with every problem found in it."""

    code = "refused"

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{p.field}: {p.reason}" for p in problems))
        self.problems = tuple(problems)


class Reader:
    """Reads records of one source; problems and notes are collected, so that a receipt names them all."""

    def __init__(self, *, source: Source, legends: Legends, now: datetime, collection: str, partial: bool) -> None:
        self._source = source
        self._legends = legends
        self._now = now
        self._collection = collection
        self._partial = partial

    def read(self, record: AnyRecord, *, line: int) -> Statement:
        """Return the statement a record makes.

        Raises:
            Refused: an identifier, a market or an edge in it is wrong.
        """
        return _Reading(record, line=line, source=self._source, legends=self._legends, now=self._now).statement(
            collection=self._collection, partial=self._partial
        )


class _Reading:
    def __init__(self, record: AnyRecord, *, line: int, source: Source, legends: Legends, now: datetime) -> None:
        self._record = record
        self._line = line
        self._source = source
        self._legends = legends
        self._at = record.observed_at or now
        self._problems: list[Problem] = []
        self._notes: list[str] = []
        self._mentions: list[Sighting] = []
        self._edges: list[StatedEdge] = []

    def statement(self, *, collection: str, partial: bool) -> Statement:
        record = self._record
        tenancy = Tenancy(collection=collection, owner_org=record.owner_org, visibility=record.visibility)
        market = self._market(record)
        facts = self._facts(record, market)
        authorities = self._authorities(record)
        weak = self._weak(record, market)
        name = self._name(record.name)
        venue = self._mention_all(record, market, tenancy)
        self._relations(record, tenancy)
        if self._problems:
            raise Refused(self._problems)
        main = Sighting(
            kind=record.kind, name=name, source=self._source,
            observed_at=self._at, authorities=authorities, source_id=record.source_id or None,
            name_key=_name_key(record.kind, record.name, getattr(record, "city", None)), weak=weak, facts=facts,
            aliases=tuple(clean_text(alias, max_length=300) for alias in record.aliases), url=record.url,
            partial=partial, tenancy=tenancy,
        )  # fmt: skip
        event = record if isinstance(record, EventRecord) else None
        return Statement(
            line=self._line, main=main, mentions=tuple(self._mentions), edges=tuple(self._edges), venue=venue,
            starts_at=event.starts_at if event else None, all_day=event is not None and event.all_day,
            notes=tuple(self._notes),
        )  # fmt: skip

    def _market(self, record: AnyRecord) -> str | None:
        named = getattr(record, "market", None)
        if named:
            try:
                return self._legends.market(named).slug
            except InvalidInput as error:
                self._problem("market", error)
                return None
        city = getattr(record, "city", None)
        if city is None and isinstance(record, EventRecord) and record.venue is not None:
            city = record.venue.market or record.venue.city
        return self._legends.find_market(city)

    def _facts(self, record: AnyRecord, market: str | None) -> JsonObject:
        """Return the record's plain attributes; what identifies or relates is handled elsewhere."""
        skip = {
            "kind", "name", "source_id", "aliases", "observed_at", "owner_org", "visibility", "relations", "venue",
            "lineup", "promoters", "instagram", "google_place_id", "website", "emails", "phones", "email", "phone",
            "market", "genres",
        }  # fmt: skip
        facts: JsonObject = {}
        for name, value in record.model_dump(mode="json", exclude=skip, exclude_none=True).items():
            facts[name] = clean_text(value) if isinstance(value, str) else value
        if not facts.get("all_day", True):
            del facts["all_day"]
        if isinstance(record, EventRecord):
            facts |= {"starts_at": _utc(record.starts_at), "ends_at": _utc(record.ends_at)}
        website = getattr(record, "website", None)
        if website:
            facts["website"] = clean_text(website, max_length=500)
        facts["market"] = market
        facts |= self._genres(getattr(record, "genres", ()))
        return {name: value for name, value in facts.items() if value is not None}

    def _genres(self, genres: tuple[str, ...]) -> JsonObject:
        """Map genres to the legend's codes; what the legend does not know is kept as a tag."""
        codes: list[JsonValue] = []
        tags: list[JsonValue] = []
        for genre in dict.fromkeys(genres):
            code = self._legends.genres.get(fold(genre))
            if code is None:
                tags.append(clean_text(genre, max_length=80))
            elif code not in codes:
                codes.append(code)
        return {"genres": codes or None, "tags": tags or None}

    def _authorities(self, record: AnyRecord | Mention, kind: str = "") -> tuple[Key, ...]:
        kind = kind or getattr(record, "kind", "")
        keys = []
        place = getattr(record, "google_place_id", None)
        if place and kind in {"venue", "organization"}:
            keys.append(self._key("google_place_id", place, kind))
        handle = getattr(record, "instagram", None)
        if handle:
            keys.append(self._key("instagram", handle, kind))
        website = getattr(record, "website", None)
        if website and kind in {"organization", "brand"}:
            keys.append(self._key("domain", website, kind))
        return tuple(key for key in keys if key is not None)

    def _key(self, scheme: str, raw: str, kind: str) -> Key | None:
        try:
            if scheme == "google_place_id":
                place = places.normalise(raw)
                if place.warning:
                    self._notes.append(f"google_place_id of this {kind}: {place.warning}")
                return Key(scheme=scheme, value=place.value)
            return Key(
                scheme=scheme, value=instagram.normalise(raw) if scheme == "instagram" else domains.normalise(raw)
            )
        except InvalidInput as error:
            if scheme == "domain":
                # A platform page is a fine website, only no identity.
                self._notes.append(error.message)
            else:
                self._problem(scheme, error)
            return None

    def _weak(self, record: AnyRecord, market: str | None) -> tuple[Key, ...]:
        keys = []
        country = self._legends.markets[market].country if market else None
        emails = [*getattr(record, "emails", ()), getattr(record, "email", None)]
        phones = [*getattr(record, "phones", ()), getattr(record, "phone", None)]
        for scheme, raws in (("email", emails), ("phone", phones)):
            for raw in filter(None, raws):
                try:
                    value = contact.email(raw) if scheme == "email" else contact.phone(raw, country=country)
                    keys.append(Key(scheme=scheme, value=value))
                except InvalidInput as error:
                    self._problem(scheme, error)
        return tuple(keys)

    def _mention_all(self, record: AnyRecord, market: str | None, tenancy: Tenancy) -> int | None:
        """Add the mentions a record makes by its fields; return the venue's index."""
        venue = None
        if isinstance(record, EventRecord):
            if record.venue is not None:
                venue = self._mention("venue", record.venue, tenancy, market)
                self._edges.append(StatedEdge(type="HOSTED_BY", outgoing=True, mention=venue))
            for position, artist in enumerate(record.lineup, start=1):
                index = self._mention("artist", artist, tenancy, None)
                place: tuple[tuple[str, JsonValue], ...] = (("position", position),)
                self._edges.append(StatedEdge(type="PERFORMS_AT", outgoing=False, mention=index, properties=place))
            for promoter in record.promoters:
                index = self._mention("organization", promoter, tenancy, None)
                self._edges.append(StatedEdge(type="PROMOTED_BY", outgoing=True, mention=index))
        if market is not None and not isinstance(record, PersonRecord | BrandRecord):
            self._mentions.append(
                Sighting(
                    kind="market", name=market, source=self._source, observed_at=self._at, mention=True,
                    authorities=(Key(scheme="market", value=market),),
                )
            )  # fmt: skip
            edge = StatedEdge(type="IN_LOCATION", outgoing=True, mention=len(self._mentions) - 1)
            self._edges.append(edge)
        return venue

    def _relations(self, record: AnyRecord, tenancy: Tenancy) -> None:
        for number, relation in enumerate(record.relations):
            try:
                ontology.edge(relation.type, record.kind, relation.target_kind)
            except InvalidInput as error:
                self._problem(f"relations.{number}", error)
                continue
            index = self._mention(relation.target_kind, relation.target, tenancy, None)
            edge = StatedEdge(type=relation.type, outgoing=True, mention=index, confidence=relation.confidence)
            self._edges.append(edge)

    def _mention(self, kind: str, mention: Mention, tenancy: Tenancy, market: str | None) -> int:
        facts = {
            name: clean_text(value) if isinstance(value, str) else value
            for name, value in {
                "city": mention.city, "address": mention.address, "lat": mention.lat, "lng": mention.lng,
                "market": self._legends.find_market(mention.market or mention.city) or market,
            }.items()
            if value is not None and (kind == "venue" or name == "city")
        }  # fmt: skip
        sighting = Sighting(
            kind=kind, name=self._name(mention.name), source=self._source, observed_at=self._at,
            authorities=self._authorities(mention, kind), source_id=mention.source_id or None,
            name_key=_name_key(kind, mention.name, mention.city), facts=facts, mention=True,
            # A mention is public unless the record it stands in is not.
            tenancy=tenancy,
        )  # fmt: skip
        self._mentions.append(sighting)
        return len(self._mentions) - 1

    def _name(self, raw: str) -> str:
        name = clean_text(raw, max_length=300)
        if not name:
            self._problems.append(Problem(field="name", reason="has no visible character"))
        return name

    def _problem(self, field: str, error: InvalidInput) -> None:
        self._problems.append(Problem(field=field, reason=str(error)))


def _name_key(kind: str, name: str, city: str | None) -> str | None:
    """Within one source, the same name (and city, for a venue) is the same thing; an event has its own key."""
    if kind == "event":
        return None
    key = name_key(name)
    if not key:
        return None
    return f"{key}@{name_key(city)}" if kind == "venue" and city else key


def _utc(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
