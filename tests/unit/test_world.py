"""The world of three cities as it is made: large enough, the same each time, invented, and blind to the matcher."""

import ast
import csv
import io
import json
import re
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from importlib import resources
from pathlib import Path

import pytest

from sonik.ingest.samples.world import World, make_world, team, write_world
from sonik.ingest.samples.world.programme import FIRST_DAY, LAST_DAY

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
PACKAGE = Path(str(resources.files("sonik.ingest.samples") / "world"))
SHAPES = ["directus-1.json", "twenty-1.json", "mongo-1.json", "sheet-1.csv", "scraper-1.jsonl"]


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(NOW)


def content(world: World, file: str) -> bytes:
    return next(delivery.content for delivery in world.deliveries if delivery.file == file)


def test_three_cities_have_enough_of_everything(world: World) -> None:
    ground = world.ground
    assert [city.slug for city in ground.cities] == ["medellin", "quito", "ciudad-de-mexico"]
    assert len(ground.venues) >= 60
    assert len(ground.artists) >= 150
    assert len(ground.events) >= 400
    assert {tie.type for person in ground.people for tie in person.ties} == {"OWNS", "MANAGES", "WORKS_FOR", "KNOWS"}
    for city in ground.cities:
        assert sum(event.city.slug == city.slug for event in ground.events) >= 130


def test_five_systems_deliver_first_and_four_of_them_again(world: World) -> None:
    assert [delivery.file for delivery in world.deliveries] == [
        *SHAPES, "directus-2.json", "mongo-2.json", "sheet-2.csv", "scraper-2.jsonl",
    ]  # fmt: skip


def test_the_same_seed_and_moment_give_the_same_bytes(world: World, tmp_path: Path) -> None:
    again = write_world(tmp_path / "one", NOW)
    assert [delivery.content for delivery in again.deliveries] == [delivery.content for delivery in world.deliveries]
    write_world(tmp_path / "two", NOW)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(files) == len(world.deliveries) + 2
    assert [(tmp_path / "one" / name).read_bytes() for name in files] == [
        (tmp_path / "two" / name).read_bytes() for name in files
    ]


def test_another_seed_gives_another_world(world: World) -> None:
    other = make_world(NOW, seed=8)
    assert [event.id for event in other.ground.events] != [event.id for event in world.ground.events]


@pytest.mark.parametrize("seed", range(20, 32))
def test_no_source_gives_one_id_to_two_things_whatever_the_seed(seed: int) -> None:
    holders: dict[str, set[str]] = {}
    for delivery in make_world(NOW + timedelta(days=seed), seed=seed).deliveries:
        for mark in delivery.marks:
            for key in mark.keys:
                holders.setdefault(f"{mark.kind}:{key}", set()).add(mark.entity)
    assert {key: things for key, things in holders.items() if len(things) > 1} == {}


@pytest.mark.parametrize("days", [0, 1, 30, 200])
def test_the_window_rolls_with_the_moment(days: int) -> None:
    now = NOW + timedelta(days=days)
    ground = make_world(now).ground
    offsets = {(event.city.tonight(event.starts_at) - event.city.tonight(now)).days for event in ground.events}
    assert (min(offsets), max(offsets)) == (FIRST_DAY, LAST_DAY)


def test_a_date_keeps_its_programme_when_tonight_moves_on(world: World) -> None:
    later = make_world(NOW + timedelta(days=3)).ground
    then = {event.id: (event.name, event.starts_at) for event in later.events}
    kept = [event for event in world.ground.events if event.id in then and event.fate != "second_showing"]
    assert len(kept) > 350
    assert all(then[event.id] == (event.name, event.starts_at) for event in kept)


def test_every_city_has_one_of_each_fate_and_shows_after_midnight(world: World) -> None:
    for city in world.ground.cities:
        mine = [event for event in world.ground.events if event.city.slug == city.slug]
        fates = Counter(event.fate for event in mine)
        del fates[""]
        assert fates == {"cancelled": 1, "moved": 1, "retitled": 1, "sold_out": 1, "second_showing": 1}
        assert any(event.starts_at.time() < time(6) for event in mine)


