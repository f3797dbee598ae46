"""The table of texts: opened, made anew, searched, indexed and tidied."""

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sonik.stores.lance import (
    FTS,
    AsyncConnection,
    AsyncTable,
    AsyncVectorQuery,
    Bitmap,
    BTree,
    Expr,
    IvfFlat,
    IvfRq,
    alone,
    conflicting,
    latest,
)
from sonik.stores.text_columns import confirm_layout

Index = FTS | BTree | Bitmap | IvfRq | IvfFlat

TABLE = "texts"
# Up to here a scan takes a few milliseconds, and indexes would only make every compaction slower.
INDEX_ABOVE_ROWS = 1_000
# Up to here the index keeps whole vectors and stays exact; above, packed ones, which need far less memory.
PACK_ABOVE_ROWS = 25_000
# More probes than partitions means all of them: with fewer, a narrow filter silently finds the wrong neighbours.
ALL_PARTITIONS = 1000
REFINE_FACTOR = 10
# Up to so many permitted rows an exact scan is faster than the index.
SCAN_UP_TO_ROWS = 2_000
# What is in no index yet is read and cut into words by every search: a thousand rows make it five times slower.
MOST_UNINDEXED_ROWS = 200
# Compaction must not take the files from under a reader that is still on an older version.
KEEP_VERSIONS = timedelta(hours=1)
_STEMMED = {"text_es": "Spanish", "text_pt": "Portuguese", "text_en": "English"}
_INDEXES: dict[str, Index] = {
    "id": BTree(),
    # Stop words stay in: La Ley and El Tri are names.
    **{name: FTS(language=language, remove_stop_words=False) for name, language in _STEMMED.items()},
    "name": FTS(stem=False, remove_stop_words=False),
}
_INDEXES_OF_MANY: dict[str, Index] = {
    **dict.fromkeys(("collection", "graph", "kind", "market", "visibility"), Bitmap()),
    **dict.fromkeys(("owner_org", "starts_at", "ends_at", "lat"), BTree()),
}


async def opened(connection: AsyncConnection, schema: pa.Schema) -> AsyncTable:
    """Open the table, made if it is not there; refuse one of another model."""
    table = await _found(connection)
    if table is None:
        async with alone(connection):
            table = await _found(connection) or await connection.create_table(TABLE, schema=schema)
    confirm_layout(await table.schema(), schema)
    await _build_missing(table, _INDEXES)
    return table


async def layout_found(connection: AsyncConnection) -> pa.Schema | None:
    """Return the layout of the table, None where there is none; makes nothing."""
    table = await _found(connection)
    return None if table is None else await table.schema()


async def made_anew(connection: AsyncConnection, schema: pa.Schema) -> AsyncTable:
    """Make the table anew and empty; other processes go over to it with their next look."""
    try:
        # A dropped table would count its versions from one again, and readers could take it for the old one.
        table = await connection.create_table(TABLE, schema=schema, mode="overwrite")
    except RuntimeError:
        # Too damaged to be read, and so to be overwritten.
        await connection.drop_table(TABLE)
        table = await connection.create_table(TABLE, schema=schema)
    await _build_missing(table, _INDEXES)
    return table


async def neighbours(
    table: AsyncTable, target: npt.NDArray[np.float32], *, allowed: Expr, timeout: timedelta
) -> AsyncVectorQuery:
    """Return the query for the nearest permitted rows: through all of an index, or past a packed one if few."""
    query = table.query().nearest_to(target).distance_type("cosine").where(allowed).nprobes(ALL_PARTITIONS)
    if await table.count_rows() <= PACK_ABOVE_ROWS:
        return query
    few = await table.query().where(allowed).select(["id"]).limit(SCAN_UP_TO_ROWS + 1).to_arrow(timeout=timeout)
    return query.bypass_vector_index() if few.num_rows <= SCAN_UP_TO_ROWS else query.refine_factor(REFINE_FACTOR)


async def tidied(table: AsyncTable) -> None:
    """Compact the table, drop versions nobody reads any more, and index what was written since."""
    await _build_missing(table, _INDEXES)
    rows = await table.count_rows()
    if rows > INDEX_ABOVE_ROWS:
        await _build_missing(table, _INDEXES_OF_MANY | {"vector": await _vector_index(table, rows=rows)})
    await table.optimize(cleanup_older_than=KEEP_VERSIONS)


async def untidy(table: AsyncTable) -> bool:
    """Say whether so much is in no index yet that searches feel it."""
    return any((index.num_unindexed_rows or 0) > MOST_UNINDEXED_ROWS for index in await table.list_indices())


async def _found(connection: AsyncConnection) -> AsyncTable | None:
    try:
        return await connection.open_table(TABLE)
    except ValueError as error:
        if "was not found" in str(error):
            return None
        raise


async def _vector_index(table: AsyncTable, *, rows: int) -> Index:
    dimension = (await table.schema()).field("vector").type.list_size
    # RaBitQ packs eight dimensions a byte and takes no others. With one bit each it misses a third of the true
    # neighbours of evenly spread vectors, with four none, and is as fast.
    if rows > PACK_ABOVE_ROWS and dimension % 8 == 0:
        return IvfRq(distance_type="cosine", num_bits=4)
    return IvfFlat(distance_type="cosine", num_partitions=1)


async def _build_missing(table: AsyncTable, wanted: Mapping[str, Index]) -> None:
    """Build each index that is not there or is of another kind, though other processes may be building the same."""
    while missing := await _missing(table, wanted):
        try:
            for column in missing:
                await table.create_index(column, config=wanted[column])
        except RuntimeError as error:
            # Each conflict means that another process finished one.
            if not conflicting(error):
                raise
            await latest(table)


async def _missing(table: AsyncTable, wanted: Mapping[str, Index]) -> list[str]:
    kinds = {index.columns[0]: index.index_type for index in await table.list_indices()}
    return sorted(column for column, index in wanted.items() if kinds.get(column) != type(index).__name__)
