"""What a command takes in: the rows of one file, or of all deliveries of a sample."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sonik.errors import InvalidInput
from sonik.identity.sighting import Source
from sonik.ingest.files import Row, read_rows, rows_of
from sonik.ingest.intake import Delivery
from sonik.ingest.mapping import FieldMapping, load_mapping
from sonik.ingest.receipts import Intake
from sonik.ingest.samples import medellin
from sonik.ingest.samples.world import team, write_world
from sonik.ingest.stream import Watcher
from sonik.knowledge.reading import read_documents

if TYPE_CHECKING:
    from sonik.engine import Engine

SAMPLE_TRUST = 50
DOCS = "docs"


@dataclass(frozen=True, kw_only=True, slots=True)
class Parcel:
    """The rows of one delivery and whose they are; `name` tells it from others of the same call."""

    rows: list[Row]
    source: Source
    mapping: FieldMapping | None = None
    name: str = ""

    async def take(self, engine: "Engine", delivery: Delivery, watch: Watcher) -> Intake:
        """Take it in."""
        return await engine.ingest(self.rows, delivery=delivery, mapping=self.mapping, watch=watch)


@dataclass(frozen=True, kw_only=True, slots=True)
class Papers(Parcel):
    """Documents, and what was extracted from them."""

    triples: list[Row] = field(default_factory=list)

    async def take(self, engine: "Engine", delivery: Delivery, watch: Watcher) -> Intake:
        """Take them into the knowledge graph."""
        return await engine.ingest_documents(self.rows, delivery=delivery, triples=self.triples, watch=watch)


def papers(path: str | None, *, triples: Path | None, source: str | None, trust: int) -> Papers:
    """Return the documents of a file or a folder.

    Raises:
        InvalidInput: none is named, or it cannot be read.
    """
    if path is None:
        step = "Name a file or a folder: `sonik ingest docs PATH --collection NAME`."
        raise InvalidInput("Which documents?", next_step=step, field="path")
    extracted = list(read_rows(triples)) if triples else []
    rows = list(read_documents(Path(path)))
    return Papers(rows=rows, triples=extracted, source=Source(code=source or DOCS, trust=trust))


def parcels(file: str, *, mapping: str | None, source: str | None, trust: int, now: datetime | None) -> list[Parcel]:
    """Return what a file or a sample holds, in the order it is to be taken in.

    Raises:
        InvalidInput: the file cannot be read, or nobody says whose records it holds.
    """
    if file == "sample":
        rows = rows_of(medellin.records(now or datetime.now(UTC)))
        return [Parcel(rows=list(rows), source=Source(code=medellin.SOURCE, trust=SAMPLE_TRUST))]
    if file == "world":
        return list(_world(now or datetime.now(UTC)))
    if mapping is not None:
        chosen = load_mapping(mapping)
        return [Parcel(rows=list(read_rows(Path(file), mapping=chosen)), source=chosen.source, mapping=chosen)]
    found = list(read_rows(Path(file)))
    if source is None:
        raise InvalidInput(
            "Whose records are these?",
            next_step="Pass --source NAME, or --mapping FILE for foreign columns; --inspect proposes one.",
            field="source",
        )
    return [Parcel(rows=found, source=Source(code=source, trust=trust))]


def _world(now: datetime) -> Iterator[Parcel]:
    with tempfile.TemporaryDirectory() as folder:
        world = write_world(Path(folder), now)
        for delivery in world.deliveries:
            mapping = load_mapping(delivery.mapping)
            rows = list(read_rows(Path(folder) / delivery.file, mapping=mapping))
            yield Parcel(rows=rows, source=mapping.source, mapping=mapping, name=delivery.file)
        rows = list(read_rows(Path(folder) / team.FILE))
        yield Parcel(rows=rows, source=Source(code=team.SOURCE, trust=team.TRUST), name=team.FILE)