def test_nobody_plays_in_two_places_of_one_night(world: World) -> None:
    played = Counter(
        (event.city.tonight(event.starts_at), artist.id)
        for event in world.ground.events
        if event.fate != "second_showing"
        for artist in event.lineup
    )
    assert [who for who, count in played.items() if count > 1] == []


def test_names_have_accents_and_signs(world: World) -> None:
    names = " ".join(thing.name for thing in (*world.ground.venues, *world.ground.artists))
    assert set("áéíóúñ¡!½$&+/,:").difference(names) <= {"/"}


def test_the_systems_write_as_they_do(world: World) -> None:
    directus = json.loads(content(world, "directus-1.json"))
    assert isinstance(directus["events"]["data"][0]["artists"][0]["artists_id"], int)
    twenty = json.loads(content(world, "twenty-1.json"))["data"]
    assert twenty["people"][0]["name"].keys() == {"firstName", "lastName"}
    mongo = json.loads(content(world, "mongo-1.json"))
    assert mongo["tickets"][0]["_id"].keys() == {"$oid"}
    assert mongo["accounts"][0]["updatedAt"]["$date"].keys() == {"$numberLong"}
    assert any("&nbsp;" in line and "utm_" in line for line in content(world, "scraper-1.jsonl").decode().splitlines())


def test_the_sheet_has_semicolons_decimal_commas_the_day_first_and_two_encodings(world: World) -> None:
    first, second = content(world, "sheet-1.csv"), content(world, "sheet-2.csv")
    with pytest.raises(UnicodeDecodeError):
        first.decode("utf-8")
    assert second.startswith(b"\xef\xbb\xbf")
    row = next(csv.DictReader(io.StringIO(first.decode("latin-1")), delimiter=";"))
    assert re.fullmatch(r"\d{1,3}(\.\d{3})*,00", row["Precio desde"])
    assert re.fullmatch(r"\d\d/\d\d/\d{4}", row["Fecha"])


def test_every_label_points_to_a_line_and_every_thing_has_winners(world: World) -> None:
    labels = world.labels
    assert {label.file for label in labels.lines} <= {delivery.file for delivery in world.deliveries}
    assert {label.entity for label in labels.lines} == labels.winners.keys()
    assert labels.pairs(joinable=True) < labels.pairs()


def test_every_host_is_one_nobody_can_own(world: World) -> None:
    text = b"".join(delivery.content for delivery in world.deliveries).decode("utf-8", errors="ignore")
    hosts = {host.lower() for host in re.findall(r"(?:https?://|@)([a-zA-Z0-9.-]+\.[a-z]{2,})(?=[/\"';?,\s])", text)}
    hosts -= {"instagram.com", "www.instagram.com", "www.google.com"}
    # An "@" also stands before a handle, which ends in a city.
    assert {host for host in hosts if not host.endswith((".example", ".mde", ".uio", ".cdmx"))} == set()


def test_the_team_tells_of_its_campaigns_and_of_both_other_graphs(world: World) -> None:
    told = Counter(str(record["kind"]) for record in team.records(world.ground))
    assert told.keys() == {
        "feature", "feature_flag", "code", "concept", "revenue", "sentiment", "document", "session", "query", "note",
        "outcome", "decision", "campaign",
    }  # fmt: skip


def test_the_generator_knows_nothing_of_the_matcher() -> None:
    imported = set()
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                imported.add(node.module or "")
            elif isinstance(node, ast.Import):
                imported |= {name.name for name in node.names}
    assert {name for name in imported if name.startswith("sonik") and ".samples.world" not in name} == set()


def test_it_is_small_enough_to_ship() -> None:
    assert sum(len(path.read_bytes()) for path in PACKAGE.iterdir() if path.is_file()) < 120_000
