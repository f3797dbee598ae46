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
    """Vectors in the order of their texts, and the seconds that making all of them took, now or before."""

    vectors: Vectors
    seconds: float


async def embed(texts: Sequence[str], *, embedder: Embedder, path: Path) -> Embedded:
    """Return the vectors of passages, making those that the file does not hold."""
    await embedder.warm()
    path.parent.mkdir(parents=True, exist_ok=True)
    keys = [hashlib.sha256(text.encode("utf-8", "replace")).hexdigest() for text in texts]
    with closing(sqlite3.connect(path, timeout=60)) as file:
        file.execute(SCHEMA)
        rows = {key: row for key in keys if (row := file.execute(READ, (embedder.model, key)).fetchone())}
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
    return Embedded(vectors=vectors, seconds=sum(seconds for _, seconds in rows.values()))


async def _made(texts: Sequence[str], embedder: Embedder) -> list[Row]:
    started = perf_counter()
    vectors = await embedder.documents(texts)
    each = (perf_counter() - started) / len(texts)
    return [(vector.tobytes(), each) for vector in vectors]
