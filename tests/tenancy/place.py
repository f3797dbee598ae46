"""Where the calls go: a home with private data, two workers over it, and a token or a key for every caller."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sonik.access.api_key import NewKey
from sonik.engine import Engine
from sonik.ingest.samples import medellin
from sonik.settings import Settings
from sonik.stores import embedded
from sonik.types import ROLES, Scope
from tests.fix_engine import NOW
from tests.fix_http import Served, a_token, serving
from tests.fix_metrics import scraped
from tests.tenancy.bait import Bait
from tests.tenancy.callers import LIFETIME_SECONDS, ORGANISATIONS, Caller, roles_of
from tests.tenancy.line import Line
from tests.tenancy.run import Run
from tests.tenancy.secrets import Secrets
from tests.tenancy.seed import Seeded, seed

UNBOUNDED = {f"SONIK_HTTP_{what}_PER_MINUTE": "0" for what in ("RATE", "ORG_RATE", "FAILURES")}
OPERATOR = Scope(role="ops")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A run, the server it calls, and the settings of its stores."""

    run: Run
    served: Served
    settings: Settings

    def kept(self) -> float:
        """Return how many answers came from the cache."""
        asks = scraped(self.served)
        return asks.value("sonik_cache_asks_total", result="exact") + asks.value(
            "sonik_cache_asks_total", result="semantic"
        )


@contextmanager
def opened_place(*, count: int, seed: int) -> Iterator[Place]:
    """Prepare the stores and start a server over them."""
    with tempfile.TemporaryDirectory(prefix="sonik-tenancy-", ignore_cleanup_errors=True) as folder:
        settings = Settings(home=Path(folder), now=NOW, market="medellin")
        secrets = Secrets(seed=seed)
        try:
            seeded, callers = asyncio.run(_prepared(settings, secrets))
            with serving(settings.home, workers=2, **UNBOUNDED) as served:
                line = Line(served)
                try:
                    yield Place(
                        run=Run(
                            line=line, callers=callers, secrets=secrets, seeded=seeded, count=count, seed=seed,
                            pool=Bait(list(medellin.records(NOW)), seeded),
                        ),
                        served=served, settings=settings,
                    )  # fmt: skip
                finally:
                    line.close()
        finally:
            asyncio.run(embedded.down(settings, force=True))


async def _prepared(settings: Settings, secrets: Secrets) -> tuple[Seeded, tuple[Caller, ...]]:
    async with Engine.open(settings) as engine:
        seeded = await seed(engine, secrets)
        callers = [await _caller(engine, role, None) for role in ROLES if role != "organizer"]
        for number, organisation in enumerate(ORGANISATIONS):
            callers += [await _caller(engine, role, organisation) for role in dict.fromkeys(roles_of(number))]
    return seeded, tuple(callers)


async def _caller(engine: Engine, role: str, organisation: str | None) -> Caller:
    """Return a caller; organizers have keys."""
    known = next(one for one in ROLES if one == role)
    if known == "organizer":
        new = NewKey(name=f"{role} of {organisation}", role=known, organisation=organisation)
        token, _ = await engine.keys.create(new, scope=OPERATOR)
        return Caller(role=known, organisation=organisation, token=token, with_key=True)
    token = a_token(role=role, org=organisation, sub=f"{role}-{organisation}", exp=lasting())
    return Caller(role=known, organisation=organisation, token=token)


def lasting() -> int:
    """Return when a token ends that outlives a run."""
    return int(time.time()) + LIFETIME_SECONDS
