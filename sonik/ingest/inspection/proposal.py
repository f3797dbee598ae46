"""Which column may say which field: by its name, by what stands in it, and never one column against its values."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sonik.ingest.inspection import signs
from sonik.ingest.inspection.columns import Column
from sonik.ingest.inspection.words import PART, Meaning, meaning, status_of
from sonik.ingest.legends import Legends
from sonik.ingest.records import Mention
from sonik.ingest.rules import LISTS, MENTIONS
from sonik.types import JsonValue

BEYOND: Final = 0.98
SURE: Final = 0.95
LIKELY: Final = 0.7
LEAST: Final = 0.4
# What a mention has of its own; anything else a column says of a venue or an artist has no place.
_MENTION_FIELDS: Final = frozenset(Mention.model_fields)
# Of an event's row these speak of its venue, whoever they name.
_OF_THE_VENUE: Final = frozenset({"address", "city", "lat", "lng", "google_place_id", "point"})
_OWN_SUBJECT: Final = {"event": "event", "venue": "venue", "artist": "lineup", "organization": "promoters"}
_NEVER_OF_AN_EVENT: Final = frozenset({"capacity", "email", "phone", "instagram", "website"})

SEVERAL: Final = frozenset({*LISTS, "lineup.name", "promoters.name"})

Test = Callable[[Column], float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Guess:
    """A column and the field it may say, from 0 to 1, and why."""

    column: Column
    field: str
    confidence: float
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """What a column's values are held against for each attribute: the share that fits."""

    legends: Legends
    tests: Mapping[str, Test] = field(init=False)

    def __post_init__(self) -> None:
        market = signs.is_market(self.legends)
        simple = {
            "ends_at": _dated, "starts_at": _dated, "hour": _each(signs.is_clock), "price_min": _each(signs.is_amount),
            "price_max": _each(signs.is_amount), "currency": _each(signs.is_currency),
            "is_free": _each(signs.is_yes_or_no), "url": _linked, "ticket_url": _linked, "image_url": _linked,
            "website": _each(signs.is_web_address), "instagram": _each(signs.is_handle),
            "google_place_id": _each(signs.is_place_id), "email": _each(signs.is_email),
            "phone": _each(signs.is_phone), "lat": _each(signs.is_latitude), "lng": _each(signs.is_longitude),
            "point": _each(signs.is_point), "name": _each(signs.is_name),
            "market": _each(market), "language": _each(lambda value: value in ("es", "pt", "en")),
            "status": _stated,
        }  # fmt: skip
        object.__setattr__(self, "tests", simple)

    def fit(self, attribute: str, column: Column) -> float:
        """Return the share of a column's values that an attribute can take."""
        return self.tests.get(attribute, _each(signs.is_text))(column) if column.values else 0.0


def guesses(columns: Iterable[Column], *, kind: str, legends: Legends) -> list[Guess]:
    """Return every guess worth making for a kind of record, the surest first."""
    bench = Bench(legends=legends)
    found = [guess for column in columns for guess in _of_column(column, kind, bench)]
    return sorted(found, key=lambda guess: -guess.confidence)


def chosen(found: Sequence[Guess]) -> list[Guess]:
    """Return one guess a column and one column a field; a list field may take several."""
    kept: list[Guess] = []
    columns: set[str] = set()
    fields: set[str] = set()
    for guess in found:
        several = guess.field in SEVERAL
        if guess.column.path in columns or (guess.field in fields and not several) or guess.confidence < LEAST:
            continue
        kept.append(guess)
        columns.add(guess.column.path)
        fields.add(guess.field)
    return kept


def _of_column(column: Column, kind: str, bench: Bench) -> list[Guess]:
    named = meaning(column.path)
    found = [_by_name(column, named, kind, bench)] if named else []
    found += [_by_value(column, kind, named)]
    return [guess for guess in found if guess is not None]


