"""Cross from one graph to another by nearest texts: for where no ids meet."""

from collections.abc import Sequence
from dataclasses import dataclass

from sonik.ontology import vertex
from sonik.retrieval.patterns import Leg
from sonik.retrieval.walk import NEAREST, UNPLACED, Crossing
from sonik.stores.texts import TextFilter, TextReader
from sonik.types import Scope, WalkedEdge

# How many vertices are looked from, how many are taken of each, and how like they must be (cosine).
STARTS = 3
EACH = 3
LIKE = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Bridge:
    """The vectors of both graphs, which share one space."""

    vectors: TextReader

    async def across(self, starts: Sequence[str], leg: Leg, *, scope: Scope, least: float) -> list[Crossing]:
        """Return crossings from vertices to those of a leg's kinds whose texts are most like theirs."""
        stored = await self.vectors.vectors_of(starts[:STARTS])
        where = TextFilter(scope=scope, kinds=leg.kinds)
        found: list[Crossing] = []
        for start, vector in stored.items():
            matches = await self.vectors.nearest(vector, where=where, limit=EACH)
            alike = [match for match in matches if match.score >= max(LIKE, least)]
            found += [_crossing(start, match.id, match.kind, match.score) for match in alike]
        return found


def _crossing(start: str, end: str, kind: str, likeness: float) -> Crossing:
    graph = vertex(kind).graph
    edge = WalkedEdge(
        eid=f"{start}~{end}", graph=graph, src=start, type=NEAREST, dst=end, weight=min(likeness, 1.0)
    )  # fmt: skip
    return Crossing(edge=edge, start=start, end=end, kind=kind, name="", position=UNPLACED)
