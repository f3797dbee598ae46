"""What an organisation is told of its own: its campaigns and events, and how many people they reached."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from sonik.clock import Clock
from sonik.errors import InvalidInput, NotAllowed
from sonik.learning.log import TraversalLog
from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.types import Scope

SQL = queries("growth")
WEEK_DAYS = 7


@dataclass(frozen=True, kw_only=True, slots=True)
class Campaign:
    """A campaign, the refs of the events it promotes, and how many people converted; None for fewer than are told."""

    id: UUID
    name: str
    ref: str
    channel: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    budget: Decimal | None
    promotes: list[str]
    converted: int | None

    @property
    def cost_per_conversion(self) -> Decimal | None:
        """The budget for each who converted; as people are told in fives, at most that."""
        return self.budget / self.converted if self.budget is not None and self.converted else None


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnEvent:
    """An event, how many people came, bought and shared, and how many answers showed it.

    None stands for fewer than are told.
    """

    id: UUID
    name: str
    ref: str
    starts_at: datetime
    until: datetime
    timezone: str
    status: str
    attended: int | None
    bought: int | None
    shared: int | None
    answers: int | None

    @property
    def local_start(self) -> datetime:
        """When it starts, on the market's clock."""
        return self.starts_at.astimezone(ZoneInfo(self.timezone))


@dataclass(frozen=True, kw_only=True, slots=True)
class Organiser:
    """Looks at what is an organisation's own: an organizer at their organisation's, staff at any's or at all.

    `traces_days` is how long questions are kept: a week of which some are gone is not counted.
    """

    postgres: Postgres
    clock: Clock
    log: TraversalLog
    traces_days: int

    async def campaigns(self, organisation: str | None, *, scope: Scope, days: int, limit: int) -> list[Campaign]:
        """Return campaigns that ran in the last days or are still to, the newest first.

        Raises:
            NotAllowed: the caller is no organizer, or of another organisation.
        """
        params = self._params(organisation, scope=scope, days=days, limit=limit)
        async with self.postgres.reading(scope) as session:
            return await session.fetch(Campaign, SQL["campaigns"], params)

    async def events(self, organisation: str | None, *, scope: Scope, days: int, limit: int) -> list[OwnEvent]:
        """Return events that were on in the last days or are still to be, those to come first.

        Raises:
            NotAllowed: the caller is no organizer, or of another organisation.
        """
        params = self._params(organisation, scope=scope, days=days, limit=limit)
        await self.log.flush()
        async with self.postgres.reading(scope) as session:
            return await session.fetch(OwnEvent, SQL["own_events"], params)

    def _params(self, organisation: str | None, *, scope: Scope, days: int, limit: int) -> dict[str, object]:
        now = self.clock.now()
        counted = min(max(days, WEEK_DAYS), self.traces_days - WEEK_DAYS)
        return {
            "collection": scope.collection, "organisation": whose(organisation, scope=scope), "limit": limit,
            # What staff are told where nobody is counted; to others none is as much as few.
            "least": 0 if scope.role == "staff" else None,
            "now": now, "since": now - timedelta(days=days), "counted_since": now - timedelta(days=counted),
        }  # fmt: skip


def whose(organisation: str | None, *, scope: Scope) -> str | None:
    """Return whose campaigns and events a caller is told of; None for everybody's.

    Raises:
        NotAllowed: the caller is no organizer, or of another organisation.
        InvalidInput: it is an organizer of no organisation.
    """
    if scope.role == "staff":
        return organisation
    if scope.role != "organizer":
        step = "Ask as an organizer, or as staff."
        raise NotAllowed(f"This is not for the role '{scope.role}'.", next_step=step, field="topic")
    if scope.organisation is None:
        step = "Ask with a key or token that names your organisation."
        raise InvalidInput("An organizer acts for an organisation.", next_step=step, field="organisation")
    if organisation not in (None, scope.organisation):
        step = "Leave the organisation out to see your own."
        raise NotAllowed("Only staff ask for another organisation.", next_step=step, field="organisation")
    return scope.organisation
