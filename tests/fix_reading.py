"""A small world with all three graphs in it, written through the unit of work; read only."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from mcp import Client

from server.app import build
from sonik import ontology
from sonik.engine import Engine
from sonik.identity.names import fold
from sonik.settings import Settings
from sonik.sync.projector import wait_until_projected
from sonik.truth.rows import Changes, NewEdges, Record
from sonik.truth.unit import Purpose, unit_of_work
from tests.fix_engine import INGEST, NOW
from tests.fix_mcp import Standing

SINKS = ("graph", "vectors")
TENANCY: Record = {"owner_org": None, "visibility": "public", "collection": "live"}
# kind, ref, name; a `!` before the kind is for staff only.
THINGS = """
venue farolillo | Teatro Farolillo
venue orilla | Bar La Orilla
event noche-de-farol | Noche de Farol
event tarde-de-orilla | Tarde de Orilla
artist tres-faroles | Los Tres Faroles
organization faro | Faro Eventos
content guia-de-teatros | Guía de teatros
content agenda-de-farol | Agenda de Farol
content guia-de-bares | Guía de bares
venue plazoleta | Plazoleta del Faro
content conciertos-gratis | Conciertos gratis en la plazoleta
feature filtro-gratis | Filtro de conciertos gratis
campaign abril-encendido | Abril Encendido
person ana-luz | Ana Luz
person beto-sol | Beto Sol
!person carla-sombra | Carla Sombra
ticket entrada-farol | Entrada general
purchase compra-uno | Compra uno
feature mapa | Mapa de lugares
feature boton | Botón de compra
feature buscador | Buscador de bares
code mapa-render | web/mapa/render.py
code mapa-datos | web/mapa/datos.py
feature_flag mapa-nuevo | mapa nuevo
revenue ingresos | Ingresos de noviembre
concept ubicacion | Ubicación
session charla | Charla del lunes
note dato-farol | El mapa lleva a Farolillo
note dato-orilla | La Orilla cierra en enero
"""
# source, edge, target, and a confidence other than 1.
TIES = """
noche-de-farol HOSTED_BY farolillo
tarde-de-orilla HOSTED_BY orilla
tres-faroles PERFORMS_AT noche-de-farol
noche-de-farol PROMOTED_BY faro
guia-de-teatros ABOUT farolillo
agenda-de-farol ABOUT noche-de-farol
agenda-de-farol MENTIONS tres-faroles
guia-de-bares ABOUT orilla
conciertos-gratis ABOUT plazoleta
agenda-de-farol INFLUENCED compra-uno
compra-uno TICKET_FOR entrada-farol
entrada-farol TICKET_FOR noche-de-farol
abril-encendido PROMOTES noche-de-farol
ana-luz SHARED noche-de-farol
beto-sol REFERRED ana-luz
carla-sombra SHARED noche-de-farol
carla-sombra OWNS farolillo
mapa IMPACTS guia-de-teatros 0.9
boton IMPACTS agenda-de-farol 0.4
mapa IMPACTS ingresos
buscador IMPACTS guia-de-bares
mapa-render IMPLEMENTS mapa
mapa-render DEPENDS_ON mapa-datos
mapa-nuevo ENABLES mapa
ubicacion RELATES_TO mapa
dato-farol IN_SESSION charla
dato-orilla IN_SESSION charla
dato-orilla FOLLOWS dato-farol
"""


@pytest.fixture(scope="session")
async def three_graphs(anyio_backend: str) -> AsyncIterator[Engine]:
    """An engine over venues, pages, features and notes that are tied to each other; read only."""
    del anyio_backend
    folder = Path(tempfile.mkdtemp(prefix="sonik-three-"))
    async with Engine.open(Settings(home=folder, now=NOW, market="medellin")) as engine:
        await _write(engine)
        yield engine
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def three_graphs_client(three_graphs: Engine) -> AsyncIterator[Client]:
    """A client in the same process over all three graphs."""
    async with Client(build(Standing(three_graphs)), raise_exceptions=True) as opened:
        yield opened


def _facts(entity_id: UUID, said: Record, tenancy: Record) -> Record:
    told: Record = {"entity_id": entity_id, "said": said, "source": "scene", "trust": 50}
    return {**told, "confidence": 1.0, "observed_at": NOW, "source_url": None, **tenancy}


async def _write(engine: Engine) -> None:
    kinds: dict[str, str] = {}
    ids: dict[str, UUID] = {}
    changes = Changes(sources=[{"code": "scene", "trust": 50}])
    for line in THINGS.strip().splitlines():
        head, _, name = line.partition(" | ")
        kind, ref = head.removeprefix("!").split()
        kinds[ref], ids[ref] = kind, uuid4()
        tenancy = TENANCY | ({"visibility": "staff"} if head.startswith("!") else {})
        changes.new_entities.append(
            {"id": ids[ref], "entity_type": kind, "name": name, "slug": ref, "metadata": {}, **tenancy}
        )
        alias = {"entity_id": ids[ref], "alias": name, "folded": fold(name), "source": "scene", **tenancy}
        changes.new_aliases.append(alias)
        said: Record = {"name": name, **({"starts_at": NOW.isoformat()} if kind == "event" else {})}
        changes.new_facts.append(_facts(ids[ref], said, tenancy))
        changes.touched.add(ids[ref])
        if kind == "event":
            times = {"starts_at": NOW, "until": NOW, "night": NOW.date(), "timezone": "America/Bogota"}
            changes.extensions.setdefault("event", []).append({"entity_id": ids[ref], **times})
    for line in TIES.strip().splitlines():
        src, edge, dst, *confidence = line.split()
        told: Record = {
            "base_weight": ontology.BY_EDGE[edge].base_weight, "source": "scene", "timestamp": NOW,
            "confidence": float(confidence[0]) if confidence else 1.0, **TENANCY,
        }  # fmt: skip
        joined: Record = {"src": ids[src], "dst": ids[dst], "properties": {}}
        changes.new_relationships.append(NewEdges(type=edge, kinds=(kinds[src], kinds[dst]), told=told, edges=[joined]))
    purpose = Purpose(action="scene", scope=INGEST)
    async with unit_of_work(engine._postgres, purpose=purpose, clock=engine.clock) as unit:
        position = await unit.save(changes)
    assert await wait_until_projected(engine._postgres, position, sinks=SINKS, seconds=60)
