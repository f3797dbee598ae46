"""The way from a seed to a hit: the strongest path through the fetched neighbourhood."""

from sonik.retrieval.expand import Subgraph, paths
from sonik.types import WalkedEdge


def subgraph(*edges: tuple[str, str, float]) -> Subgraph:
    walked = (
        WalkedEdge(eid=f"{src}-{dst}", graph="operations", src=src, type="HOSTED_BY", dst=dst, weight=weight)
        for src, dst, weight in edges
    )
    return Subgraph(edges={edge.eid: edge for edge in walked})


def way(found: Subgraph, seeds: dict[str, float], target: str) -> list[str]:
    return [edge.eid for edge in paths(found, seeds, [target]).get(target, ())]


def test_the_way_with_the_largest_product_of_weights_is_taken() -> None:
    found = subgraph(("seed", "far", 0.2), ("seed", "near", 0.9), ("near", "far", 0.9))
    assert way(found, {"seed": 1.0}, "far") == ["seed-near", "near-far"]


def test_edges_are_walked_against_their_direction_too() -> None:
    found = subgraph(("event", "venue", 0.9), ("artist", "event", 0.9))
    assert way(found, {"venue": 1.0}, "artist") == ["event-venue", "artist-event"]


def test_a_heavier_seed_leads_where_a_lighter_one_is_as_near() -> None:
    found = subgraph(("heavy", "target", 0.5), ("light", "target", 0.5))
    assert way(found, {"heavy": 1.0, "light": 0.1}, "target") == ["heavy-target"]


def test_a_seed_has_no_way_to_itself_and_what_nothing_reaches_has_none() -> None:
    found = subgraph(("seed", "near", 0.9), ("lost", "island", 0.9))
    assert paths(found, {"seed": 1.0}, ["seed", "island", "nowhere"]) == {}


def test_a_fetched_edge_tells_the_kinds_of_its_ends() -> None:
    found = Subgraph()
    found.add("operations", ["e1", "HOSTED_BY", "event", "venue", 0.9, "Event", "Venue"])
    found.add("operations", ["e2", "IN_LOCATION", "venue", "unborn", 0.3, "Venue", None])
    assert [(edge.src, edge.dst) for edge in found.edges.values()] == [("event", "venue"), ("venue", "unborn")]
    assert found.kinds == {"event": "event", "venue": "venue", "unborn": ""}
