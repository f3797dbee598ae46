"""Paths into a row of another system, such as ``venue.name``, ``images.0.url`` or ``artists.name``."""

from sonik.types import JsonValue


def look_up(row: JsonValue, path: str) -> JsonValue:
    """Return what stands at a path; a list on the way is gone through, unless the path gives a place in it.

    A column that is itself called ``price.min`` is found before an object ``price`` is looked into.
    """
    if isinstance(row, dict) and path in row:
        return row[path]
    head, dot, rest = path.partition(".")
    if isinstance(row, list):
        if head.isdecimal():
            place = int(head) if len(head) < len("1000000") else len(row)
            found = row[place] if place < len(row) else None
            return look_up(found, rest) if dot else found
        return [value for item in row if isinstance(item, dict) for value in _listed(look_up(item, path))]
    if not dot or not isinstance(row, dict):
        return None
    return look_up(row.get(head), rest)


def _listed(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else [] if value is None else [value]
