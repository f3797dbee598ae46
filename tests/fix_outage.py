"""A home whose stores can be killed, stopped and taken away, and what agents are told meanwhile."""

import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import numpy.typing as npt
import pytest

from sonik.engine import Engine
from sonik.errors import SonikError
from sonik.ingest.samples import medellin
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.stores.embedded import locks
from sonik.stores.embedded.places import places
from sonik.stores.embedded.waiting import Deadline
from sonik.stores.embedding import MiniLm
from sonik.types import Scope
from tests.fix_engine import NOW, READER, deliver
from tools.catalog import BY_NAME

Json = dict[str, Any]
BACK_SECONDS = 10.0


class FailingModel(MiniLm):
    """The default model, which can be made to fail."""

    fails = False

    async def question(self, text: str) -> npt.NDArray[np.float32]:
        if self.fails:
            raise RuntimeError("no memory is left on the device")
        return await super().question(text)

    async def documents(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return await super().documents(texts)


@dataclass(frozen=True, kw_only=True)
class Frail:
    """An engine over stores that can be taken away."""

    engine: Engine
    model: FailingModel

    @property
    def settings(self) -> Settings:
        return self.engine.settings

    async def ask(self, tool: str, **arguments: object) -> Json:
        """Return what a tool answers a reader; an error as its code, message and next step."""
        return await self.answer(READER, tool, arguments)

    async def answer(self, scope: Scope, tool: str, arguments: Mapping[str, object]) -> Json:
        """Return what a tool answers a caller."""
        try:
            return dict((await BY_NAME[tool].call(self.engine, scope, arguments)).structured())
        except SonikError as error:
            return {"error": error.code, "message": error.message, "fix": error.next_step, "again": error.retryable}

    def pid(self, server: str) -> int:
        (pid,) = (one.pid for one in embedded.status(self.settings).servers if one.name == server)
        assert pid is not None
        return pid

    @contextmanager
    def hanging(self, server: str) -> Iterator[None]:
        """Stop a server with all its processes, and let it go on."""
        parent = self.pid(server)
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
        stopped = [parent, *map(int, children)]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in reversed(stopped):
                os.kill(pid, signal.SIGCONT)

    @contextmanager
    def dead(self, server: str) -> Iterator[None]:
        """Kill a server, and let nobody start it again meanwhile."""
        with locks.hold(places(self.settings.home).start_lock, deadline=Deadline(BACK_SECONDS)):
            os.kill(self.pid(server), signal.SIGKILL)
            yield

    @contextmanager
    def without_texts(self) -> Iterator[None]:
        """Take the folder of LanceDB away, and give it back."""
        folder = Path(self.settings.lance_path)
        folder.rename(folder.with_suffix(".away"))
        try:
            yield
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            folder.with_suffix(".away").rename(folder)

    async def whole(self, tool: str, **arguments: object) -> Json:
        """Ask until an answer is whole, as it is soon after a store is back."""
        with anyio.fail_after(BACK_SECONDS):
            while True:
                answer = await self.ask(tool, **arguments)
                if "missing" not in answer and "error" not in answer:
                    return answer
                await anyio.sleep(0.05)


@pytest.fixture(scope="module")
async def frail(anyio_backend: str) -> AsyncIterator[Frail]:
    """The sample market in stores of its own; every test gives them back as they were."""
    del anyio_backend
    home = Path(tempfile.mkdtemp(prefix="sonik-frail-"))
    model = FailingModel()
    settings = Settings(home=home, now=NOW, market="medellin", store_timeout_seconds=1.0)
    async with Engine.open(settings, embedder=model) as engine:
        intake = await deliver(engine, *medellin.records(NOW), source=medellin.SOURCE)
        await engine.wait_projected(intake, seconds=120)
        yield Frail(engine=engine, model=model)
    shutil.rmtree(home, ignore_errors=True)
