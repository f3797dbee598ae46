"""SQL kept as SQL: numbered migrations, repeatable seeds, and named queries."""

from functools import cache
from importlib.resources import files
from typing import LiteralString

_NAME = "-- name: "


@cache
def queries(room: str) -> dict[str, LiteralString]:
    """Return the named queries of one file in ``queries/``: each starts with a line ``-- name: …``."""
    text = files(__name__).joinpath("queries", f"{room}.sql").read_text(encoding="utf-8")
    found: dict[str, LiteralString] = {}
    for block in text.split(_NAME)[1:]:
        name, _, body = block.partition("\n")
        found[name.strip()] = body.strip()
    return found


def rooms() -> list[str]:
    """Return the names of the files in ``queries/``, in order."""
    names = sorted(path.name for path in files(__name__).joinpath("queries").iterdir())
    return [name.removesuffix(".sql") for name in names if name.endswith(".sql")]


def migrations() -> list[tuple[str, LiteralString]]:
    """Return the migrations in order, as (name, text)."""
    return _scripts("migrations")


def seeds() -> list[tuple[str, LiteralString]]:
    """Return the repeatable seed scripts in order, as (name, text)."""
    return _scripts("seeds")


def _scripts(folder: str) -> list[tuple[str, LiteralString]]:
    paths = sorted(files(__name__).joinpath(folder).iterdir(), key=lambda path: path.name)
    return [(path.name, path.read_text(encoding="utf-8")) for path in paths if path.name.endswith(".sql")]
