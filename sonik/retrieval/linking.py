"""Link a question to the entities it names: by alias, by identifier, longest name first."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sonik.identity.names import fold
from sonik.retrieval.refs import identifiers_in
from sonik.retrieval.understand import Understood, names_in
from sonik.sql import queries
from sonik.stores.postgres import Session
from sonik.types import Scope

SQL = queries("retrieval")
# An alias shared by more entities than this says nothing of any of them.
MOST_HOMONYMS = 25


@dataclass(frozen=True, kw_only=True, slots=True)
class Alias:
    """An entity found by one of its names, or by an identifier."""

    folded: str
    id: UUID
    entity_type: str
    market: str | None
    starts_at: datetime | None
    until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Linked:
    """One name in a question, and everybody it may mean."""

    name: str
    entities: tuple[Alias, ...]


Named = tuple[Linked, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Mentions:
    """Everybody known by a phrase of a question, and by an identifier in it."""

    by_name: Sequence[Alias] = field(default=())
    by_identifier: Sequence[Alias] = field(default=())

    @property
    def names(self) -> frozenset[str]:
        """The folded phrases somebody is known by. A market's name is none: it is a filter."""
        known = (*self.by_name, *self.by_identifier)
        return frozenset(fold(alias.folded) for alias in known if alias.entity_type != "market")

    @property
    def market(self) -> str | None:
        """The one market all of them are in, as far as any is: its clock is theirs."""
        markets = {alias.market for alias in (*self.by_name, *self.by_identifier) if alias.market is not None}
        return markets.pop() if len(markets) == 1 else None


async def find_mentions(session: Session, query: str, *, scope: Scope) -> Mentions:
    """Return everybody whose name or identifier stands in a question, as far as the session's caller sees them."""
    phrases, keys = names_in(query), identifiers_in(query)
    if not phrases and not keys:
        return Mentions()
    params = {"collection": scope.collection, "schemes": [k.scheme for k in keys], "values": [k.value for k in keys]}
    by_name = await session.fetch(Alias, SQL["by_alias"], {**params, "phrases": phrases})
    by_identifier = await session.fetch(Alias, SQL["by_identifier"], params) if keys else ()
    return Mentions(by_name=by_name, by_identifier=by_identifier)


def link(mentions: Mentions, understood: Understood) -> Named:
    """Return the names of a question, as it was understood, with everybody in reach of it that each may mean."""
    meant: dict[str, dict[UUID, Alias]] = defaultdict(dict)
    named = [alias for alias in mentions.by_name if alias.folded in understood.names]
    for alias in (*named, *mentions.by_identifier):
        if _in_reach(alias, understood):
            meant[fold(alias.folded)][alias.id] = alias
    local = {name: _local(tuple(entities.values()), understood.market) for name, entities in meant.items()}
    return tuple(
        Linked(name=name, entities=entities) for name, entities in local.items() if len(entities) <= MOST_HOMONYMS
    )


def _local(namesakes: tuple[Alias, ...], market: str | None) -> tuple[Alias, ...]:
    """Keep those of the market asked about and of none, if it has one of that kind: a city tells namesakes apart."""
    at_home = {alias.entity_type for alias in namesakes if market is not None and alias.market == market}
    return tuple(
        alias for alias in namesakes if alias.market in (None, market) or alias.entity_type not in at_home
    )  # fmt: skip


def _in_reach(alias: Alias, understood: Understood) -> bool:
    """A market is a filter, not a seed; an event outside the window is not what is asked for."""
    if alias.entity_type == "market":
        return False
    if alias.entity_type in {"event", "venue"} and understood.market and alias.market not in (None, understood.market):
        return False
    window = understood.window
    if window is None or alias.starts_at is None or alias.until is None:
        return True
    return alias.starts_at < window.end and alias.until > window.start
