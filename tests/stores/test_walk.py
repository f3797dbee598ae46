"""Walks over graphs made for the purpose: learned weights, hubs, loops, tenants, and ways that meet again."""

from collections.abc import AsyncIterator, Sequence
from itertools import count

import pytest

from sonik import ontology
from sonik.ontology import GRAPHS, Graph
from sonik.retrieval.lenses import Lens, lens, over
from sonik.retrieval.patterns import PATTERNS, Leg
from sonik.retrieval.walk import WIDE, Crossing, Walked, Walker
from sonik.stores.graph import CYPHER, Graphs
from sonik.sync.edges import FOREVER, edge_query
from sonik.types import Scope
from tests.fix_redis import NOW, RedisServer

pytestmark = pytest.mark.anyio

BUDGET = 2_000


class NoBridge:
    """A bridge that is never there."""

    async def across(self, starts: Sequence[str], leg: Leg, *, scope: Scope, least: float) -> list[Crossing]:
        del starts, leg, scope, least
        return []


@pytest.fixture(scope="module")
async def graphs(anyio_backend: str) -> AsyncIterator[Graphs]:
    """Prepared graphs on a server of their own; every test writes vertices of its own."""
    del anyio_backend
    with RedisServer() as server:
        async with Graphs(server.socket, timeout_seconds=5) as opened:
            await opened.prepare()
            yield opened


numbers = count()


async def write(graphs: Graphs, *ties: str, **properties: object) -> None:
    """Write edges such as ``event:e1 HOSTED_BY venue:v1``, with their ends."""
    for tie in ties:
        src, edge, dst = tie.split()
        graph = ontology.BY_EDGE[edge].graph
        for end in (src, dst):
            kind, _, key = end.partition(":")
            row = {"id": key, "name": key, "version": 1, "visibility": "public", "collection": "live"}
            label = ontology.BY_KIND[kind].label
            await graphs.write(graph, CYPHER["upsert_vertices"].replace("{label}", label), {"rows": [row]})
        eid = f"r{next(numbers)}"
        common = {
            "eid": eid, "weight": 0.5, "confidence": 1.0, "valid_from": 0.0, "valid_to": FOREVER,
            "collection": "live", "visibility": "public", "owner_org": "-", **properties,
        }  # fmt: skip
        row_of_edge = [src.partition(":")[2], dst.partition(":")[2], *common.values()]
        await graphs.write(graph, edge_query("upsert_edges", edge, list(common)), {"rows": [row_of_edge]})


async def walk(
    graphs: Graphs, start: str, pattern: str, *, through: Lens | None = None, scope: Scope | None = None,
    hops: int | None = None, walked: Sequence[Graph] = ("operations",), budget: int = BUDGET,
) -> Walked:  # fmt: skip
    """Follow a pattern from a vertex such as ``venue:v1``."""
    kind, _, key = start.partition(":")
    scope = scope or Scope()
    seen = over(through or lens("operations"), tuple(walked), scope=scope)
    walker = Walker(graphs=graphs, bridge=NoBridge(), scope=scope, through=seen, now=NOW, budget=budget)
    return await walker.walk(key, kind, PATTERNS[pattern].routes_from(kind, graphs=walked, hops=hops, through=seen))


async def test_what_a_lens_has_learned_counts_before_the_evidence(graphs: Graphs) -> None:
    await write(graphs, "artist:la PERFORMS_AT event:le", weight=0.5, w_fan=0.9)
    seen = {
        name: (await walk(graphs, "event:le", "lineup", through=lens(name))).ends["la"].strength
        for name in ("fan", "operations")
    }
    assert seen == {"fan": pytest.approx(0.9), "operations": pytest.approx(0.5)}


