"""Personalised PageRank over a fetched piece of a graph."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np
from scipy.sparse import csr_array

from sonik.types import WalkedEdge

# The probability of following an edge rather than jumping back to a seed; best of 0.5-0.85 on 2Wiki.
FOLLOW = 0.8
POWER_STEPS = 25
# A weight below this carries nothing, and its inverse would be infinite.
NEGLIGIBLE = 1e-9

Ends = tuple[str, str]


def pagerank(
    weights: Mapping[Ends, float], seeds: Mapping[str, float], *, steps: int = POWER_STEPS
) -> dict[str, float]:
    """Return the personalised PageRank of every vertex: probabilities that sum to 1.

    Edges are walked both ways. Formula: Page et al. 1999 with a personalised jump vector; fixed power steps, as in
    HippoRAG, because rank order settles long before values do.

    Args:
        weights: above zero, by the two ends of an edge.
        seeds: where the jump leads to; the weights need not sum to 1.
        steps: power steps; with none the rank is that of the seeds.
    """
    names = list(dict.fromkeys([*seeds, *(end for ends in weights for end in ends)]))
    if not names:
        return {}
    index = {name: place for place, name in enumerate(names)}
    rank = jump = _jump(seeds, count=len(names))
    if weights and steps:
        matrix = _shares(weights, index)
        for _ in range(steps):
            flow = matrix @ rank
            # What stands on a vertex without edges jumps back too.
            rank = FOLLOW * flow + (1.0 - FOLLOW * float(flow.sum())) * jump
    return dict(zip(names, rank.tolist(), strict=True))


def worths(edges: Iterable[WalkedEdge], *, values: Mapping[str, float]) -> dict[Ends, float]:
    """Return by its ends what the edges between two vertices are worth: weight times the lens's value of the type."""
    found: dict[Ends, float] = defaultdict(float)
    for edge in edges:
        worth = edge.weight * values.get(edge.type, 0.0)
        if worth > NEGLIGIBLE:
            found[edge.src, edge.dst] += worth
    return dict(found)


def _jump(seeds: Mapping[str, float], *, count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return where a jump leads to: the seeds, which are the first vertices, or anywhere if they weigh nothing."""
    jump = np.zeros(count)
    jump[: len(seeds)] = [max(weight, 0.0) for weight in seeds.values()]
    total = float(jump.sum())
    return jump / total if total > 0 else np.full(count, 1.0 / count)


def _shares(weights: Mapping[Ends, float], index: Mapping[str, int]) -> csr_array:
    """Return the share of each vertex's rank that goes to each other one, as a column-normalised matrix."""
    count = len(weights)
    ones = np.fromiter((index[one] for one, _ in weights), dtype=np.int32, count=count)
    others = np.fromiter((index[other] for _, other in weights), dtype=np.int32, count=count)
    values = np.tile(np.fromiter(weights.values(), dtype=np.float64, count=count), 2)
    rows, columns = np.concatenate([ones, others]), np.concatenate([others, ones])
    out = np.bincount(columns, weights=values, minlength=len(index))
    return csr_array((values / out[columns], (rows, columns)), shape=(len(index), len(index)))
