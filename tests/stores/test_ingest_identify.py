"""Who a candidate is: what ingest would decide, told beforehand and without a trace."""

import pytest

from sonik.ingest.identify import SAME_NAME, Candidate, Identified, identify
from sonik.ingest.legends import load_legends
from sonik.types import JsonObject, Scope
from tests.fix_truth import PLACE_IDS, Truth, artist, event, venue

pytestmark = pytest.mark.anyio

LIDO: JsonObject = {"name": "Teatro Lido", "google_place_id": PLACE_IDS[0], "city": "Medellín"}


async def who(truth: Truth, *records: JsonObject, source: str = "", scope: Scope | None = None) -> list[Identified]:
    """Identify candidates as a source would deliver them."""
    async with truth.postgres.writing() as session:
        legends = await load_legends(session)
    candidates = [Candidate(record=record, source=source) for record in records]
    return await identify(truth.postgres, candidates, scope=scope or Scope(), legends=legends, clock=truth.clock)


def shown(one: Identified) -> tuple[str | None, str | None]:
    return (one.entity.ref if one.entity else None, one.decided_by)


async def test_each_identifier_finds_its_entity_and_says_that_it_decided(truth: Truth) -> None:
    await truth.tell(venue("v-1", google_place_id=PLACE_IDS[0], instagram="@teatro.lido"))
    await truth.tell({"kind": "organization", "name": "Sello", "website": "https://sello.example"})
    night = await truth.tell(event("e-1", venue=LIDO))
    place, handle = {"google_place_id": PLACE_IDS[0]}, {"instagram": "https://instagram.com/Teatro.Lido?x=1"}
    found = await who(
        truth, venue(name="Otro nombre", **place), venue(name="Otro nombre", **handle),
        {"kind": "organization", "name": "x", "website": "www.sello.example/nosotros"},
        event(name="NOCHE DE SALSA BRAVA", venue=LIDO), artist(name="Teatro Lido"),
    )  # fmt: skip
    assert [shown(one) for one in found[:3]] == [
        ("teatro-lido", f"google_place_id:{PLACE_IDS[0]}"), ("teatro-lido", "instagram:teatro.lido"),
        ("sello", "domain:sello.example"),
    ]  # fmt: skip
    assert found[3].entity is not None
    assert (found[3].entity.ref, str(found[3].decided_by).partition(":")[0]) == (night.ref, "event_key")
    assert shown(found[4]) == (None, None)


async def test_every_source_that_knows_it_is_named(truth: Truth) -> None:
    for source in ("crm", "agenda", "boletas"):
        await truth.tell(venue(source, google_place_id=PLACE_IDS[0]), source=source)
    (found,) = await who(truth, venue(google_place_id=PLACE_IDS[0]))
    assert found.entity is not None
    assert found.entity.sources == ["agenda", "boletas", "crm"]


async def test_a_name_decides_only_within_the_source_that_is_named(truth: Truth) -> None:
    receipt = await truth.tell(artist("a-1"))
    named, numbered, elsewhere, bare = [
        (await who(truth, artist(number), source=source))[0]
        for number, source in ((None, "agenda"), ("a-1", "agenda"), ("a-1", "otra"), (None, ""))
    ]
    assert [shown(one) for one in (named, numbered)] == [
        (receipt.ref, "name:agenda:titiribi"), (receipt.ref, "source:agenda:a-1"),
    ]  # fmt: skip
    for one in (elsewhere, bare):
        assert shown(one) == (None, None)
        assert one.runner_up is not None
        assert (one.runner_up.entity.ref, one.runner_up.why) == (receipt.ref, SAME_NAME)


async def test_a_homonym_with_another_handle_is_the_runner_up_and_it_is_said_why(truth: Truth) -> None:
    await truth.tell(artist("a-1", instagram="@uno.uno"))
    (found,) = await who(truth, artist(instagram="@dos.dos"), source="agenda")
    assert found.entity is None
    assert found.runner_up is not None
    assert found.runner_up.why == (
        "It has name:agenda:titiribi, but another instagram than instagram:dos.dos, which is surer."
    )


async def test_of_two_named_entities_the_surer_key_decides_and_the_other_is_the_runner_up(truth: Truth) -> None:
    await truth.tell(venue("v-1", name="Uno", google_place_id=PLACE_IDS[0]))
    await truth.tell(venue("v-2", name="Dos", instagram="@dos.dos"))
    (found,) = await who(truth, venue(google_place_id=PLACE_IDS[0], instagram="@dos.dos"))
    assert shown(found) == ("uno", f"google_place_id:{PLACE_IDS[0]}")
    assert found.runner_up is not None
    assert found.runner_up.entity.ref == "dos"
    assert found.runner_up.why == (
        f"It has instagram:dos.dos, but google_place_id:{PLACE_IDS[0]} is surer and names another."
    )


async def test_what_would_be_refused_is_told_with_field_and_reason(truth: Truth) -> None:
    found = await who(truth, {"kind": "festival", "name": "x"}, venue(instagram="no es"), {"kind": "note", "name": "x"})
    assert [[problem.field for problem in one.problems] for one in found] == [["kind"], ["instagram"], ["source_id"]]


async def test_candidates_are_each_judged_for_itself_and_nothing_is_written(truth: Truth) -> None:
    await truth.tell(venue("v-1", google_place_id=PLACE_IDS[0]))
    before = await truth.everything()
    told = [artist(instagram="@nuevo.uno"), artist(instagram="@nuevo.uno"), venue(google_place_id=PLACE_IDS[0])]
    for scope in (Scope(), Scope(role="ingest"), Scope(role="staff")):
        found = await who(truth, *told, event(venue=LIDO), scope=scope)
        assert [one.entity is None for one in found] == [True, True, False, True]
    assert await truth.everything() == before


async def test_a_reader_is_not_told_of_what_it_may_not_see_and_who_delivers_is(truth: Truth) -> None:
    await truth.tell({"kind": "person", "name": "Ana", "instagram": "@ana.lopez"})
    told: JsonObject = {"kind": "person", "name": "Ana", "instagram": "@ana.lopez"}
    seen = [
        shown((await who(truth, told, scope=scope))[0])[0]
        for scope in (
            Scope(), Scope(role="organizer", organisation="club"), Scope(role="ingest", organisation="club"),
            Scope(role="ingest"), Scope(role="staff"), Scope(collection="bench"),
        )
    ]  # fmt: skip
    assert seen == [None, None, None, "ana", "ana", None]


KINDS: list[JsonObject] = [
    venue(None, google_place_id=PLACE_IDS[0]), venue("v-1"), artist(None, instagram="@uno.uno"), artist("a-1"),
    artist(),
    event("e-1", venue=LIDO), event(None, venue=LIDO), event(None), {"kind": "feature", "name": "Alertas"},
    {"kind": "note", "name": "x", "source_id": "n-1"}, {"kind": "person", "name": "Ana", "visibility": "public"},
]  # fmt: skip


@pytest.mark.parametrize("told", KINDS, ids=lambda told: f"{told['kind']} {sorted(told)}")
async def test_ingest_decides_as_was_told_beforehand(truth: Truth, told: JsonObject) -> None:
    assert shown((await who(truth, told, source="agenda"))[0]) == (None, None)
    first = await truth.tell(told)
    (known,) = await who(truth, told, source="agenda")
    again = await truth.tell(told)
    assert known.entity is not None
    assert str(known.entity.id) == again.entity_id == first.entity_id
    assert known.decided_by == again.decided_by
