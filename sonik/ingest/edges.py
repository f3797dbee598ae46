"""Which edges a statement opens, confirms and closes: a source may only take back what it said itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from sonik import ontology
from sonik.identity.sighting import Sighting
from sonik.ingest.statement import StatedEdge, Statement
from sonik.truth.rows import Record, RelationshipRow

EdgeKey = tuple[UUID, str, UUID]


@dataclass(kw_only=True, slots=True)
class EdgeBook:
    """The current edges around a batch's entities, and what the batch changes about them."""

    trust: Mapping[str, int]
    current: dict[EdgeKey, RelationshipRow] = field(default_factory=dict)
    opened: dict[EdgeKey, Record] = field(default_factory=dict)
    resourced: dict[UUID, list[str]] = field(default_factory=dict)
    closed: dict[UUID, RelationshipRow] = field(default_factory=dict)

    def load(self, rows: Iterable[RelationshipRow]) -> None:
        """Take in stored edges."""
        for row in rows:
            self.current[row.src, row.type, row.dst] = row

    def state(self, statement: Statement, main_id: UUID, mention_ids: Sequence[UUID]) -> list[str]:
        """Apply one statement; return the names of the edge types that changed."""
        changed = []
        wanted: set[EdgeKey] = set()
        for edge in statement.edges:
            mentioned = mention_ids[edge.mention]
            key = (main_id, edge.type, mentioned) if edge.outgoing else (mentioned, edge.type, main_id)
            wanted.add(key)
            if self._open(key, edge, statement, statement.mentions[edge.mention]):
                changed.append(edge.type)
        if not statement.main.partial:
            changed += self._withdraw(wanted, statement, main_id)
        return changed

    def _open(self, key: EdgeKey, edge: StatedEdge, statement: Statement, mention: Sighting) -> bool:
        source = statement.main.source
        if key in self.opened:
            return False
        known = self.current.get(key)
        if known is not None:
            return self._confirm(known, source.code)
        edge_type = ontology.BY_EDGE[edge.type]
        if edge_type.single and not self._outranks(key, statement):
            return False
        kinds = (statement.main.kind, mention.kind) if edge.outgoing else (mention.kind, statement.main.kind)
        tenancy = statement.main.tenancy
        self.opened[key] = {
            "eid": uuid4(), "src": key[0], "type": key[1], "dst": key[2], "src_kind": kinds[0], "dst_kind": kinds[1],
            "base_weight": edge_type.base_weight, "confidence": edge.confidence, "source": source.code,
            "timestamp": statement.main.observed_at, "properties": dict(edge.properties),
            "owner_org": tenancy.owner_org, "visibility": tenancy.visibility, "collection": tenancy.collection,
        }  # fmt: skip
        return True

    def _confirm(self, known: RelationshipRow, source: str) -> bool:
        sources = self.resourced.get(known.eid, known.sources)
        if source in sources:
            return False
        self.resourced[known.eid] = [*sources, source]
        return True

    def _outranks(self, key: EdgeKey, statement: Statement) -> bool:
        """For a type with one target: close weaker current edges; say whether the new one may stand."""
        source = statement.main.source
        rivals = [row for (src, kind, _), row in self.current.items() if (src, kind) == key[:2]]
        rivals = [row for row in rivals if row.eid not in self.closed]
        if any(self.trust.get(row.source, 0) > source.trust for row in rivals):
            return False
        for row in rivals:
            self._close(row)
        for other in [k for k in self.opened if k[:2] == key[:2]]:
            del self.opened[other]
        return True

    def _withdraw(self, wanted: set[EdgeKey], statement: Statement, main_id: UUID) -> list[str]:
        """Take back what this source said of this entity before and says no longer."""
        source = statement.main.source.code
        changed = []
        for key, row in list(self.current.items()):
            sources = self.resourced.get(row.eid, row.sources)
            mine = _speaks_of(key, main_id, statement.main.kind) and source in sources
            if not mine or key in wanted or row.eid in self.closed:
                continue
            left = [other for other in sources if other != source]
            if left:
                self.resourced[row.eid] = left
            else:
                self._close(row)
            changed.append(row.type)
        return changed

    def _close(self, row: RelationshipRow) -> None:
        self.closed[row.eid] = row
        self.resourced.pop(row.eid, None)
        self.current.pop((row.src, row.type, row.dst), None)


def _speaks_of(key: EdgeKey, main_id: UUID, kind: str) -> bool:
    """An event's record speaks of its line-up too; every other record only of edges that start at its entity."""
    src, edge_type, dst = key
    if kind == "event":
        return src == main_id or (dst == main_id and edge_type == "PERFORMS_AT")
    return src == main_id and edge_type != "PERFORMS_AT"
