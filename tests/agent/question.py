"""A frozen question: its words, what is handed over with it, the facts it must bring and where their truth is from."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from sonik.ingest.samples.world import World
from tests.agent.expected import expected
from tests.agent.truth import Fact

FILE = Path(__file__).with_name("questions.jsonl")
Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One question. `source` names the function of `expected.py` that made its facts, and its arguments.

    `attached` is what a person would hand over with the words; `then` is what they ask next, in the same talk.
    """

    id: str
    language: str
    text: str
    source: Mapping[str, Any]
    attached: Json = field(default_factory=dict)
    then: str = ""
    expect: list[Fact] = field(default_factory=list)
    forbid: list[Fact] = field(default_factory=list)
    only: str = ""


def load() -> list[Question]:
    """Return the frozen questions."""
    return [Question(**json.loads(line)) for line in FILE.read_text(encoding="utf-8").splitlines()]


def settled(question: Question, world: World) -> Question:
    """Return a question with the facts that are true of a world."""
    truth = expected(world, question.source)
    return replace(question, expect=truth.facts, forbid=truth.forbidden, only=truth.only)


def save(questions: Iterable[Question]) -> None:
    """Write the questions, one a line, without what is empty."""
    lines = ({name: value for name, value in asdict(question).items() if value} for question in questions)
    FILE.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines), encoding="utf-8")
