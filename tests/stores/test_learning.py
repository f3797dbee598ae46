"""From a question to a weight: logged, judged, learned in a batch, projected, and read by the next question."""

import pytest

from sonik.engine import Engine
from sonik.retrieval.question import Question
from sonik.settings import Settings
from tests.fix_engine import deliver_projected
from tests.fix_learning import ANA, NIGHTS, OPERATOR, RIVAL, School, names, night

pytestmark = pytest.mark.anyio


async def test_a_useful_answer_comes_first_the_next_time(school: School) -> None:
    before = await school.judge("useful", hit=-1)
    await school.learn()
    assert names(await school.artists())[0] == names(before)[-1]
    assert await school.agrees()


async def test_a_wrong_answer_comes_last_the_next_time_until_that_is_taken_back(school: School) -> None:
    before = await school.judge("wrong", hit=0)
    await school.learn()
    assert names(await school.artists())[-1] == names(before)[0]
    (run,) = (await school.engine.learner.status()).runs
    await school.engine.learner.revert(str(run.id), scope=OPERATOR)
    await school.engine.wait_projected(seconds=60)
    again = await school.artists()
    assert [(hit.card.name, hit.score) for hit in again.hits] == [(hit.card.name, hit.score) for hit in before.hits]
    assert await school.agrees()


async def test_a_search_walks_by_what_was_learned_too(school: School) -> None:
    async def ways() -> dict[str, float]:
        answer = await school.engine.search(Question(query="artistas parecidos a Banda 1"), scope=ANA)
        return {hit.card.name: sum(edge.weight for edge in hit.reason.edges) for hit in answer.hits}

    before = await ways()
    named = names(await school.judge("useful", hit=-1, scope=RIVAL))[-1]
    await school.learn()
    assert (await ways())[named] > before[named] > 0


async def test_walks_without_a_verdict_change_no_order(school: School) -> None:
    before = await school.artists()
    await school.learn()
    assert [hit.score for hit in (await school.artists()).hits] == [hit.score for hit in before.hits]
    assert await school.agrees()


async def test_a_rebuilt_graph_knows_what_was_learned(settings: Settings) -> None:
    async with Engine.open(settings) as engine:
        school = School(engine=engine)
        await deliver_projected(engine, *map(night, range(1, NIGHTS + 1)))
        await school.judge("useful", hit=-1)
        await school.learn()
        learned = await school.artists()
    async with Engine.open(settings, project=False) as engine:
        await engine.rebuild("graph")
        again = await School(engine=engine).artists()
    assert [(hit.card.id, hit.score) for hit in again.hits] == [(hit.card.id, hit.score) for hit in learned.hits]
