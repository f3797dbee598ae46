"""Fuse what the graph and the words say of passages, by score: how much the words count depends on the linking."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
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
    covered: Mapping[str, float] = field(default_factory=dict)

    def contenders(self, *, words: float, wanted: int) -> set[str]:
        """Return the passages that may be among so many best, whatever their cover and the cosines not known yet.

        A cosine that is not known is at most the least that is: the nearest passages are the known ones. After the
        threshold algorithm of Fagin, Lotem and Naor 2003, which looks up no more than can change the answer.
        """
        least = min(self.parts().values(), default=1.0)
        at_least = self._scores(self.rank, words=words, unknown=0.0)
        at_most = self._scores(self.rank, words=words, unknown=least)
        needed = nlargest(wanted, at_least.values())[-1] if at_least else 0.0
        # What rounding takes from one of two equal scores must not decide.
        return {key for key, score in at_most.items() if score + COVERED + 1e-9 >= needed}

    def scores(self, keys: Collection[str], *, words: float) -> dict[str, float]:
        """Return the score in [0, 1] of passages: rank on its scale, `words` times the scaled cosine, and cover."""
        whole = 1.0 + words + COVERED
        own = self._scores(keys, words=words, unknown=0.0)
        return {key: (score + COVERED * self.covered.get(key, 0.0)) / whole for key, score in own.items()}

    def parts(self) -> dict[str, float]:
        """Return the cosines as parts of the greatest."""
        greatest = max(self.cosine.values(), default=0.0)
        return {key: max(cosine, 0.0) / greatest if greatest > 0 else 0.0 for key, cosine in self.cosine.items()}

    def _scores(self, keys: Collection[str], *, words: float, unknown: float) -> dict[str, float]:
        """Return what rank and cosine give, on the scale where the cover has its weight."""
        best, parts = max(self.rank.values(), default=0.0), self.parts()
        return {key: _decades(self.rank[key], best) + words * parts.get(key, unknown) for key in keys}


def _decades(value: float, best: float) -> float:
    return max(log10(value / best) / DECADES + 1.0, 0.0) if value > 0 else 0.0
