"""What the questions took and cost: a table for the terminal, and the page of the docs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.agent.agent import Talk
from tests.agent.home import NOW
from tests.agent.judging import Verdict
from tests.agent.question import Question

MOST_SHOWN = 4
PAGE = """\
<!-- Written by `python -m tests.agent --write-docs`. Numbers are not edited by hand. -->

# What a question costs an agent

{count} frozen questions in {languages}, asked of `sonik serve` over stdio by a scripted agent: {right} answered \
with every fact that is true of the world of three cities on {day}, and with none that must not stand there.

| Way | Questions | Calls, median | most | Tokens, median | most |
| --- | ---: | ---: | ---: | ---: | ---: |
{rows}

Tokens are all that the agent reads of results, structured data and text together. The list of tools, read once, takes \
another {listed:,}. Where the most is much more than the median, a cursor was followed to the last page.

The questions and their facts are in `tests/agent/questions.jsonl`; [how they are made and asked]\
(../CONTRIBUTING.md#frozen-questions).
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


def show(console: Console, asked: Sequence[Asked], *, listed: int) -> None:
    """Print every question, and of wrong answers what was missing and what stood there that must not."""
    table = Table("question", "language", "tools", title="Frozen questions, asked over stdio", title_justify="left")
    for column in ("calls", "tokens", "ms", "right"):
        table.add_column(column, justify="right")
    for one in asked:
        table.add_row(
            one.question.id, one.question.language, one.way, str(len(one.talk.calls)), f"{one.talk.tokens:,}",
            f"{one.talk.ms:,.0f}", "yes" if one.verdict.right else "NO",
        )  # fmt: skip
    table.add_section()
    ms = median([one.talk.ms for one in asked] or [0])
    table.add_row(
        f"{len(asked)} questions, a median", "", "", f"{median(_calls(asked)):g}", f"{median(_tokens(asked)):,.0f}",
        f"{ms:,.0f}", _right(asked),
    )  # fmt: skip
    console.print(table)
    console.print(f"tool list: {listed:,} tokens, read once; the first call waits for the stores", highlight=False)
    for one in asked:
        if not one.verdict.right:
            _explain(console, one)


def page(asked: Sequence[Asked], *, listed: int) -> str:
    """Return the page of the docs: what each way to an answer costs."""
    ways: dict[str, list[Asked]] = defaultdict(list)
    for one in asked:
        ways[one.way].append(one)
    ordered = sorted(ways.items(), key=lambda way: (-len(way[1]), way[0]))
    spoken: Mapping[str, str] = {"es": "Spanish", "pt": "Portuguese", "en": "English"}
    languages = dict.fromkeys(spoken[one.question.language] for one in asked)
    return PAGE.format(
        count=len(asked), languages=", ".join(languages), right=_right(asked), day=f"{NOW:%Y-%m-%d}", listed=listed,
        rows="\n".join([*(_row(way, those) for way, those in ordered), _row("all", asked)]),
    )  # fmt: skip


def _row(way: str, asked: Sequence[Asked]) -> str:
    calls, tokens = _calls(asked), _tokens(asked)
    return (
        f"| {way} | {len(asked)} | {median(calls):g} | {max(calls)} | {median(tokens):,.0f} | {max(tokens):,} |"
    )  # fmt: skip


def _explain(console: Console, one: Asked) -> None:
    console.print(f"\n{one.question.id}: {one.question.text}", style="bold", markup=False)
    console.print(f"missing: {one.verdict.missing[:MOST_SHOWN]}", markup=False)
    console.print(f"wrong: {one.verdict.wrong[:MOST_SHOWN]}", markup=False)
    for call in one.talk.calls:
        console.print(f"  {call.tool} {call.arguments} {call.error or ''}", markup=False)


def _right(asked: Sequence[Asked]) -> str:
    return f"{sum(one.verdict.right for one in asked)}/{len(asked)}"


def _calls(asked: Sequence[Asked]) -> list[int]:
    return [len(one.talk.calls) for one in asked] or [0]


def _tokens(asked: Sequence[Asked]) -> list[int]:
    return [one.talk.tokens for one in asked] or [0]
