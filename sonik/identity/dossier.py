"""Everything known of one entity while a batch is taken in: facts by source, the winner by trust, what changed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sonik.identity.names import fold, slugify
from sonik.identity.sighting import MENTION_CONFIDENCE, Sighting
from sonik.truth.rows import AliasRow, EntityRow, FactRow, Record, Tenancy, widest
from sonik.types import JsonObject, JsonValue

# Winning values that live in columns of an extension table; all others live in the entity's metadata.
COLUMNS: dict[str, tuple[str, ...]] = {
    "venue": ("address", "city", "lat", "lng", "capacity", "genres"),
    "artist": ("city", "genres"),
    "organization": ("org_type", "city"),
    "person": ("person_type",),
    "brand": (),
    "event": (
        "starts_at", "ends_at", "status", "genres", "price_min", "price_max", "currency", "is_free", "ticket_url",
    ),
}  # fmt: skip
# These mean nothing apart: a price of one source in the currency of another would be a wrong price.
_WHOLES = (
    ("starts_at", "ends_at", "all_day"),
    ("price_min", "price_max", "currency", "is_free"),
    ("lat", "lng"),
)
TOGETHER = {attribute: whole for whole in _WHOLES for attribute in whole}
# Compatibility forms can unfold to eighteen letters each, and an index takes no more than 2,700 bytes.
MAX_FOLDED = 400


@dataclass(kw_only=True, slots=True)
class Fact:
    """One source's word on one attribute; `row_id` is set once it is stored. Nobody changes one: see `TenantRow`."""

    value: JsonValue
    source: str
    trust: int
    confidence: float
    observed_at: datetime
    tenancy: Tenancy
    source_url: str | None = None
    row_id: int | None = None


def _rank(fact: Fact) -> tuple[bool, int, float, datetime, str]:
    """The trust rule: a record before a mention, then more trusted, surer, newer; a draw goes by the source's name."""
    return (fact.confidence > MENTION_CONFIDENCE, fact.trust, fact.confidence, fact.observed_at, fact.source)


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldChange:
    """A fact that changed: the value before, the value now, and whether it is the one people see."""

    attribute: str
    before: JsonValue
    after: JsonValue
    wins: bool


