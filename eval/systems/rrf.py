"""Reciprocal rank fusion of BM25 and dense search: what anybody would build first."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from eval.dataset import Corpus
from eval.systems.bm25 import Bm25
from eval.systems.dense import Dense
from eval.systems.system import System, Workshop
from sonik.types import JsonObject

K = 60
TOP = 200


def fused(lists: Iterable[Sequence[str]]) -> list[str]:
    """Return the ids by the sum of 1 / (60 + rank), best first; of equals, the one met first (Cormack et al. 2009)."""
    scores: dict[str, float] = defaultdict(float)
    for ids in lists:
        for rank, key in enumerate(ids, start=1):
            scores[key] += 1 / (K + rank)
    return sorted(scores, key=lambda key: -scores[key])


class Rrf:
    """Ranks by the places of a passage in both lists."""

    def __init__(self, *systems: System) -> None:
        """Name the systems to fuse."""
        self._systems = systems

    @property
    def settings(self) -> JsonObject:
        """The settings of all systems, and of the fusion."""
        merged: JsonObject = {"rrf_k": K, "rrf_top": TOP}
        for system in self._systems:
            merged |= system.settings
        return merged

    async def index(self, corpus: Corpus) -> float:
        """Index with each system in turn."""
        return sum([await system.index(corpus) for system in self._systems])

    async def search(self, question: str, k: int) -> list[str]:
        """Ask each system and fuse the lists."""
        return fused([await system.search(question, TOP) for system in self._systems])[:k]


@asynccontextmanager
async def open_rrf(workshop: Workshop) -> AsyncIterator[System]:
    """Yield the fusion of BM25 and dense search."""
    yield Rrf(Bm25(), Dense(workshop))
