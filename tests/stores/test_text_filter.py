"""Who finds which rows: tenancy first, then each narrowing, with both searches agreeing."""

import math
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from sonik.errors import InvalidInput
from sonik.stores.vectors import TextFilter, Vectors
from sonik.types import Near, Scope, Window
from tests.fix_vectors import EAST, EVERYTHING, a_row, ids, opened, utc

pytestmark = pytest.mark.anyio

HOSTILE = (
    "' OR '1'='1", "x' OR 1=1 --", "'); DROP TABLE texts; --", "\\' OR true --", '" OR ""="', "`kind`", "%", "_", "*",
    "a|b", "salsa' OR 'a'='a", "\n", "\x00", "ñandú 🎺", "",
)  # fmt: skip
ACME = Scope(organisation="acme")
STAFF = Scope(role="staff")


@pytest.fixture
async def vectors(tmp_path: Path) -> AsyncIterator[Vectors]:
    async with await opened(tmp_path) as store:
        yield store


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(), {"public", "acme public"}),
        (ACME, {"public", "acme public", "acme"}),
        (Scope(role="ops", organisation="acme"), {"public", "acme public", "acme"}),
        (Scope(organisation="other"), {"public", "acme public", "other"}),
        (Scope(organisation=""), {"public", "acme public"}),
        (STAFF, {"public", "acme public", "acme", "other", "staff", "acme staff", "ownerless", "blank"}),
        (Scope(role="staff", collection="bench"), {"elsewhere"}),
        (Scope(collection="nowhere"), set()),
    ],
)
async def test_a_caller_finds_what_is_public_or_its_own(vectors: Vectors, scope: Scope, expected: set[str]) -> None:
    await vectors.upsert(
        [
            a_row("public"),
            a_row("acme", owner_org="acme", visibility="org"),
            a_row("acme public", owner_org="acme"),
            a_row("other", owner_org="other", visibility="org"),
            a_row("staff", visibility="staff"),
            a_row("acme staff", owner_org="acme", visibility="staff"),
            a_row("ownerless", visibility="org"),
            a_row("blank", owner_org="", visibility="org"),
            a_row("elsewhere", collection="bench"),
        ]
    )
    assert await ids(vectors, TextFilter(scope=scope)) == expected


async def test_a_private_row_stays_hidden_whatever_the_filter_says(vectors: Vectors) -> None:
    await vectors.upsert([a_row("acme", owner_org="acme", visibility="org", genres=("salsa",), market="quito")])
    matching = TextFilter(scope=ACME, kinds=("artist",), graphs=("operations",), market="quito", genres=("salsa",))
    assert await ids(vectors, matching) == {"acme"}
    assert await ids(vectors, replace(matching, scope=Scope())) == set()


@pytest.mark.parametrize("value", HOSTILE)
async def test_a_hostile_value_finds_only_itself(vectors: Vectors, value: str) -> None:
    kept = {"collection": value, "owner_org": value, "visibility": "org", "kind": value, "graph": value}
    await vectors.upsert([a_row("plain", market="quito"), a_row("odd", **kept, market=value, genres=(value, "b"))])
    scope = Scope(collection=value, organisation=value)
    # An organisation without a name owns nothing.
    own = {"odd"} if value else set()
    assert await ids(vectors, TextFilter(scope=scope)) == own
    assert await ids(vectors, TextFilter(scope=scope, kinds=(value,), graphs=(value,), market=value)) == own
    assert await ids(vectors, TextFilter(scope=scope, genres=(value,))) == own
    assert await ids(vectors, TextFilter(scope=Scope(), genres=(value,))) == set()
    assert await ids(vectors, TextFilter(scope=Scope(), kinds=(value,), graphs=(value,))) == set()
    assert await ids(vectors, TextFilter(scope=Scope(organisation=value))) == {"plain"}


async def test_kinds_and_graphs_are_alternatives(vectors: Vectors) -> None:
    await vectors.upsert([a_row("a"), a_row("v", kind="venue"), a_row("d", kind="document", graph="knowledge")])
    assert await ids(vectors, TextFilter(scope=Scope(), kinds=("artist", "venue"))) == {"a", "v"}
    assert await ids(vectors, TextFilter(scope=Scope(), kinds=("artist", "document"), graphs=("knowledge",))) == {"d"}


async def test_a_market_keeps_what_has_none_unless_it_takes_place_somewhere(vectors: Vectors) -> None:
    await vectors.upsert(
        [
            a_row("event here", kind="event", market="bogota"),
            a_row("event there", kind="event", market="quito"),
            a_row("event nowhere", kind="event"),
            a_row("venue nowhere", kind="venue"),
            a_row("artist nowhere"),
            a_row("artist there", market="quito"),
        ]
    )
    assert await ids(vectors, TextFilter(scope=Scope(), market="bogota")) == {"event here", "artist nowhere"}


