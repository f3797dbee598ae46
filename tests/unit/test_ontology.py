"""The ontology: one description that the legends, the graphs, the tables and the refusals all follow."""

import re
from collections import Counter

import pytest

from sonik import ontology
from sonik.errors import OffOntology
from sonik.identity.dossier import COLUMNS, TOGETHER
from sonik.ingest.files import KINDS as RECORD_KINDS
from sonik.sql import migrations, queries

TABLES = {
    "venue": "venues", "artist": "artists", "organization": "organizations", "person": "people", "brand": "brands",
    "event": "events",
}  # fmt: skip


def table_columns(table: str) -> set[str]:
    body = re.search(rf"create table {table} \((.*?)\n\);", migrations()[0][1], re.DOTALL)
    assert body is not None, f"no table {table}"
    lines = (line.split() for line in body[1].splitlines())
    return {words[0] for words in lines if words and words[0] not in {"foreign", "check", "constraint", "primary"}}


def test_no_kind_label_or_edge_is_described_twice() -> None:
    names = [vertex.kind for vertex in ontology.VERTICES]
    names += [vertex.label for vertex in ontology.VERTICES]
    names += [edge.name for edge in ontology.EDGES]
    assert [name for name, count in Counter(names).items() if count > 1] == []


@pytest.mark.parametrize("edge", ontology.EDGES, ids=lambda edge: edge.name)
def test_an_edge_joins_known_labels_of_graphs_it_belongs_to(edge: ontology.EdgeType) -> None:
    ends = {label for pair in edge.ends for label in pair}
    assert ends <= ontology.BY_LABEL.keys()
    assert all(edge.graph in ontology.graphs_of(label) for label in ends)
    assert len(set(edge.ends)) == len(edge.ends)


@pytest.mark.parametrize("edge", ontology.EDGES, ids=lambda edge: edge.name)
def test_an_edge_starts_with_a_weight_between_nothing_and_all(edge: ontology.EdgeType) -> None:
    assert 0 < edge.base_weight <= 1


@pytest.mark.parametrize("vertex", ontology.VERTICES, ids=lambda vertex: vertex.label)
def test_a_kind_has_a_name_in_each_language(vertex: ontology.VertexType) -> None:
    assert all([vertex.es, vertex.pt, vertex.en])
    assert vertex.kind == vertex.kind.lower()


def test_a_property_has_one_name_and_its_values_a_type() -> None:
    described = [vertex.described for vertex in ontology.VERTICES] + [edge.described for edge in ontology.EDGES]
    assert all(len({name for name, _ in properties}) == len(properties) for properties in described)
    assert {value_type for properties in described for _, value_type in properties} == {
        "text", "number", "whole", "truth", "moment"
    }  # fmt: skip


def test_what_is_dated_by_its_event_takes_no_dates_of_its_own() -> None:
    assert {edge.name for edge in ontology.EDGES if not edge.dated} == {"PERFORMS_AT", "HOSTED_BY", "PROMOTED_BY"}


@pytest.mark.parametrize("graph", ontology.GRAPHS)
def test_a_graph_registers_every_property_it_can_hold_once(graph: ontology.Graph) -> None:
    names = ontology.property_names(graph)
    held = {name for v in ontology.VERTICES if graph in ontology.graphs_of(v.label) for name in v.properties}
    held |= {name for e in ontology.EDGES if e.graph == graph for name in e.properties}
    assert held | {*ontology.VERTEX_COMMON, *ontology.EDGE_COMMON} <= set(names)
    assert len(names) == len(set(names))


def test_a_record_can_be_of_every_kind_but_a_market_which_a_legend_keeps() -> None:
    assert {*RECORD_KINDS, "market"} == set(ontology.KINDS)
    assert COLUMNS.keys() == TABLES.keys() < set(RECORD_KINDS)


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_kinds_columns_are_those_of_its_table_and_of_its_statement(kind: str) -> None:
    statement = queries("truth")[f"upsert_{kind}"]
    written = re.search(r"\((.*?)\)", statement, re.DOTALL)
    assert written is not None
    columns = {column.strip() for column in written[1].split(",")}
    derived = {"until", "night", "timezone"} if kind == "event" else set()
    assert columns == {"entity_id", *COLUMNS[kind]} | derived
    assert columns <= table_columns(TABLES[kind])


def test_attributes_that_belong_together_are_whole_groups() -> None:
    assert all(attribute in TOGETHER[attribute] for attribute in TOGETHER)
    assert {TOGETHER[attribute] for attribute in TOGETHER} == {
        whole for whole in TOGETHER.values() if all(TOGETHER[member] == whole for member in whole)
    }


def test_an_unknown_kind_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(OffOntology, match="Did you mean 'venue'"):
        ontology.vertex("venu")


def test_an_unknown_edge_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(OffOntology, match="Did you mean 'HOSTED_BY'"):
        ontology.edge("HOSTS_BY", "event", "venue")


def test_an_edge_between_the_wrong_kinds_is_refused_with_those_it_joins() -> None:
    with pytest.raises(OffOntology, match=r"HOSTED_BY may not join Artist to Venue\. It joins Event->Venue\."):
        ontology.edge("HOSTED_BY", "artist", "venue")


def test_an_edge_is_not_read_backwards() -> None:
    assert ontology.edge("PERFORMS_AT", "artist", "event").base_weight == 0.9
    with pytest.raises(OffOntology, match="may not join Event to Artist"):
        ontology.edge("PERFORMS_AT", "event", "artist")


def test_a_refusal_shows_no_more_than_a_piece_of_a_long_name() -> None:
    with pytest.raises(OffOntology) as caught:
        ontology.vertex("x" * 10_000)
    assert len(str(caught.value)) < 400
