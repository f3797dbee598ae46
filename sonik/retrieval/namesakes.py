"""Doubles of one name in a ranking: whoever is only mentioned gives its place to the one that is told of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.types import Scope, WalkedEdge

SQL = queries("retrieval")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Namesake:
    """An entity that is only mentioned, and one of its name that so many sources tell of, in a market."""

    mentioned: UUID
    told: UUID
    market: str | None
    sources: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Namesakes:
    """Those of one name that records tell of, best known first; `is_plain`: all are of one market."""

    told: tuple[str, ...]
    is_plain: bool


async def read_namesakes(postgres: Postgres, ids: Sequence[str], *, scope: Scope) -> dict[str, Namesakes]:
    """Return, of those entities that are only mentioned, their namesakes that records tell of, best known first."""
    if not ids:
        return {}
    async with postgres.reading(scope) as session:
        rows = await session.fetch(_Namesake, SQL["namesakes"], {"ids": [UUID(key) for key in ids]})
    found: dict[str, list[_Namesake]] = {}
    for row in rows:
        found.setdefault(str(row.mentioned), []).append(row)
    return {
        mentioned: Namesakes(
            told=tuple(str(row.told) for row in several), is_plain=len({row.market for row in several}) == 1
        )
        for mentioned, several in found.items()
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Doubles:
    """An order in which those only mentioned stand last, and whom each namesake that took a place stands for."""

    ordered: tuple[str, ...]
    stands_for: Mapping[str, str]

    def those_of(self, key: str) -> tuple[str, ...]:
        """Return an entity, and the one it stands for if it does."""
        return (key, self.stands_for[key]) if key in self.stands_for else (key,)

    def led(
        self, ways: Mapping[str, tuple[WalkedEdge, ...]], shown: Sequence[str]
    ) -> dict[str, tuple[WalkedEdge, ...]]:
        """Return the way to each that is shown: its own, else the way to whom it stands for."""
        return {key: next((ways[one] for one in self.those_of(key) if one in ways), ()) for key in shown}


def best_known_first(ordered: Sequence[str], namesakes: Mapping[str, Namesakes]) -> Doubles:
    """Put those that are only mentioned last, and a namesake of each in its place.

    Nothing says that they are one, so nobody is left out. Of several namesakes the best known counts that is in the
    order already; one that is not takes a place only where no other city has one.
    """
    known = set(ordered)
    stands_for: dict[str, str] = {}
    front: dict[str, None] = {}
    back: list[str] = []
    for key in ordered:
        namesake = _chosen(namesakes[key], known) if key in namesakes else None
        if namesake is None:
            front[key] = None
        else:
            front.setdefault(namesake)
            stands_for.setdefault(namesake, key)
            back.append(key)
    return Doubles(ordered=(*front, *back), stands_for=stands_for)


def _chosen(namesakes: Namesakes, known: set[str]) -> str | None:
    best = next((key for key in namesakes.told if key in known), None)
    return best or (namesakes.told[0] if namesakes.is_plain else None)
