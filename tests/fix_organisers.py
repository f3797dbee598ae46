"""Two organisations with private campaigns for public events, and guests who came by them."""

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sonik.engine import Engine
from sonik.errors import SonikError
from sonik.identity.sighting import Source
from sonik.ingest.files import rows_of
from sonik.ingest.intake import Delivery
from sonik.settings import Settings
from sonik.types import JsonObject, Scope
from tests.fix_engine import NOW
from tools.catalog import BY_NAME

STAFF = Scope(role="staff")
OURS = Scope(role="organizer", organisation="acme", user="ines")
RIVAL = Scope(role="organizer", organisation="rival", user="nico")
# Seven came by the big campaign and bought for the big night, two by the small one and for the small night.
GUESTS, FEW = 7, 2
BIG, SMALL = "noche-grande-2026-11-28", "noche-chica-2026-11-29"
SPRING, AUTUMN = "primavera-en-acme", "otono-en-acme"


async def deliver_for(engine: Engine, organisation: str | None, records: Iterable[JsonObject]) -> None:
    """Take records in with an organisation's ingest key, and wait until they are shown."""
    scope = Scope(role="ingest", organisation=organisation)
    intake = await engine.ingest(rows_of(records), delivery=Delivery(source=Source(code="crm"), scope=scope))
    assert not intake.counts["refused"], intake
    await engine.wait_projected(intake, seconds=60)


async def told(engine: Engine, scope: Scope, tool: str, arguments: Mapping[str, object]) -> dict[str, Any]:
    """Return what a tool tells a caller, or the code of its error."""
    try:
        return dict((await BY_NAME[tool].call(engine, scope, arguments)).structured())
    except SonikError as error:
        return {"error": error.code, "message": error.message}


def an_event(name: str, days: int) -> JsonObject:
    """Return a public event of the organisation that delivers it."""
    starts = NOW + timedelta(days=days)
    return {
        "kind": "event", "source_id": name, "name": name, "market": "medellin", "starts_at": starts.isoformat(),
        "venue": {"name": "Sala Acme", "source_id": "v1", "city": "Medellín"},
    }  # fmt: skip


def a_ticket(name: str, event: str) -> JsonObject:
    """Return a private tier of an event."""
    return {
        "kind": "ticket", "source_id": name, "name": name, "visibility": "org",
        "relations": [relation("TICKET_FOR", "event", event)],
    }  # fmt: skip


def a_campaign(name: str, *events: str, starts_in: int = 0) -> JsonObject:
    """Return a private campaign of nine days that promotes events."""
    starts = NOW + timedelta(days=starts_in)
    dates = {"start_date": starts.isoformat(), "end_date": (starts + timedelta(days=9)).isoformat()}
    return {
        "kind": "campaign", "source_id": name, "name": name, "visibility": "org",
        "attributes": {"channel": "instagram", "budget": 600, **dates},
        "relations": [relation("PROMOTES", "event", event) for event in events],
    }  # fmt: skip


def a_guest(number: int, *did: tuple[str, str, str]) -> JsonObject:
    """Return somebody only the organisation may see, and what they did: type, kind and target."""
    return {
        "kind": "person", "source_id": f"g{number}", "name": f"Invitada {number} Rueda", "visibility": "org",
        "relations": [relation(*one) for one in did],
    }  # fmt: skip


def relation(edge: str, kind: str, target: str) -> JsonObject:
    """Return an edge to what is known by its source id."""
    return {"type": edge, "target_kind": kind, "target": {"source_id": target, "name": target}}


def guests() -> list[JsonObject]:
    """Return all guests; the first few did everything twice."""
    records = []
    for number in range(GUESTS):
        did = [("CONVERTED_VIA", "campaign", "Primavera en Acme"), ("PURCHASED", "ticket", f"Palco {number % 2}")]
        did += [("ATTENDED", "event", "Noche Grande")]
        if number < FEW:
            did += [("CONVERTED_VIA", "campaign", "Otoño en Acme"), ("PURCHASED", "ticket", "General")]
        records.append(a_guest(number, *did))
    return records


def records() -> dict[str, list[JsonObject]]:
    """Return each organisation's events, campaigns, tickets and guests."""
    nights = [an_event("Noche Grande", 7), an_event("Noche Chica", 8), an_event("Noche Vieja", -60)]
    tiers = [a_ticket(tier, "Noche Grande") for tier in ("Palco 0", "Palco 1")] + [a_ticket("General", "Noche Chica")]
    campaigns = [
        a_campaign("Primavera en Acme", "Noche Grande", "Noche Chica"),
        a_campaign("Otoño en Acme", "Noche Chica"),
        a_campaign("Invierno en Acme", "Noche Vieja", starts_in=-60),
    ]
    return {
        "acme": [*nights, *tiers, *campaigns, *guests()],
        "rival": [an_event("Noche Ajena", 7), a_campaign("Verano en Rival", "Noche Ajena")],
    }


async def settle(engine: Engine) -> None:
    """Deliver what is both organisations'."""
    for organisation, told_by in records().items():
        await deliver_for(engine, organisation, told_by)


@pytest.fixture(scope="session")
async def organisers_home(anyio_backend: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """A home with both organisations, for tests that read and ask."""
    del anyio_backend
    home = tmp_path_factory.mktemp("own")
    async with Engine.open(Settings(home=home, now=NOW, market="medellin")) as engine:
        await settle(engine)
        yield home


@pytest.fixture(scope="session")
async def organisers(organisers_home: Path) -> AsyncIterator[Engine]:
    """An engine over both organisations; nothing more is delivered to it."""
    async with Engine.open(Settings(home=organisers_home, now=NOW, market="medellin"), project=False) as engine:
        yield engine
