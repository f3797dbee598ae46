"""Whose record it is: what an organisation tells stays with it, and what is public owes nothing to what is not."""

from dataclasses import replace

import pytest

from sonik.errors import InvalidInput
from sonik.types import JsonObject, JsonValue, Scope
from tests.fix_truth import INGEST, PLACE_IDS, Found, Truth, event, venue

pytestmark = pytest.mark.anyio

PLACE = PLACE_IDS[0]
ACME = Scope(role="organizer", organisation="acme")
READERS = {"anyone": Scope(), "acme": ACME, "rival": Scope(organisation="rival"), "staff": Scope(role="staff")}


def private(**fields: JsonValue) -> JsonObject:
    return venue(google_place_id=PLACE, visibility="org", owner_org="acme", **fields)


async def seen(truth: Truth, who: str) -> list[Found]:
    async with truth.postgres.reading(READERS[who]) as session:
        return await session.rows("""
            select e.name, v.capacity, e.metadata ->> 'description' as description
            from unified.entities e join unified.venues v on v.entity_id = e.id order by e.name
        """)


async def found_as(truth: Truth, who: str, alias: str) -> int:
    async with truth.postgres.reading(READERS[who]) as session:
        return len(await session.rows("select 1 as n from unified.aliases where folded = %(alias)s", {"alias": alias}))


async def test_what_is_told_in_private_does_not_show_on_a_public_entity(truth: Truth) -> None:
    await truth.tell(venue(google_place_id=PLACE, capacity=400))
    await truth.tell(private(name="Bodega secreta", capacity=900, description="Aforo real"), source="crm", trust=95)
    expected: Found = {"name": "Teatro Lido", "capacity": 400, "description": None}
    assert {who: await seen(truth, who) for who in READERS} == {who: [expected] for who in READERS}
    assert [await found_as(truth, who, "bodega secreta") for who in READERS] == [0, 1, 0, 1]


async def test_what_becomes_known_in_public_becomes_visible_and_keeps_its_secrets(truth: Truth) -> None:
    first = await truth.tell(private(capacity=900, description="Aforo real"), source="crm", trust=95)
    assert [len(await seen(truth, who)) for who in READERS] == [0, 1, 0, 1]
    told = await truth.tell(venue(google_place_id=PLACE, capacity=400), trust=40)
    expected: Found = {"name": "Teatro Lido", "capacity": 400, "description": None}
    assert told.entity_id == first.entity_id
    assert {who: await seen(truth, who) for who in READERS} == {who: [expected] for who in READERS}


async def test_a_draft_that_is_published_is_the_same_event_for_everyone(truth: Truth) -> None:
    def told(**fields: JsonValue) -> JsonObject:
        return event("d-1", lineup=[{"name": "Ana"}], owner_org="acme", **fields)

    query = """
        select e.name, h.name as venue, a.name as act from unified.entities e
        join unified.relationships r on r.src = e.id and r.type = 'HOSTED_BY' join unified.entities h on h.id = r.dst
        join unified.relationships p on p.dst = e.id and p.type = 'PERFORMS_AT' join unified.entities a on a.id = p.src
        join unified.identifiers i on i.entity_id = e.id and i.scheme = 'event_key' and i.current_to is null
        join unified.aliases n on n.entity_id = e.id
    """
    shown = []
    draft = await truth.tell(told(visibility="org"))
    for visibility in ("org", "public", "org"):
        again = await truth.tell(told(visibility=visibility))
        assert again.entity_id == draft.entity_id
        for who in ("anyone", "acme", "rival"):
            async with truth.postgres.reading(READERS[who]) as session:
                shown.append(len(await session.rows(query)))
    assert shown == [0, 1, 0, 1, 1, 1, 0, 1, 0]


async def test_two_organisations_never_meet_in_a_private_entity(truth: Truth) -> None:
    ours = await truth.tell(private(name="La bodega"), source="acme-crm")
    theirs = venue(google_place_id=PLACE, name="El galpón", visibility="org", owner_org="rival")
    first, again = await truth.tell(theirs, source="rival-crm"), await truth.tell(theirs, source="rival-crm")
    assert first.outcome == "created"
    assert (again.outcome, again.entity_id) == ("unchanged", first.entity_id)
    assert "bodega" not in str(first) + str(again)
    assert str(ours.entity_id) not in str(first) + str(again)
    assert [row["name"] for row in await seen(truth, "rival")] == ["El galpón"]
    assert [row["name"] for row in await seen(truth, "acme")] == ["La bodega"]


async def test_people_are_not_made_public_by_being_mentioned(truth: Truth) -> None:
    host: JsonObject = {
        "type": "PROMOTED_BY", "target_kind": "person", "target": {"name": "Amparo Villada", "instagram": "amparo.v"},
    }  # fmt: skip
    await truth.tell(event("e-1", relations=[host]))
    for who, expected in (("anyone", []), ("staff", ["Amparo Villada"])):
        async with truth.postgres.reading(READERS[who]) as session:
            rows = await session.rows("select name from unified.entities where entity_type = 'person'")
            edges = await session.rows("select eid from unified.relationships where type = 'PROMOTED_BY'")
        assert [row["name"] for row in rows] == expected
        assert len(edges) == len(expected)


