"""How far graphs and vectors show truth, by their own word: a store that came back from a crash knows best."""

from collections.abc import Sequence

from sonik.errors import SonikError
from sonik.ontology import Graph
from sonik.stores.graph_wire import GraphReader
from sonik.stores.vectors import Vectors
from sonik.sync.graph_sink import place_of
from sonik.truth.rows import Position


class Projected:
    """The projections as this process reads them."""

    def __init__(self, *, graphs: GraphReader, vectors: Vectors) -> None:
        self._graphs = graphs
        self._vectors = vectors
        self._seen = Position()

    async def reached(self, names: Sequence[Graph]) -> Position | None:
        """Return the place that all these graphs have reached; None if one is not whole or does not answer."""
        try:
            places = [await place_of(graph, self._graphs) for graph in names]
        except SonikError:
            return None
        known = [place for place in places if place is not None]
        return min(known, key=lambda place: (place.txid, place.seq)) if len(known) == len(names) > 0 else None

    async def see(self, vectors_at: Position) -> bool:
        """Read the vectors from now on as they are at this place or later, whoever wrote them; say whether it works."""
        if vectors_at != self._seen:
            try:
                await self._vectors.refresh()
            except SonikError:
                return False
            self._seen = vectors_at
        return True
