"""`python -m tests.agent`: ask every frozen question of a real `sonik serve`, and print what each took and cost."""

import asyncio
import shutil
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from mcp import Client
from rich.console import Console

from sonik.ingest.samples.world import make_world
from sonik.settings import Settings
from sonik.stores import embedded
from tests.agent.agent import Agent
from tests.agent.home import NOW, fill, server
from tests.agent.judging import judge
from tests.agent.question import Question, load, save, settled
from tests.agent.report import TOLD, Asked, by_question, by_way, explain
from tests.bench.proofs import write_proof

CALL_SECONDS = 60
WIDTH = 120


async def ask_all(client: Client, questions: Sequence[Question]) -> tuple[list[Asked], int]:
    """Ask one after the other; return the answers, and what the tool list cost."""
    agent = Agent(client=client)
    listed = await agent.learn()
    asked = []
    for question in questions:
        talk = await agent.answer(question)
        asked.append(Asked(question=question, talk=talk, verdict=judge(question, talk.results)))
    return asked, listed


def main() -> None:
    """Ask, or freeze the facts anew."""
    told = _arguments()
    if told.freeze:
        world = make_world(NOW)
        save([settled(question, world) for question in load()])
        return
    questions = [one for one in load() if not told.only or one.id in told.only]
    asked, listed = asyncio.run(_over_stdio(questions, told.home))
    console = Console()
    if not console.is_terminal:
        console.width = WIDTH
    tables = [by_way(asked), by_question(asked)]
    console.print(*reversed(tables))
    console.print(f"tool list: {listed:,} tokens, read once", highlight=False)
    explain(console, asked)
    if told.write_docs:
        write_proof("agent", title="Frozen questions", tables=tables, told=TOLD.format(listed=listed))
    sys.exit(any(not one.verdict.right for one in asked))


async def _over_stdio(questions: Sequence[Question], kept: Path | None) -> tuple[list[Asked], int]:
    """Ask over stdio; a home that was named is filled once and kept."""
    home = kept or Path(tempfile.mkdtemp(prefix="sonik-agent-"))
    busy = Console(stderr=True)
    try:
        if not (home / "postgres").exists():
            with busy.status("taking the world in"):
                await fill(home)
        with busy.status(f"asking {len(questions)} questions"):
            async with Client(server(home), read_timeout_seconds=CALL_SECONDS) as client:
                return await ask_all(client, questions)
    finally:
        await embedded.down(Settings(home=home), force=True)
        if kept is None:
            shutil.rmtree(home, ignore_errors=True)


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.agent", description="A scripted agent asks the frozen questions.")
    parser.add_argument("--only", nargs="+", choices=[one.id for one in load()], metavar="ID", help="ask these alone")
    parser.add_argument(
        "--home", type=Path, help="fill this home once and keep it; what a question writes is then written already"
    )
    parser.add_argument("--freeze", action="store_true", help="write the facts into the questions anew, from the truth")
    parser.add_argument("--write-docs", action="store_true", help="also write the page of the docs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
