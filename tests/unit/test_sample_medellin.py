import base64
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from importlib import resources
from itertools import pairwise

import pytest
from pydantic import TypeAdapter

from sonik.clock import service_evening, service_night
from sonik.ingest.records import AnyRecord, ArtistRecord, EventRecord, Mention, PersonRecord, ThingRecord, VenueRecord
from sonik.ingest.samples.medellin import FIRST_DAY, LAST_DAY, ZONE, records
from sonik.types import JsonObject

RECORD: TypeAdapter[AnyRecord] = TypeAdapter(AnyRecord)
MONDAY = date(2026, 11, 16)
HANDLE = re.compile(r"(?!\.)(?!.*\.\.)[a-z0-9._]{1,30}(?<!\.)")
# fmt: off
GENRES = {
    "salsa", "bachata", "merengue", "reggaeton", "hip-hop", "rock", "indie", "pop", "techno", "house", "electronic",
    "jazz", "blues", "cumbia", "vallenato", "folk", "tango", "classical", "opera", "metal", "punk", "reggae",
    "soul", "funk", "disco", "afrobeat", "experimental", "comedy", "theatre", "dance", "film", "literature", "art",
    "festival", "family", "gastronomy", "talk", "workshop", "market", "sports",
}
# fmt: on

# Four weeks, because weekly nights rotate through up to four editions.
NOWS = [
    datetime.combine(MONDAY + timedelta(days=day), hour, tzinfo=ZONE)
    for day in range(28)
    for hour in (time(2), time(14))
]
A_WEEK_OF_NOWS = NOWS[:14]


@pytest.fixture(params=A_WEEK_OF_NOWS, ids=lambda now: now.strftime("%a-%H"))
def now(request: pytest.FixtureRequest) -> datetime:
    assert isinstance(request.param, datetime)
    return request.param


def load(now: datetime) -> list[AnyRecord]:
    return [RECORD.validate_python(row) for row in records(now)]


def events(now: datetime) -> list[EventRecord]:
    return [record for record in load(now) if isinstance(record, EventRecord)]


def mentions(record: AnyRecord) -> Iterator[tuple[str, Mention]]:
    for relation in record.relations:
        yield relation.target_kind, relation.target
    if isinstance(record, EventRecord):
        if record.venue is not None:
            yield "venue", record.venue
        yield from (("artist", artist) for artist in record.lineup)
        yield from (("organization", promoter) for promoter in record.promoters)


def starts_on_the_evening_of(event: EventRecord, night: date) -> bool:
    evening = service_evening(night, ZONE)
    return evening.start <= event.starts_at < evening.end


def test_every_row_is_a_record_whatever_the_weekday_and_hour(now: datetime) -> None:
    kinds = [record.kind for record in load(now)]
    assert list(dict.fromkeys(kinds)) == ["venue", "organization", "brand", "artist", "event", "person"]


def test_the_market_is_as_large_as_a_real_month(now: datetime) -> None:
    counts = Counter(record.kind for record in load(now))
    assert counts["venue"] >= 24
    assert counts["artist"] >= 48
    assert counts["organization"] >= 8
    assert counts["brand"] == 3
    assert counts["person"] >= 6
    assert counts["event"] >= 150


def test_source_ids_are_unique_across_all_kinds(now: datetime) -> None:
    ids = Counter(record.source_id for record in load(now))
    assert [source_id for source_id, count in ids.items() if count > 1 or not source_id] == []


def test_every_mention_names_a_row_that_came_before_it(now: datetime) -> None:
    seen: set[tuple[str, str | None, str]] = set()
    for record in load(now):
        for kind, mention in mentions(record):
            assert (kind, mention.source_id, mention.name) in seen, (record.name, mention)
        seen.add((record.kind, record.source_id, record.name))


def test_every_evening_has_three_to_eight_events_that_take_place(now: datetime) -> None:
    taking_place = [event for event in events(now) if event.status not in {"cancelled", "postponed"}]
    tonight = service_night(now, ZONE)
    nights = [tonight + timedelta(days=day) for day in range(FIRST_DAY, LAST_DAY + 1)]
    counts = {night: sum(starts_on_the_evening_of(event, night) for event in taking_place) for night in nights}
    assert {night: count for night, count in counts.items() if not 3 <= count <= 8} == {}


def test_no_event_lies_outside_the_five_weeks(now: datetime) -> None:
    days = [(service_night(event.starts_at, ZONE) - service_night(now, ZONE)).days for event in events(now)]
    assert (min(days), max(days)) == (FIRST_DAY, LAST_DAY)


def test_fridays_and_saturdays_are_busier_than_mondays(now: datetime) -> None:
    by_weekday = Counter(service_night(event.starts_at, ZONE).weekday() for event in events(now))
    assert min(by_weekday[4], by_weekday[5]) > by_weekday[0]


def test_a_show_after_midnight_belongs_to_the_evening_before() -> None:
    afternoon = datetime(2026, 11, 16, 14, 0, tzinfo=ZONE)
    late = next(event for event in events(afternoon) if event.source_id == "trasnoche-electrica-tarabita")
    assert late.starts_at.isoformat() == "2026-11-17T00:30:00-05:00"
    assert starts_on_the_evening_of(late, date(2026, 11, 16))


def test_at_two_in_the_morning_tonight_is_still_the_night_before() -> None:
    evening = datetime(2026, 11, 16, 23, 0, tzinfo=ZONE)
    small_hours = datetime(2026, 11, 17, 2, 0, tzinfo=ZONE)
    assert list(records(evening)) == list(records(small_hours))


