"""A question as asked, and as it is read: slots from words and arguments, the lens, and the filter they make."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from sonik.clock import Clock
from sonik.errors import InvalidInput, did_you_mean
from sonik.identity.names import fold
from sonik.ontology import SEARCHABLE_KINDS, vertex
from sonik.retrieval.lenses import Lens, lens
from sonik.retrieval.linking import Mentions, Named, link
from sonik.retrieval.places import zone_of
from sonik.retrieval.understand import Understood, parse_when, understand
from sonik.retrieval.vocabulary import Vocabulary
from sonik.stores.texts import TextFilter
from sonik.types import JsonObject, Near, Scope, Window

LONGEST_QUERY = 2_000
FAR_FUTURE = datetime(9999, 12, 31, tzinfo=UTC)
# A market touches everything in it: it is a filter, not an answer.
HIDDEN_KINDS = frozenset({"market"})
# Whom the events of somebody lead to.
LED_TO = frozenset({"artist", "venue", "organization"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A search as asked; what is given here overrules what the words say."""

    query: str
    kinds: tuple[str, ...] = ()
    market: str | None = None
    when: str | None = None
    near: Near | None = None
    lens: str | None = None
    limit: int = 8
    offset: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A question as read. `reach` is the span events must touch: the one asked for, else all that is to come.

    `is_programme`: events in order of time answer it, or whoever they lead to; there is nothing to search for.
    `reads_texts`: there are words to search for beside the names it is about.
    """

    text: str
    understood: Understood
    lens: Lens
    kinds: tuple[str, ...]
    reach: Window
    named: Named = ()
    is_programme: bool = False
    reads_texts: bool = True
    dropped: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What is searched for: what names or describes the thing, else its genres, else the whole question."""
        return self.understood.content or " ".join(self.understood.genres) or self.text

    @property
    def timed(self) -> bool:
        """Whether a span of time was asked for: then only what is on in it counts."""
        return self.understood.window is not None

    @property
    def is_for_others(self) -> bool:
        """Whether those are asked for who are beside somebody, and not that one too."""
        return self.is_programme and self.understood.shares_bill

    @property
    def seed_kinds(self) -> tuple[str, ...]:
        """The kinds looked for first: who plays tonight is found through what is on tonight."""
        return tuple(dict.fromkeys((*self.kinds, "event"))) if self.timed else self.kinds

    def where(self, scope: Scope) -> TextFilter:
        """Return the filter of every text search for this question."""
        understood = self.understood
        return TextFilter(
            scope=scope, kinds=self.seed_kinds, graphs=tuple(self.lens.graphs), market=understood.market,
            window=self.reach, genres=understood.genres, near=understood.near,
            price_max=None if understood.price_max is None else float(understood.price_max),
        )  # fmt: skip

    def loosened(self) -> Iterator["Asked"]:
        """Yield this question, then versions that ask for less, for when nothing is found."""
        yield self
        looser = self
        if self.understood.genres:
            open_genres = replace(self.understood, genres=())
            looser = replace(self, understood=open_genres, dropped=self.understood.genres)
            yield looser
        window = self.understood.window
        if window is not None:
            open_end = replace(looser.understood, window=None)
            reach = Window(start=window.start, end=FAR_FUTURE)
            dropped = (*looser.dropped, window.label or "when")
            looser = replace(looser, understood=open_end, reach=reach, dropped=dropped)
            yield looser
        if self.is_programme and self.named:
            # They have nothing on at all: then they themselves are the answer.
            looser = replace(looser, is_programme=False)
            yield looser
        if not self.reads_texts:
            yield replace(looser, reads_texts=True)

    def version(self, index: int) -> "Asked":
        """Return the version of this question that was loosened so often; the last there is, at most."""
        versions = tuple(self.loosened())
        return versions[min(index, len(versions) - 1)]


def checked(question: Question) -> str:
    """Return the words of a question.

    Raises:
        InvalidInput: it has no words or too many.
    """
    text = question.query.strip()
    if not fold(text):
        step = "Ask for a place, an artist or a night."
        raise InvalidInput("The query has no words.", next_step=step, field="query")
    if len(text) > LONGEST_QUERY:
        message = f"The query has {len(text):,} characters; {LONGEST_QUERY:,} is the most."
        raise InvalidInput(message, next_step="Shorten it to the question itself.", field="query")
    return text


