"""Lenses are data, and every name in them is one the ontology knows."""

import pytest

from sonik.errors import InvalidInput
from sonik.ontology import EDGES
from sonik.retrieval.lenses import DEFAULT_LENS, LENSES, Lens, lens


@pytest.mark.parametrize("one", LENSES.values(), ids=list(LENSES))
def test_a_lens_walks_known_edges_and_values_each_between_nothing_and_one(one: Lens) -> None:
    assert set(one.edges) <= {edge.name for edge in EDGES}
    assert all(0 < value <= 1 for value in one.edges.values())
    assert all(one.types(graph) for graph in one.graphs)


def test_no_lens_walks_through_a_market_that_touches_everything() -> None:
    assert not any("IN_LOCATION" in one.edges for one in LENSES.values())


def test_without_a_name_the_default_lens_is_taken() -> None:
    assert lens(None) is lens("") is LENSES[DEFAULT_LENS]


def test_an_unknown_lens_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InvalidInput) as refused:
        lens("artists")
    assert (refused.value.field, refused.value.next_step) == ("lens", "Did you mean 'artist'?")


def test_types_are_those_of_the_graph_in_the_order_of_the_ontology() -> None:
    fan = Lens(name="test", graphs=("operations",), edges={"HOSTED_BY": 1.0, "PERFORMS_AT": 1.0, "MENTIONS": 1.0})
    ordered = [edge.name for edge in EDGES if edge.graph == "operations" and edge.name in fan.edges]
    assert list(fan.types("operations")) == ordered
    assert fan.types("knowledge") == ()
