"""The write-back over truth: what verdicts are worth, each drawn once, capped, faded, and taken back."""

from typing import LiteralString

import pytest

from sonik.errors import Conflict, InvalidInput, NotFound
from sonik.jobs.retention import DAILY, NAME, Retention
from sonik.jobs.worker import Worker
from sonik.learning.voices import ACTOR_SHARE, ORGANISATION_CAP
from sonik.settings import Settings
from sonik.sync.weights import HALF_LIFE_DAYS
from sonik.types import Scope
from tests.fix_learning import ANA, BRUNO, OPERATOR, RIVAL, Desk

pytestmark = pytest.mark.anyio

# What a single verdict of a single actor is worth: half of an actor's share, for doubt.
ONE_VERDICT = ORGANISATION_CAP * ACTOR_SHARE / 2
VERDICTS: LiteralString = "select trace_id from unified.verdicts"


async def test_one_verdict_raises_the_edges_of_its_hit_by_what_one_voice_is_worth(desk: Desk) -> None:
    await desk.judge("useful")
    summary = await desk.learn()
    raised = [row for row in await desk.lessons() if row["learned"]]
    assert sorted((str(row["type"]), str(row["lens"])) for row in raised) == [
        ("HOSTED_BY", "all"), ("HOSTED_BY", "operations"), ("PERFORMS_AT", "all"), ("PERFORMS_AT", "operations"),
    ]  # fmt: skip
    assert [row["learned"] for row in raised] == [pytest.approx(ONE_VERDICT)] * 4
    assert (summary["traces"], summary["verdicts"]) == (1, 1)


async def test_a_verdict_on_the_whole_answer_is_shared_by_its_hits(desk: Desk) -> None:
    await desk.judge("dead_end", hits=())
    await desk.learn()
    rewards = [row["rewards"] for row in await desk.lessons() if row["lens"] == "all"]
    assert rewards == [pytest.approx(-1 / 3, abs=1e-4)] * 6


async def test_walks_without_a_verdict_are_counted_and_teach_nothing(desk: Desk) -> None:
    for _ in range(3):
        await desk.ask()
    await desk.learn()
    assert {(row["traversals"], row["learned"]) for row in await desk.lessons()} == {(3, 0.0)}


async def test_every_relearned_edge_is_sent_on_once(desk: Desk) -> None:
    await desk.judge("useful", hits=(0, 1))
    await desk.truth.rows("delete from unified.outbox returning 1")
    await desk.learn()
    sent = await desk.truth.column("select aggregateid from unified.outbox where aggregatetype = 'relationship'")
    assert sorted(map(str, sent)) == sorted(str(eid) for _, edges in desk.ways for eid in edges)


async def test_a_second_run_over_the_same_log_changes_nothing(desk: Desk) -> None:
    await desk.judge("useful")
    await desk.learn()
    before = (await desk.lessons(), await desk.truth.everything())
    again = await desk.learn()
    after = (await desk.lessons(), await desk.truth.everything())
    assert (again["traces"], again["verdicts"], again["edges"]) == (0, 0, 0)
    assert after[0] == before[0]
    assert after[1]["outbox"] == before[1]["outbox"]
    assert len((await desk.learner.status()).runs) == 1


async def test_a_trace_that_commits_late_is_learned_from_too(desk: Desk) -> None:
    async with desk.truth.postgres.writing() as session:
        await session.execute("select pg_current_xact_id()")
        await desk.judge("useful")
        held = await desk.learn()
    late = await desk.learn()
    assert (held["traces"], held["verdicts"]) == (0, 0)
    assert (late["traces"], late["verdicts"]) == (1, 1)


async def test_an_organisation_moves_no_edge_further_than_its_cap(desk: Desk) -> None:
    for number in range(60):
        await desk.judge("useful", scope=Scope(organisation="poison", user=f"bot-{number % 20}"))
        if number % 20 == 19:
            await desk.learn()
    assert max(float(str(row["learned"])) for row in await desk.lessons()) == pytest.approx(ORGANISATION_CAP)
    await desk.judge("useful", scope=RIVAL)
    await desk.learn()
    reached = max(float(str(row["learned"])) for row in await desk.lessons())
    assert reached == pytest.approx(ORGANISATION_CAP + ONE_VERDICT)


async def test_callers_without_an_organisation_are_one_together(desk: Desk) -> None:
    for number in range(30):
        await desk.judge("useful", scope=Scope(user=f"guest-{number}"))
    await desk.learn()
    assert max(float(str(row["learned"])) for row in await desk.lessons()) == pytest.approx(ORGANISATION_CAP)


async def test_a_house_of_one_organisation_may_raise_the_cap(desk: Desk) -> None:
    desk.cap = 1.0
    for number in range(3):
        await desk.judge("useful", scope=Scope(user=f"guest-{number}"))
    await desk.learn()
    assert max(float(str(row["learned"])) for row in await desk.lessons()) == pytest.approx(3 * 0.2)


