"""A server at work: what its tool list costs, how long a call takes, and how much memory it holds."""

import subprocess
from pathlib import Path
from time import perf_counter

from mcp import Client

from sonik.retrieval.pack import cost
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.types import JsonObject
from tests.bench.homes import Homes, server
from tests.bench.questions import QUESTIONS
from tests.bench.spread import spread, without_gc
from tests.bench.starting import CALL_SECONDS

SEARCHES = 200
WARM_UP = 20


async def serving(homes: Homes) -> JsonObject:
    """List the tools, then search over stdio, then look at the process."""
    settings = (await homes.filled()).settings
    async with Client(server(settings), read_timeout_seconds=CALL_SECONDS) as client:
        listed = (await client.list_tools()).model_dump(mode="json", by_alias=True, exclude_none=True)
        for query in QUESTIONS[:WARM_UP]:
            await client.call_tool("sonik_search", {"query": query})
        with without_gc():
            taken = [await _call(client, QUESTIONS[turn % len(QUESTIONS)]) for turn in range(SEARCHES)]
        memory = resident_mib(_server_pid(settings))
    return {
        "tool_list_tokens": cost({"tools": listed["tools"]}),
        "tool_call_ms": spread(taken),
        "server_rss_mib": round(memory, 1),
    }


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process in MiB."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        (line,) = (line for line in status.read_text(encoding="utf-8").splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024
    asked = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(asked.stdout) / 1024


async def _call(client: Client, query: str) -> float:
    started = perf_counter()
    result = await client.call_tool("sonik_search", {"query": query})
    taken = (perf_counter() - started) * 1000
    if result.is_error:
        raise RuntimeError(f"the question {query!r} failed: {result.content}")
    return taken


def _server_pid(settings: Settings) -> int:
    """Return the process that uses the stores of the home: the bench itself does not at the moment."""
    (pid,) = embedded.status(settings).clients
    return pid
