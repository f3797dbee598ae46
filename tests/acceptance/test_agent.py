"""A scripted agent asks the frozen questions of the three-city world over stdio, and each answer is exactly right."""

import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from mcp import Client

from sonik.ingest.samples.world import make_world
from sonik.settings import Settings
from sonik.stores import embedded
from tests.agent.__main__ import CALL_SECONDS, ask_all
from tests.agent.home import NOW, fill, server
from tests.agent.judging import judge
from tests.agent.question import Question, load, settled
from tests.agent.report import Asked

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

QUESTIONS = load()
MOST_TOKENS = 1_500


@pytest.fixture(scope="module")
async def asked(anyio_backend: str) -> AsyncIterator[dict[str, Asked]]:
    """Every question asked once, by its id, over a home of its own: one of them writes."""
    del anyio_backend
    home = Path(tempfile.mkdtemp(prefix="sonik-agent-"))
    try:
        await fill(home)
        async with Client(server(home), read_timeout_seconds=CALL_SECONDS) as client:
            answered, _ = await ask_all(client, QUESTIONS)
        yield {one.question.id: one for one in answered}
    finally:
        await embedded.down(Settings(home=home), force=True)
        shutil.rmtree(home, ignore_errors=True)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: str(question.id))
async def test_the_answer_holds_every_fact_that_is_true_and_none_that_is_not(
    asked: dict[str, Asked], question: Question
) -> None:
    verdict = asked[question.id].verdict
    assert (verdict.missing, verdict.wrong) == ([], [])


async def test_half_of_the_questions_take_one_call_and_what_one_result_may_cost(asked: dict[str, Asked]) -> None:
    calls = sorted(len(one.talk.calls) for one in asked.values())
    tokens = sorted(one.talk.tokens for one in asked.values())
    assert calls[len(calls) // 2] == 1
    assert tokens[len(tokens) // 2] <= MOST_TOKENS


def test_the_frozen_facts_are_those_that_are_true_of_the_world() -> None:
    world = make_world(NOW)
    assert [settled(question, world) for question in QUESTIONS] == QUESTIONS


def test_the_questions_are_spread_over_languages_and_cities() -> None:
    assert len({question.id for question in QUESTIONS}) == len(QUESTIONS) >= 40
    spoken = Counter(question.language for question in QUESTIONS)
    assert set(spoken) == {"es", "pt", "en"}
    assert max(spoken.values()) - min(spoken.values()) <= 3
    for city in ("medellin", "quito", "ciudad-de-mexico"):
        assert sum(city in str((question.source, question.expect)) for question in QUESTIONS) >= 13


@pytest.mark.parametrize(
    ("result", "right"),
    [
        ({"hits": [{"name": "A", "when": "2026-11-21 21:00"}]}, True),
        ({"hits": [{"name": "A", "when": "2026-11-21 21:30"}]}, False),
        ({"hits": [{"name": "A"}], "others": [{"when": "2026-11-21 21:00"}]}, False),
        ({"others": [{"name": "A", "when": "2026-11-21 21:00"}]}, False),
        ({"hits": [{"name": "A", "when": "2026-11-21 21:00"}, {"name": "B", "when": "2026-11-21 21:00"}]}, False),
        ({"hits": [{"name": "A", "when": "2026-11-21 21:00"}], "notes": ["not this"]}, False),
    ],
)
def test_an_answer_counts_only_with_each_fact_whole_in_its_place_and_nothing_beside(
    result: dict[str, object], right: bool
) -> None:
    question = replace(
        QUESTIONS[0], expect=[{"in": "hits", "name": "A", "when": "2026-11-21 21:00"}], only="hits",
        forbid=[{"in": "notes", "text": "~not"}],
    )  # fmt: skip
    assert judge(question, [result]).right is right
