"""Documents in the knowledge graph: taken in once, linked by what they name, found over several passages."""

from dataclasses import replace

import pytest

from sonik.engine import Engine
from sonik.ingest.receipts import Problem
from sonik.types import JsonObject, Scope
from tests.fix_documents import (
    CARNIVAL,
    CITY,
    COAST,
    ELSEWHERE,
    LIBRARIAN,
    LIBRARY,
    READER,
    RIVER,
    WHERE_IT_RISES,
    ask,
    deliver,
    found,
    way,
)

pytestmark = pytest.mark.anyio

ACME = Scope(role="organizer", organisation="acme", collection=LIBRARY)


async def agrees(engine: Engine) -> bool:
    return all(comparison.agrees for comparison in await engine.compare())


async def test_a_passage_that_shares_no_name_with_the_question_is_found_over_two_others(engine: Engine) -> None:
    await deliver(engine, *COAST)
    answer = await ask(engine, WHERE_IT_RISES, "passage")
    assert set(found(answer)) == {"carnival", "city", "river"}
    river = next(hit for hit in answer.hits if hit.card.metadata["external_id"] == "river")
    assert river.reason.path[-3:] == ("Río Magdalena", "NAMES", "Río Magdalena (Colombia)")
    assert [edge.type for edge in river.reason.edges] == ["NAMES"] * len(river.reason.edges)
    assert river.reason.edges[-1].weight == 1.0
    assert answer.trace.edges


async def test_the_same_delivery_again_changes_nothing(engine: Engine) -> None:
    first = await deliver(engine, *COAST)
    again = await deliver(engine, *COAST)
    assert first.counts == {"created": 7, "updated": 0, "unchanged": 0, "refused": 0}
    assert again.counts == {"created": 0, "updated": 0, "unchanged": 7, "refused": 0}
    assert await agrees(engine)


async def test_old_passages_are_linked_to_titles_that_come_later(engine: Engine) -> None:
    for record in (*ELSEWHERE, CARNIVAL, CITY, RIVER):
        await deliver(engine, record)
    late = await ask(engine, WHERE_IT_RISES, "passage")
    assert way(late, "river")[-3:] == ("Río Magdalena", "NAMES", "Río Magdalena (Colombia)")
    assert await agrees(engine)


async def test_a_changed_text_is_linked_anew(engine: Engine) -> None:
    await deliver(engine, *COAST)
    moved: JsonObject = {**CITY, "text": "Es un puerto del mar Caribe, patria de muchas comparsas."}
    intake = await deliver(engine, moved)
    assert intake.counts["updated"] == 1
    answer = await ask(engine, WHERE_IT_RISES, "passage", limit=7)
    assert way(answer, "city") != ()
    assert "Barranquilla" not in way(answer, "river")
    assert await agrees(engine)


async def test_a_new_title_takes_the_place_of_the_old_one(engine: Engine) -> None:
    await deliver(engine, *COAST)
    await deliver(engine, {**RIVER, "title": "Río Grande de la Magdalena"})
    answer = await ask(engine, "Río Grande de la Magdalena", "passage", limit=1)
    assert (found(answer), answer.hits[0].card.name) == (["river"], "Río Grande de la Magdalena")
    assert answer.understood.names == ("rio grande de la magdalena",)
    assert await agrees(engine)


async def test_bad_lines_are_refused_with_their_reason_and_take_no_other_with_them(engine: Engine) -> None:
    intake = await deliver(
        engine, CARNIVAL, {"id": "x", "text": "Sin título."}, {**CITY, "tilte": "Barranquilla"},
        {**CITY, "url": "ftp://example"}, {**RIVER, "text": "\u200b \u200b"}, {**CITY, "visibility": "org"}, CITY,
    )  # fmt: skip
    assert [receipt.outcome for receipt in intake.receipts] == ["created", *["refused"] * 5, "created"]
    fields = [(receipt.line, receipt.problems[0].field) for receipt in intake.receipts if receipt.problems]
    assert fields == [(2, "title"), (3, "tilte"), (4, "url"), (5, "text"), (6, "record")]
    assert "title" in intake.receipts[2].problems[0].reason


async def test_a_dry_run_says_what_would_happen_and_writes_nothing(engine: Engine) -> None:
    intake = await deliver(engine, *COAST, dry_run=True)
    assert (intake.dry_run, intake.counts["created"]) == (True, 7)
    assert {receipt.entity_id for receipt in intake.receipts} == {None}
    assert found(await ask(engine, "Carnaval de Barranquilla", "passage")) == []


async def test_an_id_that_comes_twice_keeps_its_last_word(engine: Engine) -> None:
    intake = await deliver(engine, CITY, {**CITY, "text": "La Arenosa, puerta de oro del Caribe."})
    assert [receipt.outcome for receipt in intake.receipts] == ["created", "updated"]
    (hit,) = (await ask(engine, "puerta de oro", "passage")).hits
    assert hit.card.metadata["description"] == "La Arenosa, puerta de oro del Caribe."


@pytest.mark.parametrize(
    ("question", "leads_to"),
    [("que parque esta en sao paulo", "ibirapuera"), ("CARNAVAL DE BARRANQUILLA", "carnival"), ("zocalo", "zocalo")],
)
async def test_accents_and_capitals_do_not_matter(engine: Engine, question: str, leads_to: str) -> None:
    await deliver(engine, *COAST)
    assert leads_to in found(await ask(engine, question, "passage", limit=2))


