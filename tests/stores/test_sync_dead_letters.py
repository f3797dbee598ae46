"""A change that cannot be applied is set aside after three attempts, told, and can be tried again."""

import pytest

from sonik.sync.state import read_report, retry_dead_letters
from tests.fix_sync import Stores, a_venue

pytestmark = pytest.mark.anyio

# What a newer version may write and this one does not know.
UNKNOWN_KIND = """
    with kind as (
        insert into unified.legend_entity_types (code, label, graph, label_es, label_pt, label_en)
        values ('hologram', 'Hologram', 'operations', 'holograma', 'holograma', 'hologram') returning code
    )
    insert into unified.entities (entity_type, name, slug) select code, 'Tupac', 'tupac' from kind
"""
FOR_ANOTHER = """
    insert into unified.outbox (aggregatetype, aggregateid, type) values ('article', 'not even a uuid', 'upsert')
"""


async def letters(stores: Stores) -> list[tuple[str, str, int]]:
    """Return the sink, the error and the attempts of each dead letter."""
    found = (await read_report(stores.postgres, stores.sinks)).dead_letters
    return sorted((letter.sink, letter.error, letter.attempts) for letter in found)


async def with_a_hologram(stores: Stores) -> None:
    await stores.drain()
    stores.change_truth(UNKNOWN_KIND)
    stores.touch("Tupac")


async def test_a_change_that_cannot_be_applied_does_not_stop_the_rest(stores: Stores) -> None:
    await with_a_hologram(stores)
    intake = await stores.project(a_venue("Casa Uno"))
    said = "Kind 'hologram' is not in the ontology."
    assert [(sink, error.startswith(said), attempts) for sink, error, attempts in await letters(stores)] == [
        ("graph", True, 3), ("vectors", True, 3),
    ]  # fmt: skip
    assert await stores.matching("casa uno") == {str(intake.receipts[0].entity_id)}
    behind = {state.behind for state in (await read_report(stores.postgres, stores.sinks)).sinks}
    assert behind == {0}
    assert await stores.disagreements() == ["graph vertices"]


async def test_a_dead_letter_can_be_tried_again_once_its_cause_is_gone(stores: Stores) -> None:
    await with_a_hologram(stores)
    await stores.drain()
    stores.change_truth(
        "update unified.entities set entity_type = 'artist', version = version + 1 where name = 'Tupac'"
    )
    assert await retry_dead_letters(stores.postgres) == 1
    await stores.drain()
    assert (await letters(stores), await stores.disagreements()) == ([], [])


async def test_a_dead_letter_tried_again_too_early_comes_back(stores: Stores) -> None:
    await with_a_hologram(stores)
    await stores.drain()
    before = await letters(stores)
    await retry_dead_letters(stores.postgres)
    assert await letters(stores) == []
    await stores.drain()
    assert await letters(stores) == before


async def test_a_rebuild_takes_its_dead_letters_back(stores: Stores) -> None:
    await with_a_hologram(stores)
    await stores.drain()
    stores.change_truth(
        "update unified.entities set entity_type = 'artist', version = version + 1 where name = 'Tupac'"
    )
    await stores.projector.rebuild_once(stores.graph_sink)
    assert [sink for sink, _, _ in await letters(stores)] == ["vectors"]


async def test_rows_for_others_pass_by(stores: Stores) -> None:
    await stores.drain()
    stores.change_truth(FOR_ANOTHER)
    await stores.project(a_venue("Casa Uno"))
    assert (await letters(stores), await stores.disagreements()) == ([], [])
