"""A crowd with a taste of its own: what it asks, what would please it, and what it says of the answers it gets."""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sonik.engine import Engine
from sonik.retrieval.question import Question as Words
from sonik.retrieval.traversal import Traversal
from sonik.types import Scope

DEPTH = 10
FEWEST_TARGETS = 3
LIKED = 0.4
# The share of starts nobody of the crowd asks about: the tail.
UNASKED = 0.3
MOST_NAMED = 3
WORDED = ("artistas parecidos a {name}", "artists similar to {name}", "artistas parecidos com {name}")
Patterns = Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Acquaintance:
    """A target that an event leads to from a start."""

    pattern: str
    start: str
    name: str
    start_id: str
    namesakes: int
    target: str
    event: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Something to ask, by pattern or in words, and the targets that would please the crowd."""

    id: str
    start: str
    start_id: str
    pattern: str
    words: str | None
    relevant: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """What came back: its trace, and the ids of its hits in order, the start left out."""

    trace_id: str
    hits: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What an agent says of an answer, and of which hits."""

    verdict: str
    refs: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Crowd:
    """Agents of many organisations that like the same nights, and err now and then.

    A night is liked by the toss of a seeded coin; a target pleases when a liked night leads to it. Nothing of this is
    in the data, so only the agents' verdicts can tell the engine.
    """

    seed: int
    organisations: int
    accounts: int
    noise: float
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(f"crowd:{self.seed}")

    def likes(self, event: str) -> bool:
        """Say whether the crowd likes a night."""
        return random.Random(f"taste:{self.seed}:{event}").random() < LIKED

    def questions(self, known: Sequence[Acquaintance]) -> list[Question]:
        """Return every question that has both pleasing and other targets."""
        around: dict[tuple[str, str], list[Acquaintance]] = defaultdict(list)
        for one in known:
            around[one.pattern, one.start].append(one)
        return [question for found in around.values() for question in self._of(found)]

    def asked_about(self, start: str) -> bool:
        """Say whether the crowd ever asks about a start."""
        return random.Random(f"asked:{self.seed}:{start}").random() >= UNASKED

    def traffic(self, questions: Sequence[Question], *, asks: int) -> Iterator[tuple[Scope, Question]]:
        """Yield who asks what: few questions often, many seldom."""
        asked = [question for question in questions if self.asked_about(question.start)]
        self.chance.shuffle(asked)
        weights = [1.0 / (place + 5) ** 0.5 for place in range(len(asked))]
        for question in self.chance.choices(asked, weights, k=asks):
            organisation = f"org-{self.chance.randrange(self.organisations)}"
            account = f"{organisation}-{self.chance.randrange(self.accounts)}"
            yield Scope(organisation=organisation, user=account), question

    def verdict(self, question: Question, answered: Answered) -> Verdict | None:
        """Return what an agent says: mostly the truth, and with some probability the contrary."""
        erring = self.chance.random() < self.noise
        pleasing = [hit for hit in answered.hits if (hit in question.relevant) != erring]
        others = [hit for hit in answered.hits if (hit in question.relevant) == erring]
        if not pleasing:
            return Verdict(verdict="dead_end") if answered.hits else None
        if others and self.chance.random() < 0.5:
            return Verdict(verdict="wrong", refs=tuple(others[:MOST_NAMED]))
        return Verdict(verdict="useful", refs=tuple(pleasing[:MOST_NAMED]))

    def _of(self, found: Sequence[Acquaintance]) -> Iterator[Question]:
        targets = {one.target for one in found}
        relevant = frozenset(one.target for one in found if self.likes(one.event))
        if len(targets) < FEWEST_TARGETS or not 0 < len(relevant) < len(targets):
            return
        one = found[0]
        asked: list[str | None] = [None]
        if one.pattern == "similar" and one.namesakes == 1:
            asked += [words.format(name=one.name) for words in WORDED]
        for number, words in enumerate(asked):
            yield Question(
                id=f"{one.pattern}:{one.start}:{number}", start=one.start, start_id=one.start_id, pattern=one.pattern,
                words=words, relevant=relevant,
            )  # fmt: skip


async def ask(engine: Engine, question: Question, *, scope: Scope) -> Answered:
    """Ask the engine as an agent does: by pattern, or in words."""
    if question.words is not None:
        answer = await engine.search(Words(query=question.words, kinds=("artist",), limit=DEPTH + 1), scope=scope)
        ids, trace_id = [str(hit.card.id) for hit in answer.hits], answer.trace.trace_id
    else:
        walk = Traversal(start=question.start, pattern=question.pattern, limit=DEPTH + 1)
        found = await engine.traverse(walk, scope=scope)
        ids, trace_id = [str(hit.card.id) for hit in found.hits], found.trace.trace_id
    others = [key for key in ids if key != question.start_id]
    return Answered(trace_id=trace_id, hits=tuple(others[:DEPTH]))
