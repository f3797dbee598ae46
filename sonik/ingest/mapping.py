"""Small field-mapping files: how one source's rows become typed records.

A mapping is TOML. ``[fields]`` names, for each field of the record, where its value comes from::

    name = "title"                                   # a column, or a path such as "venue.name"
    market = { from = "region", map = { gijon = "gijon" } }
    genres = { from = ["category", "tags"] }         # several columns become a list
    language = { value = "es" }                      # a constant
    starts_at = { from = "start", zone_from = "market" }

A table such as ``[fields.venue]`` maps a mention; it is left out when its name is empty.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from importlib.resources import files
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sonik.clock import DAY_STARTS
from sonik.errors import InvalidInput
from sonik.identity.sighting import Source
from sonik.ingest.legends import Legends
from sonik.types import JsonObject, JsonValue

MOMENTS: Final = frozenset({"starts_at", "ends_at", "observed_at"})
DEFAULT_TRUST: Final = 50
LISTS: Final = frozenset({"genres", "aliases", "emails", "phones", "lineup", "promoters"})
MENTIONS: Final = frozenset({"venue", "lineup", "promoters"})


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldMapping:
    """A source's mapping: its name and trust, the kind of record its rows are, and where each field comes from."""

    source: Source
    kind: str | None
    fields: Mapping[str, object]
    partial: bool = False


def load_mapping(name_or_path: str) -> FieldMapping:
    """Load a mapping file by path, or one that ships with Sonik by name.

    Raises:
        InvalidInput: it is not there or not a mapping.
    """
    path = Path(name_or_path)
    shipped = files("sonik.ingest").joinpath("mappings", f"{path.name}.toml")
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else shipped.read_text(encoding="utf-8")
        return _parse(tomllib.loads(text))
    except FileNotFoundError as error:
        known = ", ".join(sorted(p.name.removesuffix(".toml") for p in shipped_mappings()))
        raise InvalidInput(
            f"No mapping '{name_or_path[:200]}'.", next_step=f"Give a .toml file, or one of: {known}.", field="mapping"
        ) from error
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise InvalidInput(
            f"'{name_or_path[:200]}' is not a mapping: {error}.",
            next_step="It needs `source`, `kind` and a [fields] table.",
            field="mapping",
        ) from error


def shipped_mappings() -> list[Path]:
    """Return the mapping files that ship with Sonik."""
    folder = Path(str(files("sonik.ingest").joinpath("mappings")))
    return sorted(folder.glob("*.toml"))


def _parse(table: Mapping[str, object]) -> FieldMapping:
    fields = table["fields"]
    if not isinstance(fields, dict):
        raise TypeError("[fields] is not a table")
    trust = table.get("trust", DEFAULT_TRUST)
    return FieldMapping(
        source=Source(code=str(table["source"]), trust=trust if isinstance(trust, int) else DEFAULT_TRUST),
        kind=str(table["kind"]),
        fields=fields,
        partial=table.get("partial") is True,
    )


def apply(mapping: FieldMapping, row: JsonObject, *, legends: Legends) -> JsonObject:
    """Return the row in the shape of a typed record."""
    record = _fill(mapping.fields, row)
    zone = legends.zone(legends.find_market(_text(record.get("market"))))
    for name in MOMENTS & record.keys():
        record[name] = _moment(record[name], zone)
    _whole_days(row, mapping, record, zone)
    record["kind"] = mapping.kind
    return {name: value for name, value in record.items() if value not in (None, "", [])}


def _fill(fields: Mapping[str, object], row: JsonObject) -> JsonObject:
    record: JsonObject = {}
    for name, rule in fields.items():
        if isinstance(rule, dict) and not {"from", "value"} & rule.keys():
            mention = _fill(rule, row)
            cleaned: JsonObject = {key: value for key, value in mention.items() if value not in (None, "", [])}
            record[name] = cleaned if cleaned.get("name") else None
        else:
            record[name] = _value(name, rule, row)
        if name in LISTS and isinstance(record[name], dict):
            record[name] = [record[name]]
    return record


def _value(name: str, rule: object, row: JsonObject) -> JsonValue:
    if isinstance(rule, str):
        rule = {"from": rule}
    if not isinstance(rule, dict):
        raise InvalidInput(f"Field '{name}' has no rule Sonik knows.", next_step="Use a column, {from=…} or {value=…}.")
    if "value" in rule:
        constant: JsonValue = rule["value"]
        return constant
    wanted = rule["from"] if isinstance(rule["from"], list) else [rule["from"]]
    values = [value for path in wanted for value in _listed(_look_up(row, str(path)))]
    table = rule.get("map")
    if isinstance(table, dict):
        values = [table.get(str(value)) for value in values]
    values = [value for value in values if value not in (None, "")]
    if name in LISTS:
        return [{"name": str(value)} for value in values] if name in MENTIONS else [str(value) for value in values]
    return values[0] if values else None


def _listed(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else [value]


def _look_up(row: JsonObject, path: str) -> JsonValue:
    found: JsonValue = row
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _moment(value: JsonValue, zone: ZoneInfo) -> JsonValue:
    """Read a time; one without an offset is local to the market, a bare date starts its service day."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    try:
        if len(text) == len("2026-12-05"):
            return datetime.combine(date.fromisoformat(text), DAY_STARTS, tzinfo=zone).isoformat()
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).isoformat()


def _whole_days(row: JsonObject, mapping: FieldMapping, record: JsonObject, zone: ZoneInfo) -> None:
    """A bare start date is a whole-day event; a bare end date closes that day, and says nothing on the day itself."""
    starts, ends = (_bare_date(mapping, name, row) for name in ("starts_at", "ends_at"))
    if starts is not None:
        record["all_day"] = True
    if ends is not None and isinstance(record.get("starts_at"), str):
        start = datetime.fromisoformat(str(record["starts_at"]))
        same_day = start.astimezone(zone).date() >= ends
        record["ends_at"] = None if same_day else datetime.combine(ends, time(23, 59), tzinfo=zone).isoformat()


def _bare_date(mapping: FieldMapping, name: str, row: JsonObject) -> date | None:
    rule = mapping.fields.get(name)
    value = _value(name, rule, row) if rule is not None else None
    if isinstance(value, str) and len(value.strip()) == len("2026-12-05"):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            return None
    return None


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None
