"""The engine without a protocol: the same calls on the tools of one process. `python -m tests.load.alone` is one."""

import asyncio
import json
import sys
from pathlib import Path

from sonik.engine import Engine
from sonik.errors import SonikError
from sonik.settings import Settings
from sonik.stores.allocator import share_arenas
from tests.bench.homes import NOW, READER, ROOT
from tests.load.calls import Asking, Call
from tests.load.laps import Laps, drive
from tools.catalog import BY_NAME


def settings_of(home: Path) -> Settings:
    """Return the settings of a home under load."""
    return Settings(home=home, now=NOW, market="medellin")


async def measure(home: Path, *, processes: int, tasks: int, seconds: float, entities: int) -> Laps:
    """Return what so many processes do at once, with so many tasks each."""
    told = [str(one) for one in (home, tasks, seconds, entities)]
    running = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.load.alone", *told, str(number), stdout=asyncio.subprocess.PIPE, cwd=ROOT
        )
        for number in range(processes)
    ]  # fmt: skip
    outputs = [(await process.communicate())[0] for process in running]
    if any(process.returncode for process in running):
        raise RuntimeError("the engine alone failed; its message is above")
    first, *others = (Laps.of(json.loads(output)) for output in outputs)
    for one in others:
        first = first.beside(one)
    return first


async def _run(home: Path, *, tasks: int, seconds: float, entities: int, number: int) -> Laps:
    share_arenas()
    asking = Asking(entities=entities)
    async with Engine.open(settings_of(home), project=False) as engine:

        async def ask(call: Call) -> str:
            try:
                await BY_NAME[call.tool].call(engine, READER, call.arguments)
            except SonikError as error:
                return error.code
            return ""

        clients = [(ask, asking.calls(number * tasks + task)) for task in range(tasks)]
        await drive(clients[:2], seconds=min(5.0, seconds))
        return await drive(clients, seconds=seconds)


if __name__ == "__main__":
    where, *numbers = sys.argv[1:]
    many, long, big, which = float(numbers[0]), float(numbers[1]), int(numbers[2]), int(numbers[3])
    laps = asyncio.run(_run(Path(where), tasks=int(many), seconds=long, entities=big, number=which))
    sys.stdout.write(json.dumps(laps.plain()))
