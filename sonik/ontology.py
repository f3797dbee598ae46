"""Every vertex and edge type of the three graphs, as data.

Graph indexes, the registered vocabulary, tool enums, legends and generated docs all come from here, and a
write that is not described here is refused.

Two decisions bind (docs/decisions/0003): edges of the design that point at Ticket, Purchase, Revenue and
Sentiment keep their ends, so these four are vertex types too; and every vertex also carries the label
``Entity``, so that one index finds any vertex by its id.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from sonik.errors import OffOntology, did_you_mean

Graph = Literal["operations", "knowledge", "agent_memory"]
ValueType = Literal["text", "number", "whole", "truth", "moment"]
GRAPHS: tuple[Graph, ...] = ("operations", "knowledge", "agent_memory")
BASE_LABEL = "Entity"
SCHEMA_LABEL = "SchemaRegister"
CURSOR_LABEL = "SinkCursor"
LENSES = ("operations", "virality", "artist", "fan", "knowledge", "memory")

VERTEX_COMMON = ("id", "name", "slug", "collection", "owner_org", "visibility", "version")
EDGE_COMMON = (
    "eid", "weight", "base_weight", "timestamp", "source", "confidence", "traversals", "last_traversed_at",
    "valid_from", "valid_to", "collection", "owner_org", "visibility",
    *(f"w_{lens}" for lens in LENSES),
)  # fmt: skip
CURSOR_PROPERTIES = ("sink", "txid", "seq")


class Property(NamedTuple):
    """A property of a vertex or an edge, and what its values are."""

    name: str
    type: ValueType


@dataclass(frozen=True, kw_only=True, slots=True)
class VertexType:
    """A kind of thing: its graph label, the entity type in truth, its own properties and its names.

    `named` says that a name is enough to tell one from another within a source; the others need the source's own id.
    `private` ones are readable by staff only, unless their record says otherwise.
    """

    label: str
    kind: str
    graph: Graph
    described: tuple[Property, ...]
    es: str
    pt: str
    en: str
    searchable: bool = True
    named: bool = True
    private: bool = False

    @property
    def properties(self) -> tuple[str, ...]:
        """The names of its own properties."""
        return tuple(described.name for described in self.described)


@dataclass(frozen=True, kw_only=True, slots=True)
class EdgeType:
    """A kind of relation: which labels it may join, and the evidence weight it starts with.

    `single` means a source vertex has one current target: a new one closes the old. `dated` means that a source may
    say from when to when it holds; one that is not holds as long as its event is announced so.
    """

    name: str
    graph: Graph
    ends: tuple[tuple[str, str], ...]
    base_weight: float = 0.5
    described: tuple[Property, ...] = ()
    single: bool = False
    dated: bool = True

    @property
    def properties(self) -> tuple[str, ...]:
        """The names of its own properties."""
        return tuple(described.name for described in self.described)


# What happened, was said or was counted: many of them have the same name.
_UNNAMED = frozenset(
    """Event Ticket Purchase Thread Message Summary Revenue Sentiment Passage Session Note Outcome Decision""".split()
)
# What people are, buy and write.
_PRIVATE = frozenset({"Person", "Purchase", "Message"})
_TYPES: dict[str, ValueType] = {
    "": "text", "text": "text", "number": "number", "whole": "whole", "truth": "truth", "moment": "moment"
}  # fmt: skip


def _p(described: str) -> tuple[Property, ...]:
    """Read properties such as ``title capacity:whole``; one without a type is text."""
    parts = (part.partition(":") for part in described.split())
    return tuple(Property(name, _TYPES[value_type]) for name, _, value_type in parts)


def _v(label: str, graph: Graph, properties: str, names: str, *, kind: str = "", searchable: bool = True) -> VertexType:
    es, pt, en = names.split("|")
    return VertexType(
        label=label, kind=kind or label.lower(), graph=graph, described=_p(properties), es=es, pt=pt, en=en,
        searchable=searchable, named=label not in _UNNAMED, private=label in _PRIVATE,
    )  # fmt: skip


def _e(
    name: str, graph: Graph, ends: str, weight: float, *, props: str = "", single: bool = False, dated: bool = True
) -> EdgeType:
    """Read ends such as ``Person>Venue|Brand Artist>Event`` into pairs."""
    pairs = [
        (source, target)
        for group in ends.split()
        for sources, targets in [group.split(">")]
        for source in sources.split("|")
        for target in targets.split("|")
    ]
    return EdgeType(
        name=name, graph=graph, ends=tuple(pairs), base_weight=weight, described=_p(props), single=single, dated=dated
    )


VERTICES: tuple[VertexType, ...] = (
    _v("Person", "operations", "canonical_id claim_status type", "persona|pessoa|person"),
    _v(
        "Venue",
        "operations",
        "google_places_id capacity:whole market lat:number lng:number claim_status",
        "lugar|local|venue",
    ),
    _v(
        "Event",
        "operations",
        "date genre status market starts_at:moment ends_at:moment price_min:number currency",
        "evento|evento|event",
    ),
    _v("Organization", "operations", "domain type claim_status", "organización|organização|organization"),
    _v("Artist", "operations", "instagram_url genre claim_status", "artista|artista|artist"),
    _v("Brand", "operations", "instagram_url claim_status", "marca|marca|brand"),
    _v(
        "Campaign", "operations", "channel budget:number start_date:moment end_date:moment", "campaña|campanha|campaign"
    ),
    _v("Content", "operations", "type title url published_at:moment", "contenido|conteúdo|content"),
    _v("Market", "operations", "country status", "ciudad|cidade|market"),
    _v("Channel", "operations", "type platform", "canal|canal|channel"),
    _v("Ticket", "operations", "tier price:number currency", "boleto|ingresso|ticket", searchable=False),
    _v("Purchase", "operations", "amount:number currency", "compra|compra|purchase", searchable=False),
    _v("Community", "operations", "is_private:truth", "comunidad|comunidade|community"),
    _v("Thread", "operations", "title", "hilo|conversa|thread"),
    _v("Message", "operations", "expires_at:moment", "mensaje|mensagem|message", searchable=False),
    _v("Summary", "operations", "thread_id", "resumen|resumo|summary"),
    _v("Topic", "operations", "category", "tema|tema|topic"),
    _v("Location", "operations", "city country country_code lat:number lng:number", "ubicación|localização|location"),
    _v("Feature", "knowledge", "suite status revenue_impact:number", "función|recurso|feature"),
    _v(
        "FeatureFlag",
        "knowledge",
        "enabled:truth rollout_percentage:number",
        "interruptor|flag|feature flag",
        kind="feature_flag",
    ),
    _v(
        "CodeModule",
        "knowledge",
        "path importance:number dependencies_count:whole",
        "módulo|módulo|code module",
        kind="code",
    ),
    _v("Concept", "knowledge", "domain", "concepto|conceito|concept"),
    _v("Revenue", "knowledge", "amount:number currency period", "ingresos|receita|revenue", searchable=False),
    _v("Sentiment", "knowledge", "score:number period", "sentimiento|sentimento|sentiment", searchable=False),
    _v("Document", "knowledge", "title url", "documento|documento|document"),
    _v("Passage", "knowledge", "position:whole", "pasaje|trecho|passage"),
    _v("Phrase", "knowledge", "document_frequency:whole is_title:truth", "frase|frase|phrase", searchable=False),
    _v("Session", "agent_memory", "started_at:moment", "sesión|sessão|session", searchable=False),
    _v("Note", "agent_memory", "kind", "nota|nota|note"),
    _v("Outcome", "agent_memory", "verdict trace_id", "resultado|resultado|outcome"),
    _v("Decision", "agent_memory", "trace_id", "decisión|decisão|decision"),
    _v("Query", "agent_memory", "frequency:whole", "consulta|consulta|query", searchable=False),
)

_PEOPLE = "Person>Person"
_KNOWLEDGE_ANY = "Feature|FeatureFlag|CodeModule|Concept|Document|Passage"

EDGES: tuple[EdgeType, ...] = (
    _e("OWNS", "operations", "Person>Venue|Organization|Brand", 0.9),
    _e("MANAGES", "operations", "Person>Artist|Venue", 0.8),
    _e("PERFORMS_AT", "operations", "Artist>Event", 0.9, props="position:whole", dated=False),
    _e("HOSTED_BY", "operations", "Event>Venue", 0.9, single=True, dated=False),
    _e("PROMOTED_BY", "operations", "Event>Organization|Brand|Person", 0.7, dated=False),
    _e("WORKS_FOR", "operations", "Person>Organization|Venue", 0.7),
    _e("SHARED", "operations", "Person>Event|Content", 0.4, props="channel"),
    _e("ATTENDED", "operations", "Person>Event", 0.6, props="ticket_tier"),
    _e("PURCHASED", "operations", "Person>Ticket", 0.7, props="amount:number currency"),
    _e("REFERRED", "operations", _PEOPLE, 0.5),
    _e("INFLUENCED", "operations", "Content>Purchase", 0.4),
    _e("CONVERTED_VIA", "operations", "Person>Campaign", 0.5),
    _e("PROMOTES", "operations", "Campaign>Event|Venue|Artist|Organization|Brand|Market", 0.6),
    _e("TICKET_FOR", "operations", "Ticket>Event Purchase>Ticket", 0.9),
    _e("KNOWS", "operations", _PEOPLE, 0.5, props="strength:number"),
    _e("CONNECTED_TO", "operations", _PEOPLE, 0.4, props="strength:number"),
    _e("INTERACTED_WITH", "operations", _PEOPLE, 0.4, props="strength:number channel"),
    _e("WORKED_AT", "operations", "Person>Organization|Venue", 0.4),
    _e("ADVISED", "operations", "Person>Person|Organization", 0.5),
    _e("INVESTED_IN", "operations", "Person>Organization|Venue|Brand", 0.5),
    _e("IN_LOCATION", "operations", "Event|Venue|Artist|Organization|Person>Market|Location Location>Location", 0.3),
    _e("ABOUT", "operations", "Content|Thread|Summary|Topic>Topic Content>Event|Venue|Artist|Organization|Market", 0.6),
    _e("MENTIONS", "operations", "Message|Content>Event|Venue|Artist|Organization|Person|Brand|Market", 0.4),
    _e(
        "SUMMARIZES",
        "operations",
        "Summary>Event|Venue|Artist|Organization|Person|Topic",
        0.5,
        props="relevance:number",
    ),
    _e("FROM_THREAD", "operations", "Summary>Thread", 0.8, single=True),
    _e("CONTAINS", "operations", "Thread>Message Community>Channel Channel>Thread", 0.6),
    _e("AUTHORED_BY", "operations", "Message|Thread|Content>Person", 0.6),
    _e("BELONGS_TO", "operations", "Event|Venue|Artist|Topic|Thread|Person>Community", 0.4),
    _e("DEPENDS_ON", "knowledge", "CodeModule>CodeModule", 0.6, props="importance:number"),
    _e("IMPLEMENTS", "knowledge", "CodeModule>Feature", 0.8),
    _e("IMPACTS", "knowledge", "Feature>Revenue|Sentiment|Content", 0.5),
    _e("ENABLES", "knowledge", "FeatureFlag>Feature", 0.8),
    _e("RELATES_TO", "knowledge", "Concept>Concept Concept>Feature|CodeModule|Document", 0.5),
    _e("RELATED_TO", "knowledge", "Phrase>Phrase Document>Document", 0.5, props="strength:number type"),
    _e("PART_OF", "knowledge", "Passage>Document", 0.8, single=True),
    _e("NAMES", "knowledge", f"{_KNOWLEDGE_ANY}>Phrase", 0.5),
    _e("IN_SESSION", "agent_memory", "Note|Outcome|Decision|Query>Session", 0.6, single=True),
    _e("FOLLOWS", "agent_memory", "Note|Outcome|Decision>Note|Outcome|Decision Session>Session", 0.5),
    _e("ANSWERS", "agent_memory", "Outcome|Decision|Note>Query", 0.6),
)

# What a person did as a fan, and what is theirs: told of single people to staff only.
FAN_EDGES: frozenset[str] = frozenset({"ATTENDED", "PURCHASED", "SHARED", "REFERRED", "CONVERTED_VIA"})
FAN_KINDS: frozenset[str] = frozenset({"purchase"})

BY_LABEL: dict[str, VertexType] = {vertex.label: vertex for vertex in VERTICES}
BY_KIND: dict[str, VertexType] = {vertex.kind: vertex for vertex in VERTICES}
BY_EDGE: dict[str, EdgeType] = {edge.name: edge for edge in EDGES}
# Labels that stand in a second graph too, under the same id: there the application joins graphs.
SHARED: dict[str, tuple[Graph, ...]] = {"Content": ("knowledge",)}
KINDS: tuple[str, ...] = tuple(BY_KIND)
SEARCHABLE_KINDS: tuple[str, ...] = tuple(v.kind for v in VERTICES if v.searchable)


def vertex(kind: str) -> VertexType:
    """Return the vertex type of an entity kind.

    Raises:
        OffOntology: the kind is unknown.
    """
    if kind in BY_KIND:
        return BY_KIND[kind]
    raise OffOntology(f"Kind '{kind[:80]}' is not in the ontology.", next_step=did_you_mean(kind, list(BY_KIND)))


def edge(name: str, source_kind: str, target_kind: str) -> EdgeType:
    """Return the edge type, checked against the kinds it is to join.

    Raises:
        OffOntology: the type is unknown or may not join these kinds.
    """
    if name not in BY_EDGE:
        raise OffOntology(
            f"Edge type '{name[:80]}' is not in the ontology.", next_step=did_you_mean(name, list(BY_EDGE))
        )
    found = BY_EDGE[name]
    pair = (vertex(source_kind).label, vertex(target_kind).label)
    if pair not in found.ends:
        allowed = ", ".join(f"{a}->{b}" for a, b in found.ends)
        raise OffOntology(f"{name} may not join {pair[0]} to {pair[1]}.", next_step=f"It joins {allowed}.")
    return found


def kind_of(label: object) -> str:
    """Return the kind of a label; a vertex that an edge made before it came itself has none yet."""
    return BY_LABEL[label].kind if isinstance(label, str) and label in BY_LABEL else ""


def graphs_of(label: str) -> tuple[Graph, ...]:
    """Return the graphs vertices of a label stand in, their own first."""
    return (BY_LABEL[label].graph, *SHARED.get(label, ()))


def labels(graph: Graph) -> tuple[str, ...]:
    """Return the vertex labels of a graph."""
    return tuple(v.label for v in VERTICES if graph in graphs_of(v.label))


def edge_names(graph: Graph) -> tuple[str, ...]:
    """Return the edge types of a graph."""
    return tuple(e.name for e in EDGES if e.graph == graph)


def property_names(graph: Graph) -> tuple[str, ...]:
    """Return every property name used in a graph: the closed vocabulary that is registered at its creation."""
    names: list[str] = [*VERTEX_COMMON, *EDGE_COMMON, *CURSOR_PROPERTIES]
    for vertex_type in VERTICES:
        if graph in graphs_of(vertex_type.label):
            names.extend(vertex_type.properties)
    for edge_type in EDGES:
        if edge_type.graph == graph:
            names.extend(edge_type.properties)
    return tuple(dict.fromkeys(names))
