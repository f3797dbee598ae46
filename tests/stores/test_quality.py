"""What is known, missing and old, counted over what the caller may see; and how far every source is."""

from datetime import timedelta

import pytest

from sonik.identity.sighting import Source
from sonik.ingest.background import submit
from sonik.ingest.files import rows_of
from sonik.ingest.intake import Delivery
from sonik.ingest.upsert import Upsert, upsert
from sonik.retrieval.quality import ComingEvents, Identities, Quality, read_quality
from sonik.sync.sources import SourceState, read_sources
from sonik.types import JsonObject, Scope
from tests.fix_truth import INGEST, NIGHT, PLACE_IDS, Truth, artist, event, venue

pytestmark = pytest.mark.anyio


async def quality(truth: Truth, scope: Scope = Scope()) -> Quality:  # noqa: B008 - frozen
    return await read_quality(truth.postgres, scope=scope, clock=truth.clock)


async def test_of_nothing_there_is_nothing_to_tell(truth: Truth) -> None:
    found = await quality(truth)
    assert (found.identities, found.coming.events, found.facts.facts) == ((), 0, 0)


async def test_what_is_known_by_weak_evidence_and_what_is_missing_is_counted(truth: Truth) -> None:
    await truth.deliver(
        venue("v-1", google_place_id=PLACE_IDS[0], lat=6.25, lng=-75.56), venue("v-2", name="Salón Málaga"),
        artist("a-1", instagram="lostitiribi"), artist("a-2", name="Aguas Quietas"),
        event("e-1", price_min=20_000, currency="COP", lineup=[{"name": "Los Titiribí"}]),
        event("e-2", name="Noche de Son", venue=None, is_free=True),
        event("e-3", name="Noche Vieja", starts_at="2026-11-01T21:00:00-05:00"),
    )  # fmt: skip
    found = await quality(truth)
    assert {one.kind: one for one in found.identities} == {
        "venue": Identities(kind="venue", entities=2, weakly_known=1, without_place=1),
        "artist": Identities(kind="artist", entities=2, weakly_known=1, without_place=0),
    }
    assert found.coming == ComingEvents(events=2, without_venue=1, without_lineup=1, without_price=0)


async def test_facts_grow_old_and_a_second_source_bears_them_out(truth: Truth) -> None:
    seen = [(NIGHT - timedelta(days=days)).isoformat() for days in (200, 40, 1)]
    for place, moment in enumerate(seen):
        known: JsonObject = {"name": f"Sala {place}", "capacity": 100, "google_place_id": PLACE_IDS[place]}
        await truth.tell(venue(f"v-{place}", **known, observed_at=moment))
    await truth.tell(venue("x-2", **known), source="another")
    facts = (await quality(truth)).facts
    each = facts.facts // 4
    assert (facts.half_year_old, facts.month_old, facts.facts) == (each, 2 * each, 4 * each)
    assert (facts.entities, facts.of_one_source) == (3, 2)


async def test_nobody_is_told_of_what_is_another_organisations(truth: Truth) -> None:
    await truth.tell(venue("v-1", visibility="org", owner_org="acme"), scope=Scope(role="ingest", organisation="acme"))
    seen = {
        org: [one.entities for one in (await quality(truth, Scope(role="organizer", organisation=org))).identities]
        for org in ("acme", "other")
    }
    assert seen == {"acme": [1], "other": []}


async def test_sources_tell_their_cursor_and_how_their_last_job_failed(truth: Truth) -> None:
    told = Upsert(source="agenda", cursor="page-7", dry_run=False)
    await upsert(truth.postgres, [venue("v-1"), artist("a-1")], told=told, scope=INGEST, clock=truth.clock)
    delivery = Delivery(source=Source(code="late"), scope=INGEST)
    job = await submit(truth.postgres, rows_of([venue("v-9")]), delivery=delivery, clock=truth.clock)
    truth.later(hours=1)
    await truth.tell(venue("v-2", name="Salón Málaga"), source="late")
    async with truth.postgres.writing() as session:
        failed = "update unified.jobs set status = 'failed', finished_at = now(), error = '{\"code\": \"disk_full\"}'"
        await session.execute(failed + " where id = %(job)s", {"job": job})
    assert await read_sources(truth.postgres, scope=INGEST) == [
        SourceState(source="late", cursor=None, told_at=truth.now, entities=1, error="disk_full"),
        SourceState(source="agenda", cursor="page-7", told_at=NIGHT, entities=2, error=None),
    ]
