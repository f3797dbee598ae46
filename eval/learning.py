"""Is learning worth having? A crowd with a hidden taste uses the shipped engine, and the answers are judged by it.

Traces, verdicts and weights travel as they do in service: questions are logged, verdicts judged, the write-back runs
as a job, the projector carries weights into the graph, and the next question reads them there.
"""

import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from uuid import UUID

from pydantic import TypeAdapter

from eval.dataset import Qrels
from eval.learning_arms import Arms, learned, opened_postgres, popularity, shuffled
from eval.learning_crowd import Answered, Crowd, Question, ask
from eval.metrics import judge
from eval.significance import Difference, difference
from sonik.engine import Engine
from sonik.errors import Misconfigured
from sonik.ingest.files import read_rows
from sonik.ingest.intake import Delivery
from sonik.ingest.mapping import load_mapping
from sonik.ingest.samples.world import SEED, write_world
from sonik.settings import Settings
from sonik.stores.addresses import attached
from sonik.stores.graph import Graphs
from sonik.types import JsonObject, Scope

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
JUDGE = Scope(organisation="judge", user="judge")
OPERATOR = Scope(role="ops", user="replay")
POISONER = "poison"
ROUNDS = 4
PROJECTED_SECONDS = 120.0
TARGETS = 10
METRIC = "ndcg@10"
ARMS = ("plain", "learned", "shuffled", "popularity")


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How large a replay is: who takes part, how much they ask, and how often a verdict is wrong.

    The poisoner asks `poison_factor` times as much as an organisation of the crowd does on average.
    """

    seed: int = SEED
    organisations: int = 40
    accounts: int = 3
    asks: int = 1_000
    noise: float = 0.2
    poison_accounts: int = 50
    poison_factor: int = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Replay:
    """What a replay found.

    `metrics` are the mean nDCG@10 of each arm, how the tail fared, and how far a poisoner moved any weight;
    `above` tells how much better the learned weights are than each other arm; `per_query` holds the nDCG@10 of every
    question by arm, `tail` the questions whose start nobody of the crowd had asked about.
    """

    metrics: Mapping[str, float]
    above: Mapping[str, Difference]
    per_query: Mapping[str, Mapping[str, float]]
    tail: tuple[str, ...]
    verdicts: int
    plan: Plan

    def as_json(self) -> JsonObject:
        """Return it as plain data; the plan is what other runs call their settings."""
        found: JsonObject = TypeAdapter(Replay).dump_python(self, mode="json")
        return {"holds": self.holds, "settings": found.pop("plan"), **found}

    @property
    def holds(self) -> bool:
        """Whether learning is worth having, harms no tail and cannot be pumped."""
        better = all(difference.estimate.low > 0 for difference in self.above.values())
        return better and self.metrics["tail_ratio"] >= 0.98 and self.metrics["poison_shift_max"] <= 0.05


async def replay(home: Path, *, plan: Plan | None = None) -> Replay:
    """Run the whole proof in a data directory of its own; one that holds the sample world already is used as it is."""
    plan = plan or Plan()
    settings = Settings(home=home, now=NOW, market="quito", cache="off")
    async with Engine.open(settings) as engine, _arms(settings) as arms:
        await filled(engine, home / "world", seed=plan.seed)
        if await arms.lessons():
            raise Misconfigured("This home has learned before.", next_step="Give a new SONIK_HOME.")
        crowd = Crowd(seed=plan.seed, organisations=plan.organisations, accounts=plan.accounts, noise=plan.noise)
        questions = crowd.questions(await arms.acquaintances(collection=settings.collection))
        scores = {"plain": await _scores(engine, questions)}
        verdicts = await _live(engine, crowd, questions, plan=plan)
        scores["learned"] = await _scores(engine, questions)
        scores |= await _ablated(engine, arms, questions, plan=plan)
        shift = await _poisoned(engine, arms, questions, plan=plan)
    tail = tuple(one.id for one in questions if not crowd.asked_about(one.start))
    return _result(scores, tail=tail, shift=shift, verdicts=verdicts, plan=plan)


async def filled(engine: Engine, folder: Path, *, seed: int = SEED) -> None:
    """Take the world of three cities in, unless it is there."""
    world = write_world(folder, NOW, seed=seed)
    for delivery in world.deliveries:
        mapping = load_mapping(delivery.mapping)
        whole = Delivery(source=mapping.source, scope=Scope(role="ingest"))
        await engine.ingest(read_rows(folder / delivery.file, mapping=mapping), delivery=whole, mapping=mapping)
    await engine.wait_projected(seconds=PROJECTED_SECONDS)


@asynccontextmanager
async def _arms(settings: Settings) -> AsyncIterator[Arms]:
    async with (
        attached(settings) as addresses,
        opened_postgres(settings, addresses) as postgres,
        Graphs(addresses.graph, timeout_seconds=settings.store_timeout_seconds) as graphs,
    ):
        yield Arms(postgres=postgres, graphs=graphs)


async def _live(engine: Engine, crowd: Crowd, questions: Sequence[Question], *, plan: Plan) -> int:
    """Let the crowd ask and judge, and learn from it a few times; return how many verdicts it gave."""
    verdicts = 0
    for _ in range(ROUNDS):
        for scope, question in crowd.traffic(questions, asks=plan.asks // ROUNDS):
            answered = await ask(engine, question, scope=scope)
            verdict = crowd.verdict(question, answered)
            if verdict is not None:
                refs = [UUID(ref) for ref in verdict.refs]
                await engine.learner.judge(answered.trace_id, verdict.verdict, refs=refs, scope=scope)
                verdicts += 1
        await _learn(engine)
    return verdicts


async def _ablated(
    engine: Engine, arms: Arms, questions: Sequence[Question], *, plan: Plan
) -> dict[str, dict[str, float]]:
    """Score the questions with the learned values shuffled, and with popularity in their place; then put them back."""
    lessons = await arms.lessons()
    scores = {}
    for name, values in {"shuffled": shuffled(lessons, seed=plan.seed), "popularity": popularity(lessons)}.items():
        await arms.put(values)
        await engine.wait_projected(seconds=PROJECTED_SECONDS)
        scores[name] = await _scores(engine, questions)
    await arms.put(learned(lessons))
    await engine.wait_projected(seconds=PROJECTED_SECONDS)
    return scores


async def _poisoned(engine: Engine, arms: Arms, questions: Sequence[Question], *, plan: Plan) -> float:
    """Let one organisation push its favourites with many accounts; return the most that any weight has moved."""
    before = await arms.weights()
    chance = random.Random(f"poison:{plan.seed}")
    aims = chance.sample(list(questions), min(TARGETS, len(questions)))
    for number in range(plan.poison_factor * plan.asks // plan.organisations):
        scope = Scope(organisation=POISONER, user=f"{POISONER}-{number % plan.poison_accounts}")
        answered = await ask(engine, aims[number % len(aims)], scope=scope)
        await _push(engine, answered, scope=scope)
    await _learn(engine)
    after = await arms.weights()
    return max(abs(after[edge] - before[edge]) for edge in before)


async def _push(engine: Engine, answered: Answered, *, scope: Scope) -> None:
    """Praise the last hit whatever it is: the poisoner's own is never first."""
    if answered.hits:
        await engine.learner.judge(answered.trace_id, "useful", refs=[UUID(answered.hits[-1])], scope=scope)


