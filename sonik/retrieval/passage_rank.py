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
# A greatest cosine below this says nothing.
LEAST_COSINE = 1e-6
# So many of the best ranks are looked at, beside the text list.
RANKED = 100
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


def leading(rank: Mapping[str, float], passages: Collection[str], *, listed: Collection[str]) -> dict[str, float]:
    """Return the rank of the passages that may answer: those of the text list, and those that hold most of it."""
    best = nlargest(RANKED, {*passages, *listed}, key=lambda key: (rank[key], key))
    return {key: rank[key] for key in {*best, *listed}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What speaks for passages: their rank in the graph, their cosine, and their share of the unexplained words.

    A cosine that is not known is at most `unknown`.
    """

    rank: Mapping[str, float]
    cosine: Mapping[str, float]
    unknown: float = 1.0
    covered: Mapping[str, float] = field(default_factory=dict)

    def contenders(self, *, words: float, wanted: int | None) -> set[str]:
        """Return the passages that may be among so many best, whatever their cover and the cosines not known yet.

        Of None, all may be. After the threshold algorithm of Fagin, Lotem and Naor 2003, which looks up no more than
        can change the answer.
        """
        if wanted is None or len(self.rank) <= wanted:
            return set(self.rank)
        at_least = self._scores(self.rank, words=words)
        # What rounding takes from one of two equal scores must not decide.
        needed = nlargest(wanted, at_least.values())[-1] - COVERED - 1e-9
        more = words * max(self.unknown, 0.0) / self._greatest()
        known = self.cosine.keys()
        return {key for key, score in at_least.items() if (score if key in known else score + more) >= needed}

    def scores(self, keys: Collection[str], *, words: float) -> dict[str, float]:
        """Return the score in [0, 1] of passages: rank on its scale, `words` times the scaled cosine, and cover."""
        whole = 1.0 + words + COVERED
        own = self._scores(keys, words=words)
        return {key: (score + COVERED * self.covered.get(key, 0.0)) / whole for key, score in own.items()}

    def _scores(self, keys: Collection[str], *, words: float) -> dict[str, float]:
        """Return what rank and the known cosines give, on the scale where the cover has its weight."""
        best, scale = max(self.rank.values(), default=0.0), words / self._greatest()
        return {key: _decades(self.rank[key], best) + scale * max(self.cosine.get(key, 0.0), 0.0) for key in keys}

    def _greatest(self) -> float:
        """Return the greatest cosine: the others count as parts of it."""
        return max(max(self.cosine.values(), default=0.0), LEAST_COSINE)


def _decades(value: float, best: float) -> float:
    return max(log10(value / best) / DECADES + 1.0, 0.0) if value > 0 else 0.0
