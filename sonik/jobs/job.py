"""What a job is: an order for it, its state as shown, and the handler that does it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from sonik.errors import SonikError
from sonik.stores.postgres import Session
from sonik.types import JsonObject, Role, Scope

Status = Literal["queued", "running", "undoing", "succeeded", "failed", "cancelled"]
STATUSES: tuple[Status, ...] = ("queued", "running", "undoing", "succeeded", "failed", "cancelled")
ATTEMPTS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What is to be done, for whom, and when; of several orders with one key, only the first becomes a job."""

    name: str
    scope: Scope
    arguments: JsonObject = field(default_factory=dict)
    key: str | None = None
    run_at: datetime | None = None
    most_attempts: int = ATTEMPTS


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why a try did not come to its end."""

    code: str
    message: str
    next_step: str = ""

    @classmethod
    def of(cls, error: BaseException) -> "Failure":
        """Return what may be told of an error: of one nobody foresaw, no more than its type."""
        if isinstance(error, SonikError):
            return cls(code=error.code, message=error.message, next_step=error.next_step)
        step = "The worker's log says where; `sonik job retry` tries again."
        return cls(code="internal", message=f"Something went wrong inside ({type(error).__name__}).", next_step=step)

    def as_json(self) -> JsonObject:
        """Return it as the job keeps it."""
        return {"code": self.code, "message": self.message, "next_step": self.next_step}


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A job as people see it; `done` of `total` counts what its handler counts."""

    id: UUID
    name: str
    status: Status
    cancelling: bool
    attempts: int
    most_attempts: int
    run_at: datetime
    done: int
    total: int | None
    summary: JsonObject
    error: Mapping[str, str] | None
    actor: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A job as the worker that holds it sees it; `fence` proves that it still does."""

    id: UUID
    name: str
    arguments: JsonObject
    status: Status
    fence: int
    attempts: int
    most_attempts: int
    cancelling: bool
    done: int
    total: int | None
    summary: JsonObject
    error: JsonObject | None
    role: Role
    actor: str
    owner_org: str | None
    collection: str

    @property
    def scope(self) -> Scope:
        """On whose behalf it is done."""
        return Scope(role=self.role, organisation=self.owner_org, user=self.actor, collection=self.collection)


class Step(Protocol):
    """An open step: its transaction, and what it tells of the job's progress."""

    @property
    def session(self) -> Session:
        """The transaction of this step; what is written in it stands exactly when the step does."""

    async def part(self, number: int) -> bytes:
        """Return one part of the job's input."""

    def progress(self, *, done: int, total: int | None = None) -> None:
        """Say how far the job will be once this step stands."""

    def summarise(self, summary: JsonObject) -> None:
        """Say what the job has brought about once this step stands."""


Action = Callable[[Step], Awaitable[JsonObject]]


class Run(Protocol):
    """One try at a job, as its handler sees it."""

    @property
    def job(self) -> Claimed:
        """The job as it was when this try began, and what its steps have changed since."""

    async def step(self, key: str, action: Action) -> JsonObject:
        """Do a step and record it in the same transaction; one that was recorded before is not done again."""

    async def parts(self) -> tuple[int, ...]:
        """Return the numbers of the parts of its input."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Handler:
    """How jobs of a name are done. `undo` takes back a recorded step, by the name before the colon of its key."""

    work: Callable[[Run], Awaitable[None]]
    undo: Mapping[str, Callable[[Session, JsonObject], Awaitable[None]]] = field(default_factory=dict)
