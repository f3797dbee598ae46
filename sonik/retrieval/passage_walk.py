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
# question names, while the texts are still searched.
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
        self._found = Surroundings()
        self._expanded: set[str] = set()
        self._phrases: dict[str, int] = {}
        self._usual = float(USUAL_MENTIONS)

    async def begin(self, phrases: Mapping[str, int]) -> None:
        """Fetch who names some phrases, of which it is given how many passages share them; the rarest first."""
        self._phrases = dict(phrases)
        await self._round(dict.fromkeys(phrases, 1.0), share=ROUNDS[0])

    async def go_on(self, seeds: Mapping[str, float]) -> Surroundings:
        """Fetch what lies around the seeds, as far as the budget goes, and return all that was fetched."""
        self._found.passages |= set(seeds) - self._phrases.keys()
        for share in ROUNDS[1:]:
            rank = pagerank(self._found.weights, seeds, steps=CHOOSING_STEPS)
            if not await self._round(rank, share=share):
                break
        return self._found

    async def _round(self, rank: Mapping[str, float], *, share: float) -> bool:
        """Expand the vertices that promise most; say whether there were any."""
        chosen = self._choose(rank, limit=self._budget * share)
        if not chosen:
            return False
        self._expanded.update(chosen)
        self._found.queries += 1
        self._take(await self._graphs.read("knowledge", CYPHER["mentions"], {**self._params, "ids": chosen}))
        return True

    def _choose(self, rank: Mapping[str, float], *, limit: float) -> list[str]:
        """Return the vertices to expand, those first that hold the most rank for each edge they cost."""
        cost = {key: float(self._phrases.get(key, self._usual)) for key in rank if key not in self._expanded}
        spent = float(len(self._found.weights))
        chosen = []
        for key in sorted(cost, key=lambda key: (-rank[key] / max(cost[key], 1), key)):
            if spent >= limit:
                self._found.cut = True
                break
            chosen.append(key)
            spent += min(cost[key], FANOUT)
        return chosen

    def _take(self, rows: Sequence[Sequence[Value]]) -> None:
        fetched = {str(start): str(ends).split(",") for start, ends in rows}
        seen = [len(ends) for start, ends in fetched.items() if start not in self._phrases]
        self._usual = sum(seen) / len(seen) if seen else self._usual
        weights = self._found.weights
        for start, ends in fetched.items():
            for end in ends:
                other, weight, shared = end.split(" ")
                # Only phrases are shared; an edge of two phrases may come from either end.
                if shared == "0":
                    self._found.passages.add(other)
                elif other not in self._phrases:
                    self._phrases[other] = int(shared)
                weights[(start, other) if start < other else (other, start)] = float(weight)
