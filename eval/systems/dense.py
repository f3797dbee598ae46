"""Exact search by the vectors of the product's own embedder."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

import numpy as np

from eval.dataset import Corpus
from eval.systems.system import System, Workshop
from eval.systems.vector_cache import embed
from sonik.stores.embedding import Vectors
from sonik.types import JsonObject

CACHE = "vectors.sqlite"


class Dense:
    """Ranks by the cosine of question and passage."""

    def __init__(self, workshop: Workshop) -> None:
        """Name the embedder; nothing is indexed yet."""
        self._workshop = workshop
        self._vectors: Vectors = np.zeros((0, 0), dtype=np.float32)
        self._ids: list[str] = []

    @property
    def settings(self) -> JsonObject:
        """The model."""
        return {"embedder": self._workshop.embedder.model}

    async def index(self, corpus: Corpus) -> float:
        """Embed every passage that was not embedded before."""
        self._ids = [passage.id for passage in corpus.passages]
        texts = [passage.whole for passage in corpus.passages]
        embedded = await embed(texts, embedder=self._workshop.embedder, path=self._workshop.folder / CACHE)
        started = perf_counter()
        self._vectors = np.ascontiguousarray(embedded.vectors)
        return embedded.seconds + perf_counter() - started

    async def search(self, question: str, k: int) -> list[str]:
        """Embed the question and return the nearest passages."""
        vector = await self._workshop.embedder.question(question)
        return await asyncio.to_thread(self._nearest, vector, k)

    def _nearest(self, vector: Vectors, k: int) -> list[str]:
        order = np.argsort(-(self._vectors @ vector), kind="stable")
        return [self._ids[row] for row in order[:k]]


@asynccontextmanager
async def open_dense(workshop: Workshop) -> AsyncIterator[System]:
    """Yield exact dense search; its vectors stay in the work folder."""
    yield Dense(workshop)
