"""The table of texts: opened, made anew, indexed and tidied."""

from datetime import timedelta

import pyarrow as pa

from sonik.stores.lance import FTS, AsyncConnection, AsyncTable, Bitmap, BTree, IvfRq, conflicting, latest
from sonik.stores.text_columns import confirm_layout

TABLE = "texts"
# Below this an exact scan takes milliseconds and is never wrong.
INDEX_ABOVE_ROWS = 25_000
# Compaction must not take the files from under a reader that is still on an older version.
KEEP_VERSIONS = timedelta(hours=1)
_STEMMED = {"text_es": "Spanish", "text_pt": "Portuguese", "text_en": "English"}
_INDEXES: dict[str, FTS | BTree | Bitmap] = {
    "id": BTree(),
    "collection": Bitmap(),
    "graph": Bitmap(),
    "kind": Bitmap(),
    "market": Bitmap(),
    "visibility": Bitmap(),
    "owner_org": BTree(),
    "starts_at": BTree(),
    "ends_at": BTree(),
    "lat": BTree(),
    # Stop words stay in: La Ley and El Tri are names.
    **{name: FTS(language=language, remove_stop_words=False) for name, language in _STEMMED.items()},
    "name": FTS(stem=False, remove_stop_words=False),
}
_VECTOR_INDEX = IvfRq(distance_type="cosine")


async def opened(connection: AsyncConnection, schema: pa.Schema) -> AsyncTable:
    """Open the table, made if it is not there; refuse one of another model."""
    try:
        table = await connection.open_table(TABLE)
    except ValueError as error:
        if "was not found" not in str(error):
            raise
        table = await connection.create_table(TABLE, schema=schema, exist_ok=True)
    confirm_layout(await table.schema(), schema)
    await build_missing(table)
    return table


async def made_anew(connection: AsyncConnection, schema: pa.Schema) -> AsyncTable:
    """Make the table anew and empty; other processes go over to it with their next look."""
    try:
        # A dropped table would count its versions from one again, and readers could take it for the old one.
        table = await connection.create_table(TABLE, schema=schema, mode="overwrite")
    except RuntimeError:
        # Too damaged to be read, and so to be overwritten.
        await connection.drop_table(TABLE)
        table = await connection.create_table(TABLE, schema=schema)
    await build_missing(table)
    return table


async def tidied(table: AsyncTable) -> None:
    """Compact the table, drop versions nobody reads any more, and index what was written since."""
    await build_missing(table)
    if await table.count_rows() > INDEX_ABOVE_ROWS and "vector" not in await _indexed(table):
        await table.create_index("vector", config=_VECTOR_INDEX)
    await table.optimize(cleanup_older_than=KEEP_VERSIONS)


async def build_missing(table: AsyncTable) -> None:
    """Build each index that is not there, though other processes may be building the same ones."""
    while missing := _INDEXES.keys() - await _indexed(table):
        try:
            for column in sorted(missing):
                await table.create_index(column, config=_INDEXES[column])
        except RuntimeError as error:
            # Each conflict means that another process finished one.
            if not conflicting(error):
                raise
            await latest(table)


async def _indexed(table: AsyncTable) -> set[str]:
    return {column for index in await table.list_indices() for column in index.columns}
