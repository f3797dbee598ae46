"""What the questions took and cost, one by one and by the tools that answered them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.agent.agent import Talk
from tests.agent.judging import Verdict
from tests.agent.question import Question

MOST_SHOWN = 4
COLUMNS = ("calls", "tokens", "ms", "right")
TOLD = """\
A question is right if every fact that is true of the world of three cities is in the results the agent saw, and none
that must not be. Tokens are all that it read of results, data and text together; the list of tools, read once, takes
another {listed:,}. Where the most is far above the median, cursors were followed to the last page. The first question
waits for the stores. How the questions are made is told in [Contributing](../../CONTRIBUTING.md#frozen-questions).
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A question, what was called for it, and whether the answer was right."""

    question: Question
    talk: Talk
    verdict: Verdict

    @property
    def way(self) -> str:
        """The tools that were called, in order of their first call."""
        return ", ".join(dict.fromkeys(call.tool.removeprefix("sonik_") for call in self.talk.calls))


def by_way(asked: Sequence[Asked]) -> Table:
    """Return what each way to an answer takes and costs."""
    ways: dict[str, list[Asked]] = defaultdict(list)
    for one in asked:
        ways[one.way].append(one)
    table = Table("tools", title="What a question costs", title_justify="left")
    for column in ("questions", "calls, median", "most", "tokens, median", "most", "ms, median", "right"):
        table.add_column(column, justify="right")
    for way, those in sorted(ways.items(), key=lambda way: (-len(way[1]), way[0])):
        table.add_row(way, *_figures(those))
    table.add_section()
    table.add_row("all", *_figures(asked))
    return table


def by_question(asked: Sequence[Asked]) -> Table:
    """Return what each question took, cost and came to."""
    table = Table("question", "language", "tools", title="Frozen questions, asked over stdio", title_justify="left")
    for column in COLUMNS:
        table.add_column(column, justify="right")
    for one in asked:
        table.add_row(
            one.question.id, one.question.language, one.way, str(len(one.talk.calls)), f"{one.talk.tokens:,}",
            f"{one.talk.ms:,.0f}", "yes" if one.verdict.right else "NO",
        )  # fmt: skip
    return table


def explain(console: Console, asked: Sequence[Asked]) -> None:
    """Print of every wrong answer what was missing, what stood there that must not, and what was called."""
    for one in asked:
        if not one.verdict.right:
            _explain(console, one)


def _figures(asked: Sequence[Asked]) -> list[str]:
    calls = [len(one.talk.calls) for one in asked] or [0]
    tokens = [one.talk.tokens for one in asked] or [0]
    ms = median([one.talk.ms for one in asked] or [0])
    right = sum(one.verdict.right for one in asked)
    return [
        str(len(asked)), f"{median(calls):g}", str(max(calls)), f"{median(tokens):,.0f}", f"{max(tokens):,}",
        f"{ms:,.0f}", f"{right}/{len(asked)}",
    ]  # fmt: skip


def _explain(console: Console, one: Asked) -> None:
    console.print(f"\n{one.question.id}: {one.question.text}", style="bold", markup=False)
    console.print(f"missing: {one.verdict.missing[:MOST_SHOWN]}", markup=False)
    console.print(f"wrong: {one.verdict.wrong[:MOST_SHOWN]}", markup=False)
    for call in one.talk.calls:
        console.print(f"  {call.tool} {call.arguments} {call.error or ''}", markup=False)
