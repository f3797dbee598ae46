"""Small field-mapping files: how one source's rows become typed records.

A mapping is TOML. ``[fields]`` names, for each field of the record, where its value comes from::

    name = "title"                                   # a column, or a path such as "venue.name"
    market = { from = "region", map = { gijon = "gijon" } }
    genres = { from = ["category", "tags"] }         # several columns become a list
    language = { value = "es" }                      # a constant

    title = { join = ["first", "last"] }             # several columns become one text

A table such as ``[fields.venue]`` maps a mention; it is left out when its name is empty. With ``each`` it maps every
element of a list. ``[[relations]]`` says which edges a row states. A file of several tables has ``[tables.NAME]``, each
with a kind and fields of its own; the first whose ``only`` a row meets takes it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from sonik.clock import DAY_STARTS
from sonik.errors import InvalidInput
from sonik.identity.sighting import Source
from sonik.ingest.legends import FALLBACK_ZONE, Legends
from sonik.ingest.records import YEARS
from sonik.ingest.rules import fill, look_up, relations_of
from sonik.ingest.scraps import untracked, visible_text
from sonik.ingest.written import MOMENTS, read_written
from sonik.types import JsonObject, JsonValue

DEFAULT_TRUST: Final = 50
ADDRESSES: Final = frozenset({"url", "image_url", "ticket_url", "website"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Join:
    """Items of another table: those whose ids stand at the path `by`, or those that hold this one's id at `where`."""

    table: str
    by: str = ""
    where: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """How a CSV file is written."""

    separator: str = ","
    encoding: str = "utf-8"


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldMapping:
    """A source's mapping: its name and trust, the kind of record its rows are, and where each field comes from.

    `written` values are as people write them: the day first, a decimal comma. `scraped` texts hold markup. A mapping of
    several `tables` has no fields of its own; each of them takes the rows of its `origin` that meet its `only`.
    """

    source: Source
    kind: str | None
    fields: Mapping[str, object]
    partial: bool = False
    relations: tuple[Mapping[str, object], ...] = ()
    written: bool = False
    scraped: bool = False
    sheet: Sheet = Sheet()
    system: str = ""
    tables: tuple["FieldMapping", ...] = ()
    name: str = ""
    origin: str = ""
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    joins: Mapping[str, Join] = field(default_factory=dict)

    def choose(self, row: JsonValue, *, origin: str = "") -> "FieldMapping | None":
        """Return the table that takes a row, if there is one; what is no object goes to the first, to be refused."""
        tables = (table for table in self.tables if table.origin == origin)
        return next((table for table in tables if not isinstance(row, dict) or table._wants(row)), None)

    def table(self, name: str) -> "FieldMapping":
        """Return one of its tables, or itself for a row that is of none."""
        return next((table for table in self.tables if table.name == name), self)

    def _wants(self, row: JsonObject) -> bool:
        return all(str(look_up(row, path)) in values for path, values in self.only.items())


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
    trust = table.get("trust", DEFAULT_TRUST)
    source = Source(code=str(table["source"]), trust=trust if isinstance(trust, int) else DEFAULT_TRUST)
    base = FieldMapping(
        source=source, kind=None, fields={}, partial=table.get("partial") is True, written=table.get("written") is True,
        scraped=table.get("scraped") is True, sheet=Sheet(**_table(table, "csv")), system=str(table.get("system", "")),
    )  # fmt: skip
    if "tables" not in table:
        return _filled(base, table, kind=str(table["kind"]))
    tables = _table(table, "tables").items()
    return replace(base, tables=tuple(_parse_table(base, name, inner) for name, inner in tables))


def _parse_table(base: FieldMapping, name: str, table: Mapping[str, object]) -> FieldMapping:
    kind = table.get("kind")
    joins = {into: Join(**{"by": into, **join}) for into, join in _table(table, "joins").items()}
    only = {path: tuple(map(str, _as_list(values))) for path, values in _table(table, "only").items()}
    named = replace(base, name=name, origin=str(table.get("from", name)), only=only, joins=joins)
    return named if kind is None else _filled(named, table, kind=str(kind))


def _filled(mapping: FieldMapping, table: Mapping[str, object], *, kind: str) -> FieldMapping:
    fields = table["fields"]
    if not isinstance(fields, dict):
        raise TypeError("[fields] is not a table")
    relations = tuple(relation for relation in _as_list(table.get("relations", [])) if isinstance(relation, dict))
    return replace(mapping, kind=kind, fields=fields, relations=relations)


def _table(table: Mapping[str, object], name: str) -> dict[str, Any]:
    found = table.get(name, {})
    if not isinstance(found, dict):
        raise TypeError(f"[{name}] is not a table")
    return found


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def apply(mapping: FieldMapping, row: JsonObject, *, legends: Legends) -> JsonObject:
    """Return the row in the shape of a typed record; what it gets wrong is left for the record's own check.

    A time without an offset is local to the market. A bare date is a whole day, from the start of its service day.

    Raises:
        InvalidInput: the mapping has a rule that says nothing, or a local time stands in no known market.
    """
    record = fill(mapping.fields, row)
    if mapping.scraped:
        record = {name: _cleared(name, value) for name, value in record.items()}
    zone = _zone(record, legends)
    if mapping.written:
        read_written(record, currency=_currency(record, legends))
    whole_days = {name for name in MOMENTS & record.keys() if _bare_date(record[name]) is not None}
    ends = _bare_date(record.get("ends_at"))
    for name in MOMENTS & record.keys():
        record[name] = _moment(name, record[name], zone)
    if "starts_at" in whole_days:
        record["all_day"] = True
    if ends is not None:
        record["ends_at"] = _end_of_day(ends, _parsed(record.get("starts_at")), zone or FALLBACK_ZONE)
    record["relations"] = relations_of(mapping.relations, row)
    record["kind"] = mapping.kind
    return {name: value for name, value in record.items() if value is not None and value not in ("", [])}


def _cleared(name: str, value: JsonValue) -> JsonValue:
    """Return a value as a reader of the page would see it, an address without its trackers."""
    if isinstance(value, dict):
        return {inner: _cleared(inner, found) for inner, found in value.items()}
    if isinstance(value, list):
        return [_cleared(name, found) for found in value]
    if not isinstance(value, str):
        return value
    return untracked(value) if name in ADDRESSES else visible_text(value)


def _currency(record: JsonObject, legends: Legends) -> str | None:
    slug = _market(record, legends)
    return None if slug is None else legends.markets[slug].currency


def _zone(record: JsonObject, legends: Legends) -> ZoneInfo | None:
    """Return the time zone of the row's market."""
    slug = _market(record, legends)
    return None if slug is None else legends.zone(slug)


def _market(record: JsonObject, legends: Legends) -> str | None:
    """Return the row's market: its own, or the one its venue or city is in."""
    venue = record.get("venue")
    places = [record.get("market"), record.get("city")]
    if isinstance(venue, dict):
        places[1:1] = [venue.get("market"), venue.get("city")]
    found = (legends.find_market(place) for place in places if isinstance(place, str))
    return next((slug for slug in found if slug is not None), None)


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
