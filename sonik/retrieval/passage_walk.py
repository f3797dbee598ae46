"""From seeds through the graph of passages and phrases: a budgeted subgraph, and personalised PageRank over it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from sonik.cypher import queries
from sonik.retrieval.expand import FOLLOW, POWER_STEPS, moments
from sonik.stores.graph import Graphs
from sonik.stores.graph_wire import Value
from sonik.types import Scope

CYPHER = queries("passages")
# A phrase that more passages share than this and that is no title tells nothing; it is not walked.
COMMON = 100
# The most passages fetched around a phrase, and phrases around a passage.
FANOUT = 60
# The longest way that is told: from a phrase over two passages and the phrases between them to a third.
MOST_STEPS = 6

Mention = tuple[str, str]


@dataclass(kw_only=True, slots=True)
class Mentions:
    """Mentions that were fetched, (passage, phrase) with their weights, and how they came."""

    weights: dict[Mention, float] = field(default_factory=dict)
    queries: int = 0
    cut: bool = False

    def passages(self) -> set[str]:
        """The passages in it."""
        return {passage for passage, _ in self.weights}

    def phrases(self) -> set[str]:
        """The phrases in it."""
        return {phrase for _, phrase in self.weights}


class Walk:
    """Fetches mentions step by step within a budget of edges; every step is one read-only query."""

    def __init__(self, graphs: Graphs, *, scope: Scope, now: datetime, budget: int) -> None:
        self.found = Mentions()
        self._graphs = graphs
        self._budget = budget
        self._params = {
            "collection": scope.collection, "staff": scope.role == "staff", "org": scope.organisation or "",
            "common": COMMON, "fanout": FANOUT, **moments(scope, now=now),
        }  # fmt: skip
        self._asked: set[str] = set()

    async def to_passages(self, phrases: Iterable[str]) -> list[str]:
        """Fetch who names these phrases; return the passages, in order of discovery."""
        return self._take(await self._ask("naming", phrases), outward=False)

    async def to_phrases(self, passages: Iterable[str]) -> list[str]:
        """Fetch what these passages name; return the phrases, in order of discovery."""
        return self._take(await self._ask("named", passages), outward=True)

    async def _ask(self, query: str, starts: Iterable[str]) -> list[list[Value]]:
        fresh = [key for key in dict.fromkeys(starts) if key not in self._asked]
        if not fresh or self._left <= 0:
            return []
        self._asked.update(fresh)
        self.found.queries += 1
        return await self._graphs.read("knowledge", CYPHER[query], {**self._params, "ids": fresh})

    @property
    def _left(self) -> int:
        return self._budget - len(self.found.weights)

    def _take(self, rows: Sequence[Sequence[Value]], *, outward: bool) -> list[str]:
        reached: dict[str, None] = {}
        for start, ends in rows:
            for other, weight in _pairs(ends):
                if self._left <= 0:
                    self.found.cut = True
                    return list(reached)
                mention = (str(start), other) if outward else (other, str(start))
                self.found.weights[mention] = weight
                reached[other] = None
        return list(reached)


def rank_mentions(weights: Mapping[Mention, float], seeds: Mapping[str, float]) -> dict[str, float]:
    """Return the personalised PageRank of every vertex: mentions are walked both ways; probabilities sum to 1."""
    names = tuple(dict.fromkeys([*seeds, *(end for mention in weights for end in mention)]))
    index = {name: place for place, name in enumerate(names)}
    jump = np.zeros(len(names))
    jump[[index[name] for name in seeds]] = list(seeds.values())
    total = jump.sum()
    if total <= 0:
        return {}
    jump /= total
    if not weights:
        return dict(zip(names, jump.tolist(), strict=True))
    passages = np.fromiter((index[passage] for passage, _ in weights), dtype=np.int64, count=len(weights))
    phrases = np.fromiter((index[phrase] for _, phrase in weights), dtype=np.int64, count=len(weights))
    values = np.fromiter(weights.values(), dtype=np.float64, count=len(weights))
    rows, columns = np.concatenate([passages, phrases]), np.concatenate([phrases, passages])
    matrix = csr_array((np.concatenate([values, values]), (rows, columns)), shape=(len(names), len(names)))
    out: NDArray[np.float64] = np.asarray(matrix.sum(axis=0), dtype=np.float64).ravel()
    share = np.divide(1.0, out, out=np.zeros_like(out), where=out > 0)
    rank = jump
    for _ in range(POWER_STEPS):
        flow = matrix @ (rank * share)
        rank = FOLLOW * flow + (1.0 - FOLLOW * float(flow.sum())) * jump
    return dict(zip(names, rank.tolist(), strict=True))


def way_to(
    target: str, *, weights: Mapping[Mention, float], rank: Mapping[str, float], seeds: Iterable[str]
) -> list[str]:
    """Return the vertices most of a passage's rank came along, from a seed to it; alternately passages and phrases."""
    around: dict[str, list[tuple[str, float]]] = {}
    for (passage, phrase), weight in weights.items():
        around.setdefault(passage, []).append((phrase, weight))
        around.setdefault(phrase, []).append((passage, weight))
    strength = {vertex: sum(weight for _, weight in edges) for vertex, edges in around.items()}
    begun = set(seeds)
    way, seen = [target], {target}
    while len(way) < MOST_STEPS and (way[-1] not in begun or len(way) == 1):
        inflow = [
            (weight * rank.get(other, 0.0) / strength[other], other)
            for other, weight in around.get(way[-1], ()) if other not in seen
        ]  # fmt: skip
        if not inflow:
            break
        _, best = max(inflow)
        way.append(best)
        seen.add(best)
    return way[::-1] if way[-1] in begun else [target]


def _pairs(ends: Value) -> list[tuple[str, float]]:
    pairs = [pair for pair in ends if isinstance(pair, list)] if isinstance(ends, list) else []
    return [(str(key), float(str(weight))) for key, weight in pairs]
