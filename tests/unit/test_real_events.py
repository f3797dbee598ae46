"""The mappings that ship, on their real files: what is taken, what is refused, and what inspect makes of them."""

import pytest

from sonik.ingest.files import read_rows, to_record
from sonik.ingest.inspection.preview import preview
from sonik.ingest.inspection.report import inspect
from sonik.ingest.legends import shipped_legends
from sonik.ingest.mapping import load_mapping, shipped_mappings
from sonik.ingest.receipts import Receipt
from sonik.types import JsonObject
from tests.fix_real_events import FILES, real_file
from tests.fix_truth import NIGHT

LEGENDS = shipped_legends()


def test_every_mapping_that_ships_has_its_real_file() -> None:
    # The others read the sample world, which is made when it is asked for.
    assert {path.stem for path in shipped_mappings() if not path.stem.startswith("world_")} == FILES.keys()


@pytest.mark.parametrize(
    ("name", "taken", "reasons"),
    [
        ("agenda_valparaiso_gijon", 839, {("starts_at", "Field required"): 13}),
        ("artistas_argentinos", 5083, {}),
        ("berghain", 3619, {("starts_at", "Field required"): 46}),
        ("ra_top100_gigs_clubs", 8209, {("name", "Field required"): 901}),
        ("ra_top100_gigs_djs", 9110, {}),
    ],
)
def test_a_mapping_takes_all_of_its_file_but_what_lacks_a_date_or_a_name(
    name: str, taken: int, reasons: dict[tuple[str, str], int]
) -> None:
    rows = read_rows(real_file(name))
    found = preview(rows, mapping=load_mapping(name), legends=LEGENDS, now=NIGHT)
    assert {(reason.field, reason.reason): reason.count for reason in found.reasons} == reasons
    assert (found.taken, found.refused) == (taken, sum(reasons.values()))


@pytest.mark.parametrize(
    ("name", "line", "expected"),
    [
        (
            "berghain", 3665,
            {
                "kind": "event", "source_id": "80824", "name": "RECLAIM YOUR CITY", "market": "berlin",
                "starts_at": "2026-04-30T22:00:00+02:00", "url": "https://www.berghain.berlin/en/event/80824/",
                "venue": {"name": "Berghain", "city": "Berlin"},
                "lineup": [{"name": "Julie"}, {"name": "Costanza"}, {"name": "Hitam"}, {"name": "Ruben Ganev"}],
            },
        ),
        (
            "artistas_argentinos", 7,
            {
                "kind": "artist", "source_id": "00demsNI1p5KmzWGlrnrdh", "name": "pez",
                "url": "https://open.spotify.com/artist/00demsNI1p5KmzWGlrnrdh",
                "genres": ["argentine indie", "argentine rock", "latin rock", "rock en espanol", "rock nacional"],
            },
        ),
        ("ra_top100_gigs_clubs", 1, {"kind": "venue", "name": "Bankside Vaults", "city": "London"}),
        ("ra_top100_gigs_clubs", 6, {"kind": "venue", "name": "Warung Beach Club"}),
        ("ra_top100_gigs_djs", 1, {"kind": "artist", "source_id": "dixon", "name": "dixon"}),
    ],
)  # fmt: skip
def test_a_row_becomes_the_record_it_speaks_of(name: str, line: int, expected: JsonObject) -> None:
    row = next(row for row in read_rows(real_file(name)) if row.line == line)
    record = to_record(row, mapping=load_mapping(name), legends=LEGENDS)
    assert not isinstance(record, Receipt)
    assert record.model_dump(mode="json", exclude_unset=True) == expected


@pytest.mark.parametrize(
    ("name", "kind", "taken", "fields"),
    [
        (
            "agenda_valparaiso_gijon", "event", 839,
            "id title start end region description category categories tags price_min price_max currency is_free"
            " tickets_url venue venue_id address city organizer",
        ),
        ("berghain", "event", 1000, "id title date venue city lineup.artist_name"),
        ("artistas_argentinos", "artist", 1000, "spotify_id name spotify_url genres"),
        ("ra_top100_gigs_clubs", "venue", 893, "club city"),
    ],
)  # fmt: skip
def test_inspect_proposes_what_a_person_mapped(name: str, kind: str, taken: int, fields: str) -> None:
    found = inspect(real_file(name), legends=LEGENDS, now=NIGHT)
    assert (found.kind, found.preview.taken) == (kind, taken)
    assert set(fields.split()) <= {column.column for column in found.columns if column.field is not None}
