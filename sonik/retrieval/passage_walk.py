"""From seeds through the graph of passages and phrases: a budgeted subgraph, and personalised PageRank over it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from scipy.sparse import csr_array

from sonik.cypher import queries
from sonik.retrieval.expand import FOLLOW, POWER_STEPS, moments
from sonik.stores.graph import Graphs
from sonik.stores.graph_wire import Value
from sonik.types import Scope

CYPHER = queries("passages")
# A phrase that more passages share than this and that is no title tells nothing; it is not walked.
COMMON = 100
# The most mentions fetched around one vertex.
FANOUT = 60
# How much of the edge budget is spent by the end of each round; a round is one query.
ROUNDS = (0.25, 0.6, 1.0)
# Between rounds the ranks need not settle: they only choose what is fetched next.
CHOOSING_STEPS = 6
# What a passage is taken to name until it is fetched.
USUAL_MENTIONS = 5
# The longest way that is told: from a phrase over two passages and the phrases between them to a third.
MOST_STEPS = 6

Mention = tuple[str, str]


@dataclass(kw_only=True, slots=True)
class Mentions:
    """Mentions that were fetched, (passage, phrase) with their weights, and how they came."""

    weights: dict[Mention, float] = field(default_factory=dict)
    passages: set[str] = field(default_factory=set)
    queries: int = 0
    cut: bool = False


class Walk:
    """Fetches the mentions around the seeds that carry most, round by round, within a budget of edges.

    After Andersen, Chung and Lang 2006: each round expands the vertices that hold the most rank for each edge they
    cost, so that a rare phrase is followed far and a common one hardly.
    """

    def __init__(self, graphs: Graphs, *, scope: Scope, now: datetime, budget: int) -> None:
        self._graphs = graphs
        self._budget = budget
        self._params = {
            "collection": scope.collection, "staff": scope.role == "staff", "org": scope.organisation or "",
            "common": COMMON, "fanout": FANOUT, **moments(scope, now=now),
        }  # fmt: skip
        self._found = Mentions()
        self._expanded: set[str] = set()
        self._phrases: dict[str, int] = {}

    async def fetch(self, seeds: Mapping[str, float], *, phrases: Mapping[str, int]) -> Mentions:
        """Return the mentions around some seeds; of seeds that are phrases it is given how many passages share them."""
        self._phrases = dict(phrases)
        self._found.passages = set(seeds) - set(phrases)
        for share in ROUNDS:
            steps = CHOOSING_STEPS if self._found.weights else 0
            rank = rank_mentions(self._found.weights, seeds, steps=steps)
            chosen = self._choose(rank, limit=self._budget * share)
            if not chosen:
                break
            self._expanded.update(chosen)
            self._found.queries += 1
            self._take(await self._graphs.read("knowledge", CYPHER["mentions"], {**self._params, "ids": chosen}))
        return self._found

    def _choose(self, rank: Mapping[str, float], *, limit: float) -> list[str]:
        """Return the vertices to expand, those first that hold the most rank for each edge they cost."""
        cost = {key: self._phrases.get(key, USUAL_MENTIONS) for key in rank if key not in self._expanded}
        spent = len(self._found.weights)
        chosen = []
        for key in sorted(cost, key=lambda key: (-rank[key] / max(cost[key], 1), key)):
            if spent >= limit:
                self._found.cut = True
                break
            chosen.append(key)
            spent += min(cost[key], FANOUT)
        return chosen

    def _take(self, rows: Sequence[Sequence[Value]]) -> None:
        for start, ends in rows:
            begun = str(start)
            is_phrase = begun in self._phrases
            for other, weight, shared in _ends(ends):
                if is_phrase:
                    self._found.weights[other, begun] = weight
                    self._found.passages.add(other)
                else:
                    self._found.weights[begun, other] = weight
                    self._phrases.setdefault(other, shared)


def rank_mentions(
    weights: Mapping[Mention, float], seeds: Mapping[str, float], *, steps: int = POWER_STEPS
) -> dict[str, float]:
    """Return the personalised PageRank of every vertex: mentions are walked both ways; probabilities sum to 1."""
    names = list(dict.fromkeys([*seeds, *(end for mention in weights for end in mention)]))
    index = {name: place for place, name in enumerate(names)}
    jump = np.zeros(len(names))
    jump[: len(seeds)] = list(seeds.values())
    jump /= jump.sum() or 1.0
    rank = jump
    if weights and steps:
        matrix = _matrix(weights, index)
        for _ in range(steps):
            flow = matrix @ rank
            rank = FOLLOW * flow + (1.0 - FOLLOW * float(flow.sum())) * jump
    return dict(zip(names, rank.tolist(), strict=True))


def _matrix(weights: Mapping[Mention, float], index: Mapping[str, int]) -> csr_array:
    """Return the share of each vertex's rank that goes to each other one, as a column-normalised matrix."""
    count = len(weights)
    passages = np.fromiter((index[passage] for passage, _ in weights), dtype=np.int32, count=count)
    phrases = np.fromiter((index[phrase] for _, phrase in weights), dtype=np.int32, count=count)
    values = np.tile(np.fromiter(weights.values(), dtype=np.float64, count=count), 2)
    rows, columns = np.concatenate([passages, phrases]), np.concatenate([phrases, passages])
    out = np.bincount(columns, weights=values, minlength=len(index))
    return csr_array((values / out[columns], (rows, columns)), shape=(len(index), len(index)))


class Ways:
    """How rank came to passages: the strongest inflow, vertex by vertex, back to a seed."""

    def __init__(self, weights: Mapping[Mention, float], rank: Mapping[str, float], seeds: Iterable[str]) -> None:
        self._around: dict[str, list[tuple[str, float]]] = defaultdict(list)
        for (passage, phrase), weight in weights.items():
            self._around[passage].append((phrase, weight))
            self._around[phrase].append((passage, weight))
        self._rank = rank
        self._seeds = set(seeds)

    def to(self, target: str) -> list[str]:
        """Return the vertices most of a passage's rank came along, from a seed to it; itself if there is no way."""
        way = [target]
        while len(way) < MOST_STEPS and (len(way) == 1 or way[-1] not in self._seeds):
            before = self._before(way[-1], but=way)
            if before is None:
                break
            way.append(before)
        return way[::-1] if way[-1] in self._seeds else [target]

    def _before(self, vertex: str, *, but: Sequence[str]) -> str | None:
        inflow = [
            (weight * self._rank.get(other, 0.0) / sum(out for _, out in self._around[other]), other)
            for other, weight in self._around.get(vertex, ()) if other not in but
        ]  # fmt: skip
        return max(inflow)[1] if inflow else None


def _ends(ends: Value) -> list[tuple[str, float, int]]:
    triples = [triple for triple in ends if isinstance(triple, list)] if isinstance(ends, list) else []
    return [(str(key), float(str(weight)), int(str(shared))) for key, weight, shared in triples]
