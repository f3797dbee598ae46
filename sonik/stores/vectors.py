"""LanceDB: the text and the vector of everything searchable, in one table that can be rebuilt."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sonik.errors import InvalidInput, Misconfigured, StoreUnavailable
from sonik.stores.lance import (
    AsyncConnection,
    AsyncTable,
    FullTextOperator,
    MultiMatchQuery,
    col,
    conflicting,
    connect,
    latest,
    lit,
    translated,
    vanished,
)
from sonik.stores.text_columns import as_columns, as_vector, confirm_layout, layout
from sonik.stores.text_filter import permitted
from sonik.stores.text_table import layout_found, made_anew, neighbours, opened, tidied, untidy
from sonik.stores.texts import Match, TextFilter, TextRow, Vector
from sonik.types import Language
from sonik.watch import Part, during

__all__ = ["Match", "TextFilter", "TextRow", "Vectors"]

logger = logging.getLogger(__name__)

T = TypeVar("T")
Door = Callable[[AsyncConnection, pa.Schema], Awaitable[AsyncTable]]

BATCH_ROWS = 500
WRITES_PER_OPTIMIZE = 20
# A word in the text, a word in the name.
BOOSTS = [1.0, 2.0]


@dataclass(kw_only=True, slots=True)
class _Place:
    """Where the rows are."""

    connection: AsyncConnection
    table: AsyncTable

    def close(self) -> None:
        """Let go of both."""
        self.table.close()  # type: ignore[no-untyped-call]
        self.connection.close()  # type: ignore[no-untyped-call]


class Vectors:
    """One connection and one table. Searches see what their filter's scope may see; writes wait for each other."""

    def __init__(self, uri: str, *, schema: pa.Schema, timeout: timedelta, refresh_seconds: float) -> None:
        """Use `open`, which makes the table if it is not there."""
        self._uri = uri
        self._refresh_seconds = refresh_seconds
        self._opening: asyncio.Task[_Place] | None = None
        self._schema = schema
        self._dimension: int = schema.field("vector").type.list_size
        self._timeout = timeout
        self._writing = asyncio.Lock()
        self._writes = 0

    @classmethod
    async def open(
        cls,
        uri: str,
        *,
        model: str,
        dimension: int,
        replace: bool = False,
        timeout_seconds: float = 5.0,
        refresh_seconds: float = 1.0,
        patience_seconds: float | None = None,
    ) -> Self:
        """Open the table, or make it; with `replace` make it anew, whatever is there.

        Where `patience_seconds` are given, a table that does not answer for so long is opened by whoever asks it next.

        Raises:
            EmbeddingMismatch: the stored vectors come from another model or have another dimension.
        """
        schema, timeout = layout(model=model, dimension=dimension), timedelta(seconds=timeout_seconds)
        vectors = cls(uri, schema=schema, timeout=timeout, refresh_seconds=refresh_seconds)
        try:
            async with asyncio.timeout(patience_seconds):
                await vectors._reach(made_anew if replace else opened)
        except (StoreUnavailable, TimeoutError) as error:
            if patience_seconds is None or replace:
                raise
            logger.warning("LanceDB is away, it is opened when it is back", extra={"error": str(error)})
        return vectors

    @staticmethod
    async def misfit(uri: str, *, model: str, dimension: int) -> Misconfigured | None:
        """Return why the table could not be opened for a model, None if it could; changes nothing."""
        if "://" not in uri and not Path(uri).expanduser().is_dir():
            return None
        with translated(), closing(await connect(uri, refresh_seconds=1.0)) as connection:
            found = await layout_found(connection)
        try:
            if found is not None:
                confirm_layout(found, layout(model=model, dimension=dimension))
        except Misconfigured as error:
            return error
        return None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the table and its caches."""
        if self._opening is None:
            return
        self._opening.cancel()
        await asyncio.wait([self._opening])
        if _succeeded(self._opening):
            self._opening.result().close()

    async def refresh(self) -> None:
        """See at once what other processes have written until now."""
        place = await self._reach()
        with translated():
            await latest(place.table)

    async def recreate(self) -> None:
        """Make the table anew and empty, for the model it was opened with."""
        async with self._writing:
            place = await self._reach()
            with translated():
                place.table = await made_anew(place.connection, self._schema)
            self._writes = 0

    async def upsert(self, rows: Sequence[TextRow]) -> None:
        """Write rows by id. A row whose `seq` is lower than the stored one is passed over."""
        with translated():
            batches = [as_columns(batch, self._schema) for batch in _batches(_newest(rows))]
        async with self._writing:
            for batch in batches:
                await self._merge(batch)

    async def delete(self, ids: Sequence[str]) -> None:
        """Delete rows by id; an id that is not there is no error."""
        async with self._writing:
            for batch in _batches(ids):
                await self._delete(batch)

    async def nearest(self, vector: Vector, *, where: TextFilter, limit: int) -> list[Match]:
        """Return the permitted rows closest to a vector, best first; the score is the cosine similarity."""
        target = as_vector(vector, dimension=self._dimension)

        limit = _positive(limit)

        async def search(table: AsyncTable) -> list[Match]:
            confirm_layout(await table.schema(), self._schema)
            query = await neighbours(table, target, allowed=permitted(where), timeout=self._timeout)
            query = query.select(_columns(where, "_distance")).limit(limit)
            found = await query.to_arrow(timeout=self._timeout)
            return _ranked(found, 1.0 - found["_distance"].to_numpy(), where=where)

        return await self._ask(search)

    async def matching(self, text: str, *, language: Language, where: TextFilter, limit: int) -> list[Match]:
        """Return the permitted rows that share words with a text, best first; the score is BM25.

        Words are stemmed and folded in the column of the language, and only folded in names, which count more.
        """
        words = MultiMatchQuery(text, [f"text_{language}", "name"], boosts=BOOSTS, operator=FullTextOperator.OR)
        limit = _positive(limit)

        async def search(table: AsyncTable) -> list[Match]:
            query = table.query().nearest_to_text(words).where(permitted(where))
            query = query.select(_columns(where, "_score")).limit(limit)
            found = await query.to_arrow(timeout=self._timeout)
            return _ranked(found, found["_score"].to_numpy(), where=where)

        return await self._ask(search)

    async def versions(self, *, collection: str | None = None) -> dict[str, int]:
        """Return the version of every row, of all collections or of one: what the drift check compares."""

        async def read(table: AsyncTable) -> dict[str, int]:
            query = table.query().select(["id", "version"])
            if collection is not None:
                query = query.where(col("collection") == lit(collection))
            stored: dict[str, int] = {}
            async for batch in await query.to_batches():
                stored.update(zip(batch["id"].to_pylist(), batch["version"].to_pylist(), strict=True))
            return stored

        return await self._ask(read)

    async def vectors_of(self, ids: Sequence[str]) -> dict[str, npt.NDArray[np.float32]]:
        """Return the stored vectors of the ids that are there. Callers have checked that these may be seen."""
        stored: dict[str, npt.NDArray[np.float32]] = {}
        for batch in _batches(ids):
            stored.update(await self._ask(partial(_stored_vectors, ids=batch, timeout=self._timeout)))
        return stored

    async def count(self) -> int:
        """Return how many rows there are, of all collections."""
        return await self._ask(lambda table: table.count_rows())

    async def maintain(self, *, force: bool = False) -> None:
        """Compact the table and bring its indexes up to date, once enough was written or when forced."""
        async with self._writing:
            if force or self._writes >= WRITES_PER_OPTIMIZE or await self._ask(untidy):
                await self._ask(tidied)
                self._writes = 0

    async def check(self) -> None:
        """Read one row with its vector: a damaged data file shows only when it is read."""
        await self._ask(lambda table: table.query().limit(1).to_arrow(timeout=self._timeout))

    async def _merge(self, batch: pa.Table) -> None:
        async def merge(table: AsyncTable) -> None:
            confirm_layout(await table.schema(), self._schema)
            merging = table.merge_insert("id").when_matched_update_all(where="source.seq >= target.seq")
            await merging.when_not_matched_insert_all().execute(batch, timeout=self._timeout)

        await self._ask(merge)
        self._writes += 1

    async def _delete(self, ids: Sequence[str]) -> None:
        await self._ask(lambda table: table.delete(col("id").isin(ids)))
        self._writes += 1

    async def _ask(self, operation: Callable[[AsyncTable], Awaitable[T]]) -> T:
        """Run one operation, and once more on the latest version if another process took this one away."""
        with during(Part(kind="store", name="vectors")), translated():
            place = await self._reach()
            try:
                return await operation(place.table)
            except RuntimeError as error:
                if not vanished(error) and not conflicting(error):
                    raise
            await latest(place.table)
            return await operation(place.table)

    async def _reach(self, door: Door = opened) -> _Place:
        """Return the open table; who opens it does so for all, and though nobody waits for it any longer."""
        if self._opening is None or (self._opening.done() and not _succeeded(self._opening)):
            self._opening = asyncio.create_task(self._enter(door))
        return await asyncio.shield(self._opening)

    async def _enter(self, door: Door) -> _Place:
        with translated():
            connection = await connect(self._uri, refresh_seconds=self._refresh_seconds)
            return _Place(connection=connection, table=await door(connection, self._schema))


def _succeeded(task: asyncio.Task[_Place]) -> bool:
    return not task.cancelled() and task.exception() is None


def _newest(rows: Sequence[TextRow]) -> list[TextRow]:
    """Return one row an id: two new ones in a batch would both be stored."""
    newest: dict[str, TextRow] = {}
    for row in rows:
        known = newest.get(row.id)
        if known is None or row.seq >= known.seq:
            newest[row.id] = row
    return list(newest.values())


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + BATCH_ROWS] for start in range(0, len(items), BATCH_ROWS))


async def _stored_vectors(
    table: AsyncTable, *, ids: Sequence[str], timeout: timedelta
) -> dict[str, npt.NDArray[np.float32]]:
    found = await table.query().where(col("id").isin(ids)).select(["id", "vector"]).to_arrow(timeout=timeout)
    vectors = found["vector"].combine_chunks()
    rows = vectors.flatten().to_numpy().reshape(len(vectors), -1) if len(vectors) else ()
    return dict(zip(found["id"].to_pylist(), rows, strict=True))


def _positive(limit: int) -> int:
    """Refuse a limit of nothing: the driver panics on it."""
    if limit < 1:
        raise InvalidInput("The limit must be at least 1.", next_step="Ask for one row or more.", field="limit")
    return limit


def _columns(where: TextFilter, score: str) -> list[str]:
    # Each column read takes time: the one kind that is asked for is known.
    return ["id", score] if len(where.kinds) == 1 else ["id", "kind", score]


def _ranked(found: pa.Table, scores: npt.NDArray[np.float32], *, where: TextFilter) -> list[Match]:
    kinds = found["kind"].to_pylist() if "kind" in found.column_names else repeat(where.kinds[0])
    matches = map(Match, found["id"].to_pylist(), kinds, scores.tolist())
    # Equal scores come back in no particular order.
    return sorted(matches, key=lambda match: (-match.score, match.id))
