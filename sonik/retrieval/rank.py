"""Fuse graph and text evidence by score; never by rank, which lets the weaker list drag the better one down."""

from collections.abc import Collection, Mapping, Sequence
from math import log

from sonik.retrieval.expand import Subgraph
from sonik.retrieval.seeds import Seeds, scaled

# How much the graph counts beside the text: much when the question names an entity, little when it names none.
GRAPH_SHARE_NAMED = 0.75
GRAPH_SHARE_OPEN = 0.3
# An entity that the question names outright stands before what merely leads to it.
NAMED_BONUS = 0.5
# Whoever owns or manages somebody is beside them without an event.
BINDING = frozenset({"OWNS", "MANAGES"})
TINY = 1e-12
REACH = 2


def fuse(seeds: Seeds, subgraph: Subgraph, *, kinds: Sequence[str], timed: bool) -> dict[str, float]:
    """Return a score in [0, 1] for every entity of the kinds asked for.

    A programme keeps its order of time. Otherwise ``share * minmax(log PPR) + (1 - share) * text``, where the share
    depends on whether the question could be linked to an entity at all. Where a span of time was asked for
    (`timed`), whoever has nothing on in it is left out, and with a name in the question also what is further than
    an event away from it.
    """
    known = {**subgraph.kinds, **seeds.kinds}
    allowed = {key for key, kind in known.items() if kind in kinds}
    if seeds.listed:
        return _programme(seeds, subgraph, allowed)
    if timed:
        allowed &= _on(subgraph, known)
        if seeds.named:
            allowed &= _around(subgraph, seeds.named)
    graph = scaled({key: log(max(subgraph.rank.get(key, 0.0), TINY)) for key in allowed if key in subgraph.rank})
    text = seeds.text
    share = GRAPH_SHARE_NAMED if seeds.named else GRAPH_SHARE_OPEN
    return {
        key: (share * graph.get(key, 0.0) + (1 - share) * text.get(key, 0.0) + NAMED_BONUS * seeds.named.get(key, 0.0))
        / (1 + NAMED_BONUS)
        for key in allowed
    }


def _programme(seeds: Seeds, subgraph: Subgraph, allowed: Collection[str]) -> dict[str, float]:
    """Score events by their place in the programme, and whoever is beside them by the first such event.

    Who owns or manages somebody named, or is theirs, stands beside the first.

    Within an event the walk decides who comes first: it adds less than the next place is worth.
    """
    listed = seeds.listed
    places = {key: place for place, key in enumerate(listed)}
    first = {key: place for key, place in places.items() if key in allowed}
    for edge in subgraph.edges.values():
        for event, other in ((edge.src, edge.dst), (edge.dst, edge.src)):
            if event in places and other in allowed and other not in places:
                first[other] = min(places[event], first.get(other, len(listed)))
            elif edge.type in BINDING and event in seeds.named and other in allowed:
                first[other] = 0
    step = 1.0 / (2 * len(listed) + 2)
    best = max((subgraph.rank.get(key, 0.0) for key in first), default=0.0) or 1.0
    return {key: 1.0 - (2 * place + 1 - subgraph.rank.get(key, 0.0) / best) * step / 2 for key, place in first.items()}


def _on(subgraph: Subgraph, kinds: Mapping[str, str]) -> set[str]:
    """Return events, and what stands beside one; the walk has reached only events within the span."""
    beside = {key for key, kind in kinds.items() if kind == "event"}
    for edge in subgraph.edges.values():
        if kinds.get(edge.src) == "event":
            beside.add(edge.dst)
        if kinds.get(edge.dst) == "event":
            beside.add(edge.src)
    return beside


def _around(subgraph: Subgraph, named: Collection[str]) -> set[str]:
    """Return what lies within two edges of a named entity: a venue, its events, and who plays them."""
    near = set(named)
    for _ in range(REACH):
        near |= {end for edge in subgraph.edges.values() if near & {edge.src, edge.dst} for end in (edge.src, edge.dst)}
    return near
