"""One set of real servers a run; for each test a fresh database, fresh graphs and a fresh folder."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from sonik.engine import Engine
from sonik.identity.sighting import Source
from sonik.ingest.files import rows_of
from sonik.ingest.intake import Delivery
from sonik.ingest.receipts import Intake
from sonik.ingest.samples import medellin
from sonik.settings import Settings
from sonik.types import JsonObject, Scope

# A Saturday afternoon in Medellín.
NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
READER = Scope()
INGEST = Scope(role="ingest")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def home() -> Iterator[Path]:
    """A data directory of its own, with a path short enough for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="sonik-test-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def opened_home(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> Path:
    """A home where an engine was opened once: stores of the present schema with nothing taken in, to be copied."""
    del anyio_backend
    folder = tmp_path_factory.mktemp("opened") / "home"
    async with Engine.open(Settings(home=folder, now=NOW, market="medellin")) as opened:
        await opened.wait_projected(seconds=60)
    return folder


@pytest.fixture
def new_settings(home: Path) -> Settings:
    """Settings over a home where nothing was ever started."""
    return Settings(home=home, now=NOW, market="medellin")


@pytest.fixture
def settings(new_settings: Settings, opened_home: Path) -> Settings:
    """Settings over empty stores of the test's own; making them anew takes twice as long."""
    shutil.copytree(opened_home, new_settings.home, dirs_exist_ok=True)
    return new_settings


@pytest.fixture
async def engine(settings: Settings) -> AsyncIterator[Engine]:
    """An engine over empty stores, projecting in the background."""
    async with Engine.open(settings) as opened:
        yield opened


@pytest.fixture(scope="session")
async def medellin_home(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Path]:
    """A home whose stores hold the sample market, for tests that only read."""
    del tmp_path_factory, anyio_backend
    folder = Path(tempfile.mkdtemp(prefix="sonik-read-"))
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(Engine.open(Settings(home=folder, now=NOW, market="medellin")))
        intake = await deliver(opened, *medellin.records(NOW), source=medellin.SOURCE)
        await opened.wait_projected(intake, seconds=120)
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def market(medellin_home: Path) -> AsyncIterator[Engine]:
    """An engine over the sample market; read only."""
    async with Engine.open(Settings(home=medellin_home, now=NOW, market="medellin"), project=False) as opened:
        yield opened


async def deliver(engine: Engine, *records: JsonObject, source: str = "test", trust: int = 50) -> Intake:
    """Take records in as one source."""
    delivery = Delivery(source=Source(code=source, trust=trust), scope=INGEST)
    return await engine.ingest(rows_of(records), delivery=delivery)


async def deliver_projected(engine: Engine, *records: JsonObject, source: str = "test", trust: int = 50) -> Intake:
    """Take records in and wait until every sink shows them."""
    intake = await deliver(engine, *records, source=source, trust=trust)
    await engine.wait_projected(intake, seconds=60)
    return intake


@asynccontextmanager
async def reopened(settings: Settings) -> AsyncIterator[Engine]:
    """The same stores again, as another process would open them."""
    async with Engine.open(settings) as opened:
        yield opened


def unique(prefix: str) -> str:
    """A name no other test uses."""
    return f"{prefix}-{uuid4().hex[:8]}"
