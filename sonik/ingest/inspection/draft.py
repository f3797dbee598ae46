"""A mapping drafted from guesses: the kind of record, a rule for each field, and what a person should look at."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sonik.ingest.inspection import signs
from sonik.ingest.inspection.columns import Column
from sonik.ingest.inspection.proposal import SURE, Guess, chosen, guesses
from sonik.ingest.inspection.words import status_of
from sonik.ingest.legends import Legends
from sonik.types import JsonObject, JsonValue

# What makes a row a record of a kind other than an event.
_TELLING: Final = {
    "venue": {"name": 1.0, "capacity": 1.0, "address": 0.6, "lat": 0.6, "google_place_id": 0.6},
    "artist": {"name": 1.0, "genres": 0.8},
    "organization": {"name": 1.0, "website": 0.5},
    "person": {"emails": 0.7, "phones": 0.4},
}
# As a person would write them down; mentions have tables of their own after these.
_ORDER: Final = (
    "source_id name starts_at ends_at status market description language aliases genres price_min price_max currency"
    " is_free ticket_url url image_url website google_place_id instagram email emails phone phones address city lat lng"
    " capacity venue lineup promoters"
).split()
_UNSURE: Final = 0.3
_SPLITTERS: Final = (";", "|", ",", " / ")
_OFTEN: Final = 0.2
_MENTIONS: Final = ("venue", "lineup", "promoters")


@dataclass(kw_only=True, slots=True)
class Draft:
    """A proposed mapping: `fields` as a mapping's table has them, the guess behind each, and hints for its reader."""

    kind: str
    confidence: float
    fields: dict[str, JsonValue] = field(default_factory=dict)
    guesses: list[Guess] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)


def draft(columns: Sequence[Column], *, legends: Legends) -> Draft:
    """Return the mapping that fits these columns best."""
    as_event = chosen(guesses(columns, kind="event", legends=legends))
    if any(guess.field == "starts_at" for guess in as_event):
        confidence = max(guess.confidence for guess in as_event if guess.field == "starts_at")
        made = Draft(kind="event", confidence=confidence, guesses=as_event)
    else:
        made = _of_other_kind(columns, legends)
    found = {guess.field: [g.column for g in made.guesses if g.field == guess.field] for guess in made.guesses}
    _fill(made, found, legends)
    _hint(made, found, legends)
    return made


def _of_other_kind(columns: Sequence[Column], legends: Legends) -> Draft:
    drafts = []
    for kind, telling in _TELLING.items():
        found = chosen(guesses(columns, kind=kind, legends=legends))
        own = [g.confidence * telling.get(g.field, 0) for g in found if g.field != "name" or g.confidence > SURE]
        drafts.append(Draft(kind=kind, confidence=round(min(sum(own), SURE), 2), guesses=_without_numbering(found)))
    best = max(drafts, key=lambda one: one.confidence)
    best.confidence = max(best.confidence, _UNSURE)
    return best


def _without_numbering(found: Sequence[Guess]) -> list[Guess]:
    """Leave out an id where the same name comes in many rows: then it numbers something else."""
    name = next((guess.column for guess in found if guess.field == "name"), None)
    repeats = name is not None and len(name.distinct) < name.rows * 0.7
    return [guess for guess in found if not (repeats and guess.field == "source_id")]


def _fill(made: Draft, found: Mapping[str, list[Column]], legends: Legends) -> None:
    mentions: dict[str, dict[str, list[Column]]] = defaultdict(dict)
    for name, columns in found.items():
        subject, dot, inner = name.partition(".")
        if dot:
            mentions[subject][inner] = columns
        elif name not in {"hour", "point"}:
            made.fields[name] = _rule(name, columns, found)
    for subject in _MENTIONS:
        if "name" in mentions[subject]:
            made.fields[subject] = _mention(subject, mentions[subject])
    if "point" in found:
        made.fields |= _degrees(found["point"][0])
    if made.kind == "event":
        _add_price_and_place(made.fields, found, legends)
    made.fields = {name: made.fields[name] for name in sorted(made.fields, key=_ORDER.index)}


def _mention(subject: str, found: Mapping[str, list[Column]]) -> JsonValue:
    names = found["name"]
    each = next((column.each for column in names if column.each), "")
    if set(found) == {"name"} and subject != "venue":
        return _split_rule(names)
    table: JsonObject = {"each": each} if each else {}
    for inner, columns in found.items():
        fitting = [column for column in columns if column.each == each]
        if fitting and inner == "point":
            table |= _degrees(fitting[0])
        elif fitting:
            table[inner] = fitting[0].inner if each else _rule(inner, fitting[:1], {})
    return table


