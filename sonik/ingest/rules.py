"""The rules of a mapping: where in a row each value comes from."""

from collections.abc import Mapping, Sequence
from typing import Final

from sonik.errors import InvalidInput
from sonik.types import JsonObject, JsonValue

RULES: Final = "Use a column, {from=…}, {join=[…]} or {value=…}."
LISTS: Final = frozenset({"genres", "aliases", "emails", "phones", "lineup", "promoters"})
MENTIONS: Final = frozenset({"venue", "lineup", "promoters"})
TEXTS: Final = frozenset({"source_id", "phone"})
# Tables of values that are no mention of anybody.
PARTS: Final = frozenset({"attributes", "properties"})
_FIXED = ("type", "target_kind", "direction")
_OF_A_VALUE = frozenset({"from", "value", "join"})


def fill(fields: Mapping[str, object], row: JsonObject) -> JsonObject:
    """Return the fields that the rules find in a row; what they do not find is None.

    Raises:
        InvalidInput: a rule says nothing.
    """
    record: JsonObject = {}
    for name, rule in fields.items():
        if not isinstance(rule, dict) or _OF_A_VALUE & rule.keys():
            record[name] = _value(name, rule, row)
        elif "each" in rule:
            record[name] = _mentions(rule, row)
        elif name in PARTS:
            record[name] = _said(rule, row) or None
        else:
            record[name] = _mention(rule, row)
        if name in LISTS and isinstance(record[name], dict):
            record[name] = [record[name]]
    return record


def relations_of(rules: Sequence[Mapping[str, object]], row: JsonObject) -> list[JsonValue]:
    """Return the edges a row states: a rule gives one, or with `each` one for every element of a list.

    Of several edges of a type to the same target the last one stands: who bought a ticket twice bought it.

    Raises:
        InvalidInput: a rule has no target.
    """
    found: dict[str, JsonValue] = {}
    for rule in rules:
        fields = {name: inner for name, inner in rule.items() if name not in _FIXED and name != "each"}
        if not isinstance(fields.get("target"), dict):
            step = "Give it target = { name = … }."
            raise InvalidInput("A relation has no target.", next_step=step, field="relations")
        fixed: JsonObject = {name: str(rule[name]) for name in _FIXED if name in rule}
        for element in _elements(rule, row):
            told: JsonObject = {name: value for name, value in fill(fields, element).items() if value is not None}
            if "target" in told:
                found[str((fixed, told["target"]))] = fixed | told
    return list(found.values())


def look_up(row: JsonValue, path: str) -> JsonValue:
    """Return what stands at a path such as "venue.name"; a number is a place in a list, a name leads into all of it."""
    found: JsonValue = row
    for part in path.split("."):
        if isinstance(found, list):
            found = _in_list(found, part)
        else:
            found = found.get(part) if isinstance(found, dict) else None
    return found


def _in_list(found: list[JsonValue], part: str) -> JsonValue:
    if part.isascii() and part.isdigit():
        return found[int(part)] if int(part) < len(found) else None
    return [inner.get(part) for inner in found if isinstance(inner, dict)]


def _elements(rule: Mapping[str, object], row: JsonObject) -> list[JsonObject]:
    if "each" not in rule:
        return [row]
    return [element for element in _listed(look_up(row, str(rule["each"]))) if isinstance(element, dict)]


def _mentions(rule: Mapping[str, object], row: JsonObject) -> list[JsonValue]:
    fields = {name: inner for name, inner in rule.items() if name != "each"}
    mentions = (_mention(fields, element) for element in _elements(rule, row))
    return [mention for mention in mentions if mention is not None]


def _mention(fields: Mapping[str, object], row: JsonObject) -> JsonObject | None:
    found = _said(fields, row)
    return found if found.get("name") else None


def _said(fields: Mapping[str, object], row: JsonObject) -> JsonObject:
    return {name: value for name, value in fill(fields, row).items() if value is not None and value != ""}


def _value(name: str, rule: object, row: JsonObject) -> JsonValue:
    if isinstance(rule, str):
        rule = {"from": rule}
    if not isinstance(rule, dict):
        raise InvalidInput(f"Field '{name}' has no rule Sonik knows.", next_step=RULES, field=name)
    if "value" in rule:
        constant: JsonValue = rule["value"]
        return constant
    values = _found(rule.get("join", rule.get("from")), row)
    table = rule.get("map")
    if isinstance(table, dict):
        values = [table.get(str(value)) for value in values]
    values = [value for value in values if value is not None and value != ""]
    if "join" in rule:
        return " ".join(map(str, values)) or None
    if name in LISTS:
        return [{"name": str(value)} for value in values] if name in MENTIONS else [str(value) for value in values]
    if not values:
        return None
    # Most systems number their rows; a record's own id is a text.
    is_number = isinstance(values[0], int) and not isinstance(values[0], bool)
    return str(values[0]) if name in TEXTS and is_number else values[0]


def _found(paths: object, row: JsonObject) -> list[JsonValue]:
    wanted = paths if isinstance(paths, list) else [paths]
    return [value for path in wanted for value in _listed(look_up(row, str(path)))]


def _listed(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else [value]
