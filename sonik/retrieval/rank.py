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
TINY = 1e-12
REACH = 2


def fuse(seeds: Seeds, subgraph: Subgraph, *, kinds: Sequence[str], timed: bool) -> dict[str, float]:
    """Return a score in [0, 1] for every entity of the kinds asked for.

    Where a span of time was asked for (`timed`), whoever has nothing on in it is left out, and with a name in the
    question also what is further than an event away from it. A bare listing keeps its
    order of time. Otherwise ``share * minmax(log PPR) + (1 - share) * text``, where the
    share depends on whether the question could be linked to an entity at all.
    """
    known = {**subgraph.kinds, **seeds.kinds}
    allowed = {key for key, kind in known.items() if kind in kinds}
    if timed:
        allowed &= _on(subgraph, known)
        if seeds.named:
            allowed &= _around(subgraph, seeds.named)
    if seeds.listed and "event" in kinds:
        return {key: 1.0 - i / (2 * len(seeds.listed)) for i, key in enumerate(seeds.listed) if key in allowed}
    graph = scaled({key: log(max(subgraph.rank.get(key, 0.0), TINY)) for key in allowed if key in subgraph.rank})
    text = seeds.text
    share = GRAPH_SHARE_NAMED if seeds.named else GRAPH_SHARE_OPEN
    return {
        key: (share * graph.get(key, 0.0) + (1 - share) * text.get(key, 0.0) + NAMED_BONUS * seeds.named.get(key, 0.0))
        / (1 + NAMED_BONUS)
        for key in allowed
    }


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