async def test_a_small_word_that_begins_sentences_is_no_name_in_a_question(engine: Engine) -> None:
    later: list[JsonObject] = [
        {"id": str(n), "title": f"Crónica {n}", "text": f"Después, {place} creció."} for n, place in enumerate("AB")
    ]
    await deliver(engine, *COAST, *later)
    assert (await ask(engine, "¿Qué pasó después en Barranquilla?", "passage")).understood.names == ("barranquilla",)
    assert (await ask(engine, "¿Qué pasó Después?", "passage")).understood.names == ("despues",)


async def test_a_misspelt_title_is_still_linked(engine: Engine) -> None:
    await deliver(engine, *COAST)
    answer = await ask(engine, "¿Qué se celebra en Baranquilla?", "passage")
    assert answer.understood.names == ("barranquilla",)


async def test_a_collection_of_documents_only_is_searched_without_saying_so(engine: Engine) -> None:
    await deliver(engine, *COAST)
    assert set(found(await ask(engine, WHERE_IT_RISES))) == {"carnival", "city", "river"}
    assert (await ask(engine, WHERE_IT_RISES, scope=Scope())).hits == ()


async def test_documents_are_found_by_their_best_passage(engine: Engine) -> None:
    filler = "\n\n".join(f"Parte {number}. " + "El agua corre hacia el norte. " * 30 for number in range(4))
    await deliver(engine, CARNIVAL, CITY, {**RIVER, "text": f"{filler}\n\n{RIVER['text']}" * 3})
    answer = await ask(engine, WHERE_IT_RISES, "document")
    assert [hit.card.kind for hit in answer.hits] == ["document"] * 3
    assert set(found(answer)) == {"carnival", "city", "river"}


async def test_a_document_that_became_shorter_loses_its_last_passages(engine: Engine) -> None:
    chapters = [f"Capítulo {number} sobre el Río Magdalena y su agua." for number in range(3)]
    long: JsonObject = {"id": "river", "title": "Río Magdalena", "passages": [*chapters]}
    await deliver(engine, CITY, long)
    ids = found(await ask(engine, "Capítulo sobre el agua", "passage", limit=9))
    assert {"river#1", "river#2", "river#3"} <= set(ids)
    await deliver(engine, RIVER)
    assert set(found(await ask(engine, "Capítulo sobre el agua", "passage", limit=9))) == {"city", "river"}
    assert await agrees(engine)
    await deliver(engine, long)
    assert await agrees(engine)


async def test_what_belongs_to_an_organisation_is_found_by_its_people_only(engine: Engine) -> None:
    secret: JsonObject = {
        "id": "plan", "title": "Plan Malecón", "visibility": "org", "owner_org": "acme",
        "text": "Acme compra el Malecón de Barranquilla en enero.",
    }  # fmt: skip
    await deliver(engine, *COAST)
    await deliver(engine, secret)
    question = "¿Qué dice el Plan Malecón de Barranquilla?"
    assert "plan" in found(await ask(engine, question, "passage", scope=ACME, limit=5))
    others = await ask(engine, question, "passage", limit=9)
    assert "plan" not in found(others)
    assert others.understood.names == ("barranquilla",)
    assert not any("Malec" in name for hit in others.hits for name in hit.reason.path)


async def test_an_organisation_brings_documents_of_its_own_only(engine: Engine) -> None:
    theirs = {**CITY, "visibility": "org", "owner_org": "rival"}
    intake = await deliver(
        engine, theirs, {**RIVER, "visibility": "org"}, scope=replace(LIBRARIAN, organisation="acme")
    )
    assert [receipt.outcome for receipt in intake.receipts] == ["refused", "created"]
    assert intake.receipts[0].problems == (
        Problem(field="owner_org", reason="is not 'acme', for whom this is delivered"),
    )
    assert found(await ask(engine, "Río Magdalena", "passage")) == []


async def test_extracted_triples_lead_where_no_name_does(engine: Engine) -> None:
    said: JsonObject = {"passage_id": "city", "triples": [["Barranquilla", "is called", "La Arenosa"]]}
    song: JsonObject = {"id": "song", "title": "Himno", "text": "la arenosa canta de noche junto al agua"}
    sung: JsonObject = {"passage_id": "song", "entities": ["la arenosa"]}
    await deliver(engine, *COAST, song, triples=[said, sung])
    answer = await ask(engine, "Barranquilla", "passage", limit=9)
    assert way(answer, "song")[-3:] == ("La Arenosa", "NAMES", "Himno")
    weights = [hit.reason.edges[-1].weight for hit in answer.hits if hit.card.metadata["external_id"] == "song"]
    assert weights == [0.25]
    await deliver(engine, *COAST, song)
    assert way(await ask(engine, "Barranquilla", "passage", limit=9), "song") == ()
    assert await agrees(engine)


async def test_triples_of_no_passage_are_refused(engine: Engine) -> None:
    lost: JsonObject = {"passage_id": "nowhere", "triples": [["a", "b", "c"]]}
    bad: JsonObject = {"passage_id": "city", "triples": [["a", "b"]]}
    intake = await deliver(engine, CITY, triples=[lost, bad])
    refusals = [(receipt.line, receipt.problems[0].field) for receipt in intake.receipts if receipt.problems]
    assert refusals == [(2, "triples.0.2"), (1, "passage_id")]


async def test_product_search_in_a_collection_with_documents_stays_a_product_search(engine: Engine) -> None:
    await deliver(engine, CITY, scope=replace(LIBRARIAN, collection="live"))
    answer = await ask(engine, "Barranquilla", scope=replace(READER, collection="live"))
    assert answer.trace.understood.get("intent") is not None
