"""SQL kept as SQL: numbered migrations, repeatable seeds, and named queries."""

import re
from functools import cache
from importlib.resources import files
from typing import LiteralString

_NAME = "-- name: "
_LITERAL = re.compile(r"'(?P<text>(?:[^']|'')*)'|(?P<number>-?\d+(?:\.\d+)?)")
_ELEMENT = re.compile(r'"([^"]*)"|([^,"]+)')
_NAMES: dict[str, str] = {}


@cache
def queries(room: str) -> dict[str, LiteralString]:
    """Return the named queries of one file in ``queries/``: each starts with a line ``-- name: …``."""
    return named(files(__name__).joinpath("queries", f"{room}.sql").read_text(encoding="utf-8"))


def named(text: str) -> dict[str, LiteralString]:
    """Return the named queries of a text, which is a file of ours."""
    found: dict[str, LiteralString] = {}
    for block in text.split(_NAME)[1:]:
        name, _, body = block.partition("\n")
        found[name.strip()] = body.strip()
    _NAMES.update((body, name) for name, body in found.items())
    return found


def name_of(query: str) -> str:
    """Return the name of a query; of one that was put together there is none."""
    return _NAMES.get(query, "")


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


def seeded(table: str) -> list[dict[str, str | float | list[str]]]:
    """Return the rows that the seed scripts insert into a table, for those who work without a database."""
    rows: list[dict[str, str | float | list[str]]] = []
    for _, script in seeds():
        for insert in re.finditer(
            rf"insert into {table} \((?P<columns>[^)]*)\) values\n(?P<rows>.*?)\non conflict", script, re.DOTALL
        ):
            columns = [column.strip() for column in insert["columns"].split(",")]
            rows += [dict(zip(columns, _literals(line), strict=True)) for line in insert["rows"].splitlines()]
    return rows


def _literals(line: str) -> list[str | float | list[str]]:
    """Return the values of one line of a seed: texts, numbers and arrays of texts."""
    values: list[str | float | list[str]] = []
    for found in _LITERAL.finditer(line):
        text = found["text"]
        if text is None:
            values.append(float(found["number"]))
        elif text.startswith("{"):
            values.append([a or b for a, b in _ELEMENT.findall(text[1:-1])])
        else:
            values.append(text.replace("''", "'"))
    return values


def _scripts(folder: str) -> list[tuple[str, LiteralString]]:
    paths = sorted(files(__name__).joinpath(folder).iterdir(), key=lambda path: path.name)
    return [(path.name, path.read_text(encoding="utf-8")) for path in paths if path.name.endswith(".sql")]