async def test_a_window_keeps_what_overlaps_it_and_what_has_no_times(vectors: Vectors) -> None:
    window = Window(start=utc(8, 17), end=utc(9, 6))
    await vectors.upsert(
        [
            a_row("inside", kind="event", starts_at=utc(8, 20), ends_at=utc(8, 23)),
            a_row("running", kind="event", starts_at=utc(7), ends_at=utc(8, 18)),
            a_row("around", kind="event", starts_at=utc(1), ends_at=utc(30)),
            a_row("just over", kind="event", starts_at=utc(8, 12), ends_at=utc(8, 17)),
            a_row("not yet", kind="event", starts_at=utc(9, 6), ends_at=utc(9, 9)),
            a_row("moment", kind="event", starts_at=utc(8, 17)),
            a_row("moment before", kind="event", starts_at=utc(8, 16)),
            a_row("until", ends_at=utc(8, 18)),
            a_row("timeless"),
        ]
    )
    assert await ids(vectors, TextFilter(scope=Scope(), window=window)) == {
        "inside", "running", "around", "moment", "until", "timeless",
    }  # fmt: skip


async def test_a_genre_is_found_whole_and_any_of_them_will_do(vectors: Vectors) -> None:
    await vectors.upsert(
        [
            a_row("salsa", genres=("salsa", "jazz")),
            a_row("rock", genres=("rock",)),
            a_row("rock en español", genres=("rock en español",)),
            a_row("none"),
        ]
    )
    assert await ids(vectors, TextFilter(scope=Scope(), genres=("rock",))) == {"rock"}
    assert await ids(vectors, TextFilter(scope=Scope(), genres=("jazz", "rock"))) == {"salsa", "rock"}


async def test_a_price_limit_touches_events_only(vectors: Vectors) -> None:
    await vectors.upsert(
        [
            a_row("free", kind="event", price_min=0.0),
            a_row("fair", kind="event", price_min=50.0),
            a_row("dear", kind="event", price_min=50.01),
            a_row("unknown", kind="event"),
            a_row("artist"),
        ]
    )
    assert await ids(vectors, TextFilter(scope=Scope(), price_max=50)) == {"free", "fair", "artist"}


@pytest.mark.parametrize(
    ("lat", "lng", "km"),
    [(6.25, -75.57, 0.5), (6.25, -75.57, 20), (0, 0, 300), (10, 180, 500), (89.9, 12, 900), (-33, -70, 25_000)],
)
async def test_a_circle_is_exact_anywhere_on_earth(vectors: Vectors, lat: float, lng: float, km: float) -> None:
    drawn = random.Random(7)
    spread = min(km / 40, 60.0)
    places = {
        f"{n}": (max(-90, min(90, lat + drawn.gauss(0, spread))), (lng + drawn.gauss(0, spread) + 540) % 360 - 180)
        for n in range(200)
    }
    await vectors.upsert([a_row(id_, kind="venue", lat=at[0], lng=at[1]) for id_, at in places.items()])
    inside = {id_ for id_, at in places.items() if _haversine_km(at, (lat, lng)) <= km}
    assert await ids(vectors, TextFilter(scope=Scope(), near=Near(lat=lat, lng=lng, km=km))) == inside
    assert inside


async def test_a_circle_keeps_what_has_no_place_unless_it_takes_place_somewhere(vectors: Vectors) -> None:
    await vectors.upsert(
        [
            a_row("here", kind="event", lat=6.25, lng=-75.57),
            a_row("artist there", lat=4.6, lng=-74.1),
            a_row("event nowhere", kind="event"),
            a_row("venue half", kind="venue", lat=6.25),
            a_row("venue broken", kind="venue", lat=math.nan, lng=-75.57),
            a_row("artist nowhere"),
        ]
    )
    circle = TextFilter(scope=Scope(), near=Near(lat=6.25, lng=-75.57, km=10))
    assert await ids(vectors, circle) == {"here", "artist nowhere"}


@pytest.mark.parametrize(
    "where",
    [
        replace(EVERYTHING, price_max=math.nan),
        replace(EVERYTHING, near=Near(lat=math.nan, lng=0, km=1)),
        replace(EVERYTHING, near=Near(lat=0, lng=0, km=math.inf)),
        replace(EVERYTHING, window=Window(start=utc(1).replace(tzinfo=None), end=utc(2))),
        replace(EVERYTHING, market="\ud800"),
    ],
)
async def test_a_value_that_is_no_value_is_refused(vectors: Vectors, where: TextFilter) -> None:
    await vectors.upsert([a_row("event", kind="event", price_min=1.0)])
    with pytest.raises(InvalidInput):
        await vectors.nearest(EAST, where=where, limit=5)
    with pytest.raises(InvalidInput):
        await vectors.matching("noche", language="es", where=where, limit=5)


def _haversine_km(a: tuple[float, float], b: tuple[float, float]) -> float:
    (lat1, lng1), (lat2, lng2) = ((math.radians(lat), math.radians(lng)) for lat, lng in (a, b))
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lng2 - lng1) / 2) ** 2
    return 2 * 6371.0088 * math.asin(math.sqrt(h))
