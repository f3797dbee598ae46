"""Vectors of passages on disk, by model and text: a passage is embedded once, and what it cost is remembered."""

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from sonik.stores.embedding import Embedder, Vectors

BATCH = 256
SCHEMA = """
    create table if not exists vectors (
        model text, text_hash text, vector blob not null, seconds real not null, primary key (model, text_hash)
    ) without rowid
"""
READ = "select vector, seconds from vectors where model = ? and text_hash = ?"
WRITE = "insert or replace into vectors (model, text_hash, vector, seconds) values (?, ?, ?, ?)"

Row = tuple[bytes, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Embedded:
    """Vectors in the order of their texts, the seconds that making all of them took, and how many of these before."""

    vectors: Vectors
    seconds: float
    spared_seconds: float


class Remembering:
    """An embedder that makes no vector of a passage twice, and adds up the seconds this has spared."""

    def __init__(self, embedder: Embedder, *, path: Path) -> None:
        """Put a file before an embedder."""
        self._embedder = embedder
        self._path = path
        self.spared_seconds = 0.0

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

    async def documents(self, texts: Sequence[str]) -> Vectors:
        """Return one row for each text, from the file where it holds them."""
        if not texts:
            return await self._embedder.documents(texts)
        embedded = await embed(texts, embedder=self._embedder, path=self._path)
        self.spared_seconds += embedded.spared_seconds
        return embedded.vectors

    async def question(self, text: str) -> Vectors:
        """Return the vector of a question, always made anew."""
        return await self._embedder.question(text)


async def embed(texts: Sequence[str], *, embedder: Embedder, path: Path) -> Embedded:
    """Return the vectors of passages, making those that the file does not hold."""
    await embedder.warm()
    path.parent.mkdir(parents=True, exist_ok=True)
    keys = [hashlib.sha256(text.encode("utf-8", "replace")).hexdigest() for text in texts]
    with closing(sqlite3.connect(path, timeout=60)) as file:
        file.execute(SCHEMA)
        rows = {key: row for key in keys if (row := file.execute(READ, (embedder.model, key)).fetchone())}
        spared = sum(seconds for _, seconds in rows.values())
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in rows}
        # Batches of like length are padded least; each is kept as soon as it is made.
        ordered = sorted(missing, key=lambda key: len(missing[key]))
        for start in range(0, len(ordered), BATCH):
            batch = ordered[start : start + BATCH]
            made = await _made([missing[key] for key in batch], embedder)
            with file:
                for key, row in zip(batch, made, strict=True):
                    file.execute(WRITE, (embedder.model, key, *row))
                    rows[key] = row
    vectors = np.stack([np.frombuffer(rows[key][0], dtype=np.float32) for key in keys])
    return Embedded(vectors=vectors, seconds=sum(seconds for _, seconds in rows.values()), spared_seconds=spared)


async def _made(texts: Sequence[str], embedder: Embedder) -> list[Row]:
    started = perf_counter()
    vectors = await embedder.documents(texts)
    each = (perf_counter() - started) / len(texts)
    return [(vector.tobytes(), each) for vector in vectors]
