"""What of an entity is shown: the fields of the lens, and of a person nothing that leads to them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sonik.retrieval.answer import Answer
from sonik.retrieval.cards import Card
from sonik.retrieval.entity import Portrait
from sonik.retrieval.lenses import Lens
from sonik.types import Scope

# What each field of a lens covers of a card, and what stands there where the lens does not show it.
COVERED: Mapping[str, Mapping[str, object]] = {
    "when": {"starts_at": None, "ends_at": None, "until": None, "night": None},
    "place": {"venue": None, "venue_ref": None, "address": None, "city": None, "lat": None, "lng": None},
    "status": {"status": None},
    "price": {"price_min": None, "price_max": None, "currency": None, "is_free": None},
    "tickets": {"ticket_url": None},
    "genres": {"genres": []},
    "capacity": {"capacity": None},
    "lineup": {"lineup": []},
    "promoters": {"promoters": []},
    "about": {"metadata": {}},
    "claim": {"claim_status": "", "canonical_id": None},
    "sources": {"sources": []},
}


def redacted(card: Card, *, through: Lens, scope: Scope) -> Card:
    """Return a card with no more than the lens and the role show."""
    hidden = [field for field in COVERED if field not in through.fields]
    if _withheld(card, scope):
        hidden += ["about", "claim", "place"]
    blank: dict[str, Any] = {name: empty for field in hidden for name, empty in COVERED[field].items()}
    return replace(card, **blank) if blank else card


def seen(answer: Answer, *, through: Lens, scope: Scope) -> Answer:
    """Return an answer as far as the lens shows it."""
    hits = [
        replace(hit, card=redacted(hit.card, through=through, scope=scope))
        for hit in answer.hits
        if hit.card.kind not in through.hides
    ]
    return replace(answer, hits=tuple(hits))


def contact_free(portrait: Portrait, *, scope: Scope) -> Portrait:
    """Return a portrait without what leads to a person, for anyone but staff."""
    if not _withheld(portrait.card, scope):
        return portrait
    card = replace(portrait.card, metadata={}, canonical_id=None)
    return replace(portrait, card=card, identifiers=(), facts=(), history=())


def _withheld(card: Card, scope: Scope) -> bool:
    return card.kind == "person" and scope.role != "staff"
