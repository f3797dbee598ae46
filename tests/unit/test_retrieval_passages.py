"""The arithmetic of a search over documents: links, walks, ways and scores."""

from heapq import nlargest
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonik.retrieval.mentions import KnownPhrase, Link, linked
from sonik.retrieval.pagerank import pagerank
from sonik.retrieval.passage_rank import Evidence, fused_list, seed_weights, word_weight
from sonik.retrieval.passage_ways import ways_to

MENTIONS = {("a", "film"): 0.5, ("b", "film"): 1.0, ("b", "city"): 0.5, ("c", "city"): 1.0}


def phrase(number: int, folded: str, *, titles: int = 0, shared: int = 1) -> KnownPhrase:
    return KnownPhrase(
        id=UUID(int=number), folded=folded, name=folded.title(), titles=titles, document_frequency=shared
    )


def test_a_rare_title_weighs_more_than_a_common_phrase() -> None:
    film, city = phrase(1, "aas ka panchhi", titles=1), phrase(2, "mumbai", shared=8)
    link = linked("aas ka panchhi in mumbai released".split(), [film, city], {})
    assert link.weights == pytest.approx({str(film.id): 16 / 17, str(city.id): 1 / 17})
    assert link.unexplained == ("released",)


def test_a_misspelt_name_is_explained_by_what_it_may_mean() -> None:
    city = phrase(1, "barranquilla", titles=1)
    link = linked(["baranquilla", "febrero"], [], {"baranquilla": [city]})
    assert (list(link.weights), link.unexplained) == ([str(city.id)], ("febrero",))


def test_a_passage_on_two_lists_comes_before_those_on_one() -> None:
    assert fused_list([["a", "b"], ["c", "b"]]) == ["b", "a", "c"]


def test_what_the_question_names_weighs_more_than_the_whole_text_list() -> None:
    seeds = seed_weights(Link(weights={"film": 1.0}), [str(place) for place in range(100)])
    assert seeds["film"] > sum(weight for key, weight in seeds.items() if key != "film")


def test_words_count_more_the_less_was_explained() -> None:
    weights = [word_weight(Link(unexplained=("w",) * count)) for count in (0, 2, 5, 50)]
    assert weights == sorted(weights)
    assert (weights[0], weights[-1]) == (0.12, 0.7)


def test_rank_flows_over_shared_phrases_and_fades_with_the_distance() -> None:
    rank = pagerank(MENTIONS, {"film": 1.0})
    assert sum(rank.values()) == pytest.approx(1.0)
    assert rank["b"] > rank["a"] > rank["c"] > 0


def test_without_edges_rank_is_what_the_seeds_say() -> None:
    assert pagerank({}, {"a": 3.0, "b": 1.0}) == {"a": 0.75, "b": 0.25}
    assert pagerank({}, {}) == {}


def test_a_way_is_the_most_probable_walk_and_ends_where_it_should() -> None:
    ways = ways_to({"c", "film", "nowhere"}, weights=MENTIONS, seeds={"film": 1.0})
    assert ways == {"c": ("film", "b", "city", "c"), "film": ("film",)}


def test_scores_join_rank_words_and_cover_by_value() -> None:
    evidence = Evidence(
        rank={"near": 0.1, "far": 0.001, "none": 0.0}, cosine={"near": 0.2, "far": 0.8, "none": 0.4},
        covered={"far": 1.0},
    )  # fmt: skip
    scores = evidence.scores(evidence.rank, words=0.5)
    assert scores["near"] == pytest.approx((1.0 + 0.5 * 0.25) / 1.62)
    assert scores["far"] == pytest.approx((0.6 + 0.5 + 0.12) / 1.62)
    assert scores["none"] == pytest.approx(0.5 * 0.5 / 1.62)


@given(
    st.dictionaries(st.text("abcd", min_size=1, max_size=2), st.floats(0, 1), min_size=1),
    st.floats(0.12, 0.7),
)
def test_scores_stay_between_nothing_and_one(rank: dict[str, float], words: float) -> None:
    evidence = Evidence(rank=rank, cosine=dict.fromkeys(rank, 0.5), covered=dict.fromkeys(rank, 1.0))
    assert all(0.0 <= score <= 1.0 + 1e-9 for score in evidence.scores(rank, words=words).values())


@given(
    st.dictionaries(st.text("abcd", min_size=1, max_size=2), st.tuples(*(st.floats(0, 1),) * 3), min_size=1),
    st.floats(0.12, 0.7), st.integers(1, 6), st.integers(1, 6), st.sets(st.text("abcd", min_size=1, max_size=2)),
)  # fmt: skip
def test_who_is_no_contender_would_not_be_among_the_best(
    evidence: dict[str, tuple[float, float, float]], words: float, wanted: int, known: int, looked_up: set[str]
) -> None:
    rank, cosine, covered = ({key: values[i] for key, values in evidence.items()} for i in range(3))
    nearest = dict(sorted(cosine.items(), key=lambda item: -item[1])[:known])
    ahead = {key: cosine[key] for key in looked_up & cosine.keys()}
    seen = Evidence(rank=rank, cosine={**nearest, **ahead}, unknown=min(nearest.values()))
    scores = Evidence(rank=rank, cosine=cosine, covered=covered).scores(rank, words=words)
    best = set(nlargest(wanted, scores, key=lambda key: (scores[key], key)))
    assert best <= seen.contenders(words=words, wanted=wanted)
    assert best <= Evidence(rank=rank, cosine={}).contenders(words=words, wanted=wanted)
