"""The rules of a mapping: which value of a row a field gets."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from sonik.errors import InvalidInput, did_you_mean
from sonik.identity.names import fold
from sonik.ingest.formats import reader
from sonik.ingest.paths import look_up
from sonik.types import JsonObject, JsonValue

STEP: Final = "Use a column, {from=…} or {value=…}."
LISTS: Final = frozenset({"genres", "aliases", "emails", "phones", "lineup", "promoters"})
MENTIONS: Final = frozenset({"venue", "lineup", "promoters"})
# Most systems number their rows, and a show can be called 1984; these fields are texts all the same.
TEXTS: Final = frozenset({"source_id", "name", "phone"})
KEYS: Final = ("from", "value", "missing", "join", "split", "at", "map", "format", "prefix")
EACH: Final = "each"
# Tables of values that are no mention of anybody.
PARTS: Final = frozenset({"attributes", "properties"})
_TABLES: Final = MENTIONS | PARTS | {"target"}
_FIXED: Final = ("type", "target_kind", "direction")
_OF_AN_EDGE: Final = ("target", "confidence", "properties", "timestamp", "valid_from", "valid_to")


def fill(fields: Mapping[str, object], row: JsonObject, *, missing: Collection[str] = ()) -> JsonObject:
    """Return the fields of a record; `missing` are the texts that stand for no value.

    Raises:
        InvalidInput: a rule says nothing, or names a format that is none.
    """
    record: JsonObject = {}
    for name, rule in fields.items():
        if isinstance(rule, dict) and name in PARTS:
            record[name] = _said(rule, row, missing=missing) or None
        elif isinstance(rule, dict) and not {"from", "value"} & rule.keys():
            record[name] = _mention(name, rule, row, missing=missing)
        else:
            record[name] = value_of(name, rule, row, missing=missing)
    return record


def value_of(name: str, rule: object, row: JsonObject, *, missing: Collection[str] = ()) -> JsonValue:
    """Return the value a rule gives a field: a list for a list field, else the first that is filled.

    Raises:
        InvalidInput: the rule says nothing, or names a format that is none.
    """
    if isinstance(rule, str):
        rule = {"from": rule}
    if not isinstance(rule, dict) or not {"from", "value"} & rule.keys():
        raise InvalidInput(f"Field '{name}' has no rule Sonik knows.", next_step=STEP, field=name)
    if "value" in rule:
        constant: JsonValue = rule["value"]
        return constant
    own = rule.get("missing")
    nothing = {*missing, *map(str, own)} if isinstance(own, list) else missing
    values = [value for value in _changed(rule, _found(rule["from"], row, nothing)) if value not in (None, "")]
    if name in LISTS:
        return [_listed_value(name, value) for value in values]
    if not values:
        return None
    is_number = isinstance(values[0], int | float) and not isinstance(values[0], bool)
    return str(values[0]) if name in TEXTS and is_number else values[0]


def relations_of(
    rules: Sequence[Mapping[str, object]], row: JsonObject, *, missing: Collection[str] = ()
) -> list[JsonValue]:
    """Return the edges a row states: a rule gives one, or with `each` one for every object of a list.

    Of several edges of a type to the same target the last one stands: who bought a ticket twice bought it.
    """
    found: dict[str, JsonValue] = {}
    for rule in rules:
        fixed: JsonObject = {name: str(rule[name]) for name in _FIXED if name in rule}
        told = {name: inner for name, inner in rule.items() if name in _OF_AN_EDGE}
        for part in _parts(look_up(row, str(rule[EACH]))) if EACH in rule else [row]:
            said = _said(told, part, missing=missing)
            if "target" in said:
                found[str((fixed, said["target"]))] = fixed | said
    return list(found.values())


def check_relations(rules: Sequence[Mapping[str, object]]) -> None:
    """Refuse relations that could not be applied to any row.

    Raises:
        InvalidInput: one has no type, kind or target, or a rule of it says nothing.
    """
    for number, rule in enumerate(rules):
        where = f"relations.{number}"
        known = (*_FIXED, *_OF_AN_EDGE, EACH)
        if unknown := [key for key in rule if key not in known]:
            hint = did_you_mean(unknown[0], list(known))
            raise InvalidInput(f"{where} does not know '{unknown[0][:40]}'.", next_step=hint, field="mapping")
        if not {"type", "target_kind"} <= rule.keys() or not isinstance(rule.get("target"), dict):
            step = "Give it type, target_kind and target = { name = … }."
            raise InvalidInput(f"{where} is no relation.", next_step=step, field="mapping")
        check({name: inner for name, inner in rule.items() if name in _OF_AN_EDGE}, inside=f"{where}.")


def check(fields: Mapping[str, object], *, inside: str = "") -> None:
    """Refuse a mapping that could not be applied to any row.

    Raises:
        InvalidInput: a rule has a key that is not known, says nothing, or names a format that is none.
    """
    for name, rule in fields.items():
        where = f"{inside}{name}"
        if isinstance(rule, dict) and not {"from", "value"} & rule.keys() and name in _TABLES:
            check({key: inner for key, inner in rule.items() if key != EACH}, inside=f"{where}.")
        elif isinstance(rule, dict):
            _check_rule(where, rule)
        elif not isinstance(rule, str):
            raise InvalidInput(f"Field '{where}' has no rule Sonik knows.", next_step=STEP, field="mapping")


def _check_rule(where: str, rule: Mapping[str, object]) -> None:
    if unknown := [key for key in rule if key not in KEYS]:
        hint = did_you_mean(unknown[0], list(KEYS))
        raise InvalidInput(f"The rule of '{where}' does not know '{unknown[0][:40]}'.", next_step=hint, field="mapping")
    if not {"from", "value"} & rule.keys():
        raise InvalidInput(f"Field '{where}' has no rule Sonik knows.", next_step=STEP, field="mapping")
    for name in _formats(rule):
        reader(name)


def _mention(name: str, rules: Mapping[str, object], row: JsonObject, *, missing: Collection[str]) -> JsonValue:
    """Return what a table of rules says of another entity; one without a name is left out."""
    inner = {key: rule for key, rule in rules.items() if key != EACH}
    parts = _parts(look_up(row, str(rules[EACH]))) if EACH in rules else [row]
    told: list[JsonValue] = []
    for part in parts:
        said = _said(inner, part, missing=missing)
        if said.get("name"):
            told.append(said)
    return told if name in LISTS else next(iter(told), None)


def _said(rules: Mapping[str, object], row: JsonObject, *, missing: Collection[str]) -> JsonObject:
    return {key: value for key, value in fill(rules, row, missing=missing).items() if value not in (None, "")}


def _parts(found: JsonValue) -> list[JsonObject]:
    every = found if isinstance(found, list) else [found]
    return [part for part in every if isinstance(part, dict)]


def _found(wanted: object, row: JsonObject, missing: Collection[str]) -> Iterator[JsonValue]:
    for path in wanted if isinstance(wanted, list) else [wanted]:
        found = look_up(row, str(path))
        for value in found if isinstance(found, list) else [found]:
            if value not in (None, "") and not (isinstance(value, str) and value.strip() in missing):
                yield value


def _changed(rule: Mapping[str, object], found: Iterator[JsonValue]) -> list[JsonValue]:
    """Apply what else a rule says, in the order of `KEYS`."""
    values = list(found)
    if "join" in rule and values:
        values = [str(rule["join"]).join(str(value).strip() for value in values)]
    if "split" in rule:
        values = [part.strip() for value in values for part in str(value).split(str(rule["split"]) or ",")]
    if isinstance(place := rule.get("at"), int):
        values = values[place : place + 1]
    if isinstance(table := rule.get("map"), dict):
        values = [_translated(value, table) for value in values]
    for name in _formats(rule):
        read = reader(name)
        values = [read(value) for value in values]
    if "prefix" in rule:
        values = [_prefixed(value, str(rule["prefix"])) for value in values]
    return values


def _formats(rule: Mapping[str, object]) -> list[str]:
    given = rule.get("format", [])
    return [str(name) for name in given] if isinstance(given, list) else [str(given)]


def _translated(value: JsonValue, table: Mapping[str, JsonValue]) -> JsonValue:
    """Return what a table has for a value, however its letters are written; what it does not know is left out."""
    text = str(value)
    return table[text] if text in table else {fold(key): known for key, known in table.items()}.get(fold(text))


def _prefixed(value: JsonValue, prefix: str) -> JsonValue:
    """Complete what is only the end of an address."""
    return prefix + value if isinstance(value, str) and "://" not in value else value


def _listed_value(name: str, value: JsonValue) -> JsonValue:
    if isinstance(value, dict | list):
        return value
    return {"name": str(value)} if name in MENTIONS else str(value)
