"""Text rows for tests of the vector store."""

from dataclasses import replace
from datetime import UTC, datetime

from sonik.stores.vectors import TextFilter, TextRow, Vectors
from sonik.types import Scope

MODEL = "test-model"
DIMENSION = 8
EAST = (1.0, 0, 0, 0, 0, 0, 0, 0)
NORTH = (0, 1.0, 0, 0, 0, 0, 0, 0)
EVERYTHING = TextFilter(scope=Scope())

_PLAIN = TextRow(
    id="plain",
    graph="operations",
    kind="artist",
    collection="live",
    owner_org=None,
    visibility="public",
    market=None,
    name="Alguien",
    text_es="noche",
    text_pt="noite",
    text_en="night",
    genres=(),
    starts_at=None,
    ends_at=None,
    price_min=None,
    lat=None,
    lng=None,
    version=1,
    seq=1,
    vector=EAST,
)


def a_row(id_: str, **changes: object) -> TextRow:
    """Return a public artist without time, place or price, changed as told."""
    return replace(_PLAIN, id=id_, **changes)  # type: ignore[arg-type]


def utc(day: int, hour: int = 0) -> datetime:
    """Return an hour of a day in May 2026."""
    return datetime(2026, 5, day, hour, tzinfo=UTC)


async def opened(path: object, **settings: object) -> Vectors:
    """Open the store of a folder for the test model."""
    return await Vectors.open(str(path), **{"model": MODEL, "dimension": DIMENSION, **settings})  # type: ignore[arg-type]


async def ids(vectors: Vectors, where: TextFilter = EVERYTHING) -> set[str]:
    """Return what both searches find under a filter, which must be the same."""
    near = {match.id for match in await vectors.nearest(EAST, where=where, limit=1000)}
    worded = {match.id for match in await vectors.matching("noche", language="es", where=where, limit=1000)}
    assert near == worded
    return near
