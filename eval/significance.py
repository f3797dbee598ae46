"""How sure a figure is: intervals, and the test of a difference on the same questions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

DRAWS = 10_000
SEED = 20_260_101
CONFIDENCE = 0.95
BATCH = 500  # of draws at a time, to bound memory

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A mean and its 95 % interval by bootstrap."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """The mean of a - b over questions, its interval, and p that chance alone brings one as large (two-sided)."""

    estimate: Estimate
    p: float


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean of a metric over questions with its interval (percentile bootstrap)."""
    array = np.asarray(values, dtype=np.float64)
    mean = float(array.mean())
    if np.ptp(array) == 0:
        return Estimate(mean=mean, low=mean, high=mean)
    found = stats.bootstrap(
        (array,), np.mean, n_resamples=DRAWS, batch=BATCH, method="percentile", confidence_level=CONFIDENCE,
        rng=np.random.default_rng(SEED),
    ).confidence_interval  # fmt: skip
    return Estimate(mean=mean, low=float(found.low), high=float(found.high))


def difference(ours: Sequence[float], theirs: Sequence[float]) -> Difference:
    """Return how much ours is above theirs, question by question (paired randomisation test)."""
    array = np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64)
    return Difference(estimate=estimate(array.tolist()), p=_chance(array))


def _chance(differences: Values) -> float:
    if not differences.any() or len(differences) < 2:
        return 1.0  # the sign of one difference is either of two, and both are as large
    found = stats.permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=DRAWS, batch=BATCH, vectorized=True,
        rng=np.random.default_rng(SEED),
    )  # fmt: skip
    return float(found.pvalue)
