"""How each system packs what it exports: its tables, and the values in them, unpacked into plain JSON."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from sonik.errors import InvalidInput
from sonik.types import JsonObject, JsonValue

Tables = Mapping[str, list[JsonValue]]
Unpack = Callable[[JsonValue, str], Tables]

_NUMBERS = {"$numberInt": int, "$numberLong": int, "$numberDouble": float}
_TEXTS = frozenset({"$oid", "$uuid", "$numberDecimal", "$symbol"})
_NOTHING = frozenset({"$undefined", "$minKey", "$maxKey"})


def unpack_directus(document: JsonValue, stem: str) -> Tables:
    """Return a Directus export: collections as the API gives them, `{"data": […]}` or bare; translations by language.

    A table of translations becomes an object: `translations.es.name` leads to the name in any kind of Spanish.
    """
    collections = _collections(document, stem)
    return {name: [_by_language(item) for item in items] for name, items in collections.items()}


def unpack_twenty(document: JsonValue, stem: str) -> Tables:
    """Return a Twenty export: the `data` of its REST or GraphQL API, without what was deleted there."""
    inside = document.get("data", document) if isinstance(document, dict) else document
    collections = _collections(inside, stem)
    return {name: [_kept(_node(item)) for item in items] for name, items in collections.items()}


def unpack_mongo(document: JsonValue, stem: str) -> Tables:
    """Return a MongoDB export: collections, or the lines of one, in relaxed or canonical extended JSON."""
    return {name: [_relaxed(item) for item in items] for name, items in _collections(document, stem).items()}


SYSTEMS: Final[Mapping[str, Unpack]] = {
    "directus": unpack_directus,
    "twenty": unpack_twenty,
    "mongo": unpack_mongo,
}


def _collections(document: JsonValue, stem: str) -> dict[str, list[JsonValue]]:
    """Return lists of items by name; a bare list is the collection its file is named for."""
    if isinstance(document, dict) and isinstance(document.get("data"), list):
        document = document["data"]
    if isinstance(document, list):
        return {stem: document}
    if not isinstance(document, dict):
        step = "Give an object of collections, or one collection as a list."
        raise InvalidInput("The export holds no collections.", next_step=step, field="file")
    return {name: _items(value) for name, value in document.items()}


def _items(value: JsonValue) -> list[JsonValue]:
    if isinstance(value, dict):
        value = value.get("data", value.get("edges"))
    return value if isinstance(value, list) else []


def _by_language(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {name: _by_language(inner) for name, inner in value.items()}
    if not isinstance(value, list):
        return value
    rows = [row for row in value if isinstance(row, dict) and "languages_code" in row]
    if not rows or len(rows) < len(value):
        return [_by_language(inner) for inner in value]
    found: JsonObject = {}
    for row in rows:
        code = row["languages_code"]
        name = str(code.get("code") if isinstance(code, dict) else code)
        found.setdefault(name.partition("-")[0].lower(), row)
    return found


def _node(item: JsonValue) -> JsonValue:
    return item["node"] if isinstance(item, dict) and item.keys() <= {"node", "cursor"} and "node" in item else item


def _kept(item: JsonValue) -> JsonValue:
    return None if isinstance(item, dict) and item.get("deletedAt") else item


def _relaxed(value: JsonValue) -> JsonValue:
    """Return extended JSON as plain JSON: ids and decimals as text, dates as ISO 8601."""
    if isinstance(value, list):
        return [_relaxed(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        name, inner = next(iter(value.items()))
        if name.startswith("$"):
            return _typed(name, inner)
    return {name: _relaxed(inner) for name, inner in value.items()}


def _typed(name: str, inner: JsonValue) -> JsonValue:
    if name == "$date":
        moment = _relaxed(inner)
        if isinstance(moment, int):
            return _from_milliseconds(moment)
        return moment
    if name in _NOTHING:
        return None
    if name in _TEXTS:
        return str(inner)
    try:
        number = _NUMBERS[name](str(inner)) if name in _NUMBERS else None
    except ValueError:
        return str(inner)
    # A number that is none cannot be written as JSON.
    return {name: inner} if name not in _NUMBERS else None if number != number else number


def _from_milliseconds(moment: int) -> JsonValue:
    try:
        return datetime.fromtimestamp(moment / 1000, tz=UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return moment
