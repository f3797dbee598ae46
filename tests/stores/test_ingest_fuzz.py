"""Records nobody would write, all the way into the database: each gets a receipt, and the good one is always taken."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sonik.ingest.files import KINDS
from sonik.types import JsonObject, JsonValue
from tests.fix_truth import PLACE_IDS, Truth, venue

pytestmark = pytest.mark.anyio

TEXTS = st.text(max_size=20) | st.sampled_from(
    [
        "medellin", "es", "public", "staff", "2026-11-28T21:00:00-05:00", "0001-01-01T00:00:00Z", "@lomaybongo", "x.co",
        PLACE_IDS[0], "\x00", "\ud800", "\u202e", "ﷺ" * 300, "a" * 20_001, "'; drop table unified.entities; --",
        "1e400", "OWNS", "venue", "ana@x.co", "+573001234567",
    ]
)  # fmt: skip
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
FIELDS = (
    "source_id aliases description language url image_url observed_at owner_org visibility google_place_id"
    " instagram website email phone address city market lat lng capacity genres org_type emails phones person_type"
    " starts_at ends_at all_day status price_min price_max currency is_free ticket_url"
).split()
MENTIONS = st.dictionaries(
    st.sampled_from(["name", "source_id", "city", "market", "instagram", "google_place_id", "lat", "website"]),
    PLAIN,
    max_size=4,
).map(lambda told: {"name": "Alguien", **told})
EDGES = st.fixed_dictionaries({"type": TEXTS, "target_kind": st.sampled_from(KINDS) | TEXTS, "target": MENTIONS})
RECORDS = st.fixed_dictionaries(
    {"kind": st.sampled_from(KINDS), "name": TEXTS.filter(bool)},
    optional={
        **dict.fromkeys(FIELDS, PLAIN | st.lists(PLAIN, max_size=3)), "venue": MENTIONS | PLAIN,
        "lineup": st.lists(MENTIONS, max_size=3), "promoters": st.lists(MENTIONS, max_size=2),
        "relations": st.lists(EDGES, max_size=2),
    },
)  # fmt: skip
EVENTS = st.builds(
    lambda record, start: {**record, "kind": "event", "starts_at": start},
    RECORDS, st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(told=st.lists(RECORDS | EVENTS, max_size=8), partial=st.booleans())
async def test_every_record_gets_a_receipt_and_takes_no_other_with_it(
    truth: Truth, told: list[dict[str, JsonValue]], partial: bool
) -> None:
    records: list[JsonObject] = [*told, venue("good", name="Sala Buena")]
    intake = await truth.deliver(*records, partial=partial)
    assert [receipt.line for receipt in intake.receipts] == list(range(1, len(records) + 1))
    assert intake.receipts[-1].outcome in {"created", "updated", "unchanged"}
    for receipt in intake.receipts:
        json.dumps(receipt.as_json(), ensure_ascii=False).encode()
        assert (receipt.outcome == "refused") is bool(receipt.problems)
