"""The legends a record is checked against: markets with their time zones, and genres by any of their names."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sonik.errors import InvalidInput, did_you_mean
from sonik.identity.names import fold
from sonik.sql import queries, seeded
from sonik.stores.postgres import Session

SQL = queries("legends")
FALLBACK_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True, kw_only=True, slots=True)
class Market:
    """A market as the legend has it; degrees for its centre."""

    slug: str
    name: str
    country: str
    timezone: str
    currency: str
    lat: float
    lng: float
    aliases: list[str]

    @property
    def zone(self) -> ZoneInfo:
        """Its time zone."""
        return ZoneInfo(self.timezone)


@dataclass(frozen=True, kw_only=True, slots=True)
class Genre:
    """A genre with its names."""

    code: str
    label_es: str
    label_pt: str
    label_en: str
    aliases: list[str]

    @property
    def names(self) -> set[str]:
        """Every folded name of the genre."""
        return {fold(name) for name in (self.code, self.label_es, self.label_pt, self.label_en, *self.aliases)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Legends:
    """Markets by slug and by folded name; genres by folded name."""

    markets: Mapping[str, Market]
    market_names: Mapping[str, str]
    genres: Mapping[str, str]
    genre_list: tuple[Genre, ...]

    def market(self, name: str, *, field: str = "market") -> Market:
        """Return a market by slug, name or alias.

        Raises:
            InvalidInput: there is no such market.
        """
        slug = self.find_market(name)
        if slug is None:
            raise InvalidInput(
                f"Unknown market '{name[:80]}'.", next_step=did_you_mean(fold(name), list(self.markets)), field=field
            )
        return self.markets[slug]

    def find_market(self, name: str | None) -> str | None:
        """Return the slug of a market named by slug, name or alias, if there is one."""
        return self.market_names.get(fold(name)) if name else None

    def zone(self, slug: str | None) -> ZoneInfo:
        """Return a market's time zone, UTC where the market is unknown."""
        return self.markets[slug].zone if slug is not None and slug in self.markets else FALLBACK_ZONE


async def load_legends(session: Session) -> Legends:
    """Read the legends from truth."""
    markets = await session.fetch(Market, SQL["markets"])
    genres = await session.fetch(Genre, SQL["genres"])
    return _legends(markets, genres)


def shipped_legends() -> Legends:
    """Return the legends that ship with Sonik, for those who work without a database."""
    markets = [Market(**row) for row in seeded("legend_markets")]  # type: ignore[arg-type] # the seed has its types
    return _legends(markets, [Genre(**row) for row in seeded("legend_genres")])  # type: ignore[arg-type]


def _legends(markets: list[Market], genres: list[Genre]) -> Legends:
    names = {fold(name): market.slug for market in markets for name in (market.slug, market.name, *market.aliases)}
    return Legends(
        markets={market.slug: market for market in markets},
        market_names=names,
        genres={name: genre.code for genre in genres for name in genre.names},
        genre_list=tuple(genres),
    )
