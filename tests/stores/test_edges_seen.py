"""An edge that was made private is not told from that moment on, though the graph has not heard of it yet."""

import pytest

from sonik.engine import Engine
from sonik.retrieval.question import Question
from sonik.retrieval.traversal import Traversal
from sonik.types import JsonValue, Scope, Trace
from tests.fix_engine import deliver_projected
from tests.fix_truth import artist, event, venue

pytestmark = pytest.mark.anyio

ACME = Scope(role="organizer", organisation="acme")
RIVAL = Scope(role="organizer", organisation="rival")
BOTH = ["los-titiribi", "trio-lamparas"]


@pytest.fixture
async def private(engine: Engine) -> Engine:
    """An engine over a night of two artists, one of whose bookings has just become acme's own."""
    artists = [artist("a1"), artist("a2", name="Trío Lámparas")]
    lineup: list[JsonValue] = [{"name": record["name"], "source_id": record["source_id"]} for record in artists]
    await deliver_projected(engine, venue("v1"), *artists, event("e1", lineup=lineup))
    async with engine._postgres.writing() as session:
        changed = await session.execute(
            "update unified.relationships r set visibility = 'org', owner_org = 'acme' from unified.entities e "
            "where e.id = r.src and e.slug = 'los-titiribi' and r.type = 'PERFORMS_AT'"
        )
    assert changed == 1
    return engine


async def walked(engine: Engine, scope: Scope) -> tuple[list[str], Trace]:
    asked = Traversal(start="teatro-lido", pattern="artists_at_venue")
    findings = await engine.traverse(asked, scope=scope)
    return sorted(hit.card.ref for hit in findings.hits), findings.trace


async def test_a_walk_tells_an_edge_to_those_who_may_see_it_now(private: Engine) -> None:
    told, trace = await walked(private, ACME)
    assert (told, len(trace.edges)) == (BOTH, 3)
    told, trace = await walked(private, RIVAL)
    assert (told, len(trace.edges)) == (BOTH[1:], 2)


async def found(engine: Engine, question: Question, scope: Scope) -> tuple[dict[str, int], int]:
    """Return how many edges lead to each hit, and how many the trace tells of."""
    answer = await engine.search(question, scope=scope)
    return {hit.card.ref: len(hit.reason.edges) for hit in answer.hits}, len(answer.trace.edges)


async def test_a_search_does_not_bring_whom_only_an_unseen_edge_leads_to(private: Engine) -> None:
    asked = Question(query="Noche de Salsa Brava", kinds=("artist",))
    assert await found(private, asked, ACME) == (dict.fromkeys(BOTH, 1), 2)
    assert await found(private, asked, RIVAL) == ({BOTH[1]: 1}, 1)


async def test_whom_a_search_finds_by_its_words_it_still_brings_but_not_the_way(private: Engine) -> None:
    asked = Question(query="Noche de Salsa Brava Titiribí", kinds=("artist",))
    told, edges = await found(private, asked, RIVAL)
    assert (told.get(BOTH[0]), edges) == (0, 1)
