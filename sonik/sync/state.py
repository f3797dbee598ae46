"""How far every sink is, for people and tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sonik.errors import SonikError
from sonik.sql import queries
from sonik.stores.postgres import Postgres
from sonik.sync.source import Sink
from sonik.truth.rows import Position

SQL = queries("sync")


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """A change that could not be applied, and why."""

    sink: str
    aggregatetype: str
    aggregateid: str
    error: str
    attempts: int
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class SinkState:
    """A sink's cursor, and how many outbox rows it has before it; `age_seconds` is the oldest one's.

    `covered` is how far a crash of its store cannot take it back; where nothing is, it would be filled anew.
    """

    sink: str
    cursor: Position | None
    covered: Position | None
    behind: int
    age_seconds: float
    status: str
    error: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Lag:
    """How far a sink is behind as truth knows it; the sink itself is not asked."""

    sink: str
    status: str
    error: str | None
    rows: int
    age_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Lags:
    """How far every sink is behind, and how many changes none would take."""

    sinks: tuple[Lag, ...]
    dead_letters: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncReport:
    """All sinks and all dead letters."""

    sinks: tuple[SinkState, ...]
    dead_letters: tuple[DeadLetter, ...]


async def read_report(postgres: Postgres, sinks: Sequence[Sink]) -> SyncReport:
    """Return the state of every sink."""
    states = [await _state(postgres, sink) for sink in sinks]
    async with postgres.writing() as session:
        dead = await session.fetch(DeadLetter, SQL["dead_letters"])
    return SyncReport(sinks=tuple(states), dead_letters=tuple(dead))


async def read_lags(postgres: Postgres) -> Lags:
    """Return how far behind every sink is, by truth alone: cheap enough to be asked all the time."""
    async with postgres.writing() as session:
        sinks = await session.fetch(Lag, SQL["lags"])
        dead = (await session.rows(SQL["count_dead_letters"]))[0]
    return Lags(sinks=tuple(sinks), dead_letters=int(str(dead["rows"])))


async def retry_dead_letters(postgres: Postgres) -> int:
    """Put every dead letter back into the outbox; return how many."""
    async with postgres.writing() as session:
        return await session.execute(SQL["retry_dead_letters"])


async def _state(postgres: Postgres, sink: Sink) -> SinkState:
    error = None
    try:
        cursor = await sink.cursor()
    except SonikError as problem:
        cursor, error = None, str(problem)
    place = cursor or Position()
    async with postgres.writing() as session:
        backlog = (await session.rows(SQL["backlog"], {"txid": place.txid, "seq": place.seq}))[0]
        rows = {row["sink"]: row for row in await session.rows(SQL["state"])}
    known = rows.get(sink.name, {})
    covered = Position(txid=int(str(known.get("covered_txid", 0))), seq=int(str(known.get("covered_seq", 0))))
    return SinkState(
        sink=sink.name, cursor=cursor, covered=covered if covered != Position() else None,
        behind=int(str(backlog["rows"])), age_seconds=float(str(backlog["age_seconds"])),
        status=str(known.get("status", "idle")), error=error or (str(known["error"]) if known.get("error") else None),
    )  # fmt: skip
