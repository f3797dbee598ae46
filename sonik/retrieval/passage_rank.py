"""Fuse what the graph and the words say of passages, by score: how much the words count depends on the linking."""

from collections.abc import Mapping, Sequence
from math import log10

from sonik.retrieval.mentions import Link

# The graph's score is the place of a passage's rank on a logarithmic scale of so many decades below the best.
DECADES = 5.0
# The words count so much beside it, more for each content word of the question that no phrase explains.
WORDS_AT_LEAST = 0.1
WORDS_PER_UNEXPLAINED = 0.06
WORDS_AT_MOST = 0.6
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
    return min(WORDS_AT_LEAST + WORDS_PER_UNEXPLAINED * link.unexplained, WORDS_AT_MOST)


def scores(rank: Mapping[str, float], cosine: Mapping[str, float], *, words: float) -> dict[str, float]:
    """Return a score in [0, 1] for every passage: ``(log rank + words * cosine) / (1 + words)``, both scaled to 1."""
    best = max(rank.values(), default=0.0)
    nearest = max(cosine.values(), default=0.0)
    found = {}
    for key in rank.keys() | cosine.keys():
        here = rank.get(key, 0.0)
        graph = max(log10(here / best) / DECADES + 1.0, 0.0) if here > 0 else 0.0
        text = max(cosine.get(key, 0.0), 0.0) / nearest if nearest > 0 else 0.0
        found[key] = (graph + words * text) / (1.0 + words)
    return found
