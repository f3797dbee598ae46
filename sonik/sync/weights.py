"""The one definition of how strong an edge is."""

import math

HALF_LIFE_DAYS = 90.0


def effective_weight(base: float, learned: float, age_days: float = 0.0) -> float:
    """Return the traversal weight in [0, 1]: evidence, raised or lowered by use that fades with age.

    With ``l = faded(learned)`` a positive `l` closes that share of the gap to 1, a negative one takes that share away:
    the result can never leave [0, 1], and moves by no more than `learned` does.

    Args:
        base: evidence in [0, 1].
        learned: what use has taught, in [-1, 1].
        age_days: days since that was true; truth keeps it faded to the day it was last weighed.
    """
    left = faded(learned, age_days)
    return base + (1.0 - base) * left if left >= 0 else base * (1.0 + left)


def faded(value: float, age_days: float) -> float:
    """Return what is left of a value: half of it after each half-life."""
    return value * math.pow(2.0, -max(age_days, 0.0) / HALF_LIFE_DAYS)
