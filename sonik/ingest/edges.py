"""Which edges a statement opens, confirms and closes: a source may only take back what it said itself."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from sonik import ontology
from sonik.identity.dossier import tenancy_record
from sonik.identity.sighting import Sighting
from sonik.ingest.statement import StatedEdge, Statement
from sonik.truth.rows import Record, RelationshipRow, Tenancy, widest
from sonik.types import JsonObject

EdgeKey = tuple[UUID, str, UUID]


@dataclass(kw_only=True, slots=True)
class _Standing:
    """An edge as it stands within the batch; `row` is what is stored of it."""

    sources: list[str]
    timestamp: datetime
    properties: JsonObject
    tenancy: Tenancy
    row: RelationshipRow | None = None
    opening: Record | None = None
    stated_by: UUID | None = None


@dataclass(kw_only=True, slots=True)
class EdgeBook:
    """The current edges around a batch's entities, and what the batch changes about them."""

    trust: Mapping[str, int]
    closed: dict[UUID, RelationshipRow] = field(default_factory=dict)
    _standing: dict[EdgeKey, _Standing] = field(default_factory=dict)
    _around: dict[UUID, dict[EdgeKey, None]] = field(default_factory=lambda: defaultdict(dict))
    _changed: dict[UUID, _Standing] = field(default_factory=dict)

    def load(self, rows: Iterable[RelationshipRow]) -> None:
        """Take in stored edges."""
        for row in rows:
            standing = _Standing(
                sources=row.sources, timestamp=row.timestamp, properties=row.properties, tenancy=row.tenancy, row=row
            )
            self._add((row.src, row.type, row.dst), standing)

    def state(self, statement: Statement, main_id: UUID, mention_ids: Sequence[UUID]) -> list[str]:
        """Apply one statement; return the names of the edge types that changed."""
        changed = []
        wanted: set[EdgeKey] = set()
        for edge in statement.edges:
            mentioned = mention_ids[edge.mention]
            key = (main_id, edge.type, mentioned) if edge.outgoing else (mentioned, edge.type, main_id)
            if key not in wanted and self._state(key, edge, statement, main_id):
                changed.append(edge.type)
            wanted.add(key)
        if not statement.main.partial:
            changed += self._withdraw(wanted, statement, main_id)
        return changed

    def opened_records(self) -> list[Record]:
        """Return the new edges as rows."""
        return [standing.opening for standing in self._standing.values() if standing.opening is not None]

    def changed_records(self) -> list[Record]:
        """Return what changed about stored edges as rows."""
        return [
            {"eid": eid, "sources": edge.sources, "properties": edge.properties, **tenancy_record(edge.tenancy)}
            for eid, edge in self._changed.items()
        ]

    def target(self, source_id: UUID, edge_type: str) -> UUID | None:
        """Return where the first edge of a type from an entity leads."""
        return next((key[2] for key in self._around[source_id] if key[:2] == (source_id, edge_type)), None)

    def _state(self, key: EdgeKey, edge: StatedEdge, statement: Statement, main_id: UUID) -> bool:
        known = self._standing.get(key)
        if known is not None:
            known.stated_by = main_id
            return self._confirm(known, edge, statement.main)
        if ontology.BY_EDGE[edge.type].single and not self._displaces(key, statement.main):
            return False
        self._open(key, edge, statement, main_id)
        return True

    def _open(self, key: EdgeKey, edge: StatedEdge, statement: Statement, main_id: UUID) -> None:
        main, mention = statement.main, statement.mentions[edge.mention]
        kinds = (main.kind, mention.kind) if edge.outgoing else (mention.kind, main.kind)
        properties = dict(edge.properties)
        opening: Record = {
            "eid": uuid4(), "src": key[0], "type": key[1], "dst": key[2], "src_kind": kinds[0], "dst_kind": kinds[1],
            "base_weight": ontology.BY_EDGE[edge.type].base_weight, "confidence": edge.confidence,
            "source": main.source.code, "timestamp": main.observed_at, "properties": properties,
            **tenancy_record(main.tenancy),
        }  # fmt: skip
        standing = _Standing(
            sources=[main.source.code], timestamp=main.observed_at, properties=properties, tenancy=main.tenancy,
            opening=opening, stated_by=main_id,
        )  # fmt: skip
        self._add(key, standing)

    def _confirm(self, known: _Standing, edge: StatedEdge, main: Sighting) -> bool:
        """Note who else says so; the source that said it first may also say it anew, such as another running order."""
        source = main.source.code
        before = (known.sources, known.properties, known.tenancy)
        if source not in known.sources:
            known.sources = [*known.sources, source]
        if source == known.sources[0] and main.observed_at >= known.timestamp:
            known.properties = {**known.properties, **dict(edge.properties)}
        known.tenancy = widest([known.tenancy, main.tenancy])
        if (known.sources, known.properties, known.tenancy) == before:
            return False
        if known.opening is not None:
            known.opening |= {"properties": known.properties, **tenancy_record(known.tenancy)}
        elif known.row is not None:
            self._changed[known.row.eid] = known
        return True

    def _displaces(self, key: EdgeKey, main: Sighting) -> bool:
        """For a type with one target: close the edge that stands unless it is more trusted, or as much and newer."""
        rivals = [other for other in self._around[key[0]] if other[:2] == key[:2]]
        mine = (main.source.trust, main.observed_at)
        if any((self._trust(rival, main), self._standing[rival].timestamp) > mine for rival in rivals):
            return False
        for rival in rivals:
            self._close(rival)
        return True

    def _trust(self, key: EdgeKey, main: Sighting) -> int:
        """Return the trust of the most trusted source that says so."""
        sources = self._standing[key].sources
        return max(main.source.trust if code == main.source.code else self.trust.get(code, 0) for code in sources)

    def _withdraw(self, wanted: set[EdgeKey], statement: Statement, main_id: UUID) -> list[str]:
        """Take back what this source said of this entity before and says no longer."""
        source = statement.main.source.code
        changed = []
        for key in [key for key in self._around[main_id] if key not in wanted]:
            edge = self._standing[key]
            mine = source in edge.sources and edge.stated_by in (None, main_id)
            if not mine or edge.timestamp > statement.main.observed_at or not _speaks_of(edge, key, main_id):
                continue
            left = [other for other in edge.sources if other != source]
            if left and edge.row is not None:
                edge.sources = left
                self._changed[edge.row.eid] = edge
            else:
                self._close(key)
            changed.append(key[1])
        return changed

    def _add(self, key: EdgeKey, standing: _Standing) -> None:
        self._standing[key] = standing
        for end in _speakers(key):
            self._around[end][key] = None

    def _close(self, key: EdgeKey) -> None:
        row = self._standing.pop(key).row
        for end in _speakers(key):
            self._around[end].pop(key, None)
        if row is not None:
            self.closed[row.eid] = row
            self._changed.pop(row.eid, None)


def _speakers(key: EdgeKey) -> tuple[UUID, ...]:
    """Return the ends whose records may take the edge back; a hub at the other end need not know of thousands."""
    src, edge_type, dst = key
    return (src, dst) if edge_type == "PERFORMS_AT" else (src,)


def _speaks_of(edge: _Standing, key: EdgeKey, main_id: UUID) -> bool:
    """A record speaks of the edges that start at its entity, and of a line-up where its entity is the event.

    An artist's own word on where it plays has no place in a line-up, so no event's record takes it back.
    """
    src, edge_type, dst = key
    in_line_up = edge_type == "PERFORMS_AT" and "position" in edge.properties
    return (src == main_id and edge_type != "PERFORMS_AT") or (dst == main_id and in_line_up)
