"""The identifiers a record or a mention carries, normalised; what cannot be one is a problem or a note."""

from sonik import ontology
from sonik.errors import InvalidInput
from sonik.identity import contact, domains, instagram, places
from sonik.identity.names import clean_line, name_key
from sonik.identity.sighting import Key, authorities_of
from sonik.ingest.records import AnyRecord, EventRecord, Mention, OrganizationRecord, PersonRecord, VenueRecord
from sonik.ingest.statement import Findings

MAX_ID = 500
# An index takes no more than 2,700 bytes, and compatibility forms can unfold to eighteen letters each.
MAX_NAME_KEY = 400
# Which field says it, and whose identity it is.
_FIELD_OF = {"google_place_id": "google_place_id", "instagram": "instagram", "domain": "website"}
_KINDS_OF = {"google_place_id": {"venue", "organization"}, "domain": {"organization", "brand"}}


def authorities(part: AnyRecord | Mention, kind: str, findings: Findings, *, at: str = "") -> tuple[Key, ...]:
    """Return the keys of outside authorities in the order they decide; `at` is the path of the part."""
    if isinstance(part, EventRecord):
        return ()
    keys = []
    for scheme in authorities_of(kind):
        field = _FIELD_OF.get(scheme)
        raw = getattr(part, field, None) if field and kind in _KINDS_OF.get(scheme, {kind}) else None
        value = _authority(scheme, raw, kind, findings, field=f"{at}{field}") if raw else None
        if value is not None:
            keys.append(Key(scheme, value))
    return tuple(keys)


def weak_keys(record: AnyRecord, findings: Findings, *, country: str | None) -> tuple[Key, ...]:
    """Return e-mail addresses and phone numbers, which are evidence only."""
    if isinstance(record, PersonRecord):
        told = [("email", raw) for raw in record.emails] + [("phone", raw) for raw in record.phones]
    elif isinstance(record, VenueRecord | OrganizationRecord):
        told = [(scheme, raw) for scheme, raw in (("email", record.email), ("phone", record.phone)) if raw]
    else:
        return ()
    keys = []
    for scheme, raw in told:
        try:
            keys.append(Key(scheme, contact.email(raw) if scheme == "email" else contact.phone(raw, country=country)))
        except InvalidInput as error:
            findings.refuse(scheme, error)
    return tuple(keys)


def cleaned_id(raw: str | None) -> str | None:
    """Return a source's own id as it is kept."""
    return clean_line(raw, max_length=MAX_ID) or None if raw else None


def name_key_of(kind: str, name: str, *, place: str | None = None) -> str | None:
    """Return the key by which one source's equal names are one entity; a venue's holds the place it is in.

    What the ontology does not know by its name has none. A name of signs only ("!!!") is its own.
    """
    if not ontology.vertex(kind).named:
        return None
    key = name_key(name) or name.casefold()
    return (f"{key}@{name_key(place)}" if kind == "venue" and place else key)[:MAX_NAME_KEY] or None


def home_key_of(kind: str, name: str, *, city: str | None) -> str | None:
    """Return the key that tells one source's artists of one name apart: the name and the city they are from.

    It comes before the name alone, by which those are found of whom no city is said.
    """
    if kind != "artist" or not city:
        return None
    return f"{name_key(name) or name.casefold()}@{name_key(city)}"[:MAX_NAME_KEY]


def _authority(scheme: str, raw: str, kind: str, findings: Findings, *, field: str) -> str | None:
    try:
        if scheme == "instagram":
            return instagram.normalise(raw)
        if scheme == "domain":
            return domains.normalise(raw)
        place = places.normalise(raw)
    except InvalidInput as error:
        if scheme == "domain":
            # A platform page is a fine website, only no identity.
            findings.note(error.message)
        else:
            findings.refuse(field, error)
        return None
    if place.warning:
        findings.note(f"google_place_id of this {kind}: {place.warning}")
    return place.value