def test_shows_start_at_half_past_midnight_at_one_and_at_two(now: datetime) -> None:
    starts = {event.starts_at.astimezone(ZONE).time() for event in events(now)}
    assert {time(0, 30), time(1, 0), time(2, 0)} <= starts


def test_the_same_now_gives_the_same_records_in_any_time_zone(now: datetime) -> None:
    assert list(records(now)) == list(records(now.astimezone(UTC)))


def test_a_weekly_night_keeps_its_date_and_edition_when_tonight_moves_on() -> None:
    def salsa(now: datetime) -> dict[object, JsonObject]:
        rows = [row for row in records(now) if str(row["source_id"]).startswith("jueves-de-timbal-")]
        return {row["source_id"]: row for row in rows}

    before, after = salsa(NOWS[1]), salsa(NOWS[1] + timedelta(days=3))
    shared = before.keys() & after.keys()
    assert len(shared) >= 4
    assert all(before[key] == after[key] for key in shared)


def test_the_festival_is_three_days_in_a_row_next_weekend(now: datetime) -> None:
    names = {"Festival Aguacero, primer día", "Festival Aguacero, segundo día", "Festival Aguacero, cierre"}
    nights = [service_night(event.starts_at, ZONE) for event in events(now) if event.name in names]
    assert [night.weekday() for night in nights] == [4, 5, 6]
    assert nights[2] - nights[0] == timedelta(days=2)
    assert timedelta(0) < nights[0] - service_night(now, ZONE) <= timedelta(days=11)


def test_one_event_each_is_cancelled_moved_postponed_and_sold_out(now: datetime) -> None:
    statuses = Counter(event.status for event in events(now))
    del statuses["scheduled"]
    assert statuses == {"cancelled": 1, "moved": 1, "postponed": 1, "sold_out": 1}


def test_prices_are_pesos_and_free_means_zero(now: datetime) -> None:
    priced = [event for event in events(now) if event.price_min is not None]
    assert {event.currency for event in priced} == {"COP"}
    assert all((event.price_max == 0) == bool(event.is_free) for event in priced)
    assert sum(bool(event.is_free) for event in priced) >= 10


def test_every_event_is_described_and_three_languages_occur(now: datetime) -> None:
    found = events(now)
    assert [event.name for event in found if not event.description] == []
    languages = Counter(event.language for event in found)
    assert languages["es"] > languages["en"] > languages["pt"] > 3


def test_nobody_plays_and_nothing_opens_in_two_places_at_once() -> None:
    for now in NOWS[1::2]:
        spans: dict[str | None, list[tuple[datetime, datetime, str]]] = defaultdict(list)
        for event in events(now):
            assert event.venue is not None
            assert event.ends_at is not None
            if event.status not in {"cancelled", "postponed"}:
                for mention in (event.venue, *event.lineup):
                    spans[mention.source_id].append((event.starts_at, event.ends_at, event.name))
        clashes = [
            (key, first[2], second[2], now.date())
            for key, rows in spans.items()
            for first, second in pairwise(sorted(rows))
            if first[1] > second[0]
        ]
        assert clashes == []


def test_place_ids_have_the_form_google_gives_them_and_differ() -> None:
    ids = [record.google_place_id or "" for record in load(NOWS[0]) if isinstance(record, VenueRecord)]
    assert len(set(ids)) == len(ids)
    for place_id in ids:
        raw = base64.urlsafe_b64decode(place_id + "=")
        assert (len(place_id), len(raw), raw[:3], raw[11:12]) == (27, 20, b"\x0a\x12\x09", b"\x11")


def test_handles_are_valid_and_unique_and_some_artists_have_none() -> None:
    found = load(NOWS[0])
    named = [record for record in found if not isinstance(record, EventRecord | ThingRecord)]
    handles = [record.instagram for record in named if record.instagram]
    assert [handle for handle in handles if not HANDLE.fullmatch(handle)] == []
    assert len(set(handles)) == len(handles)
    without = [record for record in found if isinstance(record, ArtistRecord) and record.instagram is None]
    assert 5 <= len(without) <= 15


def test_venues_lie_in_the_valley() -> None:
    for record in load(NOWS[0]):
        if isinstance(record, VenueRecord):
            assert record.lat is not None
            assert record.lng is not None
            assert (6.13 < record.lat < 6.30, -75.64 < record.lng < -75.54) == (True, True), record.name


def test_genres_are_codes_of_the_legend() -> None:
    used = {
        genre
        for record in load(NOWS[0])
        if isinstance(record, VenueRecord | ArtistRecord | EventRecord)
        for genre in record.genres
    }
    assert used - GENRES == set()


def test_people_are_for_staff_only_and_own_manage_or_work_for_something() -> None:
    people = [record for record in load(NOWS[0]) if isinstance(record, PersonRecord)]
    assert {person.visibility for person in people} == {"staff"}
    assert {relation.type for person in people for relation in person.relations} == {"OWNS", "MANAGES", "WORKS_FOR"}


def test_every_address_on_the_web_is_one_nobody_can_own() -> None:
    hosts = {host for row in records(NOWS[0]) for host in re.findall(r"(?:https?://|@)([^/\"'\s,}\]]+)", str(row))}
    assert [host for host in hosts if not host.endswith(".example")] == []


def test_the_rows_stay_small_enough_to_ship() -> None:
    folder = resources.files("sonik.ingest.samples") / "medellin"
    assert sum(len(file.read_bytes()) for file in folder.iterdir()) < 200_000
