"""Lenses: the same data seen for another purpose. A lens is data: graphs, and how much each edge type matters."""

from collections.abc import Mapping
from dataclasses import dataclass

from sonik.errors import InvalidInput, did_you_mean
from sonik.ontology import EDGES, Graph


@dataclass(frozen=True, kw_only=True, slots=True)
class Lens:
    """Which graphs are walked and what an edge of each type is worth; types it does not name are not walked."""

    name: str
    graphs: tuple[Graph, ...]
    edges: Mapping[str, float]

    def types(self, graph: Graph) -> tuple[str, ...]:
        """Return the edge types walked in a graph."""
        return tuple(edge.name for edge in EDGES if edge.graph == graph and edge.name in self.edges)


# IN_LOCATION is walked by no lens: a market touches everything, so it is a filter and not a path.
_NIGHT_OUT = {"PERFORMS_AT": 1.0, "HOSTED_BY": 1.0, "PROMOTED_BY": 0.7, "ABOUT": 0.5, "MENTIONS": 0.3}
_BUSINESS = {"OWNS": 0.9, "MANAGES": 0.9, "WORKS_FOR": 0.7, "PROMOTES": 0.6, "CONVERTED_VIA": 0.4}
_SPREAD = {"SHARED": 1.0, "REFERRED": 1.0, "INFLUENCED": 0.9, "ATTENDED": 0.7, "PURCHASED": 0.7, "CONVERTED_VIA": 0.8}
_PEOPLE = {
    "KNOWS": 0.8,
    "CONNECTED_TO": 0.6,
    "INTERACTED_WITH": 0.6,
    "WORKED_AT": 0.5,
    "ADVISED": 0.6,
    "INVESTED_IN": 0.6,
}
_SPREADING = {**_SPREAD, "PERFORMS_AT": 0.4, "HOSTED_BY": 0.4, "PROMOTES": 0.7}
_CAREER = {"PERFORMS_AT": 1.0, "MANAGES": 0.9, "HOSTED_BY": 0.7, "PROMOTED_BY": 0.7}
_KNOWING = {edge.name: 0.8 for edge in EDGES if edge.graph == "knowledge"}
_REMEMBERING = {edge.name: 0.8 for edge in EDGES if edge.graph == "agent_memory"}

LENSES: Mapping[str, Lens] = {
    lens.name: lens
    for lens in (
        Lens(name="operations", graphs=("operations",), edges={**_NIGHT_OUT, **_BUSINESS, **_PEOPLE}),
        Lens(name="virality", graphs=("operations",), edges=_SPREADING),
        Lens(name="artist", graphs=("operations",), edges=_CAREER),
        Lens(name="fan", graphs=("operations",), edges=_NIGHT_OUT),
        Lens(name="knowledge", graphs=("knowledge",), edges=_KNOWING),
        Lens(name="memory", graphs=("agent_memory",), edges=_REMEMBERING),
    )
}
DEFAULT_LENS = "operations"


def lens(name: str | None) -> Lens:
    """Return a lens by name.

    Raises:
        InvalidInput: there is no such lens.
    """
    wanted = name or DEFAULT_LENS
    if wanted not in LENSES:
        raise InvalidInput(f"Unknown lens '{wanted[:40]}'.", next_step=did_you_mean(wanted, list(LENSES)), field="lens")
    return LENSES[wanted]
