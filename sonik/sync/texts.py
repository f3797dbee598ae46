"""The words an entity is found by: one text per language for full text, and one for the embedding."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sonik import ontology
from sonik.types import JsonObject

LANGUAGES = ("es", "pt", "en")
# Texts that nobody asks by.
_WORDLESS = frozenset({"url", "trace_id", "thread_id", "currency", "country_code"})
FREE = {"es": "gratis, entrada libre", "pt": "grátis, entrada franca", "en": "free entry"}
DESCRIPTION_LIMIT = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """An entity with its own words and the names around it, as `texts` of sync.sql reads it."""

    id: UUID
    entity_type: str
    name: str
    market: str | None
    metadata: JsonObject
    version: int
    owner_org: str | None
    visibility: str
    collection: str
    genres: list[str]
    starts_at: datetime | None
    until: datetime | None
    price_min: Decimal | None
    is_free: bool | None
    lat: float | None
    lng: float | None
    city: str | None
    address: str | None
    market_name: str | None
    venue: str | None
    artists: list[str]
    promoters: list[str]
    aliases: list[str]
    passage: str | None


GenreLabels = Mapping[str, Mapping[str, str]]


def full_text(subject: Subject, language: str, labels: GenreLabels) -> str:
    """Return the text searched for questions in a language: names, kind and genres in it, and the description."""
    if subject.passage is not None:
        return f"{subject.name}. {subject.passage}"
    kind = ontology.vertex(subject.entity_type)
    parts = [
        subject.name, getattr(kind, language), *_genres(subject, language, labels), subject.venue, *subject.artists,
        *subject.promoters, subject.city, subject.market_name, subject.address, *_properties(subject),
        *_words(subject.metadata, "tags"),
        FREE[language] if subject.is_free else None, *(alias for alias in subject.aliases if alias != subject.name),
        *_words(subject.metadata, "description"),
    ]  # fmt: skip
    return ". ".join(part for part in parts if part)


def embedded_text(subject: Subject, labels: GenreLabels) -> str:
    """Return the text that is embedded: short and front-loaded, because the model reads 256 tokens of English best."""
    if subject.passage is not None:
        return f"{subject.name}\n{subject.passage}"
    kind = ontology.vertex(subject.entity_type)
    english = ", ".join(_genres(subject, "en", labels))
    spanish = ", ".join(_genres(subject, "es", labels))
    lines = [
        subject.name, f"{kind.en}: {english}" if english else kind.en, spanish, subject.venue,
        ", ".join(subject.artists), ", ".join(_properties(subject)), subject.city or subject.market_name,
        *_words(subject.metadata, "description"),
    ]  # fmt: skip
    return "\n".join(line for line in lines if line)


def _genres(subject: Subject, language: str, labels: GenreLabels) -> list[str]:
    return [labels[genre][language] for genre in subject.genres if genre in labels]


def _properties(subject: Subject) -> list[str]:
    """Return the properties that are words, of kinds that have no table of their own."""
    types = ontology.vertex(subject.entity_type).described
    names = [name for name, value_type in types if value_type == "text" and name not in _WORDLESS]
    return [word for name in names for word in _words(subject.metadata, name) if word != subject.name]


def _words(metadata: JsonObject, name: str) -> list[str]:
    value = metadata.get(name)
    if isinstance(value, str):
        return [value[:DESCRIPTION_LIMIT]]
    return [str(item) for item in value] if isinstance(value, list) else []