@dataclass(kw_only=True, slots=True)
class Dossier:
    """One entity under change. `tenancy` follows its sources: who may read the widest of them may read the entity.

    What people see of it is drawn only from facts that all of them may read.
    """

    id: UUID
    kind: str
    tenancy: Tenancy
    row: EntityRow | None = None
    slug: str = ""
    facts: dict[str, dict[str, Fact]] = field(default_factory=dict)
    aliases: dict[str, Tenancy] = field(default_factory=dict)
    closed_facts: list[int] = field(default_factory=list)
    new_facts: dict[tuple[str, str], Fact] = field(default_factory=dict)
    new_aliases: dict[str, Record] = field(default_factory=dict)
    touched: bool = False

    def load_fact(self, row: FactRow) -> None:
        """Take in a stored fact."""
        self.facts.setdefault(row.attribute, {})[row.source] = Fact(
            value=row.value, source=row.source, trust=row.trust, confidence=row.confidence,
            observed_at=row.observed_at, tenancy=row.tenancy, row_id=row.id,
        )  # fmt: skip

    def load_alias(self, row: AliasRow) -> None:
        """Take in a stored alias."""
        self.aliases[row.folded] = row.tenancy

    def absorb(self, sighting: Sighting, *, outdated: bool = False) -> list[FieldChange]:
        """Take in a sighting; return what changed. An outdated one only tells by which names it goes."""
        if outdated:
            return self._name(sighting)
        said: dict[str, JsonValue] = {"name": sighting.name, **sighting.facts}
        if not self.facts:
            return self._begin(said, sighting)
        stated = [name for name, value in said.items() if self._is_news(name, value, sighting)]
        dropped = [] if sighting.mention or sighting.partial else self._unsaid(said, sighting)
        before = {name: self.winner(name) for name in (*stated, *dropped)}
        for name in stated:
            self._state(name, said[name], sighting)
        for name in dropped:
            self._close(name, sighting.source.code)
        if "name" in stated:
            self.follow_sources()
        changes = [self._change(name, before[name], sighting.source.code) for name in stated]
        changes += [self._retraction(name, before[name], sighting.source.code) for name in dropped]
        return changes + self._name(sighting)

    def _begin(self, said: dict[str, JsonValue], sighting: Sighting) -> list[FieldChange]:
        """Take in the first sighting: there is nothing yet that it could change."""
        self.tenancy = sighting.tenancy
        for name, value in said.items():
            if value is not None:
                self._state(name, value, sighting)
        for alias in (sighting.name, *sighting.aliases):
            self._add_alias(alias, sighting)
        return []

    def _name(self, sighting: Sighting) -> list[FieldChange]:
        """Add the names it goes by."""
        new = [alias for alias in (sighting.name, *sighting.aliases) if self._add_alias(alias, sighting)]
        if not new or self.is_new:
            return []
        return [FieldChange(attribute="aliases", before=None, after=list[JsonValue](new), wins=True)]

    def follow_sources(self) -> None:
        """Take on the widest tenancy of those that speak of the entity; every one of them says its name."""
        names = sorted(self.facts["name"].values(), key=_rank, reverse=True)
        self.tenancy = widest(fact.tenancy for fact in names)

    def winner(self, attribute: str) -> Fact | None:
        """Return the fact that wins an attribute by the trust rule, among those that all its readers may see."""
        own = self.facts.get(attribute, {})
        if len(own) == 1 and attribute not in TOGETHER:
            # So it is with nearly all, and a batch asks for tens of thousands.
            (fact,) = own.values()
            return fact if self.tenancy.reaches(fact.tenancy) else None
        rivals = [
            fact
            for name in TOGETHER.get(attribute, (attribute,))
            for fact in self.facts.get(name, {}).values()
            if self.tenancy.reaches(fact.tenancy)
        ]
        if not rivals:
            return None
        best = max(rivals, key=_rank) if len(rivals) > 1 else rivals[0]
        return own.get(best.source)

    def values(self) -> JsonObject:
        """Return the winning value of every attribute."""
        told = [(name, fact) for name in sorted(self.facts) for fact in self.facts[name].values()]
        if all(fact.source == told[0][1].source and fact.tenancy is self.tenancy for _, fact in told):
            # Nobody contradicts the only one who speaks of it.
            return {name: fact.value for name, fact in told}
        winners = ((name, self.winner(name)) for name in sorted(self.facts))
        return {name: fact.value for name, fact in winners if fact is not None}

    def entity_record(self, values: JsonObject, *, canonical_id: str | None) -> Record:
        """Return the entity's row, with these winning values, as the bulk statements want it."""
        own = {"name", "market", *COLUMNS.get(self.kind, ())}
        record: Record = {
            "id": self.id, "entity_type": self.kind, "slug": self.slug, "canonical_id": canonical_id,
            "version": self.row.version if self.row else None, **tenancy_record(self.tenancy),
        }  # fmt: skip
        if self.row is not None and not self.facts:
            # What it is comes from another room.
            return record | {"name": self.row.name, "market": self.row.market, "metadata": self.row.metadata}
        metadata = {name: value for name, value in values.items() if name not in own}
        return record | {"name": values["name"], "market": values.get("market"), "metadata": metadata}

    def extension_record(self, values: JsonObject) -> Record:
        """Return the row of the kind's own table; an event's derived times are added by its taker."""
        return {"entity_id": self.id, **{name: values.get(name) for name in COLUMNS.get(self.kind, ())}}

    def fact_records(self) -> Iterator[Record]:
        """Yield the new facts as rows: what a source said at once is one."""
        together: dict[tuple[object, ...], tuple[Fact, JsonObject]] = {}
        for (attribute, source), fact in self.new_facts.items():
            likeness = (source, fact.trust, fact.confidence, fact.source_url, id(fact.observed_at), id(fact.tenancy))
            _, said = together.setdefault(likeness, (fact, {}))
            said[attribute] = fact.value
        for fact, said in together.values():
            yield {
                "entity_id": self.id, "said": said, "source": fact.source, "trust": fact.trust,
                "confidence": fact.confidence, "observed_at": fact.observed_at, "source_url": fact.source_url,
                **tenancy_record(fact.tenancy),
            }  # fmt: skip

    def alias_records(self) -> Iterable[Record]:
        """Return the new aliases as rows."""
        return self.new_aliases.values()

    def slug_wishes(self, values: JsonObject, *, suffix: str = "") -> list[str]:
        """Return slugs in order of preference; the last one cannot be taken."""
        base = slugify(f"{values.get('market' if self.kind == 'market' else 'name')} {suffix}")
        return [base, f"{base}-{self.kind}", f"{base}-{self.id.hex[-8:]}"]

    @property
    def is_new(self) -> bool:
        """Whether the entity is not stored yet."""
        return self.row is None

    @property
    def is_made_known(self) -> bool:
        """Whether more may read it than could before."""
        return self.row is not None and widest([self.row.tenancy, self.tenancy]) != self.row.tenancy

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.is_new or self.new_facts or self.closed_facts or self.new_aliases or self.touched)

    def _is_news(self, attribute: str, value: JsonValue, sighting: Sighting) -> bool:
        """Say whether a source's word replaces what it said before; that of a mention or an older record does not."""
        known = self.facts.get(attribute, {}).get(sighting.source.code)
        if value is None or known is None:
            return value is not None
        if sighting.mention:
            # What was only mentioned in private may be mentioned in public.
            return known.confidence <= MENTION_CONFIDENCE and widest([known.tenancy, sighting.tenancy]) != known.tenancy
        if sighting.observed_at < known.observed_at and known.confidence >= sighting.confidence:
            return False
        same = (known.value, known.trust, known.tenancy) == (value, sighting.source.trust, sighting.tenancy)
        return not same or known.confidence < sighting.confidence

    def _unsaid(self, said: dict[str, JsonValue], sighting: Sighting) -> list[str]:
        """Return what a full record takes back: a full record is all that its source says."""
        found = []
        for attribute, by_source in self.facts.items():
            fact = by_source.get(sighting.source.code)
            if fact is None or said.get(attribute) is not None or fact.confidence <= MENTION_CONFIDENCE:
                continue
            if fact.observed_at <= sighting.observed_at:
                found.append(attribute)
        return found

    def _state(self, attribute: str, value: JsonValue, sighting: Sighting) -> None:
        source = sighting.source
        self._close(attribute, source.code)
        fact = Fact(
            value=value, source=source.code, trust=source.trust, confidence=sighting.confidence,
            observed_at=sighting.observed_at, tenancy=sighting.tenancy, source_url=sighting.url,
        )  # fmt: skip
        self.facts.setdefault(attribute, {})[source.code] = self.new_facts[attribute, source.code] = fact

    def _close(self, attribute: str, source: str) -> None:
        known = self.facts.get(attribute, {}).pop(source, None)
        self.new_facts.pop((attribute, source), None)
        if known is not None and known.row_id is not None:
            self.closed_facts.append(known.row_id)

    def _change(self, attribute: str, before: Fact | None, source: str) -> FieldChange:
        fact = self.facts[attribute][source]
        shown = before.value if before else None
        return FieldChange(attribute=attribute, before=shown, after=fact.value, wins=self.winner(attribute) is fact)

    def _retraction(self, attribute: str, before: Fact | None, source: str) -> FieldChange:
        now = self.winner(attribute)
        shown, after = (fact.value if fact else None for fact in (before, now))
        return FieldChange(
            attribute=attribute, before=shown, after=after, wins=before is not None and before.source == source
        )

    def _add_alias(self, alias: str, sighting: Sighting) -> bool:
        """Add a name it goes by, or show a name told in private to those it is now told to."""
        folded = fold(alias)[:MAX_FOLDED].rstrip()
        known = self.aliases.get(folded)
        if not folded or (known is not None and widest([known, sighting.tenancy]) == known):
            return False
        self.aliases[folded] = sighting.tenancy
        row: Record = {"entity_id": self.id, "alias": alias, "folded": folded, "source": sighting.source.code}
        self.new_aliases[folded] = row | tenancy_record(sighting.tenancy)
        return known is None


class Winners(dict[UUID, JsonObject]):
    """The winning values of each dossier, worked out when they are first asked for: after all was absorbed."""

    def __init__(self, dossiers: Mapping[UUID, Dossier]) -> None:
        super().__init__()
        self._dossiers = dossiers

    def __missing__(self, entity_id: UUID) -> JsonObject:
        values = self[entity_id] = self._dossiers[entity_id].values()
        return values


def tenancy_record(tenancy: Tenancy) -> Record:
    """Return a tenancy as columns."""
    return {"collection": tenancy.collection, "owner_org": tenancy.owner_org, "visibility": tenancy.visibility}
