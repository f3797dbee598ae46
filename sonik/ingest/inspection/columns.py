"""The columns of a sample: every path to a value, how often it is filled, and what stands there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from sonik.identity.names import clean_text
from sonik.types import JsonObject, JsonValue

MAX_COLUMNS: Final = 200
MAX_KEPT: Final = 300
MAX_SHOWN: Final = 60
_DEEPEST: Final = 4
_PAIR: Final = 2


@dataclass(kw_only=True, slots=True)
class Column:
    """A path and the values found there; `each` is the list of objects it runs through, if it does."""

    path: str
    each: str = ""
    rows: int = 0
    is_list: bool = False
    values: list[JsonValue] = field(default_factory=list)
    distinct: set[str] = field(default_factory=set)

    @property
    def example(self) -> str:
        """A value as it can be shown."""
        return shown(self.values[0]) if self.values else ""

    @property
    def texts(self) -> list[str]:
        """The values that are texts."""
        return [value for value in self.values if isinstance(value, str)]

    @property
    def inner(self) -> str:
        """The path inside an object of the list."""
        return self.path.removeprefix(f"{self.each}.") if self.each else self.path


def survey(rows: Iterable[JsonObject]) -> list[Column]:
    """Return the columns of these rows in the order they appear; those without a value too."""
    columns: dict[str, Column] = {}
    for row in rows:
        seen: set[str] = set()
        for path, each, value in _cells(row):
            if path not in columns and len(columns) >= MAX_COLUMNS:
                continue
            column = columns.setdefault(path, Column(path=path, each=each))
            _note(column, value, first=path not in seen)
            seen.add(path)
    return list(columns.values())


def shown(value: JsonValue) -> str:
    """Return a value of outside as a short text on one line."""
    text = value if isinstance(value, str) else str(value)
    line = " ".join(clean_text(text[: MAX_SHOWN * 4]).split())
    return line if len(line) <= MAX_SHOWN else f"{line[: MAX_SHOWN - 1]}…"


def _note(column: Column, value: JsonValue, *, first: bool) -> None:
    values = value if isinstance(value, list) else [value]
    filled = [one for one in values if one is not None and one != ""]
    column.is_list = column.is_list or isinstance(value, list)
    column.rows += bool(filled) and first
    if len(column.values) < MAX_KEPT:
        column.values += filled
    column.distinct.update(str(one)[:MAX_KEPT] for one in filled)


def _cells(row: JsonObject, path: str = "", each: str = "") -> Iterator[tuple[str, str, JsonValue]]:
    for key, value in row.items():
        if not key.strip() or not _is_writable(key):
            continue
        inner = f"{path}.{key}" if path else key
        if isinstance(value, dict) and inner.count(".") < _DEEPEST:
            yield from _cells(value, inner, each)
        elif isinstance(value, list):
            yield from _listed_cells(value, inner, each)
        elif not isinstance(value, dict):
            yield inner, each, value


def _listed_cells(values: list[JsonValue], path: str, each: str) -> Iterator[tuple[str, str, JsonValue]]:
    objects = [value for value in values if isinstance(value, dict)]
    if objects:
        if not each and path.count(".") < _DEEPEST:
            for inside in objects:
                yield from _cells(inside, path, path)
    elif len(values) == _PAIR and all(isinstance(value, int | float) for value in values):
        # A point, as GeoJSON writes it.
        for place, value in enumerate(values):
            yield f"{path}.{place}", each, value
    else:
        yield path, each, [value for value in values if not isinstance(value, list)]


def _is_writable(key: str) -> bool:
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True
