"""What is on: events of a window from truth, in the order people plan an evening."""

import hashlib
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sonik.clock import Clock, service_evening, service_night
from sonik.errors import InvalidInput, did_you_mean
from sonik.identity.names import fold
from sonik.learning.log import TraversalLog
from sonik.retrieval.cards import Card, read_cards
from sonik.retrieval.places import zone_of
from sonik.retrieval.programme import listing_params
from sonik.retrieval.trace import Timer, new_trace_id
from sonik.retrieval.understand import Vocabulary, parse_when
from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.stores.texts import TextFilter
from sonik.types import Carried, JsonObject, Near, Scope, Trace, Window

SQL = queries("retrieval")
# As many events of an evening as its resource shows.
EVENING = 50
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What somebody would go to: when, where, which genres, for how much."""

    when: str = "tonight"
    market: str | None = None
    near: Near | None = None
    genres: tuple[str, ...] = ()
    price_max: float | None = None
    sort: Literal["time", "price"] = "time"
    limit: int = 8
    offset: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Programme:
    """The events of a window on some clock: a page of cards, and how many there are in all."""

    cards: tuple[Card, ...]
    total: int
    window: Window
    zone: ZoneInfo
    market: str | None
    trace: Trace


@dataclass(frozen=True, kw_only=True, slots=True)
class Lister:
    """What a listing needs."""

    postgres: Postgres
    vocabulary: Vocabulary
    clock: Clock
    log: TraversalLog
    default_market: str | None = None

    async def whats_on(self, wish: Wish, *, scope: Scope) -> Programme:
        """Return the events of a window.

        Raises:
            InvalidInput: the market, the time or a genre is unknown, or no place was named.
        """
        timer = Timer()
        with timer.step("understand"):
            market = self._market(wish)
            zone = zone_of(market, wish.near, self.vocabulary)
            window = parse_when(wish.when, zone=zone, clock=self.clock)
            if wish.when.strip().lower() == "tonight":
                window = self._tonight(zone)
            where = TextFilter(
                scope=scope, market=market, window=window, genres=self._genres(wish.genres),
                price_max=wish.price_max, near=wish.near,
            )  # fmt: skip
        with timer.step("list") as step:
            ids, total = await self._listed(where, wish, scope=scope)
            step.rows = len(ids)
        with timer.step("hydrate") as step:
            cards = await read_cards(self.postgres, ids, scope=scope)
            step.rows = len(cards)
        shown = tuple(cards[key] for key in ids if key in cards)
        understood: JsonObject = {
            "market": market, "genres": list(where.genres), "when": window.label or None, "price_max": wish.price_max,
            "from": window.start.isoformat(), "to": window.end.isoformat(),
        }  # fmt: skip
        trace = Trace(
            trace_id=new_trace_id(), query=f"what's on {wish.when}", steps=tuple(timer.steps), understood=understood,
            carried=tuple(Carried(id=str(card.id)) for card in shown),
        )  # fmt: skip
        self.log.add(trace, scope=scope, lens="operations", hits=total)
        return Programme(cards=shown, total=total, window=window, zone=zone, market=market, trace=trace)

    async def evening(self, market: str, *, scope: Scope) -> str:
        """Return a digest of tonight in a market as a caller sees it; nobody asked, so nothing is logged.

        Raises:
            InvalidInput: the market is unknown.
        """
        slug = self.vocabulary.market(market).slug
        window = self._tonight(zone_of(slug, None, self.vocabulary))
        where = TextFilter(scope=scope, market=slug, window=window)
        ids, total = await self._listed(where, Wish(limit=EVENING), scope=scope)
        cards = await read_cards(self.postgres, ids, scope=scope)
        # That a source told the same once more is no change.
        seen = [astuple(replace(cards[key], version=0, updated_at=EPOCH)) for key in ids if key in cards]
        return hashlib.sha256(repr((window.start, total, seen)).encode()).hexdigest()

    async def _listed(self, where: TextFilter, wish: Wish, *, scope: Scope) -> tuple[list[str], int]:
        """Return the ids of a page, and how many there are in all."""
        params = listing_params(
            where, scope=scope, now=self.clock.now(), limit=wish.limit, offset=wish.offset, sort=wish.sort
        )
        async with self.postgres.reading(scope) as session:
            rows = await session.rows(SQL["listing"], params)
        return [str(row["id"]) for row in rows], int(str(rows[0]["total"])) if rows else 0

    def _tonight(self, zone: ZoneInfo) -> Window:
        return service_evening(service_night(self.clock.now(), zone), zone, label="tonight")

    def _market(self, wish: Wish) -> str | None:
        if wish.market:
            return self.vocabulary.market(wish.market).slug
        if wish.near is not None:
            return None
        if self.default_market:
            return self.vocabulary.market(self.default_market).slug
        known = ", ".join(market.slug for market in self.vocabulary.markets)
        raise InvalidInput("Where?", next_step=f"Pass a market ({known}) or near.", field="market")

    def _genres(self, genres: tuple[str, ...]) -> tuple[str, ...]:
        codes = []
        for genre in genres:
            code = self.vocabulary.genres.get(fold(genre))
            if code is None:
                hint = did_you_mean(fold(genre), sorted(set(self.vocabulary.genres.values())))
                raise InvalidInput(f"Unknown genre '{genre[:40]}'.", next_step=hint, field="genres")
            codes.append(code)
        return tuple(dict.fromkeys(codes))