async def test_a_run_that_is_taken_back_leaves_what_others_have_taught(desk: Desk) -> None:
    await desk.judge("useful", scope=RIVAL)
    await desk.learn()
    taught = await desk.lessons()
    for _ in range(3):
        await desk.judge("wrong", hits=(2,))
    await desk.learn()
    assert await desk.lessons() != taught
    latest = (await desk.learner.status()).runs[0]
    job = await desk.learner.revert(str(latest.id), scope=OPERATOR)
    assert (job.status, await desk.lessons()) == ("succeeded", taught)
    assert (await desk.learn())["edges"] == 0
    with pytest.raises(Conflict, match="taken back already"):
        await desk.learner.revert(str(latest.id), scope=OPERATOR)


@pytest.mark.parametrize(
    ("run", "error"), [("nothing", InvalidInput), ("019aa7a5-9d2c-7e34-8d5e-0c1f6f5a2b10", NotFound)]
)
async def test_only_a_run_that_taught_something_can_be_taken_back(
    desk: Desk, run: str, error: type[Exception]
) -> None:  # fmt: skip
    with pytest.raises(error):
        await desk.learner.revert(run, scope=OPERATOR)


async def test_what_was_learned_fades_by_half_each_half_life(desk: Desk) -> None:
    await desk.judge("useful")
    await desk.learn()
    desk.truth.later(days=HALF_LIFE_DAYS)
    assert (await desk.learn())["edges"] == 2
    faded = [row["learned"] for row in await desk.lessons() if row["learned"]]
    assert faded == [pytest.approx(ONE_VERDICT / 2)] * 4


async def test_evidence_leaves_with_its_age_and_the_edge_is_left_as_it_was_taught_by_the_rest(desk: Desk) -> None:
    await desk.judge("useful", scope=RIVAL)
    await desk.learn()
    desk.truth.later(days=721)
    await desk.judge("useful", scope=ANA)
    await desk.learn()
    limits = Retention.of(Settings(), clock=desk.truth.clock)
    worker = Worker(
        postgres=desk.truth.postgres, handlers={NAME: limits.handler}, clock=desk.truth.clock, schedule=[DAILY]
    )  # fmt: skip
    await worker.drain()
    assert await desk.truth.column("select distinct owner_org from unified.edge_evidence") == ["acme"]


async def test_of_an_edge_that_is_gone_nothing_is_learned(desk: Desk) -> None:
    await desk.judge("useful")
    await desk.truth.rows("delete from unified.relationships returning 1")
    assert (await desk.learn())["traces"] == 1
    assert await desk.lessons() == []


async def test_saying_the_same_again_changes_nothing(desk: Desk) -> None:
    trace = await desk.judge("useful", hits=(0,))
    await desk.judge("useful", hits=(0,), trace=trace)
    assert await desk.truth.column(VERDICTS) == [trace]


async def test_a_colleague_may_judge_and_nobody_judges_twice(desk: Desk) -> None:
    trace = await desk.judge("useful", scope=BRUNO, trace=await desk.ask(scope=ANA))
    with pytest.raises(InvalidInput, match="was judged already: useful"):
        await desk.judge("wrong", trace=trace)


@pytest.mark.parametrize("scope", [RIVAL, Scope(), Scope(organisation="acme", collection="bench")])
async def test_a_foreign_trace_is_as_unknown_as_one_that_never_was(desk: Desk, scope: Scope) -> None:
    trace = await desk.ask(scope=ANA)
    with pytest.raises(NotFound, match=f"No trace '{trace}' of yours") as foreign:
        await desk.judge("useful", trace=trace, scope=scope)
    with pytest.raises(NotFound) as unknown:
        await desk.judge("useful", trace="0123456789abcdef", scope=scope)
    assert foreign.value.next_step == unknown.value.next_step
    assert await desk.truth.column(VERDICTS) == []
    assert await desk.truth.column("select action from unified.audit_log where action like 'learn%%'") == []


async def test_a_verdict_nobody_knows_or_of_what_was_no_hit_is_refused(desk: Desk) -> None:
    trace = await desk.ask(hits=1)
    with pytest.raises(InvalidInput, match="No verdict 'usefull'") as error:
        await desk.judge("usefull", trace=trace)
    assert error.value.next_step == "Did you mean 'useful'?"
    with pytest.raises(InvalidInput, match="1 refs were no hits"):
        await desk.judge("useful", hits=(2,), trace=trace)
    assert await desk.truth.column(VERDICTS) == []


async def test_the_status_tells_what_waits_and_what_was_taught(desk: Desk) -> None:
    await desk.judge("useful")
    await desk.ask()
    waiting = await desk.learner.status()
    await desk.learn()
    done = await desk.learner.status()
    assert (waiting.traces_waiting, waiting.verdicts_waiting, waiting.edges_raised) == (2, 1, 0)
    assert (done.traces_waiting, done.verdicts_waiting, done.edges_raised, done.edges_to_weigh) == (0, 0, 2, 0)
    assert [(run.edges, run.actor, run.reverted_at) for run in done.runs] == [(6, "olga", None)]
