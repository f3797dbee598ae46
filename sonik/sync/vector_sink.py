"""Truth into LanceDB: searchable entities with their texts and vectors; unchanged text is never embedded twice."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from sonik import ontology
from sonik.sql import queries
from sonik.stores.embedding import Embedder
from sonik.stores.postgres import Postgres
from sonik.stores.texts import TextRow
from sonik.stores.vectors import Vectors
from sonik.sync.source import BATCH, Dirty
from sonik.sync.texts import GenreLabels, Subject, embedded_text, full_text
from sonik.truth.rows import Position

SQL = queries("sync")
LEGENDS = queries("legends")
Vector = NDArray[np.float32]


class VectorSink:
    """Projects searchable entities into LanceDB."""

    name = "vectors"

    def __init__(self, *, postgres: Postgres, vectors: Vectors, embedder: Embedder) -> None:
        self._postgres = postgres
        self._vectors = vectors
        self._embedder = embedder
        self._labels: GenreLabels | None = None

    @asynccontextmanager
    async def steady(self) -> AsyncIterator["VectorSink"]:
        """Yield this sink, seeing what its last holder wrote: LanceDB has no server that could restart."""
        await self._vectors.refresh()
        yield self

    async def cursor(self) -> Position | None:
        """Return the cursor kept in truth, None when the table is empty and should not be."""
        async with self._postgres.writing() as session:
            rows = [row for row in await session.rows(SQL["state"]) if row["sink"] == self.name and row["txid"]]
        if not rows or (await self._vectors.count() == 0 and await self._expects_rows()):
            return None
        return Position(txid=int(str(rows[0]["txid"])), seq=int(str(rows[0]["seq"])))

    async def advance(self, position: Position) -> None:
        """Nothing: the projector records every sink's place in truth, which outlives a LanceDB table."""

    async def apply(self, dirty: Dirty) -> None:
        """Write current texts and vectors, also of those whose text names a changed one; delete what is gone."""
        keys = dict.fromkeys(dirty.entities)
        if keys and not dirty.complete:
            async with self._postgres.writing() as session:
                rows = await session.rows(SQL["dependents"], {"ids": list(keys)})
            keys |= dict.fromkeys(UUID(str(row["id"])) for row in rows)
        waiting = list(keys)
        for start in range(0, len(waiting), BATCH):
            await self._take_over(waiting[start : start + BATCH])

    async def clear(self) -> None:
        """Make the table anew."""
        # The cursor first: if this is cut short, there must be none to trust.
        async with self._postgres.writing() as session:
            await session.execute(SQL["forget_cursor"], {"sink": self.name})
        await self._vectors.recreate()

    async def tidy(self) -> None:
        """Compact and index what has gathered."""
        await self._vectors.maintain()

    async def secure(self) -> Position | None:
        """Return the cursor: what LanceDB has acknowledged is on disk."""
        return await self.cursor()

    async def _expects_rows(self) -> bool:
        async with self._postgres.writing() as session:
            rows = await session.rows(SQL["has_kinds"], {"kinds": list(ontology.SEARCHABLE_KINDS)})
        return bool(rows[0]["found"])

    async def _take_over(self, ids: Sequence[UUID]) -> None:
        async with self._postgres.writing() as session:
            subjects = await session.fetch(Subject, SQL["texts"], {"ids": list(ids)})
        subjects = [s for s in subjects if ontology.vertex(s.entity_type).searchable]
        gone = {str(i) for i in ids} - {str(subject.id) for subject in subjects}
        if subjects:
            await self._write(subjects)
        if gone:
            await self._vectors.delete(sorted(gone))

    async def _write(self, subjects: Sequence[Subject]) -> None:
        """Write the rows of some subjects, and what was embedded for them into the cache beside it."""
        labels = await self._genre_labels()
        vectors, made = await self._embed([embedded_text(subject, labels) for subject in subjects])
        rows = [_row(subject, vector, labels) for subject, vector in zip(subjects, vectors, strict=True)]
        await asyncio.gather(self._vectors.upsert(rows), self._remember(made))

    async def _embed(self, texts: Sequence[str]) -> tuple[list[Vector], dict[bytes, Vector]]:
        """Return a vector per text, from the cache where the very text was embedded before, and those made now."""
        hashes = [hashlib.sha256(text.encode()).digest() for text in texts]
        known = await self._cached(hashes)
        fresh = {key: text for key, text in zip(hashes, texts, strict=True) if key not in known}
        made = dict(zip(fresh, await self._embedder.documents(list(fresh.values())), strict=True)) if fresh else {}
        known |= made
        return [known[key] for key in hashes], made

    async def _cached(self, hashes: Sequence[bytes]) -> dict[bytes, Vector]:
        params = {"model": self._embedder.model, "hashes": list(set(hashes))}
        async with self._postgres.writing() as session:
            rows = await session.rows(SQL["cached_vectors"], params)
        found = {}
        for row in rows:
            key, vector = row["text_hash"], row["vector"]
            if isinstance(key, bytes) and isinstance(vector, bytes):
                found[key] = np.frombuffer(vector, dtype=np.float32)
        return found

    async def _remember(self, vectors: dict[bytes, Vector]) -> None:
        if not vectors:
            return
        rows = [
            {"model": self._embedder.model, "text_hash": key, "vector": np.asarray(v, dtype=np.float32).tobytes()}
            for key, v in sorted(vectors.items())
        ]
        async with self._postgres.writing(durable=False) as session:
            await session.execute_many(SQL["cache_vectors"], rows)

    async def _genre_labels(self) -> GenreLabels:
        if self._labels is None:
            async with self._postgres.writing() as session:
                rows = await session.rows(LEGENDS["genres"])
            self._labels = {
                str(row["code"]): {language: str(row[f"label_{language}"]) for language in ("es", "pt", "en")}
                for row in rows
            }
        return self._labels


def _row(subject: Subject, vector: Vector, labels: GenreLabels) -> TextRow:
    is_event = subject.entity_type == "event"
    price = 0.0 if subject.is_free and subject.price_min is None else subject.price_min
    return TextRow(
        id=str(subject.id), graph=ontology.vertex(subject.entity_type).graph, kind=subject.entity_type,
        collection=subject.collection, owner_org=subject.owner_org, visibility=subject.visibility,
        market=subject.market, name=subject.name, text_es=full_text(subject, "es", labels),
        text_pt=full_text(subject, "pt", labels), text_en=full_text(subject, "en", labels),
        genres=tuple(subject.genres), starts_at=subject.starts_at if is_event else None,
        ends_at=subject.until if is_event else None, price_min=None if price is None else float(price),
        lat=subject.lat, lng=subject.lng, version=subject.version, seq=subject.version, vector=vector,
    )  # fmt: skip
