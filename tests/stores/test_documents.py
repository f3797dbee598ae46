"""Documents in the knowledge graph: taken in once, linked by what they name, found over several passages."""

import pytest

from sonik.engine import Engine
from sonik.identity.sighting import Source
from sonik.ingest.files import rows_of
from sonik.ingest.intake import Delivery
from sonik.ingest.receipts import Intake
from sonik.retrieval.answer import Answer
from sonik.retrieval.question import Question
from sonik.types import JsonObject, Scope

pytestmark = pytest.mark.anyio

LIBRARY = "library"
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
ELSEWHERE: list[JsonObject] = [
    {"id": "quito", "title": "Quito", "text": "La capital está a 2.850 metros, al pie del volcán Pichincha."},
    {"id": "zocalo", "title": "Zócalo", "text": "La plaza mayor de la Ciudad de México, junto a la Catedral."},
]
WHERE_IT_RISES = "¿Dónde nace el río de la ciudad del Carnaval de Barranquilla?"


async def take_in(engine: Engine, *records: JsonObject, dry_run: bool = False) -> Intake:
    scope = Scope(role="ingest", collection=LIBRARY)
    delivery = Delivery(source=Source(code="library"), scope=scope, dry_run=dry_run)
    intake = await engine.ingest_documents(rows_of(records), delivery=delivery)
    if not dry_run:
        await engine.wait_projected(intake, seconds=60)
    return intake


async def ask(engine: Engine, query: str, *kinds: str, scope: Scope = READER) -> Answer:
    return await engine.search(Question(query=query, kinds=kinds, limit=3), scope=scope)


def ids(answer: Answer) -> list[object]:
    return [hit.card.metadata["external_id"] for hit in answer.hits]


async def test_a_passage_that_shares_no_word_with_the_question_is_found_over_two_others(engine: Engine) -> None:
    await take_in(engine, CARNIVAL, CITY, RIVER, *ELSEWHERE)
    answer = await ask(engine, WHERE_IT_RISES, "passage")
    assert set(ids(answer)) == {"carnival", "city", "river"}
    river = next(hit for hit in answer.hits if hit.card.metadata["external_id"] == "river")
    assert river.reason.path[-3:] == ("Río Magdalena", "NAMES", "Río Magdalena (Colombia)")
    assert [edge.weight for edge in river.reason.edges][-1] == 1.0


async def test_the_same_delivery_again_changes_nothing(engine: Engine) -> None:
    first = await take_in(engine, CARNIVAL, CITY, RIVER)
    again = await take_in(engine, CARNIVAL, CITY, RIVER)
    assert first.counts == {"created": 3, "updated": 0, "unchanged": 0, "refused": 0}
    assert again.counts == {"created": 0, "updated": 0, "unchanged": 3, "refused": 0}
    assert [comparison.agrees for comparison in await engine.compare()] == [True, True, True]
