"""Small field-mapping files: how one source's rows become typed records.

A mapping is TOML. ``[fields]`` names, for each field of the record, where its value comes from::

    name = "title"                                        # a column, or a path such as "venue.name"
    market = { from = "region", map = { gijon = "gijon" } }
    genres = { from = ["category", "tags"], split = "," } # several columns and values become a list
    starts_at = { from = ["fecha", "hora"], join = " ", format = "day-first" }
    language = { value = "es" }                           # a constant

A table such as ``[fields.venue]`` maps a mention; it is left out when its name is empty. With ``each = "artists"`` in
it there is a mention for each object of that list. ``[file]`` says how a file is written that is not plain UTF-8.
``[[relations]]`` are edges a row states: a type, a target_kind, a ``target`` mapped like a mention, and `each` alike.

A file of several kinds of rows, such as a ``system``'s export, has ``[tables.NAME]`` with a kind and fields each. A
table takes the rows of the collection ``from`` (its name, unless said) that meet its ``only``; ``joins`` put what a row
points to beside it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from importlib.resources import files
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sonik.clock import DAY_STARTS
from sonik.errors import InvalidInput, did_you_mean
from sonik.identity.sighting import Source
from sonik.ingest import rules
from sonik.ingest.formats import nearest_year
from sonik.ingest.legends import FALLBACK_ZONE, Legends
from sonik.ingest.paths import look_up
from sonik.ingest.records import YEARS
from sonik.ingest.rows import FileForm, form_from
from sonik.types import JsonObject, JsonValue

MOMENTS: Final = frozenset({"starts_at", "ends_at", "observed_at"})
DEFAULT_TRUST: Final = 50
NEEDS: Final = "It needs `source`, `kind` and a [fields] table."
OF_A_TABLE: Final = ("kind", "fields", "relations")
TOP: Final = ("source", "trust", "partial", "missing", "file", *OF_A_TABLE, "system", "tables")
TABLE: Final = (*OF_A_TABLE, "from", "only", "joins")


@dataclass(frozen=True, kw_only=True, slots=True)
class Join:
    """Items of another collection: those whose ids stand at the path `by`, or those with this one's id at `where`."""

    table: str
    by: str = ""
    where: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldMapping:
    """A source's mapping: its name and trust, the kind of record its rows are, and where each field comes from.

    `missing` are the texts that stand for no value; `form` is how the source's files are written, if that is said.
    One of several `tables` has no fields of its own; each of them takes the rows of its `origin` that meet its `only`.
    """

    source: Source
    kind: str | None
    fields: Mapping[str, object]
    partial: bool = False
    missing: frozenset[str] = frozenset()
    form: FileForm | None = None
    relations: tuple[Mapping[str, object], ...] = ()
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
        return parse_mapping(tomllib.loads(text))
    except FileNotFoundError as error:
        known = ", ".join(sorted(p.name.removesuffix(".toml") for p in shipped_mappings()))
        raise InvalidInput(
            f"No mapping '{name_or_path[:200]}'.", next_step=f"Give a .toml file, or one of: {known}.", field="mapping"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise InvalidInput(
            f"'{name_or_path[:200]}' is not a mapping: {error}.", next_step=NEEDS, field="mapping"
        ) from error


def shipped_mappings() -> list[Path]:
    """Return the mapping files that ship with Sonik."""
    folder = Path(str(files("sonik.ingest").joinpath("mappings")))
    return sorted(folder.glob("*.toml"))


def parse_mapping(table: Mapping[str, object]) -> FieldMapping:
    """Return the mapping a TOML table states.

    Raises:
        InvalidInput: it has something a mapping does not know.
        KeyError, TypeError: something it needs is missing.
    """
    _check_keys(table, TOP, "A mapping")
    trust, missing, form = table.get("trust", DEFAULT_TRUST), table.get("missing", []), table.get("file")
    base = FieldMapping(
        source=Source(code=str(table["source"]), trust=trust if isinstance(trust, int) else DEFAULT_TRUST),
        kind=None,
        fields={},
        partial=table.get("partial") is True,
        missing=frozenset(str(text) for text in missing) if isinstance(missing, list) else frozenset(),
        form=form_from(form) if isinstance(form, dict) else None,
        system=str(table.get("system", "")),
    )
    if "tables" not in table:
        return _filled(base, table)
    return replace(base, tables=tuple(_table(base, name, told) for name, told in _object(table, "tables").items()))


def _table(base: FieldMapping, name: str, table: object) -> FieldMapping:
    """Return one table of several; without a kind it is there for others to be joined with."""
    if not isinstance(table, dict):
        raise TypeError(f"[tables.{name}] is not a table")
    _check_keys(table, TABLE, "A table")
    origin = str(table.get("from", "" if base.system == "" else name))
    only = {path: tuple(map(str, _as_list(values))) for path, values in _object(table, "only").items()}
    joins = {into: _join(into, join) for into, join in _object(table, "joins").items()}
    named = replace(base, name=name, origin=origin, only=only, joins=joins)
    return _filled(named, table) if "kind" in table else named


def _join(into: str, table: object) -> Join:
    if not isinstance(table, dict):
        raise TypeError(f"the join of '{into}' is not a table")
    return Join(**{"by": into, **{name: str(value) for name, value in table.items()}})


def _filled(mapping: FieldMapping, table: Mapping[str, object]) -> FieldMapping:
    fields = table["fields"]
    if not isinstance(fields, dict):
        raise TypeError("[fields] is not a table")
    rules.check(fields)
    relations = tuple(relation for relation in _as_list(table.get("relations", [])) if isinstance(relation, dict))
    rules.check_relations(relations)
    return replace(mapping, kind=str(table["kind"]), fields=fields, relations=relations)


def _object(table: Mapping[str, object], name: str) -> dict[str, object]:
    found = table.get(name, {})
    if not isinstance(found, dict):
        raise TypeError(f"[{name}] is not a table")
    return found


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _check_keys(table: Mapping[str, object], known: tuple[str, ...], what: str) -> None:
    if unknown := [key for key in table if key not in known]:
        hint = did_you_mean(unknown[0], list(known))
        raise InvalidInput(f"{what} does not know '{unknown[0][:40]}'.", next_step=hint, field="mapping")


def mapped_name(mapping: FieldMapping, row: JsonObject) -> JsonValue:
    """Return what a mapping takes for a row's name, also where the rest of the row cannot be mapped."""
    try:
        return rules.value_of("name", mapping.fields.get("name"), row, missing=mapping.missing)
    except InvalidInput:
        return None


def apply(mapping: FieldMapping, row: JsonObject, *, legends: Legends) -> JsonObject:
    """Return the row in the shape of a typed record; what it gets wrong is left for the record's own check.

    A time without an offset is local to the market. A bare date is a whole day, from the start of its service day.

    Raises:
        InvalidInput: the mapping has a rule that says nothing, or a local time stands in no known market.
    """
    record = rules.fill(mapping.fields, row, missing=mapping.missing)
    zone = _zone(record, legends)
    seen = _parsed(record.get("observed_at"))
    for name in MOMENTS & record.keys():
        record[name] = nearest_year(record[name], near=seen)
    whole_days = {name for name in MOMENTS & record.keys() if _bare_date(record[name]) is not None}
    ends = _bare_date(record.get("ends_at"))
    for name in MOMENTS & record.keys():
        record[name] = _moment(name, record[name], zone)
    if "starts_at" in whole_days:
        record["all_day"] = True
    if ends is not None:
        record["ends_at"] = _end_of_day(ends, _parsed(record.get("starts_at")), zone or FALLBACK_ZONE)
    record["relations"] = rules.relations_of(mapping.relations, row, missing=mapping.missing)
    record["kind"] = mapping.kind
    return {name: value for name, value in record.items() if value is not None and value not in ("", [])}


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
