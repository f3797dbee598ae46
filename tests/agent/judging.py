"""Whether an answer is right: every expected fact stands in the results that were seen, and no forbidden one does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.agent.question import Question
from tests.agent.truth import Fact

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What was missing, and what stood there that must not."""

    missing: list[Fact]
    wrong: list[Fact]

    @property
    def right(self) -> bool:
        """Whether the answer counts."""
        return not self.missing and not self.wrong


def judge(question: Question, results: Sequence[Json]) -> Verdict:
    """Hold the results an agent saw against what a question expects.

    Where a question says in which section its answer stands, whatever else stands there is wrong.
    """
    seen = [pair for result in results for pair in _objects(result, "")]
    missing = [fact for fact in question.expect if not any(_holds(fact, section, one) for section, one in seen)]
    wrong = [fact for fact in question.forbid if any(_holds(fact, section, one) for section, one in seen)]
    listed = [one for section, one in seen if question.only and section == question.only]
    extra = [one for one in listed if not any(_holds(fact, question.only, one) for fact in question.expect)]
    return Verdict(missing=missing, wrong=wrong + [_told(one) for one in extra])


def _objects(value: object, section: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield every object in a result and the name of the field it stands in; a text counts as an object of its own."""
    if isinstance(value, Mapping):
        yield section, value
        for name, inner in value.items():
            yield from _objects(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _objects(inner, section)
    elif isinstance(value, str):
        yield section, {"text": value}


def _holds(fact: Fact, section: str, one: Mapping[str, object]) -> bool:
    """Say whether an object is the fact: of each field the very value, ``*`` for any, ``~`` before a part of it."""
    if fact.get("in", section) != section:
        return False
    return all(name == "in" or _is(wanted, one.get(name)) for name, wanted in fact.items())


def _is(wanted: object, found: object) -> bool:
    if wanted == "*":
        return found is not None
    if isinstance(wanted, str) and wanted.startswith("~"):
        return isinstance(found, str) and wanted[1:] in found
    return wanted == found


def _told(one: Mapping[str, object]) -> Fact:
    return {name: one[name] for name in ("name", "when", "venue", "price", "ref") if name in one}
