"""What is told of the truth is read from its statements: every table has one room that writes it, and a comment."""

import re

from sonik.retrieval.describe import writers
from sonik.sql import migrations, rooms, seeds

# Whoever carries a change on may put it back into the outbox it came from.
SHARED_BY_DESIGN = {"outbox": {"truth", "sync"}}
# Whoever sweeps old rows away, or readies a copy that was restored, says nothing of its own.
KEEPERS = {"retention", "backup"}


def tables() -> set[str]:
    """Return the tables the migrations make."""
    return {name for _, text in migrations() for name in re.findall(r"create table (?:unified\.)?(\w+) \(", text)}


def test_every_table_is_written_by_one_room() -> None:
    told = {table: set(by) - KEEPERS for table, by in writers().items()}
    shared = {table: rooms_of for table, rooms_of in told.items() if len(rooms_of) > 1}
    assert shared == SHARED_BY_DESIGN


def test_every_table_that_is_written_is_one_of_the_migrations() -> None:
    assert writers().keys() <= tables()


def test_every_table_says_what_it_holds() -> None:
    told = {name for _, text in seeds() for name in re.findall(r"comment on table (\w+) is", text)}
    assert tables() - told == set()


def test_every_file_of_queries_is_a_room() -> None:
    assert {"truth", "sync", "retrieval", "legends", "describe"} <= set(rooms())
