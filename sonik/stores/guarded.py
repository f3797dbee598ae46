"""The stores as answers ask them, each behind a breaker; what carries changes on asks them directly."""

import asyncio
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import TimeoutError as LateAnswer

from sonik.errors import Misconfigured, StoreUnavailable
from sonik.ontology import Graph
from sonik.stores.breaker import LOOK_SECONDS, Breaker, Sign
from sonik.stores.embedding import Embedder
from sonik.stores.graph import Graphs
from sonik.stores.graph_wire import Params, Value
from sonik.stores.texts import Match, TextFilter, TextReader, Vector
from sonik.types import Language

__all__ = ["GuardedEmbedder", "GuardedGraphs", "GuardedTexts"]


class GuardedGraphs:
    """Graphs to be read. It implements `sonik.stores.graph_wire.GraphReader`."""

    def __init__(self, graphs: Graphs) -> None:
        """Guard the graphs of a FalkorDB."""
        self._graphs = graphs
        self._breaker = Breaker("graph", look=self._look, sign=_sign_of_graph)

    async def exists(self, graph: Graph) -> bool:
        """Say whether the graph is there."""
        async with self._breaker.guarding():
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    return await self._graphs.exists(graph)
            except TimeoutError as error:
                raise StoreUnavailable("FalkorDB does not answer.", next_step="Run `sonik doctor`.") from error

    async def read(self, graph: Graph, query: str, params: Params | None = None) -> list[list[Value]]:
        """Run a read-only query and return its rows."""
        async with self._breaker.guarding():
            return await self._graphs.read(graph, query, params)

    async def _look(self) -> None:
        await self._graphs.exists("operations")


class GuardedTexts:
    """Texts to be searched. It implements `sonik.stores.texts.TextReader`."""

    def __init__(self, texts: TextReader) -> None:
        """Guard a table of texts."""
        self._texts = texts
        self._breaker = Breaker("vectors", look=texts.check, sign=_sign_of_texts)

    async def nearest(self, vector: Vector, *, where: TextFilter, limit: int) -> list[Match]:
        """Return the permitted rows closest to a vector."""
        async with self._breaker.guarding():
            return await self._texts.nearest(vector, where=where, limit=limit)

    async def matching(self, text: str, *, language: Language, where: TextFilter, limit: int) -> list[Match]:
        """Return the permitted rows that share words with a text."""
        async with self._breaker.guarding():
            return await self._texts.matching(text, language=language, where=where, limit=limit)

    async def vectors_of(self, ids: Sequence[str]) -> dict[str, npt.NDArray[np.float32]]:
        """Return the stored vectors of the ids that are there."""
        async with self._breaker.guarding():
            return await self._texts.vectors_of(ids)

    async def check(self) -> None:
        """Read one row."""
        await self._texts.check()


class GuardedEmbedder:
    """An embedder of questions. It implements `sonik.stores.embedding.Embedder`."""

    def __init__(self, embedder: Embedder) -> None:
        """Guard an embedder."""
        self._embedder = embedder
        self._breaker = Breaker("embedder", look=self._look, sign=_sign_of_embedder)

    @property
    def model(self) -> str:
        """The identity of the model."""
        return self._embedder.model

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return self._embedder.dimension

    async def warm(self) -> None:
        """Load the model now."""
        await self._embedder.warm()

    async def documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Return one row for each text."""
        return await self._embedder.documents(texts)

    async def question(self, text: str) -> npt.NDArray[np.float32]:
        """Return the vector of a question.

        Raises:
            StoreUnavailable: the model fails.
        """
        async with self._breaker.guarding():
            return await self._embedded(text)

    async def _embedded(self, text: str) -> npt.NDArray[np.float32]:
        try:
            return await self._embedder.question(text)
        except (RuntimeError, OSError, MemoryError, Misconfigured) as error:
            raise StoreUnavailable("The embedding model fails.", next_step="Run `sonik doctor`.") from error

    async def _look(self) -> None:
        await self._embedded("a")


def _sign_of_graph(error: BaseException | None) -> Sign | None:
    if isinstance(error, LateAnswer | TimeoutError):
        return "late"
    # What FalkorDB says of a query or of its state comes from one that is there.
    return "away" if isinstance(error, LostConnection | OSError) else None


def _sign_of_texts(error: BaseException | None) -> Sign | None:
    if isinstance(error, RuntimeError) and ("timed out" in str(error) or "Query timeout" in str(error)):
        return "late"
    return "away" if isinstance(error, RuntimeError | OSError | ValueError) else None


def _sign_of_embedder(error: BaseException | None) -> Sign | None:
    return None if error is None else "away"
