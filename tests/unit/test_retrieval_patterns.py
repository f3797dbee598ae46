"""Patterns are data: every step of every route is one the ontology knows, and each lens walks what it says."""

from itertools import product

import pytest

from sonik import ontology
from sonik.errors import InvalidInput, NotAllowed
from sonik.ontology import EDGES, FAN_EDGES, FAN_KINDS, GRAPHS, Graph
from sonik.retrieval.lenses import EVERYONE, FIELDS, LENS_OF, LENSES, Lens, lens, over, permitted
from sonik.retrieval.patterns import MOST_HOPS, PATTERNS, Leg, Pattern, Route, fitting_patterns, pattern
from sonik.retrieval.redaction import COVERED
from sonik.types import Role, Scope

ROUTES = [(found.name, route) for found in PATTERNS.values() for route in found.routes]
EVERYTHING = Lens(name="test", graphs=GRAPHS, edges={edge.name: 1.0 for edge in EDGES})


def joins(leg: Leg, start: str, end: str) -> bool:
    """Say whether one of a leg's edges may join two kinds."""
    pair = (ontology.vertex(start).label, ontology.vertex(end).label)
    pair = pair if leg.direction == "out" else pair[::-1]
    return any(pair in ontology.BY_EDGE[name].ends for name in leg.types)


@pytest.mark.parametrize(("name", "route"), ROUTES)
def test_every_step_of_a_route_is_one_of_the_ontology(name: str, route: Route) -> None:
    stands = route.starts
    for leg in route.legs:
        assert {ontology.BY_EDGE[edge].graph for edge in leg.types} == {leg.graph}
        assert all(any(joins(leg, start, end) for start in stands) for end in leg.kinds), f"{name}: {leg}"
        assert all(any(joins(leg, start, end) for end in leg.kinds) for start in stands), f"{name}: {leg}"
        assert all(any(joins(Leg(graph=leg.graph, types=(edge,), direction=leg.direction), *pair)
                       for pair in product(stands, leg.kinds)) for edge in leg.types)  # fmt: skip
        stands = leg.kinds


@pytest.mark.parametrize(("name", "route"), ROUTES)
def test_a_route_changes_graphs_only_at_what_stands_in_both(name: str, route: Route) -> None:
    for before, after in zip(route.legs, route.legs[1:], strict=False):
        if before.graph != after.graph:
            shared = {kind for kind in before.kinds if after.graph in ontology.graphs_of(ontology.vertex(kind).label)}
            assert shared, f"{name}: {route}"


@pytest.mark.parametrize("found", PATTERNS.values(), ids=list(PATTERNS))
def test_a_pattern_can_be_walked_through_its_own_lens(found: Pattern) -> None:
    assert lens(found.lens).roles >= {"reader", "staff"}
    through = over(lens(found.lens), found.graphs, scope=Scope(role="staff"))
    for kind in found.starts or ("venue",):
        routes = found.routes_from(kind, graphs=GRAPHS, hops=None, through=through)
        assert len(routes) == len(found.routes_from(kind, graphs=GRAPHS, hops=None, through=EVERYTHING))


def test_what_goes_from_one_graph_to_another_takes_three_steps_at_most() -> None:
    crossing = [route for _, route in ROUTES if len(route.graphs) > 1]
    assert crossing
    assert max(len(route.legs) for route in crossing) <= MOST_HOPS


def test_a_route_reads_as_it_is_walked() -> None:
    (route,) = PATTERNS["artists_at_venue"].routes
    assert route == Route(
        starts=("venue",),
        legs=(
            Leg(graph="operations", types=("HOSTED_BY",), direction="in", kinds=("event",)),
            Leg(graph="operations", types=("PERFORMS_AT",), direction="in", kinds=("artist",)),
        ),
    )


def test_an_open_pattern_takes_every_edge_of_the_lens_as_far_as_its_hops() -> None:
    routes = PATTERNS["neighbors"].routes_from("venue", graphs=("operations",), hops=3, through=lens("fan"))
    assert [len(route.legs) for route in routes] == [1, 2, 3]
    assert {leg.types for route in routes for leg in route.legs} == {lens("fan").types("operations")}


def test_a_lens_takes_edges_out_of_a_route_and_whole_routes_away() -> None:
    influence = PATTERNS["influence"]
    seen = influence.routes_from("venue", graphs=("operations",), hops=None, through=lens("fan"))
    assert {name for route in seen for leg in route.legs for name in leg.types} == {"HOSTED_BY", "ABOUT", "MENTIONS"}


@pytest.mark.parametrize("kind", ontology.KINDS)
def test_every_kind_has_a_pattern_to_start_with(kind: str) -> None:
    assert fitting_patterns(kind)[-1] == "neighbors"


def test_an_unknown_pattern_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InvalidInput) as refused:
        pattern("neighbours")
    assert (refused.value.field, refused.value.next_step) == ("pattern", "Did you mean 'neighbors'?")


@pytest.mark.parametrize("one", LENSES.values(), ids=list(LENSES))
def test_a_lens_names_known_fields_kinds_and_roles(one: Lens) -> None:
    assert one.fields <= set(FIELDS) == set(COVERED)
    assert one.hides <= set(ontology.KINDS)
    assert {"reader", "staff"} <= one.roles <= EVERYONE


@pytest.mark.parametrize("graph", GRAPHS)
def test_every_graph_has_a_lens_of_its_own(graph: Graph) -> None:
    assert graph in lens(LENS_OF[graph]).graphs


@pytest.mark.parametrize(
    ("name", "role", "open_to"),
    [
        ("knowledge", "organizer", "operations, virality, artist, fan"),
        ("memory", "organizer", "operations, virality, artist, fan"),
        ("virality", "ingest", "operations, artist, fan"),
        ("knowledge", "privacy", "operations, artist, fan"),
    ],
)
def test_a_lens_that_is_not_for_a_role_is_refused_with_those_that_are(name: str, role: Role, open_to: str) -> None:
    with pytest.raises(NotAllowed) as refused:
        permitted(lens(name), Scope(role=role))
    assert refused.value.message == f"The {name} lens is not for the role '{role}'."
    assert refused.value.next_step == f"Use {open_to}."


def test_a_lens_over_another_graph_sees_it_as_that_graphs_own_lens_does() -> None:
    wide = over(lens("virality"), ("operations", "knowledge"), scope=Scope())
    assert wide.edges["PROMOTES"] == lens("virality").edges["PROMOTES"]
    assert wide.edges["IMPACTS"] == lens("knowledge").edges["IMPACTS"]
    assert "OWNS" not in wide.edges
    with pytest.raises(NotAllowed):
        over(lens("virality"), ("operations", "knowledge"), scope=Scope(role="organizer"))


@pytest.mark.parametrize("role", ["reader", "organizer", "ops", "staff"])
def test_only_staff_looks_along_what_single_fans_did(role: Role) -> None:
    for one in LENSES.values():
        if role in one.roles:
            through = permitted(one, Scope(role=role))
            hidden = one.edges.keys() - through.edges.keys()
            assert hidden == (set() if role == "staff" else FAN_EDGES & one.edges.keys())
            assert (through.hides >= FAN_KINDS) or role == "staff"
