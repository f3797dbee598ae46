"""The folder with real events, which is never part of the project: beside it, or where SONIK_REAL_EVENTS says."""

import os
from pathlib import Path

import pytest

FOLDER = Path(
    os.environ.get("SONIK_REAL_EVENTS")
    or Path(__file__).resolve().parent.parent / ".." / "shared" / "data" / "events"
)  # fmt: skip
# What each mapping that ships is for.
FILES = {
    "agenda_valparaiso_gijon": "agenda_valparaiso_gijon/events.jsonl",
    "artistas_argentinos": "artistas_argentinos/artists.jsonl",
    "berghain": "berghain/events.jsonl",
    "ra_top100_gigs_clubs": "ra_top100_gigs/gigs.jsonl",
    "ra_top100_gigs_djs": "ra_top100_gigs/gigs.jsonl",
}


def real_file(mapping: str) -> Path:
    """Return the file a mapping is for, or skip the test that wants it."""
    path = FOLDER / FILES[mapping]
    if not path.is_file():
        pytest.skip("the folder with real events is not here; SONIK_REAL_EVENTS can name it")
    return path
