"""An upgrade: the schema brought up to date, and the vectors if another model made them."""

from dataclasses import dataclass

from sonik.engine import Engine
from sonik.settings import Settings
from sonik.stores.addresses import attached
from sonik.stores.embedding import open_embedder
from sonik.stores.vectors import Vectors
from sonik.truth.migrate import migrate


@dataclass(frozen=True, kw_only=True, slots=True)
class Upgrade:
    """What an upgrade did: the migrations applied, and how many vectors were made anew for what reason."""

    migrations: tuple[str, ...]
    vectors: int
    reason: str


async def upgraded(settings: Settings) -> Upgrade:
    """Bring the schema up to date, and the vectors if they were made by another model or not to their end.

    Cut short, it goes on where it stopped when it is called again: texts embedded before are not embedded twice.
    """
    async with attached(settings) as addresses:
        applied = await migrate(addresses.owner)
        embedder = open_embedder(settings)
        await embedder.warm()
        misfit = await Vectors.misfit(settings.lance_path, model=embedder.model, dimension=embedder.dimension)
        async with Engine.open(settings, project=False, replace_vectors=misfit is not None) as engine:
            report = await engine.sync_report()
            unfinished = any(state.sink == "vectors" and state.cursor is None for state in report.sinks)
            rows = await engine.rebuild("vectors") if misfit or unfinished else 0
    reason = misfit.message if misfit else "They were not whole." if rows else ""
    return Upgrade(migrations=tuple(applied), vectors=rows, reason=reason)
