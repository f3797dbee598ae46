"""One entity, whole: its card, its neighbours, its coming events, and who says what of it, now or as of a moment."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from sonik.clock import Clock
from sonik.errors import InvalidInput, NotFound, did_you_mean
from sonik.retrieval.cards import Card, cards_of, read_cards
from sonik.retrieval.past import Past
from sonik.retrieval.question import FAR_FUTURE
from sonik.retrieval.refs import find_ref
from sonik.retrieval.trace import new_trace_id
from sonik.sql import queries
from sonik.stores.postgres import Postgres, Session
from sonik.types import JsonValue, Role, Scope

SQL = queries("retrieval")
Section = Literal["relations", "events", "sources", "claim", "history", "article_uses"]
SECTIONS: tuple[str, ...] = get_args(Section)
MOST_ROWS = 50
MOST_PAST = 500
# Who is told how many people there were.
COUNTERS: tuple[Role, ...] = ("organizer", "staff")


@dataclass(frozen=True, kw_only=True, slots=True)
class Neighbour:
    """An entity one edge away (events are listed apart)."""

    id: UUID
    type: str
    outgoing: bool
    name: str
    ref: str
    kind: str
    base_weight: float
    confidence: float
    sources: list[str]
    valid_from: datetime
    valid_to: datetime | None
    starts_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ComingEvent:
    """An event of a venue, an artist, a promoter or a campaign."""

    name: str
    ref: str
    starts_at: datetime
    timezone: str
    status: str
    type: str

    @property
    def local_start(self) -> datetime:
        """When it starts, on the market's clock."""
        return self.starts_at.astimezone(ZoneInfo(self.timezone))


@dataclass(frozen=True, kw_only=True, slots=True)
class SourcedFact:
    """What one source says of one attribute."""

    attribute: str
    value: JsonValue
    source: str
    trust: int
    confidence: float
    observed_at: datetime
    valid_from: datetime
    valid_to: datetime | None
    source_url: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PastFact:
    """A value that held once."""

    attribute: str
    value: JsonValue
    source: str
    valid_from: datetime
    valid_to: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Identifier:
    """A current strong identifier."""

    scheme: str
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Audience:
    """How many people did something with an entity: for an organizer at least five, and in fives."""

    type: str
    people: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Portrait:
    """Everything asked for about one entity; `namesakes` share the name that was asked for."""

    trace_id: str
    card: Card
    identifiers: tuple[Identifier, ...]
    relations: tuple[Neighbour, ...] = ()
    audience: tuple[Audience, ...] = ()
    events: tuple[ComingEvent, ...] = ()
    facts: tuple[SourcedFact, ...] = ()
    history: tuple[PastFact, ...] = ()
    namesakes: tuple[Card, ...] = ()
    as_of: datetime | None = None


async def portray(
    postgres: Postgres, ref: str, *, include: Collection[str], scope: Scope, clock: Clock,
    zones: Mapping[str, ZoneInfo],
) -> Portrait:  # fmt: skip
    """Return one entity with the sections asked for; as of a moment all of it is as it was known then.

    Raises:
        InvalidInput: the ref or a section is wrong.
        NotFound: nobody this caller may see has the ref, or nothing was known of it as of the moment.
    """
    for section in include:
        if section not in SECTIONS:
            hint = did_you_mean(section, list(SECTIONS))
            raise InvalidInput(f"Unknown section '{section[:40]}'.", next_step=hint, field="include")
    referent = await find_ref(postgres, ref, scope=scope)
    cards = await read_cards(postgres, [str(referent.id), *map(str, referent.also)], scope=scope)
    if str(referent.id) not in cards:
        raise NotFound(f"Nothing is known as '{ref[:80]}'.", next_step="Find its ref with sonik_search.", field="ref")
    params = {"id": referent.id, "at": scope.as_of or FAR_FUTURE, "now": clock.now(), "limit": MOST_ROWS}
    async with postgres.reading(scope) as session:
        past = Past(session=session, at=scope.as_of, zones=zones) if scope.as_of else None
        if past is not None:
            cards = await past.cards(cards)
            _check_known(cards.get(str(referent.id)), ref, past.at)
        identifiers = await session.fetch(Identifier, SQL["identifiers_shown"], params)
        facts = await session.fetch(SourcedFact, SQL["facts_shown"], params)
        relations = await _relations(session, params, past) if "relations" in include else []
        # Not of a moment: between any two of them somebody may have come.
        counted = "relations" in include and past is None and scope.role in COUNTERS
        audience = await session.fetch(Audience, SQL["audience"], params) if counted else []
        events = await _events(session, params, past) if "events" in include else []
        history = await session.fetch(PastFact, SQL["history_shown"], params) if "history" in include else []
    return Portrait(
        trace_id=new_trace_id(), card=cards[str(referent.id)], identifiers=tuple(identifiers),
        relations=tuple(relations), audience=tuple(audience), events=tuple(events),
        facts=tuple(facts), history=tuple(history),
        namesakes=tuple(cards[str(other)] for other in referent.also if str(other) in cards), as_of=scope.as_of,
    )  # fmt: skip


def _check_known(card: Card | None, ref: str, at: datetime) -> None:
    if card is None:
        raise NotFound(
            f"Nothing was known of '{ref[:80]}' as of {at.isoformat()}.",
            next_step="Ask for a later moment.",
            field="as_of",
        )


async def _relations(session: Session, params: Mapping[str, object], past: Past | None) -> list[Neighbour]:
    relations = await session.fetch(Neighbour, SQL["relations_shown"], params)
    if past is None:
        return relations
    names = await past.names({near.id for near in relations})
    return [replace(near, name=names.get(near.id, near.name)) for near in relations]


async def _events(session: Session, params: Mapping[str, object], past: Past | None) -> list[ComingEvent]:
    if past is None:
        return await session.fetch(ComingEvent, SQL["events_shown"], params)
    rows = await session.rows(SQL["past_events"], {**params, "most": MOST_PAST})
    types = {str(row["id"]): str(row["type"]) for row in rows}
    cards = await past.cards(await cards_of(session, list(types)))
    shown = [_coming(card, types[key]) for key, card in cards.items() if card.until and card.until > past.at]
    return sorted(shown, key=lambda event: (event.starts_at, event.ref))[:MOST_ROWS]


def _coming(card: Card, edge_type: str) -> ComingEvent:
    assert card.starts_at is not None  # noqa: S101 - an event has a start
    return ComingEvent(
        name=card.name, ref=card.ref, starts_at=card.starts_at, timezone=card.timezone or "UTC",
        status=card.status or "", type=edge_type,
    )  # fmt: skip
