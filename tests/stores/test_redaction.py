"""What leads to a person stays with staff, and a lens shows its fields only, whatever the tool."""

import pytest

from sonik.engine import Engine
from sonik.retrieval.cards import Card, read_cards
from sonik.retrieval.lenses import FIELDS, LENSES
from sonik.retrieval.redaction import COVERED, redacted
from sonik.types import Scope
from tests.fix_engine import deliver_projected

pytestmark = pytest.mark.anyio

READER, STAFF = Scope(), Scope(role="staff")
EVERY_SECTION = ("relations", "events", "sources", "claim", "history")


async def card_of(engine: Engine, ref: str, scope: Scope) -> Card:
    return (await engine.entity(ref, include=(), scope=scope)).card


@pytest.mark.parametrize("name", LENSES)
async def test_a_card_through_a_lens_keeps_its_fields_and_loses_the_others(market: Engine, name: str) -> None:
    card = await card_of(market, "sabado-orquidea-2026-11-21", READER)
    seen = redacted(card, through=LENSES[name], scope=READER)
    for field in FIELDS:
        for attribute, empty in COVERED[field].items():
            kept = field in LENSES[name].fields
            assert getattr(seen, attribute) == (getattr(card, attribute) if kept else empty)
    assert (seen.id, seen.name, seen.ref, seen.kind, seen.market) == (
        card.id, card.name, card.ref, card.kind, card.market
    )  # fmt: skip


async def test_of_a_public_person_only_staff_learn_how_to_reach_them(engine: Engine) -> None:
    person = {
        "kind": "person", "source_id": "p1", "name": "Pía Tambora", "visibility": "public", "person_type": "booker",
        "instagram": "pia.tambora.9", "emails": ["pia@tambora.example"], "phones": ["+573001234567"],
        "description": "Escríbale a pia@tambora.example", "url": "https://tambora.example/pia",
    }  # fmt: skip
    await deliver_projected(engine, person)  # type: ignore[arg-type]
    told = repr(await engine.entity("pia-tambora", include=EVERY_SECTION, scope=READER))
    assert "Pía Tambora" in told
    assert "tambora.example" not in told
    assert "pia.tambora.9" not in told
    assert "3001234567" not in told
    assert "pia.tambora.9" in repr(await engine.entity("pia-tambora", include=EVERY_SECTION, scope=STAFF))


async def test_a_person_among_hits_is_told_by_name_alone(engine: Engine) -> None:
    person = {
        "kind": "person", "source_id": "p1", "name": "Pía Tambora", "visibility": "public",
        "description": "Escríbale a pia@tambora.example",
        "relations": [{"type": "OWNS", "target_kind": "venue", "target": {"name": "Patio Tambora", "source_id": "v1"}}],
    }  # fmt: skip
    venue = {"kind": "venue", "source_id": "v1", "name": "Patio Tambora", "market": "medellin", "city": "Medellín"}
    await deliver_projected(engine, venue, person)  # type: ignore[arg-type]
    cards = await read_cards(engine._postgres, [str((await card_of(engine, "pia-tambora", READER)).id)], scope=READER)
    (card,) = cards.values()
    assert "description" in card.metadata
    assert redacted(card, through=LENSES["operations"], scope=READER).metadata == {}
    assert redacted(card, through=LENSES["operations"], scope=STAFF).metadata == card.metadata
