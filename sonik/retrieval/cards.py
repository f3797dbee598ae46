"""Cards: what a result shows of an entity, read from truth under row security: the last gate of tenancy."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import asin, cos, radians, sin, sqrt
from uuid import UUID
from zoneinfo import ZoneInfo

from sonik.sql import queries
from sonik.stores.postgres import Postgres, Session
from sonik.stores.texts import TextFilter
from sonik.types import JsonObject, Near, Scope, WalkedEdge, Window

SQL = queries("retrieval")
EARTH_KM = 6371.0


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
        return await cards_of(session, ids)


async def cards_of(session: Session, ids: Sequence[str]) -> dict[str, Card]:
    """Return the cards that a caller's session sees, by id."""
    cards = await session.fetch(Card, SQL["cards"], {"ids": [UUID(key) for key in ids]})
    return {str(card.id): card for card in cards}


async def edges_seen(session: Session, ways: Iterable[Iterable[WalkedEdge]]) -> frozenset[str]:
    """Return the ids of those edges along some ways that a caller's session sees: a graph may be behind."""
    eids = {edge.eid for way in ways for edge in way}
    rows = await session.rows(SQL["edges_seen"], {"eids": [UUID(eid) for eid in eids]}) if eids else ()
    return frozenset(str(row["eid"]) for row in rows)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outline:
    """As much of an entity as its filters need."""

    id: UUID
    kind: str
    market: str | None
    starts_at: datetime | None
    until: datetime | None
    price_min: Decimal | None
    is_free: bool | None
    genres: list[str]
    lat: float | None
    lng: float | None


async def read_outlines(postgres: Postgres, ids: Sequence[str], *, scope: Scope) -> dict[str, Outline]:
    """Return the outlines of those entities that this caller may see, by id."""
    if not ids:
        return {}
    async with postgres.reading(scope) as session:
        outlines = await session.fetch(Outline, SQL["outlines"], {"ids": [UUID(key) for key in ids]})
    return {str(outline.id): outline for outline in outlines}


def fitting(
    ordered: Sequence[str], outlines: Mapping[str, Outline], where: TextFilter, *, is_free: bool | None,
    named: Collection[str],
) -> list[str]:  # fmt: skip
    """Keep, in order, what meets the filter: the graph reaches events that no text search has checked.

    An event that the question names outright is kept whenever it is or was.
    """
    return [
        key for key in ordered if key in outlines and (key in named or _fits(outlines[key], where, is_free=is_free))
    ]


def _fits(outline: Outline, where: TextFilter, *, is_free: bool | None) -> bool:
    if where.market and outline.kind in {"event", "venue"} and outline.market != where.market:
        return False
    if outline.kind != "event":
        return True
    window = where.window
    if window and (not outline.starts_at or not outline.until):
        return False
    if window and outline.starts_at and outline.until and not _overlaps(outline.starts_at, outline.until, window):
        return False
    if where.genres and not set(where.genres) & set(outline.genres):
        return False
    if where.near and not _within(outline, where.near):
        return False
    return _price_fits(outline, where.price_max, is_free=is_free)


def _overlaps(starts_at: datetime, until: datetime, window: Window) -> bool:
    return starts_at < window.end and until > window.start


def _within(outline: Outline, near: Near) -> bool:
    if outline.lat is None or outline.lng is None:
        return False
    return kilometres(near.lat, near.lng, outline.lat, outline.lng) <= near.km


def kilometres(lat: float, lng: float, other_lat: float, other_lng: float) -> float:
    """Return the great-circle distance of two places in degrees (haversine, Earth radius 6,371 km)."""
    a, b = radians(lat), radians(other_lat)
    half = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(other_lng - lng) / 2) ** 2
    return 2 * EARTH_KM * asin(min(1.0, sqrt(half)))


def _price_fits(outline: Outline, price_max: float | None, *, is_free: bool | None) -> bool:
    price = Decimal(0) if outline.is_free and outline.price_min is None else outline.price_min
    if is_free and price != 0:
        return False
    return price_max is None or (price is not None and price <= Decimal(str(price_max)))
