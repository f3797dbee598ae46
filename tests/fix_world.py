"""The world of three cities taken in: which entity each of its lines became, and what a second time changes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import LiteralString

import pytest

from sonik.ingest.files import read_rows
from sonik.ingest.mapping import load_mapping
from sonik.ingest.receipts import Intake
from sonik.ingest.samples.world import SEED, World, write_world
from sonik.ingest.samples.world.labels import Line
from sonik.stores.embedded import EmbeddedSet
from sonik.stores.postgres import Postgres
from sonik.truth.migrate import migrate
from tests.fix_truth import NIGHT, Database, Found, Truth

FIELDS: LiteralString = """
    select e.id::text as id, e.name, v.address, v.capacity, a.city, o.org_type, p.person_type, ev.starts_at, ev.status,
           ev.price_min, (select r.dst::text from unified.relationships r
                          where r.src = e.id and r.type = 'HOSTED_BY' and r.valid_to is null) as venue
    from unified.entities e
    left join unified.venues v on v.entity_id = e.id left join unified.artists a on a.entity_id = e.id
    left join unified.organizations o on o.entity_id = e.id left join unified.people p on p.entity_id = e.id
    left join unified.events ev on ev.entity_id = e.id
    where e.id = any(%(ids)s::uuid[])
"""
Pairs = set[tuple[Line, Line]]


@dataclass(kw_only=True)
class Taken:
    """A world, the truth it was taken into, and the receipts of its deliveries."""

    world: World
    folder: Path
    truth: Truth
    intakes: list[Intake]

    @cached_property
    def entities(self) -> dict[Line, str]:
        """Which entity each line became."""
        return {
            (delivery.file, receipt.line): receipt.entity_id or "refused"
            for delivery, intake in zip(self.world.deliveries, self.intakes, strict=True)
            for receipt in intake.receipts
        }

    @cached_property
    def pairs(self) -> Pairs:
        """The pairs of labelled lines that became one entity."""
        return self.pairs_of()

    def pairs_of(self, kind: str = "") -> Pairs:
        """Return the pairs of lines of a kind, or of all, that became one entity."""
        lines: dict[str, list[Line]] = {}
        for label in (label for label in self.world.labels.lines if kind in {"", label.kind}):
            lines.setdefault(self.entities[label.file, label.line], []).append((label.file, label.line))
        return {(a, b) for found in lines.values() for i, a in enumerate(found) for b in found[i + 1 :]}

    async def shown(self) -> dict[str, dict[str, object]]:
        """Return the main fields of every thing whose lines exact keys can join, as truth shows them."""
        whole = self.world.labels.whole()
        return await self._shown({one.entity: self.entities[one.file, one.line] for one in self.world.labels.lines
                                  if one.entity in whole})  # fmt: skip

    async def shown_of(self, file: str) -> dict[str, dict[str, object]]:
        """Return the main fields of what the lines of one file became."""
        lines = (one for one in self.world.labels.lines if one.file == file)
        return await self._shown({one.entity: self.entities[one.file, one.line] for one in lines})

    async def _shown(self, wanted: dict[str, str]) -> dict[str, dict[str, object]]:
        things = {self.entities[label.file, label.line]: label.entity for label in self.world.labels.lines}
        rows = {str(row["id"]): row for row in await self.truth.rows(FIELDS, ids=list(wanted.values()))}
        return {thing: _shown(rows[entity], things) for thing, entity in wanted.items()}

    async def deliver(self) -> list[Intake]:
        """Deliver every file in order."""
        return await deliver_all(self.truth, self.folder, self.world)


def precision(found: Pairs, true: Pairs) -> float:
    """Return how many of the found pairs are true."""
    return len(found & true) / len(found) if found else 1.0


def recall(found: Pairs, true: Pairs) -> float:
    """Return how many of the true pairs were found."""
    return len(found & true) / len(true) if true else 1.0


async def deliver_all(truth: Truth, folder: Path, world: World) -> list[Intake]:
    """Deliver every file of a world as its source does."""
    intakes = []
    for delivery in world.deliveries:
        mapping = load_mapping(delivery.mapping)
        rows = read_rows(folder / delivery.file, mapping=mapping)
        intakes.append(await truth.read_in(rows, source=mapping.source, mapping=mapping))
    return intakes


async def take_world(truth: Truth, folder: Path, now: datetime, *, seed: int) -> Taken:
    """Write a world and take it in."""
    world = write_world(folder, now, seed=seed)
    return Taken(world=world, folder=folder, truth=truth, intakes=await deliver_all(truth, folder, world))


@asynccontextmanager
async def opened_world(servers: EmbeddedSet, folder: Path, now: datetime, *, seed: int) -> AsyncIterator[Taken]:
    """Take a world into a database of its own."""
    database = Database.of(servers, f"world_{seed}")
    await migrate(database.owner)
    async with Postgres(writer=database.writer, reader=database.reader, pool_size=2, timeout_seconds=20) as postgres:
        truth = Truth(postgres=postgres, owner=database.owner, now=now)
        yield await take_world(truth, folder, now, seed=seed)


@pytest.fixture(scope="session")
async def taken(
    servers: EmbeddedSet, tmp_path_factory: pytest.TempPathFactory, anyio_backend: str
) -> AsyncIterator[Taken]:
    """The world taken in; for tests that add nothing to it."""
    del anyio_backend
    async with opened_world(servers, tmp_path_factory.mktemp("world"), NIGHT, seed=SEED) as opened:
        yield opened


def _shown(row: Found, things: dict[str, str]) -> dict[str, object]:
    told = {name: value for name, value in row.items() if value is not None and name != "id"}
    if isinstance(starts := told.get("starts_at"), datetime):
        told["starts_at"] = starts.astimezone(UTC).isoformat()
    venue = things.get(str(told.pop("venue", "")))
    # A venue that is only mentioned has no line of its own, so nothing labels it.
    return told if venue is None else told | {"venue": venue}
