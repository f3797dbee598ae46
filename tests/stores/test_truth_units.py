"""Units of work: all or nothing, once for each idempotency key, and audited when they change something."""

from dataclasses import replace

import pytest

from sonik.errors import Conflict, IdempotencyConflict, OffOntology
from sonik.truth.rows import Changes, NewEdges, Position, Record
from sonik.truth.unit import Purpose, unit_of_work
from sonik.types import JsonObject, Scope
from tests.fix_truth import INGEST, NIGHT, Truth, artist, event, venue

pytestmark = pytest.mark.anyio

ID = "0198a000-0000-7000-8000-000000000001"
PURPOSE = Purpose(action="test", scope=Scope(role="ops", user="tester"), correlation_id="c-1")


def entity(**fields: object) -> Record:
    base: Record = {
        "id": ID, "entity_type": "brand", "name": "Café Bruma", "slug": "cafe-bruma", "metadata": {},
        "visibility": "public", "collection": "live",
    }  # fmt: skip
    return base | fields


def one_brand() -> Changes:
    return Changes(new_entities=[entity()], extensions={"brand": [{"entity_id": ID}]}, touched={ID})  # type: ignore[arg-type]


async def test_a_unit_commits_rows_outbox_and_audit_together(truth: Truth) -> None:
    async with unit_of_work(truth.postgres, purpose=PURPOSE, clock=truth.clock) as unit:
        position = await unit.save(one_brand())
        await unit.audit({"created": 1})
    outbox = await truth.rows("select aggregatetype, aggregateid, type, payload, txid::text, seq from unified.outbox "
                              "where aggregateid = %(id)s", id=ID)  # fmt: skip
    audit = await truth.rows("select correlation_id, actor = unified.audit_ref('tester') as is_tester, role, action, "
                             "details, at from unified.audit_log")  # fmt: skip
    assert outbox == [
        {"aggregatetype": "entity", "aggregateid": ID, "type": "upsert", "payload": {}, "txid": str(position.txid),
         "seq": position.seq},
    ]  # fmt: skip
    assert audit == [
        {"correlation_id": "c-1", "is_tester": True, "role": "ops", "action": "test", "details": {"created": 1},
         "at": NIGHT},
    ]  # fmt: skip


async def test_an_exception_midway_leaves_no_row_no_outbox_and_no_audit(truth: Truth) -> None:
    async def half_a_unit() -> None:
        async with unit_of_work(truth.postgres, purpose=PURPOSE, clock=truth.clock) as unit:
            await unit.save(one_brand())
            await unit.audit({"created": 1})
            raise RuntimeError("midway")

    before = await truth.everything()
    with pytest.raises(RuntimeError, match="midway"):
        await half_a_unit()
    assert await truth.everything() == before


async def test_a_statement_the_database_refuses_undoes_those_before_it(truth: Truth) -> None:
    before = await truth.everything()
    changes = one_brand()
    changes.new_aliases = [{"entity_id": ID, "alias": "", "folded": "", "source": "nobody"}]
    with pytest.raises(Exception, match="PostgreSQL refused a value"):
        async with unit_of_work(truth.postgres, purpose=PURPOSE, clock=truth.clock) as unit:
            await unit.save(changes)
    assert await truth.everything() == before


async def test_a_kind_outside_the_ontology_is_refused_before_anything_is_written(truth: Truth) -> None:
    before = await truth.everything()
    with pytest.raises(OffOntology, match="Did you mean 'brand'"):
        async with unit_of_work(truth.postgres, purpose=PURPOSE, clock=truth.clock) as unit:
            await unit.save(Changes(new_entities=[entity(entity_type="brands")]))
    assert await truth.everything() == before


async def test_an_edge_outside_the_ontology_is_refused_before_anything_is_written(truth: Truth) -> None:
    before = await truth.everything()
    edge: Record = {"src": ID, "dst": ID, "properties": {}}
    changes = one_brand()
    changes.new_relationships = [NewEdges(type="OWNS", kinds=("brand", "brand"), told={}, edges=[edge])]
    with pytest.raises(OffOntology, match="OWNS may not join Brand to Brand"):
        async with unit_of_work(truth.postgres, purpose=PURPOSE, clock=truth.clock) as unit:
            await unit.save(changes)
    assert await truth.everything() == before


async def test_an_entity_that_a_rival_changed_meanwhile_is_not_overwritten(truth: Truth) -> None:
    async with unit_of_work(truth.postgres, purpose=PURPOSE, clock=truth.clock) as unit:
        await unit.save(one_brand())
    stale = Changes(changed_entities=[entity(name="Otro", version=7)])
    with pytest.raises(Conflict, match="changed the same entities first"):
        async with unit_of_work(truth.postgres, purpose=PURPOSE, clock=truth.clock) as unit:
            await unit.save(stale)
    assert await truth.names("brand") == ["Café Bruma"]


