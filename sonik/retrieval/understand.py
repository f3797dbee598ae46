"""What a question asks, read from its words without a language model: when, where, for how much, what kind, about what.

Each reader takes the words it explains; what no reader took is the content that is searched for.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from sonik.clock import Clock, service_night
from sonik.identity.names import fold
from sonik.ingest.legends import Market as MarketInfo
from sonik.retrieval.calendar_words import BEFORE_UNIT, DAY_PARTS, RELATIVE, UNITS
from sonik.retrieval.days import Today
from sonik.retrieval.kinds import ARTIST, ASKS, hinted_kinds, take_asked_kinds, take_company
from sonik.retrieval.language import language_of, language_of_country
from sonik.retrieval.places import nearest_market, read_near, take_markets
from sonik.retrieval.prices import Cost, take_cost
from sonik.retrieval.vocabulary import Vocabulary
from sonik.retrieval.when import parse_when
from sonik.retrieval.windows import read_timing, window_of
from sonik.retrieval.wording import FUNCTION, Phrases, Sentence, listed, names_in, words_of
from sonik.types import Language, Near, Window

__all__ = ["Intent", "MarketInfo", "Understood", "Vocabulary", "names_in", "parse_when", "understand"]

Intent = Literal["listing", "lookup", "open"]

QUOTED_OR_HANDLE = re.compile(r"@\w{2}|https?://|[\"“«][^\"”»]{2,80}[\"”»]")
LOOKUPS: Phrases[None] = Phrases(
    dict.fromkeys(
        [
            "quien es", "quienes son", "que es", "hablame de", "cuentame de", "informacion de", "informacion sobre",
            "donde queda", "donde esta", "quem e", "o que e", "me fala de", "me fale sobre", "onde fica",
            "who is", "who are", "who s", "what is", "tell me about", "info on", "where is", "details of",
        ]
    )
)  # fmt: skip
RANKING = listed("top mejores melhores best mejor")
SHORT_NAME_WORDS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Understood:
    """What a question asks.

    `kinds` are the entity types asked for (empty: any); `content` is the folded words that name or describe the
    thing itself, `names` the known names among them, and `rest` the words that neither a name nor a genre explains;
    `market` is named or assumed, and None where a circle or several markets take its place. `shares_bill`: those who
    play with somebody are asked for.
    """

    language: Language
    market: str | None
    window: Window | None
    near: Near | None
    price_max: Decimal | None
    currency: str | None
    is_free: bool | None
    kinds: tuple[str, ...]
    genres: tuple[str, ...]
    content: str
    names: tuple[str, ...]
    rest: str
    intent: Intent
    shares_bill: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Subject:
    """What a question is about, once time, place and price are taken."""

    kinds: tuple[str, ...]
    genres: tuple[str, ...]
    content: tuple[int, ...]
    naming: tuple[int, ...]
    shares_bill: bool


def understand(
    query: str, *, vocabulary: Vocabulary, clock: Clock, default_market: str | None, names: Collection[str] = (),
    told_by: str | None = None,
) -> Understood:  # fmt: skip
    """Read a question in Spanish, Portuguese or English against a frozen moment and the legends.

    `names` are folded phrases of the question that somebody is known by. One that stands out as a name is read as
    nothing else: the Friday in "Viernes de Cobre" is no date. "Noche de salsa" stays a night of salsa, whoever is
    called so, unless the whole question is the name. Where no market is named or assumed, times are those of the clock
    of `told_by`, the market of those who are named.

    Raises:
        InvalidInput: the default market is not in the vocabulary.

    """

    def read(known: Sequence[str]) -> Understood:
        return _read(
            query, vocabulary=vocabulary, clock=clock, default_market=default_market, names=known, told_by=told_by
        )

    plain = read(())
    known = _standing_out(query, names, plain) if names else []
    return read(known) if known else plain


def _read(
    query: str, *, vocabulary: Vocabulary, clock: Clock, default_market: str | None, names: Sequence[str],
    told_by: str | None,
) -> Understood:  # fmt: skip
    near, text = read_near(query)
    sentence = Sentence(words_of(text))
    named = _take_names(sentence, names)
    assumed = vocabulary.market(default_market) if default_market is not None else None
    markets = take_markets(sentence, vocabulary, is_known=lambda left, index: _is_known(left, index, vocabulary))
    home = markets[0] if markets else (nearest_market(near, vocabulary) if near else assumed) or assumed
    language = language_of(query, sentence.words, fallback=language_of_country(home.country) if home else "es")
    cost = take_cost(sentence, currency=home.currency if home else None)
    window = _take_window(
        sentence, language=language, zone=vocabulary.zone(home.slug if home else told_by), now=clock.now()
    )
    subject = _take_subject(
        sentence, named, language=language, vocabulary=vocabulary, timed=window is not None
    )  # fmt: skip
    narrowed = bool(markets or near or window or subject.kinds or subject.genres or cost != Cost())
    return Understood(
        language=language,
        market=_market_slot(markets, near, assumed),
        window=window,
        near=near,
        price_max=cost.price_max,
        currency=cost.currency,
        is_free=cost.is_free,
        kinds=subject.kinds,
        genres=subject.genres,
        content=" ".join(sentence.words[index].text for index in subject.content),
        names=tuple(names),
        rest=" ".join(sentence.words[index].text for index in subject.naming if index not in named),
        intent=_intent(query, sentence, subject, narrowed=narrowed),
        shares_bill=subject.shares_bill,
    )


def _standing_out(query: str, names: Collection[str], plain: Understood) -> list[str]:
    """Return the names that are not merely words the question would use anyway; the longest of nested ones."""
    telling, whole = set(plain.rest.split()), fold(query)
    sentence = Sentence(words_of(query))
    asked_by_name = _asks_by_name(query, sentence)
    kept = []
    for name in _longest(names):
        places = [index for start, stop in sentence.spelled(name) for index in range(start, stop)]
        stands_out = asked_by_name or name == whole or not telling.isdisjoint(name.split())
        if places and (stands_out or _is_written_as_name(sentence, places)):
            kept.append(name)
    return kept


def _longest(phrases: Collection[str]) -> list[str]:
    """Keep phrases that are not part of a longer one found."""
    kept: list[str] = []
    for phrase in sorted(phrases, key=len, reverse=True):
        if not any(f" {phrase} " in f" {longer} " for longer in kept):
            kept.append(phrase)
    return kept


def _is_written_as_name(sentence: Sentence, places: Sequence[int]) -> bool:
    """Whether several words are written with a capital inside the question."""
    shouted = all(word.raw.isupper() for word in sentence.words)
    return len(places) > 1 and not shouted and any(sentence.words[index].is_capitalised for index in places if index)


def _take_names(sentence: Sentence, names: Sequence[str]) -> set[int]:
    """Take the words of names, so that no reader explains them; return where they stand."""
    places: set[int] = set()
    found = [place for name in names for place in sentence.spelled(name)]
    for start, stop in sorted(found):
        sentence.take(start, stop)
        inside = set(range(start, stop))
        places |= {index for index in inside if sentence.words[index].text not in FUNCTION} or inside
    return places


def _market_slot(named: Sequence[MarketInfo], near: Near | None, assumed: MarketInfo | None) -> str | None:
    if named:
        return named[0].slug if len(named) == 1 else None
    return assumed.slug if assumed is not None and near is None else None


def _take_window(sentence: Sentence, *, language: Language, zone: ZoneInfo, now: datetime) -> Window | None:
    before = list(sentence.left)
    timing = read_timing(sentence, Today(day=service_night(now, zone), ordinal_weekdays=language == "pt"))
    if timing is None:
        return None
    read = [index for index, text in enumerate(before) if text and not sentence.left[index]]
    return window_of(timing, zone=zone, now=now, label=_label(sentence, read))


def _label(sentence: Sentence, read: list[int]) -> str:
    """Return the words that were read, with the small words between them."""
    shown = set(read)
    for start, stop in pairwise(read):
        if all(sentence.left[index] in FUNCTION for index in range(start + 1, stop)):
            shown.update(range(start, stop))
    return " ".join(sentence.words[index].raw for index in sorted(shown))


def _take_subject(
    sentence: Sentence, named: Collection[int], *, language: Language, vocabulary: Vocabulary, timed: bool
) -> _Subject:
    long_genres = {
        index
        for _, start, stop in sentence.find(vocabulary.genre_phrases)
        for index in range(start, stop)
        if stop - start > 1
    }
    kinds = take_asked_kinds(sentence, language=language, spared=long_genres, named=named, timed=timed)
    # "Junto a la plaza" is a place: company is kept by somebody with a name.
    shares_bill = bool(named) and kinds in ((), (ARTIST,)) and take_company(sentence)
    kinds = (ARTIST,) if shares_bill else kinds
    genres, genre_words = _genres(sentence, vocabulary)
    # "Teatro el domingo" asks for a play, "un teatro" for a house: a genre outweighs a hint.
    hinted, hint_words = hinted_kinds(sentence, spared=genre_words)
    content = {index for index in sentence.unexplained() if not _is_count(sentence.left, index)}.union(named)
    naming = content - genre_words - hint_words
    return _Subject(
        kinds=kinds if kinds or naming else hinted,
        genres=genres,
        content=tuple(sorted(content | genre_words if naming else genre_words)),
        naming=tuple(sorted(naming)),
        shares_bill=shares_bill,
    )


def _genres(sentence: Sentence, vocabulary: Vocabulary) -> tuple[tuple[str, ...], set[int]]:
    """Return the genres a sentence names and where their words stand; in "Teatro Colón" there is none."""
    genres: dict[str, None] = {}
    places: set[int] = set()
    for genre, start, stop in sentence.find(vocabulary.genre_phrases):
        beside = _begins_name(sentence, stop, vocabulary) or _begins_name(sentence, start - 1, vocabulary)
        if sentence.is_name_at(start) and beside:
            continue
        genres[genre] = None
        places.update(range(start, stop))
    return tuple(genres), places


def _is_count(left: Sequence[str], index: int) -> bool:
    """Whether this is the number of "top 10", "las 10 mejores"."""
    beside = (*left[max(0, index - 1) : index], *left[index + 1 : index + 2])
    return left[index].isdecimal() and not RANKING.isdisjoint(beside)


def _begins_name(sentence: Sentence, index: int, vocabulary: Vocabulary) -> bool:
    return sentence.is_name_at(index) and vocabulary.genre_phrases.at(sentence.left, index) is None


def _is_known(left: Sequence[str], index: int, vocabulary: Vocabulary) -> bool:
    """Whether the word at `index` begins a genre, a kind or a time, and so no name."""
    tables = (vocabulary.genre_phrases, vocabulary.market_phrases, ASKS, RELATIVE, DAY_PARTS, UNITS, BEFORE_UNIT)
    return any(phrases.at(left, index) is not None for phrases in tables)


def _intent(query: str, sentence: Sentence, subject: _Subject, *, narrowed: bool) -> Intent:
    if not subject.naming:
        return "listing" if narrowed else "open"
    if _asks_by_name(query, sentence):
        return "lookup"
    capitals = not query.isupper() and any(index and sentence.words[index].is_capitalised for index in subject.naming)
    short = not narrowed and len(subject.naming) <= SHORT_NAME_WORDS
    return "lookup" if capitals or short else "open"


def _asks_by_name(query: str, sentence: Sentence) -> bool:
    """Whether somebody is asked for by name: "quién es …", a handle, a quoted name."""
    texts = [word.text for word in sentence.words]
    return bool(QUOTED_OR_HANDLE.search(query)) or any(LOOKUPS.at(texts, index) for index in range(len(texts)))
