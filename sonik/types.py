"""Frozen values that travel through every room."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

Role = Literal["reader", "organizer", "content", "ingest", "ops", "privacy", "human", "staff"]
ROLES: tuple[Role, ...] = get_args(Role)
Missing = Literal["graph", "texts", "meaning"]
"""What an answer can do without: relations, the search of texts, the search of texts by meaning."""
MISSING: tuple[Missing, ...] = get_args(Missing)
Visibility = Literal["public", "org", "staff"]
Language = Literal["es", "pt", "en"]
JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
JsonObject = dict[str, JsonValue]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Who asks, and over which data. Built from the token (stdio: from settings), never from arguments."""

    role: Role = "reader"
    organisation: str | None = None
    user: str | None = None
    collection: str = "live"
    as_of: datetime | None = None

    @property
    def actor(self) -> str:
        """The name written to the audit log: the user, else the organisation, else the role."""
        return self.user or self.organisation or self.role


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A half-open time span [start, end), both aware UTC, with the words that named it."""

    start: datetime
    end: datetime
    label: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Near:
    """A circle: degrees and kilometres."""

    lat: float
    lng: float
    km: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step of a question's way: its name, how long it took and how many rows came out."""

    name: str
    ms: float
    rows: int
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class WalkedEdge:
    """An edge a question walked, as the traversal log keeps it."""

    eid: str
    graph: str
    src: str
    type: str
    dst: str
    weight: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Carried:
    """A hit, and the ids of the edges that led to it."""

    id: str
    edges: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Trace:
    """What one question did: its steps, the edges that carried its answers, and which of them led to which hit.

    `missing` is what it had to do without, because a store was away.
    """

    trace_id: str
    query: str
    steps: tuple[Step, ...] = ()
    edges: tuple[WalkedEdge, ...] = ()
    carried: tuple[Carried, ...] = ()
    understood: JsonObject = field(default_factory=dict)
    missing: tuple[Missing, ...] = ()
