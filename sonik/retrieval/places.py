"""Reading where: markets by name, and a circle around coordinates."""

import re
from collections.abc import Callable, Sequence
from math import cos, hypot, radians
from zoneinfo import ZoneInfo

from sonik.ingest.legends import Market
from sonik.retrieval.vocabulary import Vocabulary
from sonik.retrieval.wording import Sentence, listed
from sonik.types import Near

COORDINATES = re.compile(r"(?<![\w.])(-?[0-9]{1,3}\.[0-9]{1,12})\s{0,3}[,;]\s{0,3}(-?[0-9]{1,3}\.[0-9]{1,12})(?![\w.])")
RADIUS = re.compile(
    r"(?<![\w.,])([0-9]{1,5}(?:[.,][0-9]{1,3})?)\s{0,2}(?:(kms?|kil[oóô]metro?s?|kilometers?|quil[oôó]metros?)|metros|m)\b",
    re.IGNORECASE,
)
DEFAULT_KM, SMALLEST_KM, LARGEST_KM = 2.0, 0.05, 100.0
# Beyond this a market's clock and money say nothing about a place.
MARKET_REACH_KM = 150.0
KM_PER_DEGREE = 111.2
PLACE_WORDS = listed("en in em de at a para from around desde hasta ate near of")
# "Me quito" is a verb.
BEFORE_VERBS = listed("me te se yo lo")


def read_near(text: str) -> tuple[Near | None, str]:
    """Return the circle a text names by coordinates, and the text without it."""
    found = COORDINATES.search(text)
    if found is None or abs(float(found[1])) > 90 or abs(float(found[2])) > 180:
        return None, text
    rest = f"{text[: found.start()]} {text[found.end() :]}"
    radius = RADIUS.search(rest)
    km = DEFAULT_KM
    if radius is not None:
        km = float(radius[1].replace(",", ".")) / (1 if radius[2] else 1000)
        rest = f"{rest[: radius.start()]} {rest[radius.end() :]}"
    return Near(lat=float(found[1]), lng=float(found[2]), km=min(max(km, SMALLEST_KM), LARGEST_KM)), rest


def nearest_market(near: Near, vocabulary: Vocabulary) -> Market | None:
    """Return the market whose centre is nearest, within reach."""
    reachable = [market for market in vocabulary.markets if _km(near, market) <= MARKET_REACH_KM]
    return min(reachable, key=lambda market: _km(near, market), default=None)


def zone_of(market: str | None, near: Near | None, vocabulary: Vocabulary) -> ZoneInfo:
    """Return whose clock counts: that of the market, or of the market a circle lies in."""
    around = nearest_market(near, vocabulary) if near and not market else None
    return vocabulary.zone(around.slug if around else market)


def take_markets(
    sentence: Sentence, vocabulary: Vocabulary, *, is_known: Callable[[Sequence[str], int], bool]
) -> tuple[Market, ...]:
    """Read the markets a sentence names, in its order, and take their words.

    A market's name that begins a longer name ("Santiago Cruz") is none; `is_known` tells the words that may follow.
    """
    markets: dict[str, Market] = {}
    for market, start, stop in sentence.find(vocabulary.market_phrases):
        before = sentence.left[start - 1] if start else ""
        longer = sentence.is_name_at(stop) and not is_known(sentence.left, stop) and before not in PLACE_WORDS
        if not longer and before not in BEFORE_VERBS:
            sentence.take(start, stop)
            markets[market.slug] = market
    return tuple(markets.values())


def _km(near: Near, market: Market) -> float:
    east = (market.lng - near.lng + 180) % 360 - 180
    return KM_PER_DEGREE * hypot(market.lat - near.lat, east * cos(radians(near.lat)))