def read_question(
    question: Question, mentions: Mentions, *, vocabulary: Vocabulary, clock: Clock, default_market: str | None
) -> Asked:
    """Read a question in the light of everybody its words may mention.

    Raises:
        InvalidInput: it has no words or too many, or one of its arguments is unknown.
    """
    text = checked(question)
    market = vocabulary.market(question.market).slug if question.market else None
    understood = understand(
        text, vocabulary=vocabulary, clock=clock, default_market=market or default_market, names=mentions.names,
        told_by=mentions.market,
    )  # fmt: skip
    if market is not None:
        understood = replace(understood, market=market)
    if question.near is not None:
        understood = replace(understood, near=question.near, market=market)
    if question.when:
        zone = zone_of(understood.market or mentions.market, question.near, vocabulary)
        understood = replace(understood, window=parse_when(question.when, zone=zone, clock=clock))
    through = lens(question.lens)
    named = link(mentions, understood)
    kinds = _kinds(question, understood, through, named)
    return Asked(
        text=text, understood=understood, lens=through, kinds=kinds, named=named,
        reach=understood.window or Window(start=clock.now(), end=FAR_FUTURE),
        is_programme="operations" in through.graphs and _is_programme(understood, kinds, named),
        reads_texts=bool(understood.rest or understood.genres or not named),
    )  # fmt: skip


class Reader(Protocol):
    """How questions are read."""

    def __call__(
        self, question: Question, mentions: Mentions, *, vocabulary: Vocabulary, clock: Clock,
        default_market: str | None,
    ) -> Asked:  # fmt: skip
        """Read a question in the light of everybody its words may mention."""


def read_plainly(
    question: Question, mentions: Mentions, *, vocabulary: Vocabulary, clock: Clock, default_market: str | None
) -> Asked:
    """Read nothing but the language of a question: all its words are searched for.

    Raises:
        InvalidInput: as `read_question` does.
    """
    del mentions
    text = checked(question)
    read = understand(text, vocabulary=vocabulary, clock=clock, default_market=default_market)
    through = lens(question.lens)
    understood = Understood(
        language=read.language, market=None, window=None, near=None, price_max=None, currency=None, is_free=None,
        kinds=(), genres=(), content=text, names=(), rest=text, intent="open",
    )  # fmt: skip
    return Asked(
        text=text, understood=understood, lens=through, kinds=_kinds(question, understood, through, ()),
        reach=Window(start=clock.now(), end=FAR_FUTURE),
    )  # fmt: skip


def describe(understood: Understood) -> JsonObject:
    """Return what was understood as plain data, without empty slots."""
    window = understood.window
    full: JsonObject = {
        "language": understood.language,
        "market": understood.market,
        "when": (window.label or None) if window else None,
        "from": window.start.isoformat() if window else None,
        "to": window.end.isoformat() if window else None,
        "kinds": list(understood.kinds),
        "genres": list(understood.genres),
        "price_max": float(understood.price_max) if understood.price_max is not None else None,
        "currency": understood.currency if understood.price_max is not None else None,
        "is_free": understood.is_free,
        "intent": understood.intent,
    }
    return {name: value for name, value in full.items() if value not in (None, [])}


def _kinds(question: Question, understood: Understood, through: Lens, named: Named) -> tuple[str, ...]:
    for kind in question.kinds:
        if kind not in SEARCHABLE_KINDS:
            hint = did_you_mean(kind, list(SEARCHABLE_KINDS))
            raise InvalidInput(f"Unknown kind '{kind[:40]}'.", next_step=hint, field="kinds")
    asked = question.kinds or understood.kinds
    if not asked and (_narrows_events(understood) or _names_a_series(named)):
        asked = ("event",)
    every = tuple(k for k in SEARCHABLE_KINDS if vertex(k).graph in through.graphs and k not in HIDDEN_KINDS)
    return tuple(dict.fromkeys(asked)) or every


def _narrows_events(understood: Understood) -> bool:
    """Whether a time or a price is asked for, which only events have."""
    return understood.window is not None or understood.price_max is not None or bool(understood.is_free)


def _names_a_series(named: Named) -> bool:
    """Whether the only ones named are several events of one name."""
    return len(named) == 1 and len(named[0].entities) > 1 and _kinds_of(named) == {"event"}


def _kinds_of(named: Named) -> set[str]:
    return {entity.entity_type for linked in named for entity in linked.entities}


def _is_programme(understood: Understood, kinds: tuple[str, ...], named: Named) -> bool:
    """Whether events in order of time are the answer or the way to it ("quién toca hoy", "dónde toca Nébula")."""
    if understood.rest:
        return False
    others = understood.shares_bill or _kinds_of(named).isdisjoint(kinds)
    led_to = bool(named) and LED_TO.issuperset(kinds) and others
    return understood.window is not None or kinds == ("event",) or led_to
