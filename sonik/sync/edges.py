"""An edge on its way from truth into a graph: the row it is read as, its properties, and the query that writes it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sonik import ontology
from sonik.stores.graph import CYPHER
from sonik.stores.graph_wire import Plain
from sonik.sync.weights import effective_weight
from sonik.types import JsonObject

FOREVER = datetime(9999, 12, 31, tzinfo=UTC).timestamp()
ALL = "all"  # what all lenses have learned together
_LEARNABLE = frozenset(name for name in ontology.EDGE_COMMON if name.startswith("w_"))


class EdgeRow(NamedTuple):
    """An edge as truth has it, moments in epoch seconds, with what each lens has learned, and all of them together."""

    eid: str
    src: str
    dst: str
    type: str
    base_weight: float
    confidence: float
    source: str
    timestamp: float
    valid_from: float
    valid_to: float | None
    properties: JsonObject
    owner_org: str | None
    visibility: str
    collection: str
    learned: Mapping[str, float]
    traversals: int
    last_at: float | None


def edge_properties(row: EdgeRow) -> dict[str, Plain]:
    """Return every common property of an edge (none can be missing) and its own."""
    evidence = row.base_weight * row.confidence
    properties: dict[str, Plain] = {
        "eid": row.eid, "weight": effective_weight(evidence, row.learned.get(ALL, 0.0)),
        "base_weight": row.base_weight, "timestamp": row.timestamp,
        "source": row.source, "confidence": row.confidence, "traversals": row.traversals,
        "last_traversed_at": row.last_at or 0.0, "valid_from": row.valid_from,
        "valid_to": FOREVER if row.valid_to is None else row.valid_to,
        "collection": row.collection, "owner_org": row.owner_org or "-", "visibility": row.visibility,
    }  # fmt: skip
    for lens, learned in row.learned.items():
        if learned and f"w_{lens}" in _LEARNABLE:
            properties[f"w_{lens}"] = effective_weight(evidence, learned)
    for name in ontology.BY_EDGE[row.type].properties:
        value = row.properties.get(name)
        if isinstance(value, str | int | float):
            properties[name] = value
    return properties


def edge_query(query: str, name: str, columns: Sequence[str]) -> str:
    """Return a query that writes edges of a type from rows of source, target and these properties, the id first.

    Rows of values with the names once a query: as maps the same edges take twice as long to send and to read.
    """
    properties = ", ".join(f"{column}: row[{place}]" for place, column in enumerate(columns, start=2))
    return CYPHER[query].replace("{type}", name).replace("{properties}", properties)
