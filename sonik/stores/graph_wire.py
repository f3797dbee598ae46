"""What goes to FalkorDB and comes back: parameters as literals, compact replies as rows of plain values.

Parameters travel in front of the query and never become part of it, as the official client sends them. Replies are
of the documented compact form, a type and a value for each cell; the queries here return plain values only.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sonik.errors import InvalidInput
from sonik.ontology import Graph

Value = str | int | float | bool | None | list["Value"] | dict[str, "Value"]
Plain = str | int | float | bool | None
Params = Mapping[str, object]

_BIGGEST = 2**63 - 1
_BOOLEAN, _DOUBLE, _ARRAY, _MAP = 4, 5, 6, 10
_PLAIN = (1, 2, 3)  # null, string, integer
# Where JSON is not what FalkorDB reads: control characters, and numbers out of its range. Each is looked for by itself:
# a pattern of all of them takes longer than writing the rows.
_NOT_ALIKE = ("\\u00", "NaN", "Infinity")
_LONG_NUMBER = re.compile(r"[\[,]-?[0-9]{19}")


class GraphReader(Protocol):
    """Graphs as answers ask them."""

    async def exists(self, graph: Graph) -> bool:
        """Say whether the graph is there."""

    async def read(self, graph: Graph, query: str, params: Params | None = None) -> list[list[Value]]:
        """Run a read-only query and return its rows."""


@dataclass(frozen=True, slots=True)
class Table:
    """Many rows of plain values: they are written by one call, ten times as fast as one by one."""

    rows: Sequence[Sequence[Plain]]


def with_params(query: str, params: Params | None) -> str:
    """Return a query with its parameters in front."""
    if not params:
        return query
    return f"CYPHER {' '.join(f'{_name(name)}={literal(value)}' for name, value in params.items())} {query}"


def literal(value: object) -> str:
    """Return a value as a Cypher literal.

    Raises:
        InvalidInput: a graph cannot hold such a value.
    """
    match value:
        case str():
            return _quoted(value)
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            # A bigger one would silently become the biggest.
            return repr(value if abs(value) <= _BIGGEST else float(value))
        case float():
            return repr(value)
        case Table():
            return _table(value.rows)
        case Mapping():
            return "{" + ",".join(f"{_name(key)}:{literal(inner)}" for key, inner in value.items()) + "}"
        case Sequence():
            return "[" + ",".join(map(literal, value)) + "]"
    raise InvalidInput(f"A graph cannot hold a {type(value).__name__}.", next_step="Report this.")


def rows_of(reply: Any) -> list[list[Value]]:
    """Return the rows of a compact reply; a query that returns nothing has none."""
    if len(reply) < 2:
        return []
    # Most cells are plain: a call for each takes as long as all the rest.
    return [[raw if kind in _PLAIN else _value(kind, raw) for kind, raw in row] for row in reply[1]]


def _quoted(text: str) -> str:
    # A NUL ends the text there.
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\x00", "") + '"'


def _table(rows: Sequence[Sequence[Plain]]) -> str:
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    if _LONG_NUMBER.search(text) or any(mark in text for mark in _NOT_ALIKE):
        return literal(rows)
    return text


def _name(name: object) -> str:
    return f"`{str(name).replace('`', '')}`"


def _value(kind: int, raw: Any) -> Value:
    if kind in _PLAIN:
        plain: Value = raw
        return plain
    if kind == _DOUBLE:
        return float(raw)
    if kind == _BOOLEAN:
        return bool(raw == "true")
    if kind == _ARRAY:
        return [_value(inner, part) for inner, part in raw]
    if kind == _MAP:
        return {raw[i]: _value(*raw[i + 1]) for i in range(0, len(raw), 2)}
    raise TypeError(f"a query returns plain values, not values of FalkorDB's type {kind}")
