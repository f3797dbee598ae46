"""What a line of a delivery truly speaks of: the labels that go with the mess."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

Item = dict[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """An event's venue as one line names it: which it truly is, and the keys it is named by."""

    entity: str
    keys: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """The truth about one line: the entity, the exact keys it carries, and what it says of the main fields.

    An event also has the night it is on and the words of its title, by which it can be known at its venue.
    """

    entity: str
    kind: str
    keys: frozenset[str]
    observed_at: datetime
    said: Mapping[str, object]
    place: Place | None = None
    night: str = ""
    words: str = ""
    line: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One file of one source, in the form its system writes, and its marks."""

    source: str
    trust: int
    file: str
    content: bytes
    marks: tuple[Mark, ...] = field(repr=False)

    @property
    def mapping(self) -> str:
        """The name of the mapping that reads it."""
        return f"world_{self.source}"


@dataclass(kw_only=True, slots=True)
class Desk:
    """A system while it is filled: its items by collection, each with its mark if it is to be taken in."""

    entries: dict[str, list[tuple[Item, Mark | None]]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)

    def add(self, collection: str, item: Item, mark: Mark | None = None) -> None:
        """Add an item."""
        self.entries.setdefault(collection, []).append((item, mark))

    def number(self, thing: str) -> int:
        """Return the id the system gives a thing: one after the other."""
        return self.numbers.setdefault(thing, len(self.numbers) + 11)

    def items(self) -> dict[str, list[Item]]:
        """Return the items by collection."""
        return {name: [item for item, _ in entries] for name, entries in self.entries.items()}

    def marks(self, *, first: int = 1) -> tuple[Mark, ...]:
        """Return the marks, numbered by the place of their item in the file, whose first one has this number."""
        everything = [mark for entries in self.entries.values() for _, mark in entries]
        return tuple(replace(mark, line=line) for line, mark in enumerate(everything, start=first) if mark is not None)


def own_id(source: str, kind: str, value: object) -> str:
    """Return the key that a source's own id is."""
    return f"{source}:{kind}:{value}"


def keys_of(*pairs: tuple[str, str | None]) -> frozenset[str]:
    """Return the keys of outside authorities that a line carries; those it lacks are passed over."""
    return frozenset(f"{scheme}={value}" for scheme, value in pairs if value)
