"""Findings go into the cache as plain data and come back as they were."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonik.retrieval.answer import Hit, Reason
from sonik.retrieval.cards import Card
from sonik.retrieval.kept_form import Findings, findings_of, plain
from sonik.types import JsonValue, WalkedEdge

TEXTS = st.text(max_size=20)
MAYBE = st.none() | TEXTS
MOMENTS = st.none() | st.datetimes(timezones=st.just(UTC))
MONEY = st.none() | st.decimals(0, 10**9, places=2)
NAMED = st.lists(st.fixed_dictionaries({"name": TEXTS, "ref": TEXTS}), max_size=2)
METADATA: st.SearchStrategy[dict[str, JsonValue]] = st.dictionaries(
    TEXTS, st.none() | st.booleans() | TEXTS, max_size=3
)
CARDS = st.builds(
    Card, id=st.uuids(), kind=TEXTS, name=TEXTS, ref=TEXTS, market=MAYBE, version=st.integers(1, 10**9),
    claim_status=TEXTS, canonical_id=MAYBE, metadata=METADATA, updated_at=st.datetimes(timezones=st.just(UTC)),
    starts_at=MOMENTS, ends_at=MOMENTS, until=MOMENTS, night=st.none() | st.dates(), timezone=MAYBE, status=MAYBE,
    price_min=MONEY, price_max=MONEY, currency=MAYBE, is_free=st.none() | st.booleans(), ticket_url=MAYBE,
    genres=st.lists(TEXTS, max_size=2), address=MAYBE, city=MAYBE, lat=st.none() | st.floats(-90, 90),
    lng=st.none() | st.floats(-180, 180), capacity=st.none() | st.integers(0, 10**6), venue=MAYBE, venue_ref=MAYBE,
    lineup=NAMED, promoters=NAMED, sources=NAMED,
)  # fmt: skip
EDGES = st.builds(
    WalkedEdge, eid=TEXTS, graph=st.just("operations"), src=TEXTS, type=TEXTS, dst=TEXTS, weight=st.floats(0, 1)
)
REASONS = st.builds(
    Reason, path=st.lists(TEXTS, max_size=3).map(tuple), edges=st.lists(EDGES, max_size=2).map(tuple),
    named=st.booleans(), via=st.none() | CARDS,
)  # fmt: skip
HITS = st.builds(Hit, card=CARDS, score=st.floats(0, 1), reason=REASONS)


@given(
    st.builds(
        Findings, hits=st.lists(HITS, max_size=2).map(tuple), more=st.booleans(), loosened=st.integers(0, 4),
        used=st.dictionaries(st.uuids().map(str), st.integers(1, 10**9), max_size=3),
    )
)  # fmt: skip
def test_what_is_kept_comes_back_as_it_was(findings: Findings) -> None:
    assert findings_of(json.loads(json.dumps(plain(findings)))) == findings


@pytest.mark.parametrize("damage", ["hits", "more", "loosened", "used"])
def test_what_is_not_whole_is_refused(damage: str) -> None:
    whole = plain(Findings())
    del whole[damage]
    with pytest.raises(KeyError):
        findings_of(whole)


def test_a_card_of_another_shape_is_refused() -> None:
    card = Card(
        id=uuid4(), kind="event", name="Noche", ref="noche", market=None, version=1, claim_status="unclaimed",
        canonical_id=None, metadata={}, updated_at=datetime(2026, 11, 21, tzinfo=UTC), starts_at=None, ends_at=None,
        until=None, night=date(2026, 11, 21), timezone=None, status=None, price_min=Decimal("1.50"), price_max=None,
        currency=None, is_free=None, ticket_url=None, genres=[], address=None, city=None, lat=None, lng=None,
        capacity=None, venue=None, venue_ref=None, lineup=[], promoters=[], sources=[],
    )  # fmt: skip
    kept = json.loads(json.dumps(plain(Findings(hits=(Hit(card=card, score=1.0, reason=Reason()),)))))
    kept["hits"][0]["card"]["shape"] = "new"
    with pytest.raises(TypeError):
        findings_of(kept)
