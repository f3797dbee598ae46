"""How many voices become one value: each heard as far as it is sure, none louder than its cap."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sonik.sync.weights import faded

# Twenty organisations of one mind teach an edge all there is to teach; three accounts are one organisation's all.
ORGANISATION_CAP = 0.05
ACTOR_SHARE = 0.4
# How many verdicts of doubt every actor begins with.
DOUBT = 1.0
DIGITS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Voice:
    """One actor's evidence for an edge through a lens.

    `reward` sums the verdicts and `said` their sizes, both faded to the day of the last one, `age_days` ago; `walks`
    and `rewards` are plain sums.
    """

    eid: UUID
    lens: str
    organisation: str
    actor: str
    walks: int
    rewards: float
    reward: float
    said: float
    age_days: int
    last_at: datetime

    def value(self, *, cap: float) -> float:
        """Return what this actor would have the edge learn, in [-cap, cap]: the mean verdict, with doubt."""
        return faded(cap * self.reward / (self.said + DOUBT), self.age_days)


def learned(voices: Iterable[Voice], *, cap: float = ORGANISATION_CAP) -> float:
    """Return what the voices for an edge teach together, in [-1, 1].

    An organisation's actors add up to `cap` at most, however many they are and however often they speak, so that no
    organisation can move the value, or the weight made from it, by more than that. Half of what is learned is gone a
    half-life after the last voice fell silent.
    """
    heard: dict[str, float] = defaultdict(float)
    for voice in voices:
        heard[voice.organisation] += voice.value(cap=cap * ACTOR_SHARE)
    together = sum(_clipped(heard[name], cap) for name in sorted(heard))
    return round(_clipped(together, 1.0), DIGITS)


def _clipped(value: float, limit: float) -> float:
    return max(-limit, min(limit, value))
