"""The plain attributes of a record as facts: cleaned text, amounts in one form, safe web addresses."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args

from sonik import ontology
from sonik.identity.names import clean_line, clean_text, fold
from sonik.ingest.attributes import described
from sonik.ingest.legends import Legends
from sonik.ingest.records import (
    AnyRecord,
    BrandRecord,
    EventRecord,
    OrganizationRecord,
    PersonRecord,
    ThingRecord,
)
from sonik.ingest.statement import Findings
from sonik.ingest.web_address import web_address
from sonik.types import JsonObject, JsonValue

# What identifies, relates or has a rule of its own; all other fields of a record are plain facts.
_NOT_PLAIN = {
    "kind", "name", "source_id", "aliases", "observed_at", "owner_org", "visibility", "relations", "venue", "lineup",
    "promoters", "instagram", "google_place_id", "emails", "phones", "email", "phone", "market", "genres", "starts_at",
    "ends_at", "all_day", "status", "attributes",
}  # fmt: skip
_PLAIN = {
    model: tuple(name for name in model.model_fields if name not in _NOT_PLAIN)
    for model in get_args(get_args(AnyRecord)[0])
}
_ADDRESSES = {"url", "image_url", "ticket_url", "website"}
_OF_PARAGRAPHS = "description"


def plain_facts(
    record: AnyRecord, findings: Findings, *, market: str | None, legends: Legends, partial: bool
) -> JsonObject:
    """Return what a record says of its own entity, without empty values."""
    facts: JsonObject = {"market": market}
    if not isinstance(record, OrganizationRecord | PersonRecord | BrandRecord | ThingRecord):
        facts |= _genres(record.genres, legends)
    for name in _PLAIN[type(record)]:
        value = getattr(record, name)
        if value is not None:
            facts[name] = _web_address(name, value, findings) if name in _ADDRESSES else _plain(name, value)
    if isinstance(record, EventRecord):
        facts |= _programme(record, partial=partial)
    if isinstance(record, ThingRecord):
        facts |= _attributes(record, findings)
    return {name: value for name, value in facts.items() if value is not None and value != ""}


def _programme(event: EventRecord, *, partial: bool) -> JsonObject:
    """Return when and whether it takes place; a source that does not speak of it does not say that it does."""
    said = event.model_fields_set
    says_all_day = event.all_day or (partial and "all_day" in said)
    return {
        "starts_at": _utc(event.starts_at),
        "ends_at": _utc(event.ends_at),
        "status": event.status if "status" in said else None,
        "all_day": event.all_day if says_all_day else None,
    }


def _attributes(thing: ThingRecord, findings: Findings) -> JsonObject:
    known = ontology.vertex(thing.kind).described
    found = described(thing.attributes, known, findings, at="attributes", of=f"the kind {thing.kind}")
    if "url" in found and thing.url is not None:
        findings.refuse("attributes.url", "is said twice: give it here or as the record's url.")
    return found


def _genres(genres: tuple[str, ...], legends: Legends) -> JsonObject:
    """Map genres to the legend's codes; what the legend does not know is kept as a tag."""
    codes: dict[str, None] = {}
    tags: dict[str, None] = {}
    for genre in genres:
        code = legends.genres.get(fold(genre))
        tag = "" if code else clean_line(genre, max_length=80)
        if code:
            codes[code] = None
        elif tag:
            tags[tag] = None
    return {"genres": list[JsonValue](codes) or None, "tags": list[JsonValue](tags) or None}


def _web_address(field: str, raw: str, findings: Findings) -> str | None:
    address = web_address(raw)
    if address is None and clean_text(raw):
        findings.note(f"{field} is no web address and was left out.")
    return address


def _plain(field: str, value: str | float | Decimal) -> JsonValue:
    if isinstance(value, str):
        return clean_text(value) if field == _OF_PARAGRAPHS else clean_line(value)
    # 20000 and 20000.00 are one price, so they must be one fact.
    return format(value.normalize(), "f") if isinstance(value, Decimal) else value


def _utc(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
