"""Which edges a statement opens, confirms and closes: a source may only take back what it said itself."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sonik import ontology
from sonik.identity.dossier import tenancy_record
from sonik.identity.sighting import Sighting
from sonik.ingest.statement import StatedEdge, Statement
from sonik.truth.rows import NewEdges, Record, RelationshipRow, Tenancy, widest
from sonik.types import JsonObject

Ends = tuple[UUID, str, UUID]
# Numbers hash ten times as fast as the UUIDs they are of, and each edge is looked up a dozen times.
EdgeKey = tuple[int, str, int]


@dataclass(kw_only=True, slots=True)
class _Word:
    """What is said of an edge; `valid_from` is None where it holds from the moment it is written. Nobody changes it."""

    confidence: float
    timestamp: datetime
    valid_from: datetime | None
    valid_to: datetime | None


@dataclass(kw_only=True, slots=True)
class _Opening:
    """What new edges of one type share that a source tells of at once."""

    type: str
    kinds: tuple[str, str]
    base_weight: float
    source: str
    sources: list[str]
    told: dict[bool, list[str]]
    word: _Word


@dataclass(kw_only=True, slots=True)
class _Standing:
    """An edge as it stands within the batch; `row` is what is stored of it. `told` are sources by outgoing or not.

    Its parts are replaced and never changed, so edges that share them are alike.
    """

    src: UUID
    dst: UUID
    sources: list[str]
    told: dict[bool, list[str]]
    word: _Word
    properties: JsonObject
    observed_at: datetime
    tenancy: Tenancy
    row: RelationshipRow | None = None
    opening: _Opening | None = None

    def record(self) -> Record:
        """Return the columns that can change, but for the properties."""
        word = self.word
        return {
            "sources": self.sources, "told_at_src": self.told[True], "told_at_dst": self.told[False],
            "confidence": word.confidence, "timestamp": word.timestamp, "observed_at": self.observed_at,
            "valid_from": word.valid_from, "valid_to": word.valid_to, **tenancy_record(self.tenancy),
        }  # fmt: skip

    def likeness(self) -> tuple[int, ...]:
        """Return what is equal for new edges whose columns are."""
        parts = (self.opening, self.sources, self.told, self.word, self.observed_at, self.tenancy)
        return tuple(map(id, parts))


@dataclass(kw_only=True, slots=True)
class EdgeBook:
    """The current edges around a batch's entities, and what the batch changes about them."""

    trust: Mapping[str, int]
    closed: dict[UUID, RelationshipRow] = field(default_factory=dict)
    _standing: dict[EdgeKey, _Standing] = field(default_factory=dict)
    _around: dict[int, dict[EdgeKey, None]] = field(default_factory=lambda: defaultdict(dict))
    _changed: dict[UUID, _Standing] = field(default_factory=dict)
    _openings: dict[tuple[object, ...], _Opening] = field(default_factory=dict)

    def load(self, rows: Iterable[RelationshipRow]) -> None:
        """Take in stored edges."""
        for row in rows:
            word = _Word(
                confidence=row.confidence, timestamp=row.timestamp, valid_from=row.valid_from, valid_to=row.valid_to
            )
            standing = _Standing(
                src=row.src, dst=row.dst, sources=row.sources, told={True: row.told_at_src, False: row.told_at_dst},
                word=word, properties=row.properties, observed_at=row.observed_at, tenancy=row.tenancy, row=row,
            )  # fmt: skip
            self._add((row.src.int, row.type, row.dst.int), standing)

    def state(self, statement: Statement, main_id: UUID, mention_ids: Sequence[UUID]) -> list[str]:
        """Apply one statement; return the names of the edge types that changed."""
        changed = []
        wanted: set[EdgeKey] = set()
        for edge in statement.edges:
            src, name, dst = ends = edge_ends(edge, main_id, mention_ids)
            key = (src.int, name, dst.int)
            if key not in wanted and self._state(key, ends, edge, statement):
                changed.append(name)
            wanted.add(key)
        if not statement.main.partial:
            changed += self._withdraw(wanted, statement, main_id)
        return changed

    def opened(self) -> list[NewEdges]:
        """Return the new edges, those that are alike together."""
        alike: dict[tuple[int, ...], NewEdges] = {}
        for edge in self._standing.values():
            if edge.opening is None:
                continue
            new = alike.get(likeness := edge.likeness())
            if new is None:
                new = alike[likeness] = _new_edges(edge, edge.opening)
            new.edges.append({"src": edge.src, "dst": edge.dst, "properties": edge.properties})
        return list(alike.values())

    def changed_records(self) -> list[Record]:
        """Return what changed about stored edges as rows."""
        return [{"eid": eid, "properties": edge.properties, **edge.record()} for eid, edge in self._changed.items()]

    def target(self, source_id: UUID, edge_type: str, *, seen_by: Tenancy) -> UUID | None:
        """Return where the first edge of a type from an entity leads, of those that all these readers may see."""
        src = source_id.int
        found = (self._standing[key] for key in self._around[src] if key[0] == src and key[1] == edge_type)
        return next((edge.dst for edge in found if seen_by.reaches(edge.tenancy)), None)

    def _state(self, key: EdgeKey, ends: Ends, edge: StatedEdge, statement: Statement) -> bool:
        known = self._standing.get(key)
        if known is not None:
            return self._confirm(known, edge, statement.main)
        if ontology.BY_EDGE[edge.type].single and not self._displaces(key, statement.main):
            return False
        self._open(key, ends, edge, statement)
        return True

    def _open(self, key: EdgeKey, ends: Ends, edge: StatedEdge, statement: Statement) -> None:
        main = statement.main
        kind = statement.mentions[edge.mention].kind
        alike = (edge.type, edge.outgoing, main.kind, kind, main.source.code, main.observed_at)
        opening = self._openings.get(alike)
        if opening is None:
            opening = self._openings[alike] = _opening(edge, main, kind)
        standing = _Standing(
            src=ends[0], dst=ends[2], sources=opening.sources, told=opening.told, word=_first_word(edge, opening.word),
            properties=dict(edge.properties), observed_at=main.observed_at, tenancy=main.tenancy, opening=opening,
        )  # fmt: skip
        self._add(key, standing)

    def _confirm(self, known: _Standing, edge: StatedEdge, main: Sighting) -> bool:
        """Note who else says so; the source that said it first may also say it anew, such as another running order."""
        source = main.source.code
        before = (known.sources, known.told, known.word, known.properties, known.tenancy)
        beside = source in known.told[not edge.outgoing]
        # What was told to fewer is not told on to all who hear of the edge now.
        widens = main.tenancy.width > known.tenancy.width
        if widens or (source == known.sources[0] and main.observed_at >= known.observed_at):
            whole = widens or (not main.partial and not beside)
            known.word = _reworded(known.word, edge, whole=whole)
            known.properties = (known.properties if not whole else {}) | dict(edge.properties)
        known.sources = _with(known.sources, source)
        known.told = {**known.told, edge.outgoing: _with(known.told[edge.outgoing], source)}
        alone = known.sources == [source] and not beside and main.observed_at >= known.observed_at
        known.tenancy = main.tenancy if alone else widest([known.tenancy, main.tenancy])
        if (known.sources, known.told, known.word, known.properties, known.tenancy) == before:
            return False
        known.observed_at = max(known.observed_at, main.observed_at)
        if known.row is not None:
            self._changed[known.row.eid] = known
        return True

    def _displaces(self, key: EdgeKey, main: Sighting) -> bool:
        """For a type with one target: close the edge that stands unless it is more trusted, or as much and newer.

        A draw goes by the source's name, as it does among facts. What fewer may read displaces nothing that more do.
        """
        rivals = [other for other in self._around[key[0]] if other[:2] == key[:2]]
        mine = (main.tenancy.width, main.source.trust, main.observed_at, main.source.code)
        if any(self._rank(rival, main) > mine for rival in rivals):
            return False
        for rival in rivals:
            self._close(rival)
        return True

    def _rank(self, key: EdgeKey, main: Sighting) -> tuple[int, int, datetime, str]:
        """Return how the most trusted source that says so stands against another."""
        known = {**self.trust, main.source.code: main.source.trust}
        edge = self._standing[key]
        trust, code = max((known.get(code, 0), code) for code in edge.sources)
        return (edge.tenancy.width, trust, edge.observed_at, code)

    def _withdraw(self, wanted: set[EdgeKey], statement: Statement, main_id: UUID) -> list[str]:
        """Take back what this source said by this entity's record before and says no longer."""
        source = statement.main.source.code
        changed = []
        for key in [key for key in self._around[main_id.int] if key not in wanted]:
            edge, outgoing = self._standing[key], key[0] == main_id.int
            # Of an artist's events only those it states are known here, so none is missed.
            own = source in edge.told[outgoing] and not (outgoing and key[1] == "PERFORMS_AT")
            if own and edge.observed_at <= statement.main.observed_at:
                self._unsay(key, edge, source, outgoing=outgoing)
                changed.append(key[1])
        return changed

    def _unsay(self, key: EdgeKey, edge: _Standing, source: str, *, outgoing: bool) -> None:
        """Take a source's word back at one end; who still says so at the other end keeps the edge."""
        edge.told = {**edge.told, outgoing: [other for other in edge.told[outgoing] if other != source]}
        if source not in edge.told[not outgoing]:
            edge.sources = [other for other in edge.sources if other != source]
        if not edge.sources:
            self._close(key)
        elif edge.row is not None:
            self._changed[edge.row.eid] = edge

    def _add(self, key: EdgeKey, standing: _Standing) -> None:
        self._standing[key] = standing
        for end in (key[0], key[2]):
            self._around[end][key] = None

    def _close(self, key: EdgeKey) -> None:
        row = self._standing.pop(key).row
        for end in (key[0], key[2]):
            self._around[end].pop(key, None)
        if row is not None:
            self.closed[row.eid] = row
            self._changed.pop(row.eid, None)


