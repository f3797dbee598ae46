"""What Sonik is made of, told from its sources: ontology, catalogue, queries, status registry, lenses and legends."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from sonik import ontology
from sonik.clock import Clock
from sonik.errors import InvalidInput, did_you_mean
from sonik.ontology import EdgeType, Graph, VertexType
from sonik.retrieval.lenses import LENSES, Lens
from sonik.retrieval.patterns import PATTERNS, Pattern, Route
from sonik.retrieval.vocabulary import Vocabulary
from sonik.sql import queries, rooms
from sonik.stores.postgres import Postgres
from sonik.types import JsonObject, Scope

SQL = queries("describe")
Topic = Literal["graph", "tables", "ssot", "status", "lenses", "markets"]
TOPICS: tuple[str, ...] = get_args(Topic)
_WRITES = re.compile(r"\b(?:insert into|update|delete from) unified\.(\w+)")
_ARROW = {"out": ">", "in": "<", "both": "-"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """One thing that is described; `details` are told when it is asked for by name."""

    name: str
    about: str
    details: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Describer:
    """The sources of descriptions."""

    postgres: Postgres
    vocabulary: Vocabulary
    clock: Clock

    async def describe(self, topic: str, name: str | None, *, scope: Scope) -> tuple[Described, ...]:
        """Return the things of a topic, or the one of them that is named.

        Raises:
            InvalidInput: there is no such topic, or nothing of that name in it.
        """
        tellers: Mapping[str, Callable[[Scope], Awaitable[list[Described]]]] = {
            "graph": self._graph, "tables": self._tables, "ssot": self._ssot, "status": self._status,
            "lenses": self._lenses, "markets": self._markets,
        }  # fmt: skip
        if topic not in tellers:
            hint = did_you_mean(topic, list(TOPICS))
            raise InvalidInput(f"Unknown topic '{topic[:40]}'.", next_step=hint, field="topic")
        if topic == "markets" and name:
            name = self.vocabulary.market(name).slug
        if topic == "graph" and name in ontology.GRAPHS:
            return tuple(_types_of(name))
        told = await tellers[topic](scope)
        named = [one for one in told if one.name.lower() == (name or "").lower()]
        if name and not named:
            hint = did_you_mean(name, [one.name for one in told])
            raise InvalidInput(f"Nothing is called '{name[:60]}' in {topic}.", next_step=hint, field="name")
        return tuple(named or (one for one in told if topic != "graph" or one.name in ontology.GRAPHS))

    async def _graph(self, _: Scope) -> list[Described]:
        return [_graph(graph) for graph in ontology.GRAPHS] + [
            one for graph in ontology.GRAPHS for one in _types_of(graph)
        ]

    async def _tables(self, scope: Scope) -> list[Described]:
        async with self.postgres.reading(scope) as session:
            rows = await session.rows(SQL["tables"])
        return [
            Described(name=str(row["name"]), about=str(row["about"]), details={"columns": _columns(row["columns"])})
            for row in rows
        ]

    async def _ssot(self, scope: Scope) -> list[Described]:
        written = writers()
        told = []
        for table in await self._tables(scope):
            by = written.get(table.name, {})
            about = f"written by {', '.join(by)}" if by else "written by migrations and seeds only"
            details: JsonObject = {
                "about": table.about,
                "statements": [name for names in by.values() for name in names],
            }
            told.append(Described(name=table.name, about=about, details=details))
        return told

    async def _status(self, scope: Scope) -> list[Described]:
        async with self.postgres.reading(scope) as session:
            rows = await session.rows(SQL["statuses"])
        domains: dict[str, JsonObject] = {}
        for row in rows:
            labels = ", ".join(str(row[f"label_{language}"]) for language in ("es", "pt", "en"))
            ends = " (final)" if row["is_terminal"] else ""
            domains.setdefault(str(row["domain"]), {})[str(row["status"])] = labels + ends
        return [Described(name=name, about=", ".join(values), details=values) for name, values in domains.items()]

    async def _lenses(self, _: Scope) -> list[Described]:
        return [_lens(one) for one in LENSES.values()] + [_pattern(one) for one in PATTERNS.values()]

    async def _markets(self, scope: Scope) -> list[Described]:
        params = {"collection": scope.collection, "now": self.clock.now()}
        async with self.postgres.reading(scope) as session:
            counted = {str(row["market"]): row for row in await session.rows(SQL["market_counts"], params)}
        told = []
        for market in self.vocabulary.markets:
            row = counted.get(market.slug, {})
            venues, events = (int(str(row.get(name, 0))) for name in ("venues", "coming_events"))
            about = f"{market.name}, {market.country}: {events} coming events, {venues} venues"
            details: JsonObject = {
                "time_zone": market.timezone, "currency": market.currency, "also_called": list(market.aliases)
            }  # fmt: skip
            told.append((-events, Described(name=market.slug, about=about, details=details)))
        return [described for _, described in sorted(told, key=lambda one: (one[0], one[1].name))]


def writers() -> dict[str, dict[str, list[str]]]:
    """Return which rooms write each table, and by which named statements."""
    found: dict[str, dict[str, list[str]]] = {}
    for room in rooms():
        for name, text in queries(room).items():
            for table in dict.fromkeys(_WRITES.findall(text)):
                found.setdefault(table, {}).setdefault(room, []).append(f"{room}.{name}")
    return found


def _graph(graph: Graph) -> Described:
    kinds = [ontology.BY_LABEL[label].kind for label in ontology.labels(graph)]
    edges = list(ontology.edge_names(graph))
    about = f"{len(kinds)} kinds, {len(edges)} edge types"
    return Described(name=graph, about=about, details={"kinds": list(kinds), "edges": list(edges)})


def _types_of(graph: Graph) -> list[Described]:
    vertices = [_vertex(v) for v in ontology.VERTICES if graph == v.graph]
    return vertices + [_edge(e) for e in ontology.EDGES if e.graph == graph]


def _vertex(vertex: VertexType) -> Described:
    shared = ontology.SHARED.get(vertex.label, ())
    about = f"{vertex.es}, {vertex.pt}, {vertex.en}" + (f"; also in {', '.join(shared)}" if shared else "")
    details: JsonObject = {
        "graph": vertex.graph, "label": vertex.label, "properties": list(vertex.properties),
        "edges": [e.name for e in ontology.EDGES if any(vertex.label in pair for pair in e.ends)],
    }  # fmt: skip
    return Described(name=vertex.kind, about=about, details=details)


def _edge(edge: EdgeType) -> Described:
    targets: dict[str, list[str]] = {}
    for source, target in edge.ends:
        targets.setdefault(source, []).append(target)
    about = "; ".join(f"{source} -> {' | '.join(ends)}" for source, ends in targets.items())
    details: JsonObject = {
        "graph": edge.graph, "base_weight": edge.base_weight, "properties": list(edge.properties),
        "lenses": [one.name for one in LENSES.values() if edge.name in one.edges],
    }  # fmt: skip
    return Described(name=edge.name, about=about, details=details)


def _lens(lens: Lens) -> Described:
    values = sorted(lens.edges.items(), key=lambda pair: (-pair[1], pair[0]))
    about = f"lens over {', '.join(lens.graphs)}: {', '.join(f'{name} {value:g}' for name, value in values[:5])}"
    details: JsonObject = {
        "edges": dict(values), "fields": [*sorted(lens.fields)], "hides": [*sorted(lens.hides)],
        "roles": [*sorted(lens.roles)],
    }  # fmt: skip
    return Described(name=lens.name, about=about, details=details)


def _pattern(pattern: Pattern) -> Described:
    starts = ", ".join(pattern.starts) or "anything"
    details: JsonObject = {
        "lens": pattern.lens, "graphs": list(pattern.graphs), "order": pattern.order,
        "routes": [_told(route) for route in pattern.routes],
    }  # fmt: skip
    return Described(name=pattern.name, about=f"pattern: {pattern.answers}; starts at {starts}", details=details)


def _told(route: Route) -> str:
    steps = [f"{_ARROW[leg.direction]}{'|'.join(leg.types)} {'|'.join(leg.kinds)}" for leg in route.legs]
    return " ".join(["|".join(route.starts), *steps])


def _columns(columns: object) -> JsonObject:
    rows = columns if isinstance(columns, list) else []
    return {str(row["name"]): " ".join(filter(None, (str(row["type"]), row["about"]))) for row in rows}
