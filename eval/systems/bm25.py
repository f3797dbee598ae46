"""BM25 as the bm25s package has it: English stop words, Snowball stemmer, its default k1 and b."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

import bm25s
import Stemmer

from eval.dataset import Corpus
from eval.systems.system import System, Workshop
from sonik.errors import InvalidInput
from sonik.types import JsonObject

LANGUAGE = "english"


class Bm25:
    """Ranks by shared words."""

    def __init__(self) -> None:
        """Prepare the words; nothing is indexed yet."""
        self._stemmer = Stemmer.Stemmer(LANGUAGE)
        self._words = bm25s.BM25()
        self._ids: list[str] = []

    @property
    def settings(self) -> JsonObject:
        """The package and its parameters."""
        return {"bm25s": bm25s.__version__, "k1": self._words.k1, "b": self._words.b, "stemmer": LANGUAGE}

    async def index(self, corpus: Corpus) -> float:
        """Count the words of every passage."""
        started = perf_counter()
        self._ids = [passage.id for passage in corpus.passages]
        await asyncio.to_thread(self._index, [passage.whole for passage in corpus.passages])
        return perf_counter() - started

    async def search(self, question: str, k: int) -> list[str]:
        """Return the passages with the highest scores; those that share no word are left out."""
        return await asyncio.to_thread(self._search, question, min(k, len(self._ids)))

    def _index(self, texts: list[str]) -> None:
        tokens = bm25s.tokenize(texts, stopwords="en", stemmer=self._stemmer, show_progress=False)
        if not tokens.vocab:
            raise InvalidInput("The corpus has no words.", next_step="Give its passages a text.", field="dataset")
        self._words.index(tokens, show_progress=False)

    def _search(self, question: str, k: int) -> list[str]:
        tokens = bm25s.tokenize([question], stopwords="en", stemmer=self._stemmer, show_progress=False)
        rows, scores = self._words.retrieve(tokens, k=k, show_progress=False)
        return [self._ids[row] for row, score in zip(rows[0], scores[0], strict=True) if score > 0]


@asynccontextmanager
async def open_bm25(workshop: Workshop) -> AsyncIterator[System]:
    """Yield BM25; it keeps nothing."""
    del workshop
    yield Bm25()
