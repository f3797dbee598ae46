"""Cards: what a result shows of an entity, read from truth under row security: the last gate of tenancy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.stores.vectors import TextFilter
from sonik.types import JsonObject, Scope

SQL = queries("retrieval")


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """An entity as a result shows it; times are aware UTC, prices in `currency`."""

    id: UUID
    kind: str
    name: str
    ref: str
    market: str | None
    version: int
    claim_status: str
    canonical_id: str | None
    metadata: JsonObject
    updated_at: datetime
    starts_at: datetime | None
    ends_at: datetime | None
    until: datetime | None
    night: date | None
    timezone: str | None
    status: str | None
    price_min: Decimal | None
    price_max: Decimal | None
    currency: str | None
    is_free: bool | None
    ticket_url: str | None
    genres: list[str]
    address: str | None
    city: str | None
    lat: float | None
    lng: float | None
    capacity: int | None
    venue: str | None
    venue_ref: str | None
    lineup: list[dict[str, str]]
    promoters: list[dict[str, str]]
    sources: list[dict[str, str]]

    @property
    def local_start(self) -> datetime | None:
        """When it starts, on the market's clock."""
        if self.starts_at is None or self.timezone is None:
            return None
        return self.starts_at.astimezone(ZoneInfo(self.timezone))

    @property
    def all_day(self) -> bool:
        """Whether it has a day but no hour."""
        return self.metadata.get("all_day") is True


async def read_cards(postgres: Postgres, ids: Sequence[str], *, scope: Scope) -> dict[str, Card]:
    """Return the cards this caller may see, by id."""
    if not ids:
        return {}
    async with postgres.reading(scope) as session:
        cards = await session.fetch(Card, SQL["cards"], {"ids": [UUID(key) for key in ids]})
    return {str(card.id): card for card in cards}


def fitting(cards: Iterable[Card], where: TextFilter, *, is_free: bool | None = None) -> list[Card]:
    """Keep the cards that meet the filter: the graph reaches events that no text search has checked."""
    return [card for card in cards if card.kind != "event" or _event_fits(card, where, is_free=is_free)]


def _event_fits(card: Card, where: TextFilter, *, is_free: bool | None) -> bool:
    window = where.window
    if window and (not card.starts_at or not card.until or card.starts_at >= window.end or card.until <= window.start):
        return False
    if where.market and card.market != where.market:
        return False
    if where.genres and not set(where.genres) & set(card.genres):
        return False
    return _price_fits(card, where.price_max, is_free=is_free)


def _price_fits(card: Card, price_max: float | None, *, is_free: bool | None) -> bool:
    price = Decimal(0) if card.is_free and card.price_min is None else card.price_min
    if is_free and price != 0:
        return False
    return price_max is None or (price is not None and price <= Decimal(str(price_max)))
