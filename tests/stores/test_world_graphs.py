"""What the team tells of itself: all three graphs live, and a change of code leads to the venues of a page."""

from pathlib import Path
from typing import NamedTuple

import pytest

from sonik import ontology
from sonik.identity.sighting import Source
from sonik.ingest.files import read_rows
from sonik.ingest.mapping import load_mapping
from sonik.ingest.samples.world import team, write_world
from tests.fix_truth import NIGHT, Truth

pytestmark = pytest.mark.anyio


class Edge(NamedTuple):
    type: str
    src_kind: str
    src: str
    dst_kind: str
    dst: str


# What stands at both ends of every current edge.
EDGES = """
    select r.type, s.entity_type as src_kind, s.name as src, d.entity_type as dst_kind, d.name as dst
    from unified.relationships r join unified.entities s on s.id = r.src join unified.entities d on d.id = r.dst
    where r.valid_to is null
"""


@pytest.fixture
async def told(truth: Truth, tmp_path: Path) -> Truth:
    """The content system's first export, the sales desk's, and the team's own records."""
    write_world(tmp_path, NIGHT)
    for name in ("directus", "twenty"):
        mapping = load_mapping(f"world_{name}")
        await truth.read_in(
            read_rows(tmp_path / f"{name}-1.json", mapping=mapping), source=mapping.source, mapping=mapping
        )
    intake = await truth.read_in(read_rows(tmp_path / team.FILE), source=Source(code=team.SOURCE, trust=team.TRUST))
    assert intake.counts["refused"] == 0
    return truth


async def test_all_three_graphs_have_vertices_and_edges(told: Truth) -> None:
    kinds = set(await told.column("select distinct entity_type from unified.entities"))
    assert {ontology.vertex(str(kind)).graph for kind in kinds} == set(ontology.GRAPHS)
    edges = set(await told.column("select distinct type from unified.relationships"))
    assert {"DEPENDS_ON", "IMPLEMENTS", "ENABLES", "RELATES_TO", "IMPACTS"} <= edges
    assert {"IN_SESSION", "FOLLOWS", "ANSWERS"} <= edges
    assert {"ABOUT", "PROMOTES", "KNOWS", "OWNS", "MANAGES", "WORKS_FOR"} <= edges


async def test_a_change_of_code_leads_over_a_page_to_venues_and_their_campaigns(told: Truth) -> None:
    edges = [Edge(*map(str, row.values())) for row in await told.rows(EDGES)]
    features = {edge.dst for edge in edges if edge.type == "IMPLEMENTS" and edge.src == "web/pages/guide"}
    assert features == {"Guías de ciudad"}
    related = [edge for edge in edges if edge.type == "RELATES_TO"]
    concepts = {edge.src for edge in related if edge.dst in features}
    pages = {edge.dst for edge in related if edge.src in concepts and edge.dst_kind == "document"}
    # Nothing but the name joins the page in `knowledge` and the page in `operations`.
    venues = {edge.dst for edge in edges if edge.type == "ABOUT" and edge.src in pages}
    campaigns = {edge.src for edge in edges if edge.type == "PROMOTES" and edge.dst in venues}
    assert (len(pages), len(venues) > 30, len(campaigns)) == (18, True, 3)


async def test_people_know_each_other_with_a_strength(told: Truth) -> None:
    rows = await told.rows("select confidence, properties from unified.relationships where type = 'KNOWS'")
    assert len(rows) > 100
    assert all(row["properties"] == {"strength": row["confidence"]} for row in rows)
