"""A small library about the Caribbean coast, and the verbs to fill and to ask it."""

from collections.abc import Sequence

from sonik.engine import Engine
from sonik.identity.sighting import Source
from sonik.ingest.files import rows_of
from sonik.ingest.intake import Delivery
from sonik.ingest.receipts import Intake
from sonik.retrieval.answer import Answer
from sonik.retrieval.question import Question
from sonik.types import JsonObject, Scope

LIBRARY = "library"
LIBRARIAN = Scope(role="ingest", collection=LIBRARY)
READER = Scope(collection=LIBRARY)
CARNIVAL: JsonObject = {
    "id": "carnival",
    "title": "Carnaval de Barranquilla",
    "text": "El Carnaval se celebra cada febrero en Barranquilla, con la Batalla de Flores.",
}
CITY: JsonObject = {
    "id": "city",
    "title": "Barranquilla",
    "text": "Es un puerto cerca de la desembocadura del Río Magdalena.",
}
RIVER: JsonObject = {
    "id": "river",
    "title": "Río Magdalena (Colombia)",
    "text": "Nace en el Páramo de las Papas, en el Macizo Colombiano, y corre hacia el norte.",
}
ELSEWHERE: tuple[JsonObject, ...] = (
    {"id": "quito", "title": "Quito", "text": "La capital está a 2.850 metros, al pie del volcán Pichincha."},
    {"id": "zocalo", "title": "Zócalo", "text": "La plaza mayor de la Ciudad de México, junto a la Catedral."},
    {"id": "ibirapuera", "title": "Parque Ibirapuera", "text": "O parque mais visitado da cidade de São Paulo."},
    {"id": "sao-paulo", "title": "São Paulo", "text": "A maior cidade do Brasil, com mais de onze milhões de pessoas."},
)
COAST = (CARNIVAL, CITY, RIVER, *ELSEWHERE)
WHERE_IT_RISES = "¿Dónde nace el río de la ciudad del Carnaval de Barranquilla?"


async def deliver(
    engine: Engine, *records: JsonObject, scope: Scope = LIBRARIAN, dry_run: bool = False,
    triples: Sequence[JsonObject] = (),
) -> Intake:  # fmt: skip
    """Take documents in and wait until they can be found."""
    delivery = Delivery(source=Source(code="library"), scope=scope, dry_run=dry_run)
    intake = await engine.ingest_documents(rows_of(records), delivery=delivery, triples=rows_of(triples))
    if not dry_run:
        await engine.wait_projected(intake, seconds=60)
    return intake


async def ask(engine: Engine, query: str, *kinds: str, scope: Scope = READER, limit: int = 3) -> Answer:
    """Ask the library."""
    return await engine.search(Question(query=query, kinds=kinds, limit=limit), scope=scope)


def found(answer: Answer) -> list[object]:
    """Return what the hits are called outside, in order."""
    return [hit.card.metadata["external_id"] for hit in answer.hits]


def way(answer: Answer, external_id: str) -> tuple[str, ...]:
    """Return the way that led to a hit."""
    return next(hit.reason.path for hit in answer.hits if hit.card.metadata["external_id"] == external_id)
