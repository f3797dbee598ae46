"""Lenses: the same data seen for another purpose.

A lens is data: which graphs are walked, how much each edge type matters, which kinds and fields it shows, and to whom.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sonik.errors import InvalidInput, NotAllowed, did_you_mean
from sonik.ontology import EDGES, FAN_EDGES, FAN_KINDS, Graph
from sonik.types import ROLES, Role, Scope

EVERYONE: frozenset[Role] = frozenset(ROLES)
# Roles that carry data in or out have nothing to explore; an organizer is a customer, and our code is not theirs.
_EXPLORERS = EVERYONE - {"ingest", "privacy"}
_INSIDERS = _EXPLORERS - {"organizer"}
FIELDS = (
    "when", "place", "status", "price", "tickets", "genres", "capacity", "lineup", "promoters", "about", "claim",
    "sources",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Lens:
    """Which graphs are walked and what an edge of each type is worth; types it does not name are not walked.

    Only `fields` of an entity are shown, kinds in `hides` neither shown nor crossed, and only `roles` may look through.
    """

    name: str
    graphs: tuple[Graph, ...]
    edges: Mapping[str, float]
    fields: frozenset[str] = frozenset(FIELDS)
    hides: frozenset[str] = frozenset()
    roles: frozenset[Role] = EVERYONE

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
_TOLD = {"ABOUT": 0.6, "MENTIONS": 0.5, "AUTHORED_BY": 0.6}
_SPREADING = {**_SPREAD, **_TOLD, "PERFORMS_AT": 0.4, "HOSTED_BY": 0.4, "PROMOTES": 0.7, "TICKET_FOR": 0.7}
_CAREER = {"PERFORMS_AT": 1.0, "MANAGES": 0.9, "HOSTED_BY": 0.7, "PROMOTED_BY": 0.7}
_KNOWING = {edge.name: 0.8 for edge in EDGES if edge.graph == "knowledge"}
_REMEMBERING = {edge.name: 0.8 for edge in EDGES if edge.graph == "agent_memory"}
_OF_BUSINESS = frozenset({"claim", "capacity", "sources"})
_PRIVATE = frozenset({"person", "purchase", "ticket", "campaign", "message"})

LENSES: Mapping[str, Lens] = {
    lens.name: lens
    for lens in (
        Lens(name="operations", graphs=("operations",), edges={**_NIGHT_OUT, **_BUSINESS, **_PEOPLE}),
        Lens(
            name="virality", graphs=("operations",), edges=_SPREADING, roles=_EXPLORERS,
            fields=frozenset({"when", "place", "status", "genres", "about", "sources"}),
        ),
        Lens(
            name="artist", graphs=("operations",), edges=_CAREER, hides=frozenset({"purchase", "campaign"}),
            fields=frozenset(FIELDS) - {"claim", "sources"},
        ),
        Lens(
            name="fan", graphs=("operations",), edges=_NIGHT_OUT, hides=_PRIVATE,
            fields=frozenset(FIELDS) - _OF_BUSINESS,
        ),
        Lens(
            name="knowledge", graphs=("knowledge",), edges=_KNOWING, roles=_INSIDERS,
            fields=frozenset({"status", "about", "sources"}),
        ),
        Lens(
            name="memory", graphs=("agent_memory",), edges=_REMEMBERING, roles=_INSIDERS,
            fields=frozenset({"when", "about", "sources"}),
        ),
    )
}  # fmt: skip
DEFAULT_LENS = "operations"
# What is walked in a graph that the lens asked for does not speak of.
LENS_OF: Mapping[Graph, str] = {"operations": "operations", "knowledge": "knowledge", "agent_memory": "memory"}


def lens(name: str | None) -> Lens:
    """Return a lens by name.

    Raises:
        InvalidInput: there is no such lens.
    """
    wanted = name or DEFAULT_LENS
    if wanted not in LENSES:
        raise InvalidInput(f"Unknown lens '{wanted[:40]}'.", next_step=did_you_mean(wanted, list(LENSES)), field="lens")
    return LENSES[wanted]


def permitted(through: Lens, scope: Scope) -> Lens:
    """Return the lens as the caller's role may look through it: past what single fans did, unless it is staff's.

    Raises:
        NotAllowed: it may not.
    """
    if scope.role in through.roles:
        return through if scope.role == "staff" else _past_fans(through)
    open_to = ", ".join(one.name for one in LENSES.values() if scope.role in one.roles)
    raise NotAllowed(
        f"The {through.name} lens is not for the role '{scope.role}'.", next_step=f"Use {open_to}.", field="lens"
    )


def _past_fans(through: Lens) -> Lens:
    edges = {name: value for name, value in through.edges.items() if name not in FAN_EDGES}
    return replace(through, edges=edges, hides=through.hides | FAN_KINDS)


def over(through: Lens, graphs: tuple[Graph, ...], *, scope: Scope) -> Lens:
    """Return the lens over other graphs too: where it says nothing of one, that graph's own lens is looked through.

    Raises:
        NotAllowed: the role may not look through one of them.
    """
    through = permitted(through, scope)
    others = [permitted(LENSES[LENS_OF[graph]], scope) for graph in graphs if graph not in through.graphs]
    edges = {name: value for other in others for name, value in other.edges.items()}
    return replace(through, graphs=graphs, edges={**edges, **through.edges})
