"""Records nobody thought of: each is taken whole, and a second time changes nothing, or refused by field and reason."""

from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from sonik import ontology
from sonik.ingest.files import KINDS
from sonik.types import JsonObject
from tests.fix_truth import PLACE_IDS, Truth

pytestmark = pytest.mark.anyio

IDS = ("1", "2", "3")
VISIBILITIES = ("public", "staff", "org")
# What others can point to, though no name tells it apart.
TOLD: list[JsonObject] = [
    {"kind": vertex.kind, "name": f"{vertex.kind} {number}", "source_id": number, "starts_at": "2026-11-28T21:00:00Z"}
    if vertex.kind == "event"
    else {"kind": vertex.kind, "name": f"{vertex.kind} {number}", "source_id": number}
    for vertex in ontology.VERTICES
    if not vertex.named
    for number in IDS
]

strange = st.one_of(
    st.sampled_from([" ", "\u200b", "x" * 600, "2031-01-01T00:00:00Z", "ayer", 10**30, float("nan"), 1e300, -1, True]),
    st.text(max_size=30), st.integers(), st.floats(), st.none(), st.lists(st.text(max_size=3), max_size=2),
)  # fmt: skip


def mostly(right: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return values that are right, and one in sixty that hardly is."""
    return st.integers(0, 59).flatmap(lambda drawn: strange if drawn == 59 else right)


def perhaps(right: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return a mostly right value or none."""
    return st.none() | mostly(right)


names = st.sampled_from(["Teatro Lido", "Alertas", "salsa", "'; drop table x; --", "ÀÉÎ 🪩", "<b>x</b>", "\ufdfa"])
instants = st.sampled_from(["2026-11-01T10:00:00-05:00", "2019-01-01T00:00:00Z", "2026-11-21T19:59:59.123456Z"])
RIGHT: dict[ontology.ValueType, st.SearchStrategy[Any]] = {
    "text": names, "number": st.one_of(st.integers(-5, 5), st.floats(-1e6, 1e6)), "whole": st.integers(-9, 10**15),
    "truth": st.booleans(), "moment": instants | st.just("2026-11-28"),
}  # fmt: skip


@st.composite
def described(draw: st.DrawFn, known: tuple[ontology.Property, ...]) -> dict[str, Any]:
    """Return some properties: known ones with values of their type, and now and then another."""
    drawn: dict[str, Any] = {}
    for name, value_type in known:
        if draw(st.booleans()):
            address = st.sampled_from(["https://uno.example/x", "dos.example"])
            drawn[name] = draw(mostly(address if name == "url" else RIGHT[value_type]))
    if draw(st.integers(0, 59)) == 59:
        drawn[draw(st.text(max_size=9))] = draw(strange)
    return drawn


def without_nulls(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


@st.composite
def relations_of(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """Return a relation: mostly one that the ontology allows at one end or the other."""
    label = ontology.vertex(kind).label
    every = [(edge, src, dst) for edge in ontology.EDGES for src, dst in edge.ends]
    fitting = [choice for choice in every if label in choice[1:]]
    edge, src, dst = draw(st.sampled_from(every if draw(st.integers(0, 59)) == 59 or not fitting else fitting))
    other = ontology.BY_LABEL[dst if src == label else src]
    target = {"name": draw(mostly(names)), "source_id": draw(mostly(st.sampled_from(IDS)))}
    if other.kind == "market":
        target = {"name": draw(mostly(st.sampled_from(["Medellín", "quito"])))}
    dates = {"valid_from": draw(perhaps(instants)), "valid_to": draw(perhaps(st.just("2031-01-01T00:00:00Z")))}
    return without_nulls({
        "type": edge.name, "target_kind": other.kind, "target": target, "direction": "out" if src == label else "in",
        "confidence": draw(perhaps(st.sampled_from([0, 0.3, 1 / 3]))), "timestamp": draw(perhaps(instants)),
        "properties": draw(described(edge.described)), **(dates if edge.dated else {}),
    })  # fmt: skip


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """Return a record of any kind."""
    kind = draw(st.sampled_from(KINDS))
    told: dict[str, Any] = {
        "kind": kind, "name": draw(mostly(names)), "source_id": draw(mostly(st.sampled_from(["1", "9"]))),
        "description": draw(perhaps(names)), "aliases": draw(st.lists(mostly(names), max_size=2)),
        "visibility": draw(perhaps(st.sampled_from(VISIBILITIES))), "owner_org": draw(perhaps(st.just("club"))),
        "observed_at": draw(perhaps(instants)), "relations": draw(st.lists(relations_of(kind), max_size=3)),
    }  # fmt: skip
    if kind == "event":
        told |= {"starts_at": draw(mostly(instants)), "market": draw(perhaps(st.just("medellin")))}
        place = perhaps(st.sampled_from(PLACE_IDS))
        told["venue"] = without_nulls({"name": draw(mostly(names)), "google_place_id": draw(place)})
    elif kind in {"venue", "artist", "organization", "person", "brand"}:
        told["instagram"] = draw(perhaps(st.sampled_from(["@uno.uno", "@dos.dos"])))
    else:
        told["attributes"] = draw(described(ontology.vertex(kind).described))
    return without_nulls(told)


thorough = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@thorough
@given(told=st.lists(records(), min_size=2, max_size=5))
async def test_any_record_is_taken_whole_or_refused_and_then_nothing_changes(
    truth: Truth, told: list[JsonObject]
) -> None:
    await truth.empty()
    await truth.deliver(*TOLD)
    for record in told:
        before = await truth.everything()
        receipt = await truth.tell(record)
        written = await truth.everything()
        event(receipt.outcome)
        if receipt.outcome == "refused":
            event("refused: " + "; ".join(f"{problem.field}: {problem.reason}"[:90] for problem in receipt.problems))
            assert receipt.problems
            assert all(problem.field and problem.reason for problem in receipt.problems)
            assert written == before
            continue
        assert receipt.problems == ()
        again = await truth.tell(record)
        assert (again.outcome, again.entity_id) == ("unchanged", receipt.entity_id), again.changes
        assert await truth.everything() == written
