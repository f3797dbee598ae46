"""Truth into the three graphs: vertices by label, edges by type, and a cursor inside each graph.

A Redis snapshot then holds the cursor together with what it stands for, and a graph that is gone has none.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from sonik import ontology
from sonik.errors import Conflict
from sonik.ontology import GRAPHS, Graph
from sonik.sql import queries
from sonik.stores.graph import CYPHER, Graphs
from sonik.stores.graph_wire import GraphReader, Plain, Table
from sonik.stores.postgres import Postgres
from sonik.sync.edges import EdgeRow, edge_properties, edge_query
from sonik.sync.source import PAGE, Dirty
from sonik.truth.rows import Position

T = TypeVar("T")
SQL = queries("sync")
CHUNK = 200  # more at once keep other writers waiting, of whom a graph that is being made has none
MADE = Position()  # where a cursor stands while its graph is being made
# Properties of the ontology whose column in truth has another name.
COLUMN_OF = {"google_places_id": "google_place_id", "starts_at": "starts_at", "ends_at": "until"}


async def place_of(graph: Graph, graphs: GraphReader) -> Position | None:
    """Return the place a graph has reached; None when it is not there or not whole."""
    rows = await graphs.read(graph, CYPHER["cursor"]) if await graphs.exists(graph) else []
    place = Position(txid=int(str(rows[0][0])), seq=int(str(rows[0][1]))) if rows else MADE
    return None if place == MADE else place


class GraphSink:
    """Projects entities and relationships into FalkorDB."""

    name = "graph"

    def __init__(self, *, postgres: Postgres, graphs: Graphs) -> None:
        self._postgres = postgres
        self._graphs = graphs
        self._places: dict[Graph, Position] = {}
        self._secured: Position | None = None

    @asynccontextmanager
    async def steady(self) -> AsyncIterator["GraphSink"]:
        """Yield this sink over one connection, which fails for good once the server was lost."""
        async with self._graphs.steady() as graphs:
            yield GraphSink(postgres=self._postgres, graphs=graphs)

    async def cursor(self) -> Position | None:
        """Return the place all graphs have reached; None when one of them is not there or not whole."""
        self._places = {}
        for graph in GRAPHS:
            place = await place_of(graph, self._graphs)
            if place is None:
                return None
            self._places[graph] = place
        return min(self._places.values(), key=lambda place: (place.txid, place.seq))

    async def advance(self, position: Position) -> None:
        """Move the cursor of each graph on from where it was read.

        Raises:
            Conflict: a graph is not the one that was read.
        """
        for graph in GRAPHS:
            place = self._places[graph]
            params = {"from_txid": place.txid, "from_seq": place.seq, "txid": position.txid, "seq": position.seq}
            if not await self._graphs.write(graph, CYPHER["move_cursor"], params):
                raise Conflict(f"The graph {graph} was changed under the projector.", next_step="It looks again.")
            self._places[graph] = position

    async def apply(self, dirty: Dirty) -> None:
        """Write current vertices and edges; delete what is gone."""
        await self._vertices(dirty.entities)
        await self._edges(dirty)

    async def clear(self) -> None:
        """Make the graphs anew, with cursors that say they are not whole yet."""
        await self._graphs.renew()
        for graph in GRAPHS:
            await self._graphs.write(graph, CYPHER["make_cursor"])
        self._places = dict.fromkeys(GRAPHS, MADE)

    async def tidy(self) -> None:
        """Nothing: FalkorDB keeps house itself."""

    async def secure(self) -> Position | None:
        """Save a snapshot, unless the last one holds everything; return the place it surely holds."""
        async with self._graphs.steady() as graphs:
            sink = GraphSink(postgres=self._postgres, graphs=graphs)
            cursor = await sink.cursor()
            if cursor is None or (cursor != self._secured and not await graphs.snapshot()):
                return None
        self._secured = cursor
        return cursor

    async def _vertices(self, ids: tuple[UUID, ...]) -> None:
        async with self._postgres.writing() as session:
            rows = await session.rows(SQL["vertices"], {"ids": list(ids)})
        by_label: dict[str, list[dict[str, object]]] = defaultdict(list)
        for row in rows:
            by_label[ontology.vertex(str(row["entity_type"])).label].append(vertex_properties(row))
        for label, vertices in by_label.items():
            for graph in ontology.graphs_of(label):
                await self._label(graph, label, vertices)
        gone = sorted({str(i) for i in ids} - {str(row["id"]) for row in rows})
        for ids_gone in _chunks(gone):
            for graph in GRAPHS:
                await self._graphs.write(graph, CYPHER["delete_vertices"], {"ids": ids_gone})

    async def _label(self, graph: Graph, label: str, vertices: list[dict[str, object]]) -> None:
        """Write vertices of one label into one graph."""
        for chunk in _chunks(vertices):
            label_them = CYPHER["label_vertices"].replace("{label}", label)
            await self._graphs.write(graph, label_them, {"ids": [vertex["id"] for vertex in chunk]})
            await self._graphs.write(graph, CYPHER["upsert_vertices"].replace("{label}", label), {"rows": chunk})

    async def _edges(self, dirty: Dirty) -> None:
        async with self._postgres.writing() as session:
            rows = await session.fetch(EdgeRow, SQL["edges"], {"ids": list(dirty.relationships)})
        await self._write_edges(rows, complete=dirty.complete)
        if not dirty.complete:  # a graph that is being made holds nothing that could have gone
            await self._delete_edges(sorted({str(key) for key in dirty.relationships} - {row.eid for row in rows}))

    async def _write_edges(self, rows: Sequence[EdgeRow], *, complete: bool) -> None:
        """Write edges, those of one type with the same properties together."""
        alike: dict[tuple[str, tuple[str, ...]], list[list[Plain]]] = defaultdict(list)
        for row in rows:
            properties = edge_properties(row)
            alike[row.type, tuple(properties)].append([row.src, row.dst, *properties.values()])
        for (name, columns), edges in alike.items():
            query = edge_query("create_edges" if complete else "upsert_edges", name, columns)
            for chunk in _chunks(edges, PAGE if complete else CHUNK):
                await self._graphs.write(ontology.BY_EDGE[name].graph, query, {"rows": Table(chunk)})

    async def _delete_edges(self, gone: list[str]) -> None:
        for eids in _chunks(gone):
            for edge_type in ontology.EDGES:
                query = CYPHER["delete_edges"].replace("{type}", edge_type.name)
                await self._graphs.write(edge_type.graph, query, {"eids": eids})


def vertex_properties(row: Mapping[str, object]) -> dict[str, object]:
    """Return the properties the ontology gives this vertex; empty ones are left out, never written as null."""
    vertex_type = ontology.vertex(str(row["entity_type"]))
    metadata = row["metadata"] if isinstance(row["metadata"], dict) else {}
    values: dict[str, object] = {**metadata, **{name: value for name, value in row.items() if value is not None}}
    instagram = row.get("instagram")
    values["instagram_url"] = f"https://www.instagram.com/{instagram}/" if instagram else None
    genres = row.get("genres")
    values["genre"] = genres[0] if isinstance(genres, list) and genres else None
    plain = {name: _plain(values.get(name)) for name in ontology.VERTEX_COMMON}
    plain |= {name: _typed(values.get(COLUMN_OF.get(name, name)), kind) for name, kind in vertex_type.described}
    return {name: value for name, value in plain.items() if value not in (None, "")}


def _typed(value: object, value_type: ontology.ValueType) -> object:
    """Return a property's value; a moment among the facts is text."""
    if value_type == "moment" and isinstance(value, str):
        return datetime.fromisoformat(value).timestamp()
    return _plain(value)


def _plain(value: object) -> object:
    """Return a value FalkorDB can hold: times as epoch seconds, dates and ids as text."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | UUID):
        return str(value)
    if isinstance(value, dict | list):
        return None
    return value


def _chunks(rows: list[T], size: int = CHUNK) -> list[list[T]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]
