"""What the database's legends teach the reader of questions: markets and genres, in every language."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from sonik.errors import InvalidInput, did_you_mean
from sonik.identity.names import fold
from sonik.ingest.legends import Market as MarketInfo
from sonik.retrieval.wording import Phrases


@dataclass(frozen=True, kw_only=True, slots=True)
class Vocabulary:
    """Markets, and genre words (a folded label or alias in any language to the genre's code).

    Build it once per legend, not per question: it compiles its phrases.
    """

    markets: tuple[MarketInfo, ...]
    genres: Mapping[str, str]
    market_phrases: Phrases[MarketInfo] = field(init=False, repr=False, compare=False)
    genre_phrases: Phrases[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = {name: market for market in self.markets for name in (*market.aliases, market.slug, market.name)}
        object.__setattr__(self, "market_phrases", Phrases(names))
        object.__setattr__(self, "genre_phrases", Phrases(self.genres))

    def market(self, name: str) -> MarketInfo:
        """Return the market with this slug, name or alias.

        Raises:
            InvalidInput: there is none.

        """
        wanted = fold(name)
        for market in self.markets:
            if wanted in map(fold, (market.slug, market.name, *market.aliases)):
                return market
        hint = did_you_mean(name, [market.slug for market in self.markets])
        raise InvalidInput(f"There is no market '{name[:60]}'.", next_step=hint, field="market")

    def zone(self, slug: str | None) -> ZoneInfo:
        """Return a market's time zone; with no market the one that most markets have."""
        zones = {market.slug: market.timezone for market in self.markets}
        most = Counter(zones.values()).most_common(1)
        return ZoneInfo(zones.get(slug or "", most[0][0] if most else "UTC"))
