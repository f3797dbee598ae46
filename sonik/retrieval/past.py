"""Entities as they were known at a moment: the winners among the facts of then, by the rule that decides today's."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from sonik.identity.dossier import Dossier
from sonik.ingest.legends import FALLBACK_ZONE
from sonik.ingest.schedule import times
from sonik.retrieval.cards import Card
from sonik.sql import queries
from sonik.stores.postgres import Session
from sonik.truth.rows import EntityRow, FactRow
from sonik.types import JsonObject, JsonValue

SQL = queries("retrieval")
TRUTH = queries("truth")
_CARD_FIELDS = {field.name for field in fields(Card)}
_PLACE = ("address", "city", "lat", "lng")
_PRICES = ("price_min", "price_max")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Billing:
    """An edge between an event and its venue, one of its artists or a promoter."""

    src: UUID
    dst: UUID
    type: str
    position: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """A moment as one caller may see it: `session` is the caller's, `zones` are the markets' time zones."""

    session: Session
    at: datetime
    zones: Mapping[str, ZoneInfo]

    async def dossiers(self, ids: Iterable[UUID]) -> dict[UUID, Dossier]:
        """Return what was known of these entities, of those that anything was known of."""
        rows = await self.session.fetch(FactRow, SQL["past_facts"], {"ids": list(ids), "at": self.at})
        found: dict[UUID, Dossier] = {}
        for row in rows:
            dossier = found.setdefault(row.entity_id, Dossier(id=row.entity_id, kind="", tenancy=row.tenancy))
            dossier.load_fact(row)
        named = {key: dossier for key, dossier in found.items() if "name" in dossier.facts}
        for dossier in named.values():
            dossier.follow_sources()
        return named

    async def names(self, ids: Iterable[UUID]) -> dict[UUID, str]:
        """Return what these entities were called."""
        dossiers = await self.dossiers(ids)
        return {key: str(dossier.values()["name"]) for key, dossier in dossiers.items()}

    async def cards(self, cards: Mapping[str, Card]) -> dict[str, Card]:
        """Return today's cards as they would have been then; what was not known yet is left out.

        A market comes from a legend, which has no past.
        """
        dossiers = await self.dossiers(card.id for card in cards.values())
        events = [card.id for card in cards.values() if card.kind == "event" and card.id in dossiers]
        billings = await self.session.fetch(_Billing, SQL["past_programme"], {"ids": events, "at": self.at})
        ends = {end for billing in billings for end in (billing.src, billing.dst)} - set(events)
        around = {row.id: row for row in await self.session.fetch(EntityRow, TRUTH["entities_by_id"], {"ids": [*ends]})}
        guests = await self.dossiers(around)
        by_event: dict[UUID, list[_Billing]] = defaultdict(list)
        for billing in billings:
            by_event[billing.dst if billing.type == "PERFORMS_AT" else billing.src].append(billing)
        past = {}
        for key, card in cards.items():
            if card.id in dossiers:
                dossier = replace(dossiers[card.id], kind=card.kind)
                past[key] = self._card(card, dossier, _Bill(by_event[card.id], around, guests))
            elif card.kind == "market":
                past[key] = card
        return past

    def _card(self, card: Card, dossier: Dossier, bill: "_Bill") -> Card:
        values = dossier.values()
        entity = dossier.entity_record(values, canonical_id=card.canonical_id)
        own = {name: value for name, value in dossier.extension_record(values).items() if name in _CARD_FIELDS}
        own |= {"name": entity["name"], "market": entity["market"], "metadata": entity["metadata"]}
        own |= {
            "sources": _sources(dossier),
            "lineup": bill.names("PERFORMS_AT"),
            "promoters": bill.names("PROMOTED_BY"),
        }
        if "genres" in own:
            own["genres"] = own["genres"] or []
        if card.kind == "event":
            own |= self._event(values, bill)
        return replace(card, **own)  # type: ignore[arg-type] # columns are fields by name

    def _event(self, values: JsonObject, bill: "_Bill") -> dict[str, object]:
        host, place = bill.host()
        market = values.get("market") or place.get("market")
        zone = self.zones.get(str(market), FALLBACK_ZONE)
        prices = {name: Decimal(str(values[name])) if values.get(name) else None for name in _PRICES}
        return {
            **{name: place.get(name) for name in _PLACE}, **times(values, zone), **prices, "market": market,
            "status": values.get("status") or "scheduled", "venue": host and host["name"],
            "venue_ref": host and host["ref"],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Bill:
    """Who was on an event's bill, by what they were called then."""

    billings: Sequence[_Billing]
    around: Mapping[UUID, EntityRow]
    guests: Mapping[UUID, Dossier]

    def names(self, edge_type: str) -> list[dict[str, str]]:
        """Return names and refs, in running order."""
        found = []
        for billing in self.billings:
            guest = billing.src if edge_type == "PERFORMS_AT" else billing.dst
            if billing.type == edge_type and guest in self.around:
                found.append((billing.position is None, billing.position or 0, self._named(guest)))
        return [named for *_, named in sorted(found, key=lambda one: (one[0], one[1], one[2]["name"]))]

    def host(self) -> tuple[dict[str, str] | None, Mapping[str, JsonValue]]:
        """Return the venue by name and ref, and what was known of it."""
        hosts = [b.dst for b in self.billings if b.type == "HOSTED_BY" and b.dst in self.around]
        if not hosts:
            return None, {}
        known = self.guests.get(hosts[0])
        return self._named(hosts[0]), known.values() if known else {}

    def _named(self, entity_id: UUID) -> dict[str, str]:
        row, known = self.around[entity_id], self.guests.get(entity_id)
        return {"name": str(known.values()["name"]) if known else row.name, "ref": row.slug}


def _sources(dossier: Dossier) -> list[dict[str, str]]:
    said = {
        (fact.source, fact.observed_at.date().isoformat())
        for by_source in dossier.facts.values()
        for fact in by_source.values()
    }
    return [{"source": source, "seen": seen} for source, seen in sorted(said)]
