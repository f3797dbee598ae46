"""Link a question to the entities it names: by alias, by identifier, longest name first."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sonik.retrieval.refs import identifiers_in
from sonik.retrieval.understand import Understood, names_in
from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.types import Scope

SQL = queries("retrieval")
# An alias shared by more entities than this says nothing of any of them.
MOST_HOMONYMS = 25


@dataclass(frozen=True, kw_only=True, slots=True)
class Alias:
    """An entity found by one of its names."""

    folded: str
    id: UUID
    entity_type: str
    market: str | None
    starts_at: datetime | None
    until: datetime | None


Named = list[tuple[Alias, float]]


async def find_named(postgres: Postgres, query: str, *, understood: Understood, scope: Scope) -> Named:
    """Return the entities a question names, by alias or identifier, each with 1 / (how many share the name)."""
    phrases, keys = names_in(query), identifiers_in(query)
    if not phrases and not keys:
        return []
    params = {"collection": scope.collection, "schemes": [k.scheme for k in keys], "values": [k.value for k in keys]}
    async with postgres.reading(scope) as session:
        found = await session.fetch(Alias, SQL["by_alias"], {**params, "phrases": phrases})
        if keys:
            found += await session.fetch(Alias, SQL["by_identifier"], params)
    kept = [alias for alias in found if _in_reach(alias, understood)]
    chosen = _longest({alias.folded for alias in kept})
    by_phrase: dict[str, list[Alias]] = defaultdict(list)
    for alias in kept:
        if alias.folded in chosen:
            by_phrase[alias.folded].append(alias)
    groups = [group for group in by_phrase.values() if len(group) <= MOST_HOMONYMS]
    return [(alias, 1.0 / len(group)) for group in groups for alias in group]


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


def _longest(phrases: Iterable[str]) -> set[str]:
    """Keep phrases that are not part of a longer one found."""
    ordered = sorted(phrases, key=len, reverse=True)
    kept: list[str] = []
    for phrase in ordered:
        if not any(f" {phrase} " in f" {longer} " for longer in kept):
            kept.append(phrase)
    return set(kept)
