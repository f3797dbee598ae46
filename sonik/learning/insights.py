"""What use tells about the platform: hot paths, blockers, top queries, learned weights, repetition."""

from dataclasses import dataclass

from sonik.clock import Clock
from sonik.learning import blockers, demand, heat
from sonik.learning.blockers import Blocker
from sonik.learning.demand import Repetition, Taught, TopQuery
from sonik.learning.heat import HotPath
from sonik.learning.log import TraversalLog
from sonik.stores.postgres import Postgres
from sonik.types import Scope


@dataclass(frozen=True, kw_only=True, slots=True)
class Insights:
    """Looks at the log up to now; a caller sees what its own organisation asked, those who run Sonik see all."""

    postgres: Postgres
    clock: Clock
    log: TraversalLog

    async def hot_paths(self, *, scope: Scope, limit: int) -> list[HotPath]:
        """Return paths walked far more today than their history leads to expect, as far as was learned from."""
        return await heat.hot_paths(self.postgres, scope=scope, clock=self.clock, limit=limit)

    async def blockers(self, *, scope: Scope, days: int, limit: int) -> list[Blocker]:
        """Return what was asked for and not found, what most wanted first."""
        await self.log.flush()
        return await blockers.blockers(self.postgres, scope=scope, clock=self.clock, days=days, limit=limit)

    async def top_queries(self, *, scope: Scope, days: int, limit: int) -> list[TopQuery]:
        """Return what was asked most."""
        await self.log.flush()
        return await demand.top_queries(self.postgres, scope=scope, clock=self.clock, days=days, limit=limit)

    async def repetition(self, *, scope: Scope, days: int) -> Repetition:
        """Return how much of what is asked was asked before."""
        await self.log.flush()
        return await demand.repetition(self.postgres, scope=scope, clock=self.clock, days=days)

    async def weights(self, *, scope: Scope, limit: int) -> list[Taught]:
        """Return the edges that have learned most."""
        return await demand.most_taught(self.postgres, scope=scope, limit=limit)
