"""How a text row is laid out in Lance. Values are stored so that a filter never has to ask for null.

The driver's filter expressions compare and calculate but know no `is null`, lists or trigonometry. So a row
without times is on always, its genres are one marked string, and its place is also a point of the unit
sphere, where a circle is a plain comparison.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sonik.errors import EmbeddingMismatch, InvalidInput, Misconfigured
from sonik.stores.texts import TextRow, Vector

NO_MARKET = ""
ALWAYS_FROM = datetime(1, 1, 1)  # noqa: DTZ001 -- Lance stores naive UTC
ALWAYS_UNTIL = datetime(9999, 12, 31)  # noqa: DTZ001 -- Lance stores naive UTC
_REBUILD = "`sonik sync rebuild --sink vectors`"
# Makes concurrent merges of one id conflict and retry, where they would otherwise store it twice.
_PRIMARY_KEY: dict[bytes | str, bytes | str] = {
    "lance-schema:unenforced-primary-key": "true",
    "lance-schema:unenforced-primary-key:position": "1",
}
_MODEL, _DIMENSION = "sonik.model", "sonik.dimension"


def layout(*, model: str, dimension: int) -> pa.Schema:
    """Return the table's schema; the model and its dimension travel in the metadata."""
    text, number = pa.string(), pa.float64()
    columns: dict[str, pa.DataType] = {
        "id": text, "graph": text, "kind": text, "collection": text, "owner_org": text, "visibility": text,
        "market": text, "name": text, "text_es": text, "text_pt": text, "text_en": text, "genres": text,
        "starts_at": pa.timestamp("us"), "ends_at": pa.timestamp("us"), "price_min": number, "placed": pa.bool_(),
        "lat": number, "lng": number, "earth_x": number, "earth_y": number, "earth_z": number,
        "version": pa.int64(), "seq": pa.int64(), "vector": pa.list_(pa.float32(), dimension),
    }  # fmt: skip
    key = pa.field("id", text, nullable=False, metadata=_PRIMARY_KEY)
    origin = {_MODEL: model, _DIMENSION: str(dimension)}
    return pa.schema(columns).set(0, key).with_metadata(origin)


def confirm_layout(found: pa.Schema, expected: pa.Schema) -> None:
    """Refuse a table whose vectors come from another model, or whose columns from another version."""
    theirs, ours = _origin(found), _origin(expected)
    if theirs != ours:
        raise EmbeddingMismatch(
            f"The stored vectors come from '{theirs[0]}' ({theirs[1]} dimensions), not from '{ours[0]}' ({ours[1]}).",
            next_step=f"Set SONIK_EMBEDDER back to '{theirs[0].partition('@')[0]}' or run {_REBUILD}.",
        )
    if not found.equals(expected):
        raise Misconfigured("The vector table was laid out by another version.", next_step=f"Run {_REBUILD}.")


def as_vector(vector: Vector, *, dimension: int) -> npt.NDArray[np.float32]:
    """Return the vector as float32. The driver stores infinite and zero vectors, and never finds them again."""
    with np.errstate(over="ignore"):
        values = np.asarray(vector, dtype=np.float32)
    if values.shape != (dimension,):
        raise _refused(f"A vector has {dimension} dimensions here, not {'x'.join(map(str, values.shape))}.")
    if not np.isfinite(values).all() or not np.linalg.norm(values) > 0:
        raise _refused("A vector must be finite and not zero.")
    return values


def as_columns(rows: Sequence[TextRow], schema: pa.Schema) -> pa.Table:
    """Return the rows as an Arrow table of the layout."""
    position = schema.get_field_index("vector")
    dimension = schema.field(position).type.list_size
    matrix = np.stack([as_vector(row.vector, dimension=dimension) for row in rows])
    plain = pa.Table.from_pylist([_cells(row) for row in rows], schema=schema.remove(position))
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(matrix.reshape(-1)), dimension)
    return plain.append_column(schema.field(position), vectors)


def naive_utc(moment: datetime) -> datetime:
    """Return an aware moment as Lance keeps it."""
    if moment.tzinfo is None:
        raise InvalidInput(f"{moment.isoformat()} names no time zone.", next_step="Give an aware time.")
    return moment.astimezone(UTC).replace(tzinfo=None)


def marked(genre: str) -> str:
    """Return a genre between marks, so that 'rock' is not found inside 'rock en español'."""
    return f"|{genre.replace('|', ' ')}|"


def on_earth(lat: float, lng: float) -> tuple[float, float, float]:
    """Return the point of the unit sphere; the product of two points is the cosine of the angle between them."""
    phi, theta = math.radians(lat), math.radians(lng)
    return math.cos(phi) * math.cos(theta), math.cos(phi) * math.sin(theta), math.sin(phi)


def _cells(row: TextRow) -> dict[str, object]:
    starts_at, ends_at = _span(row)
    return {
        "id": row.id, "graph": row.graph, "kind": row.kind, "collection": row.collection,
        "owner_org": row.owner_org, "visibility": row.visibility, "market": row.market or NO_MARKET,
        "name": row.name, "text_es": row.text_es, "text_pt": row.text_pt, "text_en": row.text_en,
        "genres": "".join(marked(genre) for genre in row.genres), "starts_at": starts_at, "ends_at": ends_at,
        "price_min": row.price_min, "version": row.version, "seq": row.seq, **_place(row),
    }  # fmt: skip


def _span(row: TextRow) -> tuple[datetime, datetime]:
    """Return when the row is on: a side that is not known stays open, but what starts without an end is a moment."""
    starts_at = naive_utc(row.starts_at) if row.starts_at else ALWAYS_FROM
    if row.ends_at:
        return starts_at, naive_utc(row.ends_at)
    return starts_at, starts_at + datetime.resolution if row.starts_at else ALWAYS_UNTIL


def _place(row: TextRow) -> dict[str, object]:
    lat, lng = row.lat, row.lng
    if lat is None or lng is None or not (math.isfinite(lat) and math.isfinite(lng)):
        return {"placed": False}
    x, y, z = on_earth(lat, lng)
    return {"placed": True, "lat": lat, "lng": lng, "earth_x": x, "earth_y": y, "earth_z": z}


def _origin(schema: pa.Schema) -> tuple[str, str]:
    stored = schema.metadata or {}
    return stored.get(_MODEL.encode(), b"unknown").decode(), stored.get(_DIMENSION.encode(), b"unknown").decode()


def _refused(message: str) -> InvalidInput:
    return InvalidInput(message, next_step="Embed the text again.", field="vector")
