"""How good the data is: who is known by weak evidence alone, what is missing, what is old."""

from dataclasses import dataclass

from sonik.clock import Clock
from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.types import Scope

SQL = queries("quality")


@dataclass(frozen=True, kw_only=True, slots=True)
class Identities:
    """Entities of a kind; `weakly_known` are those that no authority outside vouches for."""

    kind: str
    entities: int
    weakly_known: int
    without_place: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ComingEvents:
    """Events that are not over, and how many of them lack what people ask for."""

    events: int
    without_venue: int
    without_lineup: int
    without_price: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is told now, by age, and how many entities a single source tells of."""

    facts: int
    month_old: int
    half_year_old: int
    entities: int
    of_one_source: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """All of it."""

    identities: tuple[Identities, ...]
    coming: ComingEvents
    facts: Facts


async def read_quality(postgres: Postgres, *, scope: Scope, clock: Clock) -> Quality:
    """Return figures over what the caller may see."""
    params = {"collection": scope.collection, "now": clock.now()}
    async with postgres.reading(scope) as session:
        identities = await session.fetch(Identities, SQL["identities"], params)
        (coming,) = await session.fetch(ComingEvents, SQL["coming_events"], params)
        (facts,) = await session.fetch(Facts, SQL["facts"], params)
    return Quality(identities=tuple(identities), coming=coming, facts=facts)
