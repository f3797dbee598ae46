"""What a record states, taken apart: sightings of its own entity and of the ones it mentions, and edges between."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from sonik.errors import InvalidInput, SonikError
from sonik.identity.names import clean_line
from sonik.identity.sighting import Sighting
from sonik.ingest.receipts import Problem
from sonik.types import JsonValue

MAX_REASON = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class StatedEdge:
    """An edge a record states: from or to its own entity, and the mention at the other end.

    What the record leaves unsaid is None.
    """

    type: str
    outgoing: bool
    mention: int
    confidence: float | None = None
    properties: tuple[tuple[str, JsonValue], ...] = ()
    timestamp: datetime | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


# Nearly all records of a kind state the same edges, and their number is what taking them in costs.
@lru_cache(maxsize=4096)
def stated(edge_type: str, mention: int) -> StatedEdge:
    """Return an edge to a mention of which no more is said."""
    return StatedEdge(type=edge_type, outgoing=True, mention=mention)


@lru_cache(maxsize=4096)
def played(mention: int, position: int) -> StatedEdge:
    """Return that a mention plays, as which of the line-up counted from one."""
    return StatedEdge(type="PERFORMS_AT", outgoing=False, mention=mention, properties=(("position", position),))


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """A record taken apart. `venue` is the index of the mention that is the event's venue."""

    line: int
    main: Sighting
    mentions: tuple[Sighting, ...]
    edges: tuple[StatedEdge, ...]
    venue: int | None = None
    starts_at: datetime | None = None
    all_day: bool = False
    notes: tuple[str, ...] = ()


@dataclass(kw_only=True, slots=True)
class Findings:
    """What reading a record brought up: problems that refuse it, and notes for its receipt."""

    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.problems) + len(self.notes)

    def refuse(self, where: str, reason: str | InvalidInput) -> None:
        """Add a problem with a field."""
        self.problems.append(Problem(field=where, reason=clean_line(str(reason), max_length=MAX_REASON)))

    def note(self, text: str) -> None:
        """Add a note."""
        self.notes.append(text)


class Refused(SonikError):
    """A record that cannot be taken in, with every problem found in it."""

    code = "refused"

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{p.field}: {p.reason}" for p in problems))
        self.problems = tuple(problems)
