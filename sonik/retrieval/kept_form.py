"""A search's findings as plain data and back, to be kept between questions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python

from sonik.retrieval.answer import Hit, Reason
from sonik.retrieval.cards import Card
from sonik.types import JsonObject, WalkedEdge

# Fields of a card that plain data has no type for.
TYPED: Mapping[str, Callable[[Any], object]] = {
    "id": UUID,
    "night": date.fromisoformat,
    **dict.fromkeys(("updated_at", "starts_at", "ends_at", "until"), datetime.fromisoformat),
    **dict.fromkeys(("price_min", "price_max"), Decimal),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """What a search found: hits, whether more follow, and how often the question was loosened for it.

    `used` are the versions of all entities on the ways to the hits.
    """

    hits: tuple[Hit, ...] = ()
    more: bool = False
    loosened: int = 0
    used: Mapping[str, int] = field(default_factory=dict)


def plain(findings: Findings) -> JsonObject:
    """Return findings as plain data."""
    return dict(to_jsonable_python(findings))


def findings_of(data: Mapping[str, Any]) -> Findings:
    """Return the findings that plain data stands for.

    Raises:
        ValueError, KeyError, TypeError: it stands for none.
    """
    return Findings(
        hits=tuple(_hit(hit) for hit in data["hits"]), more=data["more"], loosened=data["loosened"], used=data["used"]
    )


def _hit(data: Mapping[str, Any]) -> Hit:
    return Hit(card=_card(data["card"]), score=float(data["score"]), reason=_reason(data["reason"]))


def _reason(data: Mapping[str, Any]) -> Reason:
    return Reason(
        path=tuple(data["path"]), edges=tuple(WalkedEdge(**edge) for edge in data["edges"]), named=data["named"],
        via=_card(data["via"]) if data["via"] else None,
    )  # fmt: skip


def _card(data: Mapping[str, Any]) -> Card:
    return Card(**{name: _typed(name, value) for name, value in data.items()})


def _typed(name: str, value: object) -> Any:
    return value if value is None or name not in TYPED else TYPED[name](value)