async def test_a_public_person_is_public_because_its_record_says_so(truth: Truth) -> None:
    await truth.tell({"kind": "person", "name": "Ana Ríos", "visibility": "public"})
    async with truth.postgres.reading(READERS["anyone"]) as session:
        assert await session.rows("select name from unified.entities where entity_type = 'person'") == [
            {"name": "Ana Ríos"}
        ]


async def test_an_organisation_does_not_write_in_the_name_of_another(truth: Truth) -> None:
    refused = await truth.tell(venue(owner_org="rival"), scope=ACME)
    assert [(p.field, p.reason) for p in refused.problems] == [
        ("owner_org", "is not 'acme', for whom this is delivered")
    ]  # fmt: skip


async def test_a_private_record_without_an_owner_is_its_delivering_organisations_or_refused(truth: Truth) -> None:
    refused = await truth.tell(venue(visibility="org"), scope=INGEST)
    taken = await truth.tell(venue(visibility="org"), scope=ACME)
    assert refused.problems[0].field == "visibility"
    assert (await truth.entity(taken.ref))["owner_org"] == "acme"


async def test_collections_share_no_entity_and_each_has_its_markets(truth: Truth) -> None:
    receipts = [
        await truth.tell(event("e-1"), scope=Scope(role="ingest", collection=name))
        for name in ("live", "bench", "bench")
    ]
    assert [receipt.outcome for receipt in receipts] == ["created", "created", "unchanged"]
    markets = await truth.rows("""
        select collection, name, canonical_id, metadata from unified.entities
        where slug = 'medellin' order by collection
    """)
    assert [row.pop("collection") for row in markets] == ["bench", "live"]
    assert markets[0] == markets[1]
    across = await truth.column("""
        select r.eid from unified.relationships r join unified.entities s on s.id = r.src
        join unified.entities d on d.id = r.dst where s.collection <> d.collection or s.collection <> r.collection
    """)
    assert across == []


@pytest.mark.parametrize("delivered_by", ["the platform", "each itself"])
async def test_two_organisations_may_call_their_own_the_same_in_one_source(truth: Truth, delivered_by: str) -> None:
    def told(owner: str, **fields: JsonValue) -> tuple[JsonObject, Scope]:
        own: JsonObject = {"visibility": "org", "owner_org": owner, "name": f"Sala de {owner}"}
        scope = INGEST if delivered_by == "the platform" else replace(INGEST, organisation=owner)
        return venue("1", **own, **fields), scope

    first = {}
    for owner in ("acme", "rival"):
        record, scope = told(owner)
        first[owner] = await truth.tell(record, source="crm", scope=scope)
    assert [receipt.outcome for receipt in first.values()] == ["created", "created"]
    for owner, receipt in first.items():
        record, scope = told(owner, capacity=300)
        again = await truth.tell(record, source="crm", scope=scope)
        assert (again.outcome, again.entity_id) == ("updated", receipt.entity_id)
        assert [row["name"] for row in await seen(truth, owner)] == [f"Sala de {owner}"]


async def test_two_organisations_do_not_take_back_each_others_word_on_a_public_place(truth: Truth) -> None:
    await truth.tell(venue(google_place_id=PLACE))
    for owner, notes in (("acme", "Con palcos"), ("rival", "Sin palcos"), ("acme", "Con palcos")):
        record = venue("1", google_place_id=PLACE, visibility="org", owner_org=owner, description=notes)
        told = await truth.tell(record, source="crm", trust=90)
    assert told.outcome == "unchanged"
    words = await truth.column(
        "select value #>> '{}' from unified.facts where attribute = 'description' and valid_to is null order by 1"
    )
    assert words == ["Con palcos", "Sin palcos"]


async def test_an_organisation_does_not_change_how_far_the_platforms_source_is_trusted(truth: Truth) -> None:
    await truth.tell(venue("1"), source="crm", trust=40)
    await truth.tell(venue("1", name="Otra"), source="crm", trust=100, scope=replace(INGEST, organisation="acme"))
    trusts = await truth.rows("select code, trust from unified.sources where code <> 'sonik' order by code")
    assert trusts == [{"code": "crm", "trust": 40}, {"code": "crm@acme", "trust": 100}]
    assert await truth.names("venue") == ["Otra", "Teatro Lido"]


async def test_what_the_platform_mentioned_becomes_its_owners_by_the_same_id(truth: Truth) -> None:
    host: JsonObject = {"type": "PROMOTED_BY", "target_kind": "person", "target": {"name": "Ana", "source_id": "p-7"}}
    await truth.tell(event("e-1", relations=[host]), source="crm")
    own: JsonObject = {"kind": "person", "name": "Ana Ríos", "source_id": "p-7", "visibility": "org"}
    told = await truth.tell(own | {"owner_org": "acme"}, source="crm")
    assert (told.outcome, await truth.column("select count(*) from unified.people")) == ("updated", [1])


async def test_a_source_whose_name_would_be_an_organisations_is_refused(truth: Truth) -> None:
    with pytest.raises(InvalidInput, match="An @ stands before an organisation"):
        await truth.tell(venue("1"), source="crm@acme")
