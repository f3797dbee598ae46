"""Paths too hot: walked far more than their own history leads to expect, and whether by a loop, a bot or a trend."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from statistics import median
from typing import Literal
from uuid import UUID

from sonik.clock import Clock
from sonik.learning.trails import NamedEdge, named_edges
from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.types import Scope

SQL = queries("learning")
HISTORY_DAYS = 28
# The modified z-score and its limit are those of Iglewicz and Hoaglin (1993).
MAD_SCALE = 0.6745
HOT = 3.5
FEWEST_WALKS = 20
# Where history does not vary at all, this many walks count as one step of variation.
LEAST_DEVIATION = 1.0
MOSTLY = 0.8
FEW_ACTORS = 3
SPOKEN = 0.01
Cause = Literal["loop", "burst", "trend"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Walks:
    """How often one actor's answers crossed an edge on a day, and how many verdicts they gave."""

    eid: UUID
    day: date
    owner_org: str
    actor: str
    walks: int
    said: float


@dataclass(frozen=True, kw_only=True, slots=True)
class HotPath:
    """Edges that ran hot together on a day: how far above their history, by whom, and what that means."""

    edges: tuple[NamedEdge, ...]
    day: date
    walks: int
    usual: float
    z: float
    actors: int
    organisations: int
    verdict_rate: float
    cause: Cause


async def hot_paths(postgres: Postgres, *, scope: Scope, clock: Clock, limit: int) -> list[HotPath]:
    """Return the paths that are too hot today, the hottest first."""
    today = clock.now().astimezone(UTC).date()
    params = {
        "today": today, "since": today - timedelta(days=HISTORY_DAYS), "fewest": FEWEST_WALKS,
        "collection": scope.collection, "everyones": sees_all(scope), "owner_org": scope.organisation or "",
    }  # fmt: skip
    async with postgres.writing() as session:
        walks = await session.fetch(Walks, SQL["walks"], params)
    named = await named_edges(postgres, {one.eid for one in walks}, scope=scope)
    return find_hot(walks, named, today=today)[:limit]


def find_hot(walks: Iterable[Walks], named: Mapping[UUID, NamedEdge], *, today: date) -> list[HotPath]:
    """Return what is too hot today by the history of each edge; edges walked by the same in equal number are a path."""
    by_edge: dict[UUID, list[Walks]] = defaultdict(list)
    for one in walks:
        if one.eid in named:
            by_edge[one.eid].append(one)
    together: dict[object, list[UUID]] = defaultdict(list)
    for eid, known in by_edge.items():
        if _z(known, today=today) > HOT and _count(known, today) >= FEWEST_WALKS:
            together[frozenset((w.owner_org, w.actor, w.walks) for w in known if w.day == today)].append(eid)
    paths = [_path(eids, by_edge[eids[0]], named, today=today) for eids in together.values()]
    return sorted(paths, key=lambda path: (-path.z, str(path.edges[0])))


def cause_of(today: Sequence[Walks]) -> Cause:
    """Say what drives a hot path: one caller again and again, few or silent ones in bulk, or many who judge."""
    total = sum(one.walks for one in today)
    top_actor = max(_sums(today, lambda one: (one.owner_org, one.actor)).values())
    if top_actor >= MOSTLY * total:
        return "loop"
    top_organisation = max(_sums(today, lambda one: one.owner_org).values())
    actors = len({(one.owner_org, one.actor) for one in today})
    silent = sum(one.said for one in today) < SPOKEN * total
    return "burst" if top_organisation >= MOSTLY * total or actors <= FEW_ACTORS or silent else "trend"


def sees_all(scope: Scope) -> bool:
    """Whether a caller runs Sonik, and not for one organisation only, and so sees what every organisation asked."""
    return scope.role == "staff" or (scope.role == "ops" and scope.organisation is None)


def _path(eids: Sequence[UUID], known: Sequence[Walks], named: Mapping[UUID, NamedEdge], *, today: date) -> HotPath:
    now = [one for one in known if one.day == today]
    walks = sum(one.walks for one in now)
    return HotPath(
        edges=tuple(sorted((named[eid] for eid in eids), key=str)), day=today, walks=walks,
        usual=median(_history(known, today)), z=round(_z(known, today=today), 1),
        actors=len({(one.owner_org, one.actor) for one in now}), organisations=len({one.owner_org for one in now}),
        verdict_rate=round(sum(one.said for one in now) / walks, 3), cause=cause_of(now),
    )  # fmt: skip


def _z(known: Sequence[Walks], *, today: date) -> float:
    """Return the modified z-score of today's walks against the days before: 0.6745 (x - median) / MAD."""
    history = _history(known, today)
    usual = median(history)
    deviation = median(abs(count - usual) for count in history)
    return MAD_SCALE * (_count(known, today) - usual) / max(deviation, LEAST_DEVIATION)


def _history(known: Sequence[Walks], today: date) -> list[int]:
    """Return the walks of each day before today, those included on which nobody came by."""
    counts = _sums([one for one in known if one.day < today], lambda one: one.day)
    return [counts.get(today - timedelta(days=back), 0) for back in range(1, HISTORY_DAYS + 1)]


def _count(known: Iterable[Walks], day: date) -> int:
    return sum(one.walks for one in known if one.day == day)


def _sums(walks: Iterable[Walks], key: Callable[[Walks], object]) -> dict[object, int]:
    sums: dict[object, int] = defaultdict(int)
    for one in walks:
        sums[key(one)] += one.walks
    return sums
