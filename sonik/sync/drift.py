"""Do the stores agree with truth? Counts and hashes per store, and what differs."""

import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sonik import ontology
from sonik.ontology import GRAPHS, Graph
from sonik.sql import queries
from sonik.stores.graph import CYPHER, Graphs
from sonik.stores.graph_wire import Value
from sonik.stores.postgres import Postgres
from sonik.stores.vectors import Vectors
from sonik.sync.edges import FOREVER
from sonik.sync.source import NOWHERE
from sonik.sync.weights import effective_weight

SQL = queries("sync")
PAGE = 5_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """One store against truth: how many rows each has, a hash over all of them, and examples that differ."""

    store: str
    truth_rows: int
    store_rows: int
    truth_hash: str
    store_hash: str
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    stale: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether nothing differs."""
        return self.truth_hash == self.store_hash and self.truth_rows == self.store_rows


async def compare(*, postgres: Postgres, graphs: Graphs, vectors: Vectors) -> list[Comparison]:
    """Compare vertices, edges and vectors with truth, row by row; a row that is there twice counts twice."""
    vertices, searchable = await _entities(postgres)
    edges, eids = await _relationships(postgres)
    await vectors.refresh()
    texts = [(key, str(version)) for key, version in (await vectors.versions()).items()]
    return [
        _compared("graph vertices", vertices, found := await _vertices(graphs, vertices), rows=len(found)),
        _compared("graph edges", edges, found := await _edges(graphs, eids), rows=len(found)),
        _compared("vectors", searchable, texts, rows=await vectors.count()),
    ]


def _compared(store: str, truth: dict[str, str], rows_found: list[tuple[str, str]], *, rows: int) -> Comparison:
    found = dict(rows_found)
    return Comparison(
        store=store, truth_rows=len(truth), store_rows=rows, truth_hash=_hash(truth.items()),
        store_hash=_hash(rows_found), missing=tuple(sorted(truth.keys() - found.keys())[:5]),
        extra=tuple(sorted(found.keys() - truth.keys())[:5]),
        stale=tuple(sorted(key for key in truth.keys() & found.keys() if truth[key] != found[key])[:5]),
    )  # fmt: skip


def _hash(items: Iterable[tuple[str, str]]) -> str:
    digest = hashlib.sha256()
    for key, state in sorted(items):
        digest.update(f"{key}={state}\n".encode())
    return digest.hexdigest()[:16]


async def _entities(postgres: Postgres) -> tuple[dict[str, str], dict[str, str]]:
    everything: dict[str, str] = {}
    searchable: dict[str, str] = {}
    async for row in _pages(postgres, "entity_versions", "id"):
        key, version = str(row["id"]), str(row["version"])
        known = ontology.BY_KIND.get(str(row["entity_type"]))
        if known is None:
            # No graph can hold it: it is missing from all, and a dead letter says why.
            everything[key] = version
            continue
        for graph in ontology.graphs_of(known.label):
            everything[_in_graph(key, known.label, graph)] = version
        if row["entity_type"] in ontology.SEARCHABLE_KINDS:
            searchable[key] = version
    return everything, searchable


async def _relationships(postgres: Postgres) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Return the state of every edge, and the ids of each type's in order."""
    found: dict[str, str] = {}
    by_type: dict[str, list[str]] = defaultdict(list)
    async for row in _pages(postgres, "edge_states", "eid"):
        evidence = float(str(row["base_weight"])) * float(str(row["confidence"]))
        weight = effective_weight(evidence, float(str(row["learned"])))
        ends = f"{row['src']}-{row['type']}-{row['dst']}"
        key = str(row["eid"])
        found[key] = _edge_state(ends, weight=weight, closed=bool(row["closed"]))
        by_type[str(row["type"])].append(key)
    return found, by_type


async def _pages(postgres: Postgres, query: str, key: str) -> AsyncIterator[dict[str, object]]:
    after = NOWHERE
    while True:
        async with postgres.writing() as session:
            rows = await session.rows(SQL[query], {"after": after, "limit": PAGE})
        for row in rows:
            yield row
        if len(rows) < PAGE:
            return
        after = UUID(str(rows[-1][key]))


async def _vertices(graphs: Graphs, truth: Mapping[str, str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    ids = sorted({key.partition(" ")[0] for key in truth})
    for graph in GRAPHS:
        rows = await _all_of(graphs, graph, ids, named="vertex_states", counted="count_vertices", all_named="vertices")
        found += [(_in_graph(str(key), _label(labels), graph), str(version)) for key, version, labels in rows]
    return found


async def _all_of(
    graphs: Graphs, graph: Graph, ids: Sequence[str], *, named: str, counted: str, all_named: str, edge_type: str = ""
) -> list[list[Value]]:
    """Return everything a graph holds: what has these ids, page by page, and if that is not all, all in one query."""
    queries = {name: CYPHER[name].replace("{type}", edge_type) for name in (named, counted, all_named)}
    rows: list[list[Value]] = []
    for start in range(0, len(ids), PAGE):
        rows += await graphs.read(graph, queries[named], {"ids": ids[start : start + PAGE]})
    held = await graphs.read(graph, queries[counted])
    return rows if held == [[len(rows)]] or not (held or rows) else await graphs.read(graph, queries[all_named])


def _in_graph(key: str, label: str, graph: Graph) -> str:
    """Name a vertex: by its id alone where it is at home, with the graph where it also stands."""
    return key if label not in ontology.SHARED or ontology.BY_LABEL[label].graph == graph else f"{key} in {graph}"


def _label(labels: Value) -> str:
    names = labels if isinstance(labels, list) else []
    return next((str(name) for name in names if name in ontology.BY_LABEL), "")


async def _edges(graphs: Graphs, truth: Mapping[str, list[str]]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for edge_type in ontology.EDGES:
        rows = await _all_of(
            graphs, edge_type.graph, truth.get(edge_type.name, ()), named="edge_states", counted="count_edges",
            all_named="edges", edge_type=edge_type.name,
        )  # fmt: skip
        for eid, src, dst, weight, valid_to in rows:
            closed = isinstance(valid_to, int | float) and valid_to < FOREVER
            ends = f"{src}-{edge_type.name}-{dst}"
            found.append((str(eid), _edge_state(ends, weight=float(str(weight)), closed=closed)))
    return found


def _edge_state(ends: str, *, weight: float, closed: bool) -> str:
    return f"{ends}-{weight:.6f}-{'closed' if closed else 'open'}"
