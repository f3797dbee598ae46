"""The one definition of how strong an edge is."""

import math

HALF_LIFE_DAYS = 90.0


def effective_weight(base: float, learned: float, age_days: float) -> float:
    """Return the traversal weight in [0, 1]: evidence, raised or lowered by use that fades with age.

    ``l = learned * 2^(-age / half-life)``; a positive `l` closes that share of the gap to 1, a negative one takes
    that share away, so the result can never leave [0, 1] however often an edge is used.

    Args:
        base: evidence in [0, 1].
        learned: what use has taught, in [-1, 1].
        age_days: days since it was last learned.
    """
    faded = learned * math.pow(2.0, -max(age_days, 0.0) / HALF_LIFE_DAYS)
    return base + (1.0 - base) * faded if faded >= 0 else base * (1.0 + faded)
