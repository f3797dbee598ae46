"""sonik_resolve: who candidates are, by exact identifiers, before anything is written."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field, WithJsonSchema

from sonik.ingest.identify import Candidate as Sought
from sonik.ingest.identify import Identified, Known
from sonik.ingest.receipts import Problem
from sonik.retrieval.trace import new_trace_id
from sonik.types import JsonObject, Scope
from tools.arguments import DETAILED_TOKENS, Arguments, Listed, Moment, Name, text
from tools.rendering import Rendered, fitted
from tools.results import MOST_LISTED, Result, quoted, shortened

if TYPE_CHECKING:
    from sonik.engine import Engine

MOST = 25
# What a record calls otherwise.
_ARGUMENT_OF = {"starts_at": "when", **{n: f"identifiers.{n}" for n in ("google_place_id", "instagram", "website")}}
Identifier = Annotated[str, text(most=300)]


def _told(names: str) -> WithJsonSchema:
    """Publish the names of an object's fields in a line: a schema of each costs its readers four times as much."""
    return WithJsonSchema({"type": "object", "description": names})


class Identifiers(Arguments):
    """What tells an entity apart; `source` names the system that knows it as `source_id`."""

    google_place_id: Identifier | None = None
    instagram: Identifier | None = None
    website: Identifier | None = None
    source: Name | None = None
    source_id: Identifier | None = None


class Venue(Arguments):
    """Where an event takes place."""

    name: Name
    google_place_id: Identifier | None = None
    instagram: Identifier | None = None
    source_id: Identifier | None = None
    city: Name | None = None


class Candidate(Arguments):
    """Somebody or something by name and identifiers; `when` and `venue` are an event's."""

    kind: Name
    name: Annotated[str, text(least=1, most=300)]
    identifiers: Annotated[Identifiers, _told("google_place_id, instagram, website, source + source_id")] = Field(
        default_factory=Identifiers
    )
    when: Moment | None = None
    venue: Annotated[Venue | None, _told("name, google_place_id, instagram, source_id, city")] = None
    city: Name | None = None

    def sought(self) -> Sought:
        """Return the record a source would deliver of it."""
        own: JsonObject = self.identifiers.model_dump(exclude_none=True, exclude={"source"})
        record: JsonObject = {"kind": self.kind, "name": self.name, **own}
        if self.when is not None:
            record["starts_at"] = self.when.isoformat()
        if self.venue is not None:
            record["venue"] = self.venue.model_dump(exclude_none=True)
        if self.city is not None:
            record["city"] = self.city
        return Sought(record=record, source=self.identifiers.source or "")


class ResolveArguments(Arguments):
    """Arguments of sonik_resolve."""

    candidates: Annotated[list[Candidate], Listed, Field(min_length=1, max_length=MOST)]


class EntityLine(BaseModel):
    """An entity, and every source that knows it."""

    name: str
    ref: str
    sources: list[str]


class RunnerUpLine(EntityLine):
    """The next best entity, and why it lost."""

    why: str


class Resolved(BaseModel):
    """Who a candidate is; without `entity` it would be new, with `problems` refused."""

    name: str
    entity: EntityLine | None = None
    decided_by: str | None = None
    runner_up: RunnerUpLine | None = None
    problems: list[Problem] | None = None


class ResolveResult(Result):
    """One answer per candidate, in order."""

    resolved: list[Resolved]


async def sonik_resolve(engine: "Engine", scope: Scope, arguments: ResolveArguments) -> Rendered[ResolveResult]:
    """Say who candidates are by exact identifiers: what decided, its sources, the runner-up; nothing is written.

    Example: {"candidates": [{"kind": "venue", "name": "Nébula", "identifiers": {"instagram": "@nebula"}}]}.
    """
    identified = await engine.resolve([candidate.sought() for candidate in arguments.candidates], scope=scope)
    pairs = zip(arguments.candidates, identified, strict=True)
    lines = [_line(candidate, one) for candidate, one in pairs]
    result = ResolveResult(trace_id=new_trace_id(), as_of=engine.as_of(scope), resolved=lines)
    return fitted(result, _smaller, budget=DETAILED_TOKENS, text=_text)


def _line(candidate: Candidate, one: Identified) -> Resolved:
    second = one.runner_up
    return Resolved(
        name=shortened(candidate.name), entity=_entity(one.entity) if one.entity else None,
        decided_by=shortened(one.decided_by) if one.decided_by else None,
        runner_up=RunnerUpLine(**_entity(second.entity).model_dump(), why=shortened(second.why, limit=300))
        if second
        else None,
        problems=[replace(it, field=_ARGUMENT_OF.get(it.field, it.field)) for it in one.problems] or None,
    )  # fmt: skip


def _entity(known: Known) -> EntityLine:
    return EntityLine(name=shortened(known.name), ref=known.ref, sources=known.sources[:MOST_LISTED])


def _smaller(result: ResolveResult) -> Iterator[ResolveResult]:
    """Yield the result without who came next, and then with ever fewer answers."""
    lines = [line.model_copy(update={"runner_up": None}) for line in result.resolved]
    yield result.model_copy(update={"resolved": lines, "truncated": True, "notes": ["Cut to fit: runner_up."]})
    for kept in range(len(lines) - 1, 0, -1):
        note = f"Cut to fit: runner_up, and the last {len(lines) - kept}. Ask for fewer at once."
        yield result.model_copy(update={"resolved": lines[:kept], "truncated": True, "notes": [note]})


def _text(result: ResolveResult) -> str:
    return "\n".join(
        f"- {quoted(line.name)}: {f'{line.entity.ref} by {line.decided_by}' if line.entity else 'nobody known'}"
        for line in result.resolved
    )