async def _learn(engine: Engine) -> None:
    job = await engine.learner.run(scope=OPERATOR)
    if job.status != "succeeded":
        raise Misconfigured(f"The write-back has {job.status}.", next_step="See its error with `sonik job`.")
    await engine.wait_projected(seconds=PROJECTED_SECONDS)


async def _scores(engine: Engine, questions: Sequence[Question]) -> dict[str, float]:
    """Return the nDCG@10 of every question as the engine answers it now."""
    ranked = {one.id: (await ask(engine, one, scope=JUDGE)).hits for one in questions}
    qrels = Qrels(grades={one.id: dict.fromkeys(one.relevant, 1) for one in questions})
    return {question: scores[METRIC] for question, scores in judge(qrels, ranked).items()}


def _result(
    scores: Mapping[str, Mapping[str, float]], *, tail: Sequence[str], shift: float, verdicts: int, plan: Plan
) -> Replay:
    metrics = {f"{METRIC}.{arm}": fmean(scores[arm].values()) for arm in ARMS}
    before, after = (fmean(scores[arm][key] for key in tail) for arm in ("plain", "learned"))
    metrics |= {"tail_ratio": after / before, "poison_shift_max": shift}
    above = {arm: _above(scores, arm) for arm in ARMS if arm != "learned"}
    per_query = {key: {arm: scores[arm][key] for arm in ARMS} for key in scores["plain"]}
    return Replay(metrics=metrics, above=above, per_query=per_query, tail=tuple(tail), verdicts=verdicts, plan=plan)


def _above(scores: Mapping[str, Mapping[str, float]], arm: str) -> Difference:
    ours = scores["learned"]
    return difference(list(ours.values()), [scores[arm][question] for question in ours])
