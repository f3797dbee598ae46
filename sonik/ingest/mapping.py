"""Small field-mapping files: how one source's rows become typed records.

A mapping is TOML. ``[fields]`` names, for each field of the record, where its value comes from::

    name = "title"                                   # a column, or a path such as "venue.name"
    market = { from = "region", map = { gijon = "gijon" } }
    genres = { from = ["category", "tags"] }         # several columns become a list
    language = { value = "es" }                      # a constant

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
from sonik.ingest.legends import FALLBACK_ZONE, Legends
from sonik.ingest.records import YEARS
from sonik.types import JsonObject, JsonValue

MOMENTS: Final = frozenset({"starts_at", "ends_at", "observed_at"})
DEFAULT_TRUST: Final = 50
RULES: Final = "Use a column, {from=…} or {value=…}."
LISTS: Final = frozenset({"genres", "aliases", "emails", "phones", "lineup", "promoters"})
MENTIONS: Final = frozenset({"venue", "lineup", "promoters"})
TEXTS: Final = frozenset({"source_id", "phone"})


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
    """Return the row in the shape of a typed record; what it gets wrong is left for the record's own check.

    A time without an offset is local to the market. A bare date is a whole day, from the start of its service day.

    Raises:
        InvalidInput: the mapping has a rule that says nothing, or a local time stands in no known market.
    """
    record = _fill(mapping.fields, row)
    zone = _zone(record, legends)
    whole_days = {name for name in MOMENTS & record.keys() if _bare_date(record[name]) is not None}
    ends = _bare_date(record.get("ends_at"))
    for name in MOMENTS & record.keys():
        record[name] = _moment(name, record[name], zone)
    if "starts_at" in whole_days:
        record["all_day"] = True
    if ends is not None:
        record["ends_at"] = _end_of_day(ends, _parsed(record.get("starts_at")), zone or FALLBACK_ZONE)
    record["kind"] = mapping.kind
    return {name: value for name, value in record.items() if value is not None and value not in ("", [])}


def _fill(fields: Mapping[str, object], row: JsonObject) -> JsonObject:
    record: JsonObject = {}
    for name, rule in fields.items():
        if isinstance(rule, dict) and not {"from", "value"} & rule.keys():
            mention = _fill(rule, row)
            cleaned: JsonObject = {key: value for key, value in mention.items() if value is not None and value != ""}
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
        raise InvalidInput(f"Field '{name}' has no rule Sonik knows.", next_step=RULES, field=name)
    if "value" in rule:
        constant: JsonValue = rule["value"]
        return constant
    wanted = rule["from"] if isinstance(rule["from"], list) else [rule["from"]]
    values = [value for path in wanted for value in _listed(_look_up(row, str(path)))]
    table = rule.get("map")
    if isinstance(table, dict):
        values = [table.get(str(value)) for value in values]
    values = [value for value in values if value is not None and value != ""]
    if name in LISTS:
        return [{"name": str(value)} for value in values] if name in MENTIONS else [str(value) for value in values]
    if not values:
        return None
    # Most systems number their rows; a record's own id is a text.
    is_number = isinstance(values[0], int) and not isinstance(values[0], bool)
    return str(values[0]) if name in TEXTS and is_number else values[0]


def _listed(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else [value]


def _look_up(row: JsonObject, path: str) -> JsonValue:
    found: JsonValue = row
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _zone(record: JsonObject, legends: Legends) -> ZoneInfo | None:
    """Return the time zone of the row's market: its own, or the one its venue or city is in."""
    venue = record.get("venue")
    places = [record.get("market"), record.get("city")]
    if isinstance(venue, dict):
        places[1:1] = [venue.get("market"), venue.get("city")]
    found = (legends.find_market(place) for place in places if isinstance(place, str))
    slug = next((slug for slug in found if slug is not None), None)
    return None if slug is None else legends.zone(slug)


def _moment(name: str, value: JsonValue, zone: ZoneInfo | None) -> JsonValue:
    """Return a time with its offset; what is no time stays as it is, for the record's check to refuse."""
    day = _bare_date(value)
    if day is not None:
        return datetime.combine(day, DAY_STARTS, tzinfo=zone or FALLBACK_ZONE).isoformat()
    moment = _parsed(value)
    if moment is None:
        return value
    if moment.tzinfo is None and zone is None:
        step = "Name a known market, or give the time its offset."
        raise InvalidInput(f"'{moment.isoformat()}' is a local time in no known market.", next_step=step, field=name)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).isoformat()


def _end_of_day(ends: date, start: datetime | None, zone: ZoneInfo) -> JsonValue:
    """Return the last minute of an end date; on the day itself it says nothing."""
    if start is not None and start.year in YEARS and start.astimezone(zone).date() >= ends:
        return None
    return datetime.combine(ends, time(23, 59), tzinfo=zone).isoformat()


def _parsed(value: JsonValue) -> datetime | None:
    try:
        return datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None


def _bare_date(value: JsonValue) -> date | None:
    if isinstance(value, str) and len(value.strip()) == len("2026-12-05"):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            return None
    return None
