"""What an answer does without while a store is away: noted here and nowhere else, and told with the answer."""

from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from sonik.errors import OutOfTime, StoreUnavailable
from sonik.ontology import Graph
from sonik.stores.embedding import Embedder
from sonik.stores.graph_wire import GraphReader, Params, Value
from sonik.stores.texts import Match, TextFilter, TextReader, Vector
from sonik.types import MISSING, Language, Missing, Step

T = TypeVar("T")
D = TypeVar("D")


@dataclass(slots=True)
class Lack:
    """What one answer has to do without."""

    parts: set[Missing] = field(default_factory=set)

    @property
    def missing(self) -> tuple[Missing, ...]:
        """What is missing, in a fixed order."""
        return tuple(part for part in MISSING if part in self.parts)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of a trace that say so."""
        return tuple(Step(name="missing", ms=0.0, rows=0, note=part) for part in self.missing)


_LACK: ContextVar[Lack | None] = ContextVar("sonik_missing", default=None)


@contextmanager
def doing_without() -> Iterator[Lack]:
    """Let an answer do without what is away; outside of this block it is an error."""
    lack = Lack()
    token = _LACK.set(lack)
    try:
        yield lack
    finally:
        _LACK.reset(token)


async def unless_away(part: Missing, asked: Awaitable[T], otherwise: D) -> T | D:
    """Return what a store says; if it is away, note what is missing. It is waited for once an answer."""
    lack = _LACK.get()
    try:
        return await asked
    except (StoreUnavailable, OutOfTime):
        if lack is None:
            raise
        lack.parts.add(part)
        return otherwise


def is_missing(part: Missing) -> bool:
    """Say whether an answer was left without a part already."""
    lack = _LACK.get()
    return lack is not None and part in lack.parts


def anything_missing() -> bool:
    """Say whether the answer that is being found is not whole."""
    lack = _LACK.get()
    return lack is not None and bool(lack.parts)


class SparedGraphs:
    """Graphs that have nothing to say while they are away. It implements `sonik.stores.graph_wire.GraphReader`."""

    def __init__(self, graphs: GraphReader) -> None:
        """Ask the graphs of somebody else."""
        self._graphs = graphs

    async def exists(self, graph: Graph) -> bool:
        """Say whether the graph is there."""
        return not is_missing("graph") and await unless_away("graph", self._graphs.exists(graph), False)

    async def read(self, graph: Graph, query: str, params: Params | None = None) -> list[list[Value]]:
        """Run a read-only query and return its rows."""
        nothing: list[list[Value]] = []
        if is_missing("graph"):
            return nothing
        return await unless_away("graph", self._graphs.read(graph, query, params), nothing)


class SparedTexts:
    """Texts none of which is found while they are away. It implements `sonik.stores.texts.TextReader`."""

    def __init__(self, texts: TextReader) -> None:
        """Ask the texts of somebody else."""
        self._texts = texts

    async def nearest(self, vector: Vector, *, where: TextFilter, limit: int) -> list[Match]:
        """Return the permitted rows closest to a vector."""
        nothing: list[Match] = []
        if is_missing("texts"):
            return nothing
        return await unless_away("texts", self._texts.nearest(vector, where=where, limit=limit), nothing)

    async def matching(self, text: str, *, language: Language, where: TextFilter, limit: int) -> list[Match]:
        """Return the permitted rows that share words with a text."""
        nothing: list[Match] = []
        if is_missing("texts"):
            return nothing
        asked = self._texts.matching(text, language=language, where=where, limit=limit)
        return await unless_away("texts", asked, nothing)

    async def vectors_of(self, ids: Sequence[str]) -> dict[str, npt.NDArray[np.float32]]:
        """Return the stored vectors of the ids that are there."""
        nothing: dict[str, npt.NDArray[np.float32]] = {}
        if is_missing("texts"):
            return nothing
        return await unless_away("texts", self._texts.vectors_of(ids), nothing)

    async def check(self) -> None:
        """Read one row."""
        await self._texts.check()


async def vector_of(question: str, *, embedder: Embedder) -> npt.NDArray[np.float32] | None:
    """Return the vector of a question; None while the model fails."""
    return None if is_missing("meaning") else await unless_away("meaning", embedder.question(question), None)
