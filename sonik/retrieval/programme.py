"""What is on, from truth, in the order people plan an evening: everything of a window, or what is around somebody."""

from dataclasses import dataclass
from datetime import datetime

from sonik.retrieval.cards import Outline, fitting
from sonik.retrieval.linking import Named
from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.stores.texts import TextFilter
from sonik.types import Scope, Window

SQL = queries("retrieval")
LISTED = 100
# Who hosts more than this in a window is asked for by the day.
AROUND = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Around(Outline):
    """An event around named entities, and how many of the names it belongs to."""

    names: int


def listing_params(
    where: TextFilter, *, scope: Scope, now: datetime, is_free: bool | None = None, limit: int = LISTED,
    offset: int = 0, sort: str = "time", with_cancelled: bool = False,
) -> dict[str, object]:  # fmt: skip
    """Return the parameters of the listing query."""
    window = where.window or Window(start=now, end=now)
    near = where.near
    return {
        "collection": scope.collection, "start": window.start, "end": window.end, "now": min(now, window.end),
        "market": where.market, "genres": list(where.genres) or None, "price_max": where.price_max,
        "free": True if is_free else None, "lat": near.lat if near else None, "lng": near.lng if near else None,
        "km": near.km if near else None, "with_cancelled": with_cancelled, "sort": sort, "limit": limit,
        "offset": offset,
    }  # fmt: skip


async def listed(
    postgres: Postgres, where: TextFilter, *, scope: Scope, now: datetime, is_free: bool | None, limit: int
) -> tuple[str, ...]:
    """Return the ids of the events that meet a filter, in order of time."""
    params = listing_params(where, scope=scope, now=now, is_free=is_free, limit=max(LISTED, limit))
    async with postgres.reading(scope) as session:
        rows = await session.rows(SQL["listing"], params)
    return tuple(str(row["id"]) for row in rows)


async def around(
    postgres: Postgres, named: Named, where: TextFilter, *, scope: Scope, now: datetime, is_free: bool | None
) -> tuple[str, ...]:
    """Return the ids of the events of those a question names, in order of time: of all the names, if there are such.

    An event that is named itself counts also when it is cancelled.
    """
    window = where.window or Window(start=now, end=now)
    pairs = [(entity.id, place) for place, linked in enumerate(named) for entity in linked.entities]
    params = {
        "ids": [entity_id for entity_id, _ in pairs], "places": [place for _, place in pairs],
        "start": window.start, "end": window.end, "now": min(now, window.end), "limit": AROUND,
    }  # fmt: skip
    async with postgres.reading(scope) as session:
        found = await session.fetch(_Around, SQL["events_around"], params)
    outlines = {str(event.id): event for event in found}
    kept = fitting(tuple(outlines), outlines, where, is_free=is_free, named=())
    most = max((outlines[key].names for key in kept), default=0)
    return tuple(key for key in kept if outlines[key].names == most)