def _by_name(column: Column, named: Meaning, kind: str, bench: Bench) -> Guess | None:
    attribute = named.attribute
    if attribute == "google_place_id" and bench.fit(attribute, column) < LEAST:
        attribute = "source_id"
    if attribute == "hour" and bench.fit("starts_at", column) > SURE:
        attribute = "starts_at"
    target = _target(named.subject, attribute, kind)
    fit = _distinct(column) if target == "source_id" else bench.fit(attribute, column)
    if target is None or fit < LEAST or (column.each and target.partition(".")[0] not in MENTIONS):
        return None
    certain = SURE if named.strength > PART else LIKELY
    if named.subject == _OWN_SUBJECT.get(kind) and target == "name":
        # Of a row about clubs, "club" is the name before "title" is.
        certain = BEYOND
    shown = f"named so; {fit:.0%} of the values fit" if attribute in bench.tests else "named so"
    return Guess(column=column, field=target, confidence=round(certain * fit, 2), why=shown)


def _by_value(column: Column, kind: str, named: Meaning | None) -> Guess | None:
    """Guess by values of a form that little else has."""
    subject = named.subject if named else None
    for attribute, test in _TELLING.items():
        fit = signs.share(column.values, test)
        target = _target(subject, attribute, kind)
        if fit > SURE and target is not None and not column.each:
            return Guess(
                column=column, field=target, confidence=round(LIKELY * fit, 2), why=f"holds {_LOOKS[attribute]}"
            )
    date = signs.dates(column.values)
    if kind == "event" and named is None and not column.each and date.share > SURE:
        return Guess(column=column, field="starts_at", confidence=round(0.5 * date.share, 2), why="holds dates")
    return None


_TELLING: Final[Mapping[str, Callable[[JsonValue], bool]]] = {
    "google_place_id": signs.is_place_id, "instagram": signs.is_instagram, "email": signs.is_email,
    "point": signs.is_point,
}  # fmt: skip
_LOOKS: Final = {
    "google_place_id": "Google place ids", "instagram": "Instagram profiles", "email": "e-mail addresses",
    "point": "points on a map",
}  # fmt: skip


def _target(subject: str | None, attribute: str, kind: str) -> str | None:
    """Return the field of a record, such as "venue.city", that an attribute of a subject goes to."""
    if kind != "event":
        return _target_of_other(subject, attribute, kind)
    if attribute in {"starts_at", "ends_at", "hour"}:
        return None if subject in {"lineup", "promoters"} else attribute
    if subject in {None, "event"}:
        if attribute in _NEVER_OF_AN_EVENT:
            return None
        return f"venue.{attribute}" if attribute in _OF_THE_VENUE else attribute
    inner = {"url": "website"}.get(attribute, attribute)
    if inner in _MENTION_FIELDS or inner == "point":
        return f"{subject}.{inner}"
    return attribute if subject == "venue" and attribute == "market" else None


def _target_of_other(subject: str | None, attribute: str, kind: str) -> str | None:
    own = _OWN_SUBJECT.get(kind)
    if attribute in {"starts_at", "ends_at", "hour"} or (subject is not None and subject != own):
        return None
    several = {("person", "email"): "emails", ("person", "phone"): "phones"}
    return several.get((kind, attribute), attribute)


def _each(test: Callable[[JsonValue], bool]) -> Test:
    return lambda column: signs.share(column.values, test)


def _dated(column: Column) -> float:
    return signs.dates(column.values).share


def _linked(column: Column) -> float:
    return max(signs.share(column.values, signs.is_web_address), signs.share(column.values, signs.is_web_path))


def _distinct(column: Column) -> float:
    """Return 1 where values tell rows apart; an id that repeats would make one thing of two."""
    plain = all(isinstance(value, str | int) and not isinstance(value, bool) for value in column.values)
    return 1.0 if plain and not column.is_list and len(column.distinct) >= column.rows * SURE else 0.0


def _stated(column: Column) -> float:
    return signs.share(column.values, lambda value: status_of(value) is not None)
