"""The product's set: large enough in every language, the same each time, and true."""

from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from eval.catalog import load
from eval.dataset import Dataset
from eval.product.questions import MOST_ANSWERS, MULTI_HOP
from eval.product.set import NOW, SPLITS, product
from sonik.ingest.samples.world import SEED, World, make_world

FROZEN = "f3b7a66221e6f756"


@pytest.fixture(scope="module")
def whole() -> Dataset:
    return product("product")


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(NOW, seed=SEED)


def answers(dataset: Dataset, key: str) -> set[str]:
    """Return what answers a question."""
    return set(dataset.qrels.grades[key])


def test_the_set_is_the_one_that_was_frozen(whole: Dataset) -> None:
    # A change of the world, its questions or its judgements makes another set: figures on the old one no longer count.
    assert whole.digest == FROZEN


def test_every_language_has_over_a_hundred_questions_and_every_class_some(whole: Dataset) -> None:
    counts = Counter(kind for query in whole.queries for kind in query.kinds)
    assert len(whole.queries) >= 300
    assert min(counts["es"], counts["pt"], counts["en"]) > 100
    assert counts["multi-hop"] > 100
    assert all(counts[kind] >= 9 for kind in MULTI_HOP)


def test_a_third_is_held_out_and_nothing_is_in_both_parts(whole: Dataset) -> None:
    parts = {name: {query.id for query in product(name).queries} for name in SPLITS}
    assert parts["product-dev"] | parts["product-heldout"] == parts["product"] == {query.id for query in whole.queries}
    assert not parts["product-dev"] & parts["product-heldout"]
    assert 0.3 < len(parts["product-heldout"]) / len(whole.queries) < 0.36


def test_whatever_answers_a_question_can_be_found(whole: Dataset) -> None:
    known = {passage.id for passage in whole.corpus.passages}
    assert all(set(grades) <= known for grades in whole.qrels.grades.values())
    assert all(1 <= len(grades) <= MOST_ANSWERS for grades in whole.qrels.grades.values())


def test_no_question_is_asked_twice(whole: Dataset) -> None:
    assert max(Counter(query.text for query in whole.queries).values()) == 1


def test_a_show_after_midnight_answers_for_the_evening_before(whole: Dataset, world: World) -> None:
    late = {event.id for event in world.ground.events if event.starts_at.hour < 6}
    nights = [key for key in whole.qrels.grades if "-after-midnight-" in key or "-when-" in key]
    found = {event for key in nights for event in answers(whole, key)} & late
    assert found
    assert all(event.split("/")[2] < _started(world, event).date().isoformat() for event in found)


def test_a_homonym_is_the_one_of_its_city(whole: Dataset) -> None:
    asked = [query for query in whole.queries if "homonym" in query.kinds]
    cities = {"Quito": "quito", "Medell": "medellin", "Medallo": "medellin", "CDMX": "ciudad", "xico": "ciudad"}
    for query in asked:
        (answer,) = answers(whole, query.id)
        assert next(slug for name, slug in cities.items() if name in query.text) in answer


def test_what_is_cancelled_answers_nothing(whole: Dataset, world: World) -> None:
    cancelled = {event.id for event in world.ground.events if event.fate == "cancelled"}
    assert len(cancelled) == 3
    assert not cancelled & {answer for grades in whole.qrels.grades.values() for answer in grades}


def test_it_needs_no_data_folder(tmp_path: Path) -> None:
    assert len(load("product-dev", data=tmp_path / "nowhere", limit=5).queries) == 5


def _started(world: World, key: str) -> datetime:
    return next(event.starts_at for event in world.ground.events if event.id == key)
