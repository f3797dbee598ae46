"""Search with a part of it taken away, to measure what that part is worth. Nobody is answered so."""

import re
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Literal, LiteralString, TypeVar, get_args

import numpy as np
import numpy.typing as npt

from sonik.ontology import Graph
from sonik.retrieval.linking import Alias
from sonik.retrieval.mentions import KnownPhrase
from sonik.retrieval.missing import SparedGraphs, SparedTexts
from sonik.retrieval.question import Reader, read_plainly, read_question
from sonik.retrieval.seeds import Sources
from sonik.stores.graph_wire import GraphReader, Value
from sonik.stores.postgres import Params, Postgres, Session
from sonik.stores.texts import Match, TextFilter, Vector
from sonik.types import Language, Scope

T = TypeVar("T")
Part = Literal["graph", "text", "weights", "understanding"]
"""What can be taken away: walks, similar and matching texts, what edges weigh, and the reading of questions."""
PARTS: tuple[Part, ...] = get_args(Part)
NAMED = (Alias, KnownPhrase)
WEIGHT = re.compile(r"coalesce\(r\.\w+, r\.weight\)")


def ablated(sources: Sources, graphs: GraphReader, without: Collection[Part]) -> tuple[Sources, GraphReader, Reader]:
    """Return what a search asks and spares while it is away, and how it reads questions, without some of its parts."""
    postgres = _Nameless(sources.postgres) if "understanding" in without else sources.postgres
    vectors = _NoTexts() if "text" in without else sources.vectors
    if "graph" in without:
        graphs = _NoGraphs()
    elif "weights" in without:
        graphs = _EvenGraphs(graphs)
    told = Sources(postgres=postgres, vectors=SparedTexts(vectors), embedder=sources.embedder)
    return told, SparedGraphs(graphs), read_plainly if "understanding" in without else read_question


class _NoGraphs:
    """Graphs without an edge."""

    async def exists(self, graph: Graph) -> bool:
        del graph
        return True

    async def read(self, graph: Graph, query: str, params: Params | None = None) -> list[list[Value]]:
        del graph, query, params
        return []


class _EvenGraphs:
    """Graphs in which every edge weighs the same."""

    def __init__(self, graphs: GraphReader) -> None:
        """Ask the graphs of somebody else."""
        self._graphs = graphs

    async def exists(self, graph: Graph) -> bool:
        return await self._graphs.exists(graph)

    async def read(self, graph: Graph, query: str, params: Params | None = None) -> list[list[Value]]:
        return await self._graphs.read(graph, WEIGHT.sub("1.0", query), params)


class _NoTexts:
    """Texts of which none is like a question."""

    async def check(self) -> None:
        """There is nothing to read."""

    async def nearest(self, vector: Vector, *, where: TextFilter, limit: int) -> list[Match]:
        del vector, where, limit
        return []

    async def matching(self, text: str, *, language: Language, where: TextFilter, limit: int) -> list[Match]:
        del text, language, where, limit
        return []

    async def vectors_of(self, ids: Sequence[str]) -> dict[str, npt.NDArray[np.float32]]:
        del ids
        return {}


class _Nameless(Postgres):
    """Truth in which nobody is known by a name."""

    def __init__(self, postgres: Postgres) -> None:
        """Ask the database of somebody else."""
        self._postgres = postgres

    @asynccontextmanager
    async def reading(self, scope: Scope) -> AsyncIterator[Session]:
        async with self._postgres.reading(scope) as session:
            yield _NamelessSession(session.connection)


class _NamelessSession(Session):
    async def fetch(self, row_type: type[T], query: LiteralString, params: Params | None = None) -> list[T]:
        return [] if row_type in NAMED else await super().fetch(row_type, query, params)
