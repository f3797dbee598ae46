"""A whole system's export: one document of several tables, joined into the rows a mapping asks for.

What an item points to is put beside it under the name the mapping gives it, so that a field's path leads into it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sonik.errors import InvalidInput, did_you_mean
from sonik.ingest.documents import load_document
from sonik.ingest.mapping import FieldMapping, Join
from sonik.ingest.paths import look_up
from sonik.ingest.systems import SYSTEMS
from sonik.types import JsonObject, JsonValue

Item = tuple[int, str, JsonValue]
# What each system calls an item's own id.
OWN_IDS = ("id", "_id")


def read_export(path: Path, mapping: FieldMapping) -> Iterator[Item]:
    """Yield the items the mapping wants: number in the file, name of the mapping's table, item.

    Raises:
        InvalidInput: the system is unknown, or the file is not what it writes.
    """
    if mapping.system not in SYSTEMS:
        step = did_you_mean(mapping.system, list(SYSTEMS))
        raise InvalidInput(f"Unknown system '{mapping.system[:80]}'.", next_step=step, field="system")
    tables = SYSTEMS[mapping.system](_document(path), path.stem)
    shelf = _Shelf()
    chosen: dict[str, list[Item]] = {table.name: [] for table in mapping.tables}
    everything = ((origin, item) for origin, items in tables.items() for item in items)
    for number, (origin, item) in enumerate(everything, start=1):
        if isinstance(item, dict):
            shelf.put(origin, item)
        table = None if item is None else mapping.choose(item, origin=origin)
        if table is not None:
            chosen[table.name].append((number, table.name, item))
    yield from _joined(chosen, mapping.tables, shelf)


def _document(path: Path) -> JsonValue:
    if path.suffix.lower() not in {".jsonl", ".ndjson"}:
        return load_document(path, "utf-8")
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        return [_line(line) for line in file if line.strip()]


def _line(text: str) -> JsonValue:
    try:
        content: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        # As a text it is no object: it is refused by its number, and takes no other line with it.
        return text
    return content


def _joined(chosen: dict[str, list[Item]], tables: Sequence[FieldMapping], shelf: "_Shelf") -> Iterator[Item]:
    """Join table by table in the mapping's order: a later one sees what an earlier one was joined with."""
    for table in tables:
        for number, name, item in chosen[table.name]:
            whole = shelf.with_joins(item, table) if isinstance(item, dict) else item
            if isinstance(whole, dict):
                shelf.put(table.origin, whole)
            if table.kind is not None:
                yield number, name, whole


@dataclass(slots=True)
class _Shelf:
    """All items by the collection they came in, and what they were joined with so far."""

    items: dict[str, dict[str, JsonObject]] = field(default_factory=dict)
    pointing: dict[tuple[str, str], dict[str, list[JsonValue]]] = field(default_factory=dict)

    def put(self, origin: str, item: JsonObject) -> None:
        """Put an item where others find it."""
        self.items.setdefault(origin, {})[_own_id(item)] = item

    def with_joins(self, item: JsonObject, table: FieldMapping) -> JsonObject:
        """Return an item with what it points to, and what points to it."""
        found: JsonObject = {}
        for name, join in table.joins.items():
            found[name] = (
                self._pointing_to(item, join) if join.where else self._pointed_at(look_up(item, join.by), join)
            )
        return item | found

    def _pointed_at(self, ids: JsonValue, join: Join) -> JsonValue:
        if isinstance(ids, list):
            return [other for one in ids if (other := self._pointed_at(one, join)) is not None]
        return self.items.get(join.table, {}).get(str(ids)) if ids is not None else None

    def _pointing_to(self, item: JsonObject, join: Join) -> JsonValue:
        known = (join.table, join.where)
        if known not in self.pointing:
            index = self.pointing[known] = {}
            for other in self.items.get(join.table, {}).values():
                index.setdefault(str(look_up(other, join.where)), []).append(other)
        return self.pointing[known].get(_own_id(item), [])


def _own_id(item: JsonObject) -> str:
    return str(next((item[name] for name in OWN_IDS if item.get(name) is not None), ""))
