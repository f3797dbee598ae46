"""A text filter as a driver expression. Values are literals of the typed builder; no text becomes SQL."""

import math
from functools import reduce
from operator import and_, or_

from sonik.errors import InvalidInput
from sonik.stores.lance import Expr, col, lit
from sonik.stores.text_columns import NO_MARKET, marked, naive_utc, on_earth
from sonik.stores.texts import EVENT, PLACED_KINDS, TextFilter
from sonik.types import Near, Scope, Window

EARTH_KM = 6371.0088
# Wider than the rounding of a sine, narrower than a metre.
_BAND_SLACK_DEGREES = 1e-6


def permitted(where: TextFilter) -> Expr:
    """Return the condition a row must meet to be shown: the scope's, and every one the filter names."""
    return reduce(and_, [visible(where.scope), *_narrowing(where)])


def visible(scope: Scope) -> Expr:
    """Return the tenancy condition: the one place that decides whose rows a caller may find."""
    ours = col("collection") == lit(scope.collection)
    if scope.role == "staff":
        return ours
    readable = col("visibility") == lit("public")
    if scope.organisation:
        readable |= (col("visibility") == lit("org")) & (col("owner_org") == lit(scope.organisation))
    return ours & readable


def _narrowing(where: TextFilter) -> list[Expr]:
    conditions = []
    if where.kinds:
        conditions.append(col("kind").isin(where.kinds))
    if where.graphs:
        conditions.append(col("graph").isin(where.graphs))
    if where.market is not None:
        conditions.append(_in_market(where.market))
    if where.window is not None:
        conditions.append(_during(where.window))
    if where.genres:
        conditions.append(_of_genre(where.genres))
    if where.price_max is not None:
        conditions.append(_affordable(where.price_max))
    if where.near is not None:
        conditions.append(_close(where.near))
    return conditions


def _in_market(market: str) -> Expr:
    return (col("market") == lit(market)) | ((col("market") == lit(NO_MARKET)) & _needs_no_place())


def _during(window: Window) -> Expr:
    return (col("starts_at") < lit(naive_utc(window.end))) & (col("ends_at") > lit(naive_utc(window.start)))


def _of_genre(genres: tuple[str, ...]) -> Expr:
    return reduce(or_, [col("genres").contains(lit(marked(genre))) for genre in genres])


def _affordable(price_max: float) -> Expr:
    _finite("price_max", price_max)
    # A missing price compares as unknown, which leaves the event out.
    return (col("kind") != lit(EVENT)) | (col("price_min") <= lit(float(price_max)))


def _close(near: Near) -> Expr:
    """Return the circle exactly, behind a band of latitude that an index can answer."""
    for name, value in (("lat", near.lat), ("lng", near.lng), ("km", near.km)):
        _finite(name, value)
    angle = min(max(near.km, 0.0) / EARTH_KM, math.pi)
    band = math.degrees(angle) + _BAND_SLACK_DEGREES
    x, y, z = on_earth(near.lat, near.lng)
    cosine = col("earth_x") * lit(x) + col("earth_y") * lit(y) + col("earth_z") * lit(z)
    within = (col("lat") >= lit(near.lat - band)) & (col("lat") <= lit(near.lat + band))
    circle = within & (cosine >= lit(math.cos(angle)))
    return circle | ((col("placed") == lit(False)) & _needs_no_place())


def _needs_no_place() -> Expr:
    return ~col("kind").isin(PLACED_KINDS)


def _finite(name: str, value: float) -> None:
    """Refuse NaN: the driver would let every row through."""
    if not math.isfinite(value):
        raise InvalidInput(f"{name} must be a number.", next_step="Give a finite number.", field=name)