async def test_ways_to_the_same_end_are_joined_and_the_best_is_told(graphs: Graphs) -> None:
    await write(graphs, "event:j1 HOSTED_BY venue:jv", "event:j2 HOSTED_BY venue:jv")
    await write(graphs, "artist:ja PERFORMS_AT event:j1", weight=0.4)
    await write(graphs, "artist:ja PERFORMS_AT event:j2", weight=0.8)
    way = (await walk(graphs, "venue:jv", "artists_at_venue")).ends["ja"]
    assert way.strength == pytest.approx(1 - (1 - 0.2) * (1 - 0.4))
    assert way.best == pytest.approx(0.4)
    assert [crossing.end for crossing in way.path] == ["j2", "ja"]


async def test_of_a_hub_the_strongest_edges_are_followed_and_it_is_said(graphs: Graphs) -> None:
    await write(graphs, *(f"event:h{i} HOSTED_BY venue:hub" for i in range(WIDE.fanouts[0])), weight=0.3)
    await write(graphs, "event:best HOSTED_BY venue:hub", "artist:star PERFORMS_AT event:best", weight=0.9)
    walked = await walk(graphs, "venue:hub", "artists_at_venue")
    assert walked.cut
    assert set(walked.ends) == {"star"}


async def test_a_budget_ends_a_walk_and_it_is_said(graphs: Graphs) -> None:
    await write(graphs, *(f"event:b{i} HOSTED_BY venue:busy" for i in range(20)))
    await write(graphs, *(f"artist:ba{i} PERFORMS_AT event:b{i}" for i in range(20)))
    walked = await walk(graphs, "venue:busy", "artists_at_venue", budget=10)
    assert walked.cut
    assert (len(walked.edges), walked.ends) == (10, {})
    assert not (await walk(graphs, "venue:busy", "artists_at_venue")).cut


async def test_no_way_goes_back_over_where_it_was(graphs: Graphs) -> None:
    await write(graphs, "person:p1 KNOWS person:p2", "person:p2 KNOWS person:p1", "person:p1 KNOWS person:p1")
    await write(graphs, "person:p2 KNOWS person:p3")
    walked = await walk(graphs, "person:p1", "neighbors", hops=3)
    assert set(walked.ends) == {"p2", "p3"}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(), {"open"}),
        (Scope(organisation="theirs"), {"open"}),
        (Scope(organisation="ours"), {"open", "house"}),
        (Scope(role="staff"), {"open", "house", "hidden"}),
        (Scope(role="staff", collection="other"), {"elsewhere"}),
    ],
)
async def test_nobody_walks_an_edge_they_may_not_see(graphs: Graphs, scope: Scope, expected: set[str]) -> None:
    await write(graphs, "artist:open PERFORMS_AT event:tenant")
    await write(graphs, "artist:house PERFORMS_AT event:tenant", visibility="org", owner_org="ours")
    await write(graphs, "artist:hidden PERFORMS_AT event:tenant", visibility="staff")
    await write(graphs, "artist:elsewhere PERFORMS_AT event:tenant", collection="other")
    assert set((await walk(graphs, "event:tenant", "lineup", scope=scope)).ends) == expected


async def test_a_graph_is_walked_to_its_end_before_the_next_is_asked(graphs: Graphs) -> None:
    await write(graphs, "event:ce HOSTED_BY venue:cv", "content:c1 ABOUT venue:cv", "content:c2 ABOUT event:ce")
    await write(graphs, "feature:f1 IMPACTS content:c1", "feature:f2 IMPACTS content:c2")
    walked = await walk(graphs, "venue:cv", "impact", walked=("operations", "knowledge"))
    assert [step.name for step in walked.steps] == ["operations", "operations", "knowledge"]
    assert set(walked.ends) == {"f1", "f2"}


@pytest.mark.parametrize("pattern", PATTERNS)
async def test_from_nothing_a_walk_leads_nowhere(graphs: Graphs, pattern: str) -> None:
    kind = (PATTERNS[pattern].starts or ("venue",))[0]
    walked = await walk(graphs, f"{kind}:nobody", pattern, walked=GRAPHS, through=lens(PATTERNS[pattern].lens))
    assert (walked.ends, walked.edges, walked.cut) == ({}, {}, False)
