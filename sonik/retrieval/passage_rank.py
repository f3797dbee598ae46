"""Fuse what the graph and the words say of passages, by score: how much the words count depends on the linking."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log10

from sonik.retrieval.mentions import Link

# The graph's score is the place of a passage's rank on a logarithmic scale of so many decades below the best.
DECADES = 5.0
# The words count so much beside it, more for each content word of the question that no phrase explains.
WORDS_AT_LEAST = 0.12
WORDS_PER_UNEXPLAINED = 0.07
WORDS_AT_MOST = 0.7
# Having all the words that no phrase explains counts so much.
COVERED = 0.12
# The text list's weight among the seeds, and how fast it falls: the first of it counts 0.2 / 6 / 3.3.
TEXT_SEED = 0.2
RRF_K = 60


def fused_list(lists: Sequence[Sequence[str]]) -> list[str]:
    """Return the ids of several lists in one order, by reciprocal rank."""
    scores: dict[str, float] = {}
    for ids in lists:
        for place, key in enumerate(ids, start=1):
            scores[key] = scores.get(key, 0.0) + 1.0 / (RRF_K + place)
    return sorted(scores, key=lambda key: (-scores[key], key))


def seed_weights(link: Link, text: Sequence[str]) -> dict[str, float]:
    """Return what the walk starts from: the phrases the question names above all, then the text list."""
    seeds = dict(link.weights)
    for place, key in enumerate(text):
        seeds[key] = seeds.get(key, 0.0) + TEXT_SEED / (6 + place) / 3.3
    return seeds


def word_weight(link: Link) -> float:
    """Return how much similarity counts beside the graph: little where phrases explain the whole question."""
    return min(WORDS_AT_LEAST + WORDS_PER_UNEXPLAINED * len(link.unexplained), WORDS_AT_MOST)


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What speaks for passages: their rank in the graph, their cosine, and their share of the unexplained words."""

    rank: Mapping[str, float]
    cosine: Mapping[str, float]
    covered: Mapping[str, float]

    def scores(self, *, words: float) -> dict[str, float]:
        """Return a score in [0, 1] for every passage: rank on its scale, `words` times the scaled cosine, and cover."""
        best = max(self.rank.values(), default=0.0)
        nearest = max(self.cosine.values(), default=0.0)
        whole = 1.0 + words + COVERED
        return {
            key: (
                _decades(here, best) + words * _part(self.cosine.get(key, 0.0), nearest)
                + COVERED * self.covered.get(key, 0.0)
            ) / whole
            for key, here in self.rank.items()
        }  # fmt: skip


def _decades(value: float, best: float) -> float:
    return max(log10(value / best) / DECADES + 1.0, 0.0) if value > 0 else 0.0


def _part(value: float, most: float) -> float:
    return max(value, 0.0) / most if most > 0 else 0.0
