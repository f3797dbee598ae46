"""From seeds through the graph of passages and phrases: a subgraph within a budget of edges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sonik.cypher import queries
from sonik.retrieval.expand import moments
from sonik.retrieval.pagerank import Ends, pagerank
from sonik.stores.graph_wire import GraphReader, Value
from sonik.types import Scope

CYPHER = queries("passages")
# A phrase that more passages share than this and that is no title tells nothing; it is not walked.
COMMON = 100
# The most edges fetched around one vertex.
FANOUT = 60
# How much of the edge budget is spent by the end of each round; a round is one query. The first looks around what the
# question names, while the texts are still searched; while the last one looks, cosines are.
ROUNDS = (0.3, 0.65, 1.0)
# Between rounds the ranks need not settle: they only choose what is fetched next.
CHOOSING_STEPS = 6
# What a passage is taken to name until some are fetched.
USUAL_MENTIONS = 8


@dataclass(kw_only=True, slots=True)
class Surroundings:
    """Edges that were fetched, by their ends (the lesser id first) with their weights, and how they came."""

    weights: dict[Ends, float] = field(default_factory=dict)
    passages: set[str] = field(default_factory=set)
    queries: int = 0
    cut: bool = False


class Walk:
    """Fetches the edges around the seeds that carry most, round by round, within a budget of edges.

    After Andersen, Chung and Lang 2006: each round expands the vertices that hold the most rank for each edge they
    cost, so that a rare phrase is followed far and a common one hardly.
    """

    def __init__(self, graphs: GraphReader, *, scope: Scope, now: datetime, budget: int) -> None:
        self._graphs = graphs
        self._budget = budget
        self._params = {
            "collection": scope.collection, "staff": scope.role == "staff", "org": scope.organisation or "",
            "common": COMMON, "fanout": FANOUT, **moments(scope, now=now),
        }  # fmt: skip
        self.found = Surroundings()
        self._expanded: set[str] = set()
        self._phrases: dict[str, int] = {}
        self._usual = float(USUAL_MENTIONS)
        self._shares = iter(ROUNDS)

    async def begin(self, phrases: Mapping[str, int]) -> None:
        """Fetch who names some phrases, of which it is given how many passages share them; the rarest first."""
        self._phrases = dict(phrases)
        await self.go_on(dict.fromkeys(phrases, 1.0))

    def rank(self, seeds: Mapping[str, float]) -> dict[str, float]:
        """Return about how much rank what was fetched so far holds."""
        return pagerank(self.found.weights, seeds, steps=CHOOSING_STEPS)

    async def go_on(self, rank: Mapping[str, float]) -> None:
        """Expand the vertices that promise most, as far as the budget of the next round goes."""
        chosen = self._choose(rank, limit=self._budget * next(self._shares))
        if not chosen:
            return
        self._expanded.update(chosen)
        self.found.queries += 1
        self._take(await self._graphs.read("knowledge", CYPHER["mentions"], {**self._params, "ids": chosen}))

    def _choose(self, rank: Mapping[str, float], *, limit: float) -> list[str]:
        """Return the vertices to expand, those first that hold the most rank for each edge they cost."""
        cost = {key: float(self._phrases.get(key, self._usual)) for key in rank if key not in self._expanded}
        spent = float(len(self.found.weights))
        chosen = []
        for key in sorted(cost, key=lambda key: (-rank[key] / max(cost[key], 1), key)):
            if spent >= limit:
                self.found.cut = True
                break
            chosen.append(key)
            spent += min(cost[key], FANOUT)
        return chosen

    def _take(self, rows: Sequence[Sequence[Value]]) -> None:
        fetched = {str(start): str(ends).split(",") for start, ends in rows}
        seen = [len(ends) for start, ends in fetched.items() if start not in self._phrases]
        self._usual = sum(seen) / len(seen) if seen else self._usual
        weights = self.found.weights
        for start, ends in fetched.items():
            for end in ends:
                other, weight, shared = end.split(" ")
                # Only phrases are shared; an edge of two phrases may come from either end.
                if shared == "0":
                    self.found.passages.add(other)
                elif other not in self._phrases:
                    self._phrases[other] = int(shared)
                weights[(start, other) if start < other else (other, start)] = float(weight)