async def test_a_unit_without_changes_has_nothing_to_wait_for(truth: Truth) -> None:
    async with unit_of_work(truth.postgres, purpose=PURPOSE, clock=truth.clock) as unit:
        assert await unit.save(Changes()) == Position()


async def test_the_same_request_with_the_same_key_replays_its_receipts_and_writes_nothing(truth: Truth) -> None:
    first = await truth.deliver(event("e1"), artist("a1", instagram="@@"), key="k-1")
    written = await truth.everything()
    again = await truth.deliver(event("e1"), artist("a1", instagram="@@"), key="k-1")
    assert again == first
    assert [receipt.outcome for receipt in again.receipts] == ["created", "refused"]
    assert await truth.everything() == written


async def test_another_request_with_the_same_key_is_refused(truth: Truth) -> None:
    await truth.deliver(event("e1"), key="k-1")
    written = await truth.everything()
    with pytest.raises(IdempotencyConflict, match="'k-1' was used for another request"):
        await truth.deliver(event("e2"), key="k-1")
    assert await truth.everything() == written


@pytest.mark.parametrize("other", [{"trust": 90}, {"partial": True}, {"source": "otra"}], ids=str)
async def test_the_same_records_told_otherwise_are_another_request(truth: Truth, other: dict[str, object]) -> None:
    await truth.deliver(event("e1"), key="k-1")
    with pytest.raises(IdempotencyConflict):
        await truth.deliver(event("e1"), key="k-1", **other)  # type: ignore[arg-type]


@pytest.mark.parametrize("good", [(), ("e1",)], ids=["nothing good", "one good"])
async def test_a_line_that_was_refused_is_part_of_what_a_key_stands_for(truth: Truth, good: tuple[str, ...]) -> None:
    told = [event(source_id) for source_id in good]
    first = await truth.deliver(*told, event("bad", price_min=-1), key="k-1")
    assert first.counts["refused"] == 1
    assert await truth.deliver(*told, event("bad", price_min=-1), key="k-1") == first
    for other in (event("bad", price_min=-2), event("bad", price_min=1)):
        with pytest.raises(IdempotencyConflict, match="'k-1' was used for another request"):
            await truth.deliver(*told, other, key="k-1")
    assert await truth.column("select count(*) from unified.events") == [len(good)]


async def test_a_key_belongs_to_its_caller(truth: Truth) -> None:
    await truth.deliver(event("e1"), key="k-1")
    others = [replace(INGEST, user="another"), replace(INGEST, organisation="acme")]
    for number, scope in enumerate(others, start=2):
        assert (await truth.deliver(event(f"e{number}"), key="k-1", scope=scope)).counts["created"] == 1


async def test_a_dry_run_does_not_use_up_its_key(truth: Truth) -> None:
    await truth.deliver(event("e1"), key="k-1", dry_run=True)
    assert (await truth.deliver(event("e2"), key="k-1")).counts["created"] == 1


async def test_only_units_that_change_something_are_audited(truth: Truth) -> None:
    for _ in range(3):
        await truth.deliver(event("e1"), venue("v1"))
    details = await truth.column("select details from unified.audit_log")
    assert details == [{"source": "agenda", "created": 2, "updated": 0, "unchanged": 0, "refused": 0}]


async def test_a_mention_that_adds_to_its_entity_is_audited_though_the_record_is_unchanged(truth: Truth) -> None:
    await truth.deliver(event("e1"))
    again = await truth.deliver(event("e1", venue={"name": "Teatro Lido", "city": "Medellín", "instagram": "lido"}))
    assert [receipt.outcome for receipt in again.receipts] == ["unchanged"]
    assert len(await truth.column("select details from unified.audit_log")) == 2


async def test_the_audit_log_holds_no_personal_value(truth: Truth) -> None:
    person: JsonObject = {
        "kind": "person", "name": "Amparo Villada", "emails": ["amparo@club.example"], "phones": ["+573001234567"],
        "instagram": "amparo.villada", "description": "Dueña del bar.", "source_id": "p-77",
    }  # fmt: skip
    await truth.deliver(person)
    logged = str(await truth.rows("select * from unified.audit_log"))
    assert logged != "[]"
    for value in ("Amparo", "amparo", "club.example", "3001234567", "Dueña", "p-77"):
        assert value not in logged


async def test_the_outbox_carries_keys_and_no_values(truth: Truth) -> None:
    await truth.deliver(event("e1", description="Entrada libre"))
    rows = await truth.rows("select distinct aggregatetype, type, payload from unified.outbox")
    assert {str(row["aggregatetype"]) for row in rows} == {"entity", "relationship"}
    assert {(row["type"], str(row["payload"])) for row in rows} == {("upsert", "{}")}
