"""Blockers: questions that led nowhere, gathered by what they wanted and ranked by how many wanted it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sonik.clock import Clock
from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.types import JsonObject, Scope

SQL = queries("learning")
MOST_READ = 20_000
REPHRASED_SECONDS = 600
# How many words two questions must share, of all they have, to want the same.
ALIKE = 0.5
EXAMPLES = 3
# Words that say nothing of what is wanted, folded, of the three languages.
IDLE = frozenset(
    """a al com con da das de del do dos e el em en for hay ha in la las los me na nas no nos o of on os para por que
    s se the there to tem um uma un una what where who y""".split()
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A question that led nowhere: it was not met, a verdict says so, or its asker put it otherwise at once."""

    trace_id: str
    at: datetime
    asker: str
    query: str
    words: str
    hits: int
    understood: JsonObject
    verdict: str | None
    next_words: str | None

    @property
    def reason(self) -> str | None:
        """Why it counts; None if it does not."""
        if self.verdict in ("dead_end", "wrong"):
            return "dead_end"
        if self.verdict is not None:
            return None
        if self.hits == 0 or self.understood.get("dropped"):
            return "zero"
        return "abandoned" if self.next_words is not None and self._rephrased(self.next_words) else None

    def _rephrased(self, other: str) -> bool:
        return other != self.words and likeness(content(self.words), content(other)) >= ALIKE


@dataclass(frozen=True, kw_only=True, slots=True)
class Blocker:
    """What many wanted and did not get. `wanted` are slots by name, or the words where there are none."""

    wanted: str
    in_words: bool
    asks: int
    askers: int
    reasons: Mapping[str, int]
    examples: tuple[str, ...]
    last_at: datetime


async def blockers(postgres: Postgres, *, scope: Scope, clock: Clock, days: int, limit: int) -> list[Blocker]:
    """Return what led nowhere in the last days, what most wanted first."""
    params = {
        "since": clock.now() - timedelta(days=days), "collection": scope.collection, "limit": MOST_READ,
        "rephrased_seconds": REPHRASED_SECONDS,
    }  # fmt: skip
    async with postgres.reading(scope) as session:
        found = await session.fetch(Failure, SQL["failures"], params)
    return cluster(found)[:limit]


def cluster(failures: Iterable[Failure]) -> list[Blocker]:
    """Gather failures by the slots they ask for, else by their words; rank by askers, then by asks."""
    counted = [one for one in failures if one.reason is not None]
    by_slots: dict[str, list[Failure]] = defaultdict(list)
    by_words: list[list[Failure]] = []
    for one in sorted(counted, key=lambda one: (one.at, one.trace_id)):
        slots = slots_of(one.understood)
        if slots:
            by_slots[slots].append(one)
        else:
            _join(by_words, one)
    found = [_blocker(slots, members, in_words=False) for slots, members in by_slots.items()]
    found += [_blocker(_common(members), members, in_words=True) for members in by_words]
    return sorted(found, key=lambda blocker: (-blocker.askers, -blocker.asks, blocker.wanted))


def slots_of(understood: JsonObject) -> str:
    """Return what a question asks for as read from it, such as "salsa quito sunday"; empty without genre or time."""
    genres, day = understood.get("genres"), _day(understood)
    if not genres and not day:
        return ""
    market, free = understood.get("market"), "free" if understood.get("is_free") else None
    parts = [*(genres if isinstance(genres, list) else []), market, day, free]
    return " ".join(str(part) for part in parts if part)


def content(words: str) -> frozenset[str]:
    """Return the words of a folded question that say what is wanted."""
    every = words.split()
    return frozenset(word for word in every if word not in IDLE) or frozenset(every)


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the Jaccard likeness of two sets of words."""
    return len(one & other) / len(one | other) if one or other else 0.0


def _day(understood: JsonObject) -> str:
    """Return the weekday of a window that lies within one, else what named the window."""
    start, end = understood.get("from"), understood.get("to")
    if not isinstance(start, str) or not isinstance(end, str):
        return ""
    begins, ends = datetime.fromisoformat(start), datetime.fromisoformat(end)
    if ends - begins <= timedelta(days=1):
        return f"{begins:%A}".lower()
    label = understood.get("when")
    return str(label) if label else f"{begins:%Y-%m-%d} to {ends:%Y-%m-%d}"


def _join(clusters: list[list[Failure]], one: Failure) -> None:
    """Put a failure with those it is most like, or by itself."""
    words = content(one.words)
    best = max(clusters, key=lambda members: likeness(words, content(members[0].words)), default=None)
    if best is not None and likeness(words, content(best[0].words)) >= ALIKE:
        best.append(one)
    else:
        clusters.append([one])


def _common(members: Sequence[Failure]) -> str:
    return Counter(one.words for one in members).most_common(1)[0][0]


def _blocker(wanted: str, members: Sequence[Failure], *, in_words: bool) -> Blocker:
    examples = [query for query, _ in Counter(one.query for one in members).most_common(EXAMPLES)]
    return Blocker(
        wanted=wanted, in_words=in_words, asks=len(members), askers=len({one.asker for one in members}),
        reasons=Counter(str(one.reason) for one in members), examples=tuple(examples),
        last_at=max(one.at for one in members),
    )  # fmt: skip