def _rule(name: str, columns: Sequence[Column], found: Mapping[str, list[Column]]) -> JsonValue:
    """Return the rule of one field."""
    column = columns[0]
    if name in {"starts_at", "ends_at"}:
        return _moment_rule(column, found.get("hour", []) if name == "starts_at" else [])
    if name in {"genres", "aliases", "emails", "phones"}:
        return _split_rule(columns)
    if name in {"price_min", "price_max"} and signs.share(column.values, signs.is_plain_number) < 1:
        return {"from": column.path, "format": "amount" if name == "price_min" else "highest-amount"}
    if name in {"lat", "lng"} and signs.share(column.values, signs.has_decimal_comma) > _OFTEN:
        return {"from": column.path, "format": "decimal-comma"}
    table = _table(name, column)
    return {"from": column.path, "map": table} if table else column.path


def _table(name: str, column: Column) -> JsonObject:
    """Return the translations that a field of fixed words needs."""
    texts = sorted(set(column.texts))
    if name == "status":
        return {text: status for text in texts if (status := status_of(text)) is not None}
    if name == "currency" and not all(text.isupper() for text in texts):
        return {text: text.strip().upper() for text in texts}
    return signs.yes_or_no(column.values) if name == "is_free" else {}


def _moment_rule(column: Column, hours: Sequence[Column]) -> JsonValue:
    dates = signs.dates(column.values)
    rule: JsonObject = {"from": column.path}
    if hours and not dates.with_hour:
        rule = {"from": [column.path, hours[0].path], "join": " "}
        loose = not all(text.strip()[2:3] == ":" for text in hours[0].texts)
        if loose and not dates.format:
            rule["format"] = "day-first"
    if dates.format:
        rule["format"] = dates.format
    return column.path if rule == {"from": column.path} else rule


def _split_rule(columns: Sequence[Column]) -> JsonValue:
    paths: list[JsonValue] = [column.path for column in columns]
    one = paths[0] if len(paths) == 1 else paths
    texts = [text for column in columns if not column.is_list and not column.each for text in column.texts]
    sign = next((sign for sign in _SPLITTERS if sum(sign in text for text in texts) > len(texts) * _OFTEN), None)
    if sign is not None:
        return {"from": one, "split": sign}
    return one if isinstance(one, str) else {"from": one}


def _degrees(column: Column) -> JsonObject:
    latitude: JsonObject = {"from": column.path, "split": ",", "at": 0}
    return {"lat": latitude, "lng": {**latitude, "at": 1}}


def _add_price_and_place(fields: dict[str, JsonValue], found: Mapping[str, list[Column]], legends: Legends) -> None:
    """Add what follows from other columns: the upper price of a range, a currency its signs name, the market."""
    prices = found.get("price_min", [])
    if prices and "price_max" not in found and signs.share(prices[0].values, signs.is_range) > _OFTEN / 2:
        fields["price_max"] = {"from": prices[0].path, "format": "highest-amount"}
    code = signs.currency_in(prices[0].texts) if prices and "currency" not in found else None
    if code is not None:
        fields["currency"] = {"value": code}
    cities = found.get("venue.city", [])
    if cities and "market" not in fields and signs.share(cities[0].values, signs.is_market(legends)) == 1:
        fields["market"] = cities[0].path


def _hint(made: Draft, found: Mapping[str, list[Column]], legends: Legends) -> None:
    if "name" not in made.fields:
        made.hints.append('No column looks like a name. Add one under [fields]: name = "COLUMN".')
    if made.kind != "event":
        made.hints.append(
            f"No column holds dates, so these rows can be no events; they are read as records of kind '{made.kind}'. "
            'If a column does hold the date, set kind = "event" and starts_at = { from = "COLUMN", format = "…" }, '
            "with a format such as day-first, epoch or %d/%m/%Y."
        )
        return
    if not all(signs.dates(column.values).is_sure for column in found["starts_at"]):
        made.hints.append(
            "No date shows whether the day or the month comes first; day-first is assumed, month-first is the other."
        )
    if not _knows_market(found, legends):
        known = ", ".join(sorted(legends.markets)[:6])
        made.hints.append(
            'No column names a market Sonik knows. If all is in one place, add market = { value = "…" } under '
            f"[fields]: {known}, …."
        )
    if "price_min" in found and "currency" not in made.fields:
        made.hints.append('No column names a currency. Add one under [fields]: currency = { value = "COP" }.')


def _knows_market(found: Mapping[str, list[Column]], legends: Legends) -> bool:
    places = [*found.get("market", []), *found.get("venue.city", [])]
    return any(signs.share(column.values, signs.is_market(legends)) > _OFTEN for column in places)
