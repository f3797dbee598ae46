"""What makes two questions the same question: their slots, and the words beside them.

An answer is a function of what is read here, so questions that agree in all of it share one.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta

from pydantic_core import to_json

from sonik.identity.names import fold
from sonik.retrieval.likeness import beside
from sonik.retrieval.question import Asked, Question
from sonik.retrieval.understand import Understood
from sonik.retrieval.wording import listed
from sonik.stores.cache import SCOPE
from sonik.types import Scope, Window

# What turns a question round; the reader of prices takes "sin cover", nobody takes "sin reggaeton".
NEGATIONS = listed("""
    sin no ni nunca jamas excepto salvo menos tampoco sem nao nem exceto not without never except but nor minus
    anything dont isn doesn
    """)
LESS = re.compile(r"\bmenos (?:de|do|da|que)\b")  # of a price
# Whose changes any answer can change: the names it tells, and documents, which may be asked instead of anything else.
ALWAYS = ("named", "document")
PROGRAMME: Mapping[bool, tuple[str, ...]] = {True: ("event",), False: ()}
# Slots of their own, words, what is only told, and what the others follow from.
TOLD_APART = frozenset(
    listed("""
    language market window near price_max currency is_free kinds content names rest intent genres
    text understood lens reach named dropped
    """)
)
# Arguments that a question's slots already hold.
UNDERSTOOD = frozenset(listed("query kinds market when near lens"))
NIGHT_STARTS = timedelta(hours=11)  # as generation_night has it


@dataclass(frozen=True, kw_only=True, slots=True)
class Slots:
    """A question as the cache knows it.

    `tags` are what a similar question must share, `words` what is searched for beside them; where nothing is searched
    for, there are none. `kinds`, `market`, `first` and `last` say whose changes can change the answer.
    """

    tags: Mapping[str, str]
    words: str
    beside: str
    kinds: tuple[str, ...]
    market: str | None
    first: date
    last: date

    @property
    def key(self) -> str:
        """The name of this very question."""
        return _digest([dict(self.tags), self.words])

    @property
    def is_worded(self) -> bool:
        """Whether there are words beside the names, in which two questions can be alike."""
        return bool(self.words and self.beside)


def slots_of(asked: Asked, question: Question, *, scope: Scope, edge_budget: int) -> Slots:
    """Return what a question shares with every question that has the same answer."""
    understood, near = asked.understood, asked.understood.near
    window, reach = understood.window, asked.reach
    named = sorted(sorted(str(entity.id) for entity in linked.entities) for linked in asked.named)
    text = fold(asked.text)
    negated = text if not NEGATIONS.isdisjoint(LESS.sub(" ", text).split()) else ""
    subject = {
        **_fields(understood, but=TOLD_APART), **_fields(asked, but=TOLD_APART), **_fields(question, but=UNDERSTOOD),
        "named": named, "genres": sorted(understood.genres), "negated": negated, "edge_budget": edge_budget,
    }  # fmt: skip
    return Slots(
        tags={
            SCOPE: _digest([scope.collection, scope.role, scope.organisation]),
            "language": understood.language,
            "market": understood.market or "",
            "window": _span(window),
            "kinds": ",".join(asked.kinds),
            "lens": asked.lens.name,
            "near": f"{near.lat},{near.lng},{near.km}" if near else "",
            "price": _price(asked),
            "subject": _digest(subject),
        },
        # The events of a window are listed, whatever words ask for them.
        words="" if asked.is_programme and not asked.named else fold(asked.words),
        beside=beside(asked.text, content=understood.content, names=understood.names),
        kinds=tuple(dict.fromkeys((*asked.seed_kinds, *PROGRAMME[asked.is_programme], *ALWAYS))),
        market=understood.market,
        first=night_of(reach.start),
        last=night_of(window.end - timedelta(microseconds=1)) if window else date.max,
    )


def _fields(value: Understood | Asked | Question, *, but: frozenset[str]) -> dict[str, object]:
    """Return all fields but some: one that is added makes another question until it is told apart here."""
    return {field.name: getattr(value, field.name) for field in fields(value) if field.name not in but}


def night_of(moment: datetime) -> date:
    """Return the night under which changes at a moment are counted."""
    return (moment.astimezone(UTC) - NIGHT_STARTS).date()


def _span(window: Window | None) -> str:
    return f"{window.start.isoformat()}/{window.end.isoformat()}" if window else ""


def _price(asked: Asked) -> str:
    understood = asked.understood
    return f"{understood.price_max} {understood.currency} {understood.is_free}"


def _digest(value: object) -> str:
    return hashlib.sha256(to_json(value)).hexdigest()[:32]
