"""Ids of new rows."""

from uuid import UUID

from sonik.truth.ids import new_id


def test_ids_are_of_version_7_and_lie_in_the_order_they_were_made() -> None:
    made = [new_id() for _ in range(1_000)]
    assert {(key.version, key.variant) for key in made} == {(7, UUID(int=made[0].int).variant)}
    assert len(set(made)) == len(made)
    # Within a quarter of a microsecond chance decides; over many the order is that of time.
    assert made[0] < made[-1]
