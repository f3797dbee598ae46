"""Everything known of one entity while a batch is taken in: facts by source, the winner by trust, what changed."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sonik.identity.names import fold, slugify
from sonik.identity.sighting import MENTION_CONFIDENCE, Sighting, Source
from sonik.truth.rows import EntityRow, FactRow, Record, Tenancy
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One source's word on one attribute; `row_id` is set once it is stored."""

    value: JsonValue
    source: str
    trust: int
    confidence: float
    observed_at: datetime
    source_url: str | None = None
    row_id: int | None = None

    @property
    def rank(self) -> tuple[int, float, datetime, str]:
        """The trust rule: more trusted, then surer, then newer; the name of the source settles a draw."""
        return (self.trust, self.confidence, self.observed_at, self.source)


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldChange:
    """A fact that changed: the value before, the value now, and whether it is the one people see."""

    attribute: str
    before: JsonValue
    after: JsonValue
    wins: bool


@dataclass(kw_only=True, slots=True)
class Dossier:
    """One entity under change."""

    id: UUID
    kind: str
    tenancy: Tenancy
    row: EntityRow | None = None
    slug: str = ""
    facts: dict[tuple[str, str], Fact] = field(default_factory=dict)
    aliases: set[str] = field(default_factory=set)
    closed_facts: list[int] = field(default_factory=list)
    new_facts: dict[tuple[str, str], Fact] = field(default_factory=dict)
    new_aliases: dict[str, tuple[str, str]] = field(default_factory=dict)
    touched: bool = False

    def load_fact(self, row: FactRow) -> None:
        """Take in a stored fact."""
        self.facts[row.attribute, row.source] = Fact(
            value=row.value, source=row.source, trust=row.trust, confidence=row.confidence,
            observed_at=row.observed_at, row_id=row.id,
        )  # fmt: skip

    def absorb(self, sighting: Sighting) -> list[FieldChange]:
        """Take in a sighting; return what changed."""
        changes = []
        for attribute, value in {"name": sighting.name, **sighting.facts}.items():
            change = self._state(attribute, value, sighting)
            if change is not None:
                changes.append(change)
        if not sighting.mention and not sighting.partial:
            changes += self._retract(sighting)
        for alias in (sighting.name, *sighting.aliases):
            self._alias(alias, sighting.source)
        return changes

    def winner(self, attribute: str) -> Fact | None:
        """Return the fact that wins an attribute by the trust rule."""
        rivals = [fact for (name, _), fact in self.facts.items() if name == attribute]
        return max(rivals, key=lambda fact: fact.rank) if rivals else None

    def values(self) -> JsonObject:
        """Return the winning value of every attribute."""
        winners = {name: self.winner(name) for name, _ in self.facts}
        return {name: fact.value for name, fact in sorted(winners.items()) if fact is not None}

    def entity_record(self, *, canonical_id: str | None) -> Record:
        """Return the entity's row as the bulk statements want it."""
        values = self.values()
        own = {"name", "market", *COLUMNS.get(self.kind, ())}
        return {
            "id": self.id, "entity_type": self.kind, "name": values["name"], "slug": self.slug,
            "canonical_id": canonical_id, "market": values.get("market"),
            "metadata": {name: value for name, value in values.items() if name not in own},
            **self._tenancy(),
        }  # fmt: skip

    def extension_record(self) -> Record:
        """Return the row of the kind's own table; an event's derived times are added by its taker."""
        values = self.values()
        return {"entity_id": self.id, **{name: values.get(name) for name in COLUMNS.get(self.kind, ())}}

    def fact_records(self) -> list[Record]:
        """Return the new facts as rows."""
        return [
            {
                "entity_id": self.id, "attribute": attribute, "value": fact.value, "source": fact.source,
                "trust": fact.trust, "confidence": fact.confidence, "observed_at": fact.observed_at,
                "source_url": fact.source_url, **self._tenancy(),
            }
            for (attribute, _), fact in self.new_facts.items()
        ]  # fmt: skip

    def alias_records(self) -> list[Record]:
        """Return the new aliases as rows."""
        return [
            {"entity_id": self.id, "alias": alias, "folded": folded, "source": source, **self._tenancy()}
            for folded, (alias, source) in self.new_aliases.items()
        ]

    def slug_wishes(self, *, suffix: str = "") -> list[str]:
        """Return slugs in order of preference; the last one cannot be taken."""
        name = self.winner("name")
        base = slugify(f"{name.value if name else self.kind} {suffix}")
        return [base, f"{base}-{self.kind}", f"{base}-{self.id.hex[-8:]}"]

    @property
    def is_new(self) -> bool:
        """Whether the entity is not stored yet."""
        return self.row is None

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.is_new or self.new_facts or self.closed_facts or self.new_aliases or self.touched)

    def _state(self, attribute: str, value: JsonValue, sighting: Sighting) -> FieldChange | None:
        key = (attribute, sighting.source.code)
        known = self.facts.get(key)
        if value is None or (known is not None and not _overrules(sighting, known, value)):
            return None
        before = self.winner(attribute)
        if known is not None and known.row_id is not None:
            self.closed_facts.append(known.row_id)
        fact = Fact(
            value=value, source=sighting.source.code, trust=sighting.source.trust, confidence=sighting.confidence,
            observed_at=sighting.observed_at, source_url=sighting.url,
        )  # fmt: skip
        self.facts[key] = self.new_facts[key] = fact
        shown = before.value if before else None
        return FieldChange(attribute=attribute, before=shown, after=value, wins=self.winner(attribute) is fact)

    def _retract(self, sighting: Sighting) -> list[FieldChange]:
        """A full record is all that its source says: what it no longer says is closed."""
        said = {"name", *(name for name, value in sighting.facts.items() if value is not None)}
        changes = []
        for (attribute, source), fact in list(self.facts.items()):
            stale = source == sighting.source.code and attribute not in said and fact.confidence > MENTION_CONFIDENCE
            if stale and fact.observed_at <= sighting.observed_at:
                wins = self.winner(attribute) is fact
                del self.facts[attribute, source]
                self.new_facts.pop((attribute, source), None)
                if fact.row_id is not None:
                    self.closed_facts.append(fact.row_id)
                changes.append(FieldChange(attribute=attribute, before=fact.value, after=None, wins=wins))
        return changes

    def _alias(self, alias: str, source: Source) -> None:
        folded = fold(alias)
        if folded and folded not in self.aliases:
            self.aliases.add(folded)
            self.new_aliases[folded] = (alias, source.code)

    def _tenancy(self) -> Record:
        return {
            "collection": self.tenancy.collection,
            "owner_org": self.tenancy.owner_org,
            "visibility": self.tenancy.visibility,
        }


def _overrules(sighting: Sighting, known: Fact, value: JsonValue) -> bool:
    """Say whether a source's new word replaces its old one: never by a mention, never by an older record."""
    if sighting.mention or sighting.observed_at < known.observed_at:
        return False
    return known.value != value or known.confidence < sighting.confidence
