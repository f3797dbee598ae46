"""Who a candidate is, settled by the very steps a delivery takes, without writing anything."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from uuid import UUID

from sonik.clock import Clock
from sonik.identity.names import fold
from sonik.identity.resolve import PassedOver, Resolution
from sonik.identity.sighting import Source
from sonik.ingest.batch import Batch
from sonik.ingest.files import Row, to_record
from sonik.ingest.legends import Legends
from sonik.ingest.receipts import Problem, Receipt
from sonik.ingest.upsert import WRITERS
from sonik.sql import queries
from sonik.stores.postgres import Postgres, Session
from sonik.types import JsonObject, Scope

SQL = queries("truth")
SAME_NAME = "Only the name is the same; across sources a name decides nothing."


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A record to be identified, as its source would deliver it; without a source no name of one decides."""

    record: JsonObject
    source: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """An entity, and every source that says anything of it."""

    id: UUID
    name: str
    ref: str
    sources: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunnerUp:
    """The next best entity, and why it is not the one."""

    entity: Known
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Identified:
    """Who a candidate is: `entity` is None where it would be new, `problems` are why it would be refused."""

    entity: Known | None = None
    decided_by: str | None = None
    runner_up: RunnerUp | None = None
    problems: tuple[Problem, ...] = ()


async def identify(
    postgres: Postgres, candidates: Sequence[Candidate], *, scope: Scope, legends: Legends, clock: Clock
) -> list[Identified]:
    """Return who each candidate is, each for itself, as far as the caller may see."""
    async with _session(postgres, scope) as session:
        return [await _identify(session, one, scope=scope, legends=legends, clock=clock) for one in candidates]


def _session(postgres: Postgres, scope: Scope) -> AbstractAsyncContextManager[Session]:
    """Open what decides: a reader sees what it may see; who delivers for the platform would meet everybody."""
    delivers = scope.role in WRITERS and scope.organisation is None
    return postgres.writing() if delivers else postgres.reading(scope)


async def _identify(
    session: Session, candidate: Candidate, *, scope: Scope, legends: Legends, clock: Clock
) -> Identified:
    record = to_record(Row(line=1, content=candidate.record), mapping=None, legends=legends)
    if isinstance(record, Receipt):
        return Identified(problems=record.problems)
    batch = Batch(
        session, source=Source(code=candidate.source), scope=scope, partial=False, legends=legends, now=clock.now()
    )  # fmt: skip
    resolution, refused = await batch.identify(record)
    if resolution is None:
        return Identified(problems=refused.problems if refused else ())
    params = {"collection": scope.collection, "kind": record.kind, "folded": fold(record.name)}
    namesakes = [UUID(str(row["id"])) for row in await session.rows(SQL["namesakes"], params)]
    ids = {resolution.entity_id, *(other.entity_id for other in resolution.passed_over), *namesakes}
    found = {known.id: known for known in await session.fetch(Known, SQL["known_by"], {"ids": list(ids)})}
    return Identified(
        entity=None if resolution.is_new else found.get(resolution.entity_id),
        decided_by=":".join(resolution.decided_by) if resolution.decided_by else None,
        runner_up=_runner_up(resolution, namesakes, found),
    )


def _runner_up(resolution: Resolution, namesakes: Iterable[UUID], found: Mapping[UUID, Known]) -> RunnerUp | None:
    """Return the surest entity that was passed over, else one of the same name."""
    for other in resolution.passed_over:
        if other.entity_id in found and other.entity_id != resolution.entity_id:
            return RunnerUp(entity=found[other.entity_id], why=_why(other))
    for entity_id in namesakes:
        if entity_id in found and entity_id != resolution.entity_id:
            return RunnerUp(entity=found[entity_id], why=SAME_NAME)
    return None


def _why(other: PassedOver) -> str:
    key = ":".join(other.key)
    if other.against is None:
        return f"It has {key}, but belongs to an organisation of its own."
    surer = ":".join(other.against)
    if other.why == "contradicted":
        return f"It has {key}, but another {other.against.scheme} than {surer}, which is surer."
    return f"It has {key}, but {surer} is surer and names another."