def edge_ends(edge: StatedEdge, main_id: UUID, mention_ids: Sequence[UUID]) -> Ends:
    """Return which edge between which entities is stated."""
    mentioned = mention_ids[edge.mention]
    return (main_id, edge.type, mentioned) if edge.outgoing else (mentioned, edge.type, main_id)


def _opening(edge: StatedEdge, main: Sighting, kind: str) -> _Opening:
    source = main.source.code
    return _Opening(
        type=edge.type, kinds=(main.kind, kind) if edge.outgoing else (kind, main.kind),
        base_weight=ontology.BY_EDGE[edge.type].base_weight, source=source, sources=[source],
        told={edge.outgoing: [source], not edge.outgoing: []},
        word=_Word(confidence=1.0, timestamp=main.observed_at, valid_from=None, valid_to=None),
    )  # fmt: skip


def _new_edges(edge: _Standing, opening: _Opening) -> NewEdges:
    told = {"base_weight": opening.base_weight, "source": opening.source, **edge.record()}
    return NewEdges(type=opening.type, kinds=opening.kinds, told=told, edges=[])


def _first_word(edge: StatedEdge, usual: _Word) -> _Word:
    """Return what is said of a new edge; nearly all say nothing of their own."""
    if edge.confidence is None and edge.timestamp is None and edge.valid_from is None and edge.valid_to is None:
        return usual
    return _Word(
        confidence=1.0 if edge.confidence is None else edge.confidence, timestamp=edge.timestamp or usual.timestamp,
        valid_from=edge.valid_from, valid_to=edge.valid_to,
    )  # fmt: skip


def _reworded(word: _Word, edge: StatedEdge, *, whole: bool) -> _Word:
    """Return what is said now; only where it is the source's `whole` word does silence take anything back."""
    silent = (1.0, None) if whole else (word.confidence, word.valid_to)
    return _Word(
        confidence=silent[0] if edge.confidence is None else edge.confidence,
        timestamp=edge.timestamp or word.timestamp, valid_from=edge.valid_from or word.valid_from,
        valid_to=edge.valid_to or silent[1],
    )  # fmt: skip


def _with(sources: list[str], source: str) -> list[str]:
    return sources if source in sources else [*sources, source]
