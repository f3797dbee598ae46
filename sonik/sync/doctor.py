"""What the stores themselves tell of their health: the vectors' model, and how far the projector is."""

from sonik.errors import SonikError
from sonik.settings import Settings
from sonik.sql import queries
from sonik.stores import embedded
from sonik.stores.embedded.doctor import Finding
from sonik.stores.embedded.postgres import dsn
from sonik.stores.embedding import open_embedder
from sonik.stores.postgres import owner_session
from sonik.stores.vectors import Vectors
from sonik.sync.state import Lag

SQL = queries("sync")
STALE_SECONDS = 60.0
NOBODY = "Start `sonik serve`, or `sonik sync run`; the log of the one that runs may say why it does not."


async def examine_stores(settings: Settings) -> list[Finding]:
    """Return what is found in the stores; starts no server and changes nothing."""
    return [await _model(settings), *await _projector(settings)]


async def _model(settings: Settings) -> Finding:
    try:
        embedder = open_embedder(settings)
        await embedder.warm()
        misfit = await Vectors.misfit(settings.lance_path, model=embedder.model, dimension=embedder.dimension)
    except SonikError as error:
        return Finding(name="stored vectors", ok=False, what=error.message, remedy=error.next_step)
    if misfit is None:
        return Finding(name="stored vectors", ok=True, what=f"made by {embedder.model}, or none yet")
    step = f"{misfit.next_step} `sonik upgrade` makes them anew."
    return Finding(name="stored vectors", ok=False, what=misfit.message, remedy=step)


async def _projector(settings: Settings) -> list[Finding]:
    address = _owner(settings)
    if address is None:
        return [Finding(name="projector", ok=True, what="PostgreSQL is not running")]
    try:
        async with owner_session(address) as session:
            if not (await session.rows(SQL["is_migrated"]))[0]["found"]:
                return [Finding(name="projector", ok=True, what="nothing was taken in yet")]
            lags = await session.fetch(Lag, SQL["lags"])
    except SonikError as error:
        return [Finding(name="projector", ok=False, what=error.message, remedy=error.next_step)]
    return [_verdict(lag) for lag in lags] or [Finding(name="projector", ok=True, what="nothing was projected yet")]


def _owner(settings: Settings) -> str | None:
    """Return how the owner reaches PostgreSQL where it is up."""
    if settings.postgres_url is not None:
        return settings.postgres_url.get_secret_value()
    found = next(server for server in embedded.status(settings).servers if server.name == "PostgreSQL")
    return dsn(found.socket, user="sonik", database="sonik") if found.answers else None


def _verdict(lag: Lag) -> Finding:
    name = f"projector of {lag.sink}"
    if lag.status == "failed":
        return Finding(name=name, ok=False, what=lag.error or "it fails", remedy="`sonik sync status` says more.")
    if lag.status != "rebuilding" and lag.age_seconds > STALE_SECONDS:
        what = f"{lag.rows} changes wait, the oldest for {lag.age_seconds:.0f} s"
        return Finding(name=name, ok=False, what=what, remedy=NOBODY)
    return Finding(name=name, ok=True, what=f"{lag.rows} changes wait")
