"""The truth file: which lines speak of one thing, which of them exact keys can join, and which values must win."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sonik.ingest.samples.world.marks import Delivery, Mark

Line = tuple[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """One line: its file and number, what it truly speaks of, and the group exact keys put it in."""

    file: str
    line: int
    kind: str
    entity: str
    group: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Labels:
    """All lines, and for each thing the values that must win."""

    lines: tuple[Label, ...]
    winners: dict[str, dict[str, object]]

    def pairs(self, *, joinable: bool = False, kind: str = "") -> set[tuple[Line, Line]]:
        """Return the pairs of lines that speak of one thing; on request only those that exact keys can join.

        A kind leaves out all others.
        """
        found = defaultdict(list)
        for label in (label for label in self.lines if kind in {"", label.kind}):
            found[label.group if joinable else label.entity].append((label.file, label.line))
        return {(a, b) for lines in found.values() for i, a in enumerate(lines) for b in lines[i + 1 :]}

    def whole(self) -> set[str]:
        """Return the things of which exact keys can join every line."""
        groups = defaultdict(set)
        for label in self.lines:
            groups[label.entity].add(label.group)
        return {entity for entity, found in groups.items() if len(found) == 1}

    def as_json(self) -> bytes:
        """Return the labels as a file."""
        records = [[label.file, label.line, label.kind, label.entity, label.group] for label in self.lines]
        table = {"columns": ["file", "line", "kind", "entity", "group"], "records": records, "winners": self.winners}
        return json.dumps(table, ensure_ascii=False, indent=0, sort_keys=True).encode()


def label(deliveries: Sequence[Delivery]) -> Labels:
    """Label every line of the deliveries, which come in the order they are taken in."""
    marks = [(delivery, mark) for delivery in deliveries for mark in delivery.marks]
    groups = _grouped([mark for _, mark in marks])
    lines = tuple(
        Label(file=delivery.file, line=mark.line, kind=mark.kind, entity=mark.entity, group=group)
        for (delivery, mark), group in zip(marks, groups, strict=True)
    )
    return Labels(lines=lines, winners=_winners(marks))


def _grouped(marks: Sequence[Mark]) -> list[int]:
    """Return the group of each line: lines of one thing that share a key, directly or through others."""
    places = _Union()
    for mark in marks:
        if mark.kind == "venue":
            places.join((mark.entity, key) for key in mark.keys)
        if mark.place is not None:
            places.join((mark.place.entity, key) for key in mark.place.keys)
    things = _Union()
    nights = _Nights(places)
    roots = []
    for mark in marks:
        keys = [(mark.entity, key) for key in mark.keys]
        if mark.place is not None:
            keys += [(mark.entity, key) for key in nights.key_of(mark)]
        things.join(keys)
        roots.append(keys[0])
    numbers: dict[object, int] = {}
    return [numbers.setdefault(things.root(key), len(numbers)) for key in roots]


class _Nights:
    """Which event holds a venue's night under a title: the first that was told of, and one listing of each source."""

    def __init__(self, places: "_Union") -> None:
        self._places = places
        self._holders: dict[str, str] = {}
        self._listings: dict[tuple[str, str], str] = {}

    def key_of(self, mark: Mark) -> Iterator[str]:
        """Yield the key of its night, unless it is taken or its source tells the two apart by their ids."""
        if mark.place is None:
            return
        venue = self._places.root((mark.place.entity, min(mark.place.keys)))
        key = f"{venue}|{mark.night}|{mark.words}"
        mine = self._holders.setdefault(key, mark.entity) == mark.entity
        own = next(iter(mark.keys), None)
        if own is not None:
            source = own.partition(":")[0]
            mine = mine and self._listings.setdefault((key, source), own) == own
        if mine or own is None:
            yield key


class _Union:
    """Sets that grow together."""

    def __init__(self) -> None:
        self._parents: dict[tuple[str, str], tuple[str, str]] = {}

    def root(self, key: tuple[str, str]) -> tuple[str, str]:
        """Return the one that stands for the set of a key."""
        while (parent := self._parents.setdefault(key, key)) != key:
            key = parent
        return key

    def join(self, keys: Iterable[tuple[str, str]]) -> None:
        """Make one set of these."""
        first = None
        for key in keys:
            if first is None:
                first = self.root(key)
            else:
                self._parents[self.root(key)] = first


def _winners(marks: Sequence[tuple[Delivery, Mark]]) -> dict[str, dict[str, object]]:
    """Return the values that win: of each source what it said last, of these what the most trusted says."""
    last: dict[str, dict[str, tuple[Delivery, Mark]]] = defaultdict(dict)
    for delivery, mark in marks:
        known = last[mark.entity].get(delivery.source)
        if known is None or known[1].observed_at <= mark.observed_at:
            last[mark.entity][delivery.source] = (delivery, mark)
    return {entity: _best(list(said.values())) for entity, said in last.items()}


def _best(said: list[tuple[Delivery, Mark]]) -> dict[str, object]:
    ranked = sorted(said, key=lambda one: (one[0].trust, one[1].observed_at, one[0].source), reverse=True)
    found: dict[str, object] = {}
    for _, mark in ranked:
        for name, value in mark.said.items():
            if value is not None:
                found.setdefault(name, _plain(value))
    return found


def _plain(value: object) -> object:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
