"""How truth is read: rows of our types, and plans that start at once."""

from typing import NamedTuple

import pytest

from sonik.types import Scope
from tests.fix_truth import Truth

pytestmark = pytest.mark.anyio


class Pair(NamedTuple):
    """Two columns."""

    left: int
    right: str


async def test_a_row_fills_the_fields_its_columns_are_named_after(truth: Truth) -> None:
    async with truth.postgres.writing() as session:
        in_order = await session.fetch(Pair, "select 1 as left, 'one' as right")
        turned = await session.fetch(Pair, "select 'one' as right, 1 as left")
    assert in_order == turned == [Pair(1, "one")]


async def test_a_reader_waits_for_no_workers_to_start(truth: Truth) -> None:
    async with truth.postgres.reading(Scope()) as session:
        await session.rows("select set_config('debug_parallel_query', 'on', true)")
        plan = await session.rows("explain select count(*) from unified.entities")
    assert not [row for row in plan if "Gather" in str(row)]
