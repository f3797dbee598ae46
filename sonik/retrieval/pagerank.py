"""Personalised PageRank over a fetched piece of a graph."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

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
    names = list(dict.fromkeys(chain(seeds, chain.from_iterable(weights))))
    if not names:
        return {}
    rank = jump = _jump(seeds, count=len(names))
    if weights and steps:
        out = _steps_out(weights, names)
        for _ in range(steps):
            # A sum by place; for some thousand edges quicker than a sparse matrix takes to be made.
            carried = out.share * rank[out.start]
            flow = FOLLOW * np.bincount(out.end, weights=carried, minlength=len(names))
            # What stands on a vertex without edges jumps back too.
            rank = flow + (1.0 - float(flow.sum())) * jump
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


class _StepsOut(NamedTuple):
    """Every step along an edge, both ways: places of its ends, and the share of the start's rank that takes it."""

    start: npt.NDArray[np.intp]
    end: npt.NDArray[np.intp]
    share: npt.NDArray[np.float64]


def _steps_out(weights: Mapping[Ends, float], names: Sequence[str]) -> _StepsOut:
    place = {name: place for place, name in enumerate(names)}
    count = len(weights)
    ends = np.fromiter(map(place.__getitem__, chain.from_iterable(weights)), dtype=np.intp, count=2 * count)
    one, other = ends[::2], ends[1::2]
    start, end = np.concatenate([one, other]), np.concatenate([other, one])
    value = np.tile(np.fromiter(weights.values(), dtype=np.float64, count=count), 2)
    leaving = np.bincount(start, weights=value, minlength=len(names))
    return _StepsOut(start=start, end=end, share=value / np.maximum(leaving[start], NEGLIGIBLE))
