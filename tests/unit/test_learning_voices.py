"""What voices teach together: bounded, capped for each organisation however it speaks, and fading by half-lives."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonik.learning.voices import ACTOR_SHARE, ORGANISATION_CAP, Voice, learned
from sonik.sync.weights import HALF_LIFE_DAYS, effective_weight

EDGE = UUID(int=1)
NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
ROUNDING = 0.0001


def voice(
    organisation: str = "acme", actor: str = "ana", *, reward: float = 1.0, said: float | None = None, age_days: int = 0
) -> Voice:
    return Voice(
        eid=EDGE, lens="operations", organisation=organisation, actor=actor, walks=1, rewards=reward, reward=reward,
        said=abs(reward) if said is None else said, age_days=age_days, last_at=NOW,
    )  # fmt: skip


amounts = st.floats(0, 1e6)
voices = st.lists(
    st.builds(
        lambda organisation, actor, said, share, age_days: voice(
            f"org-{organisation}", f"actor-{actor}", reward=said * share, said=said, age_days=age_days
        ),
        st.integers(0, 30), st.integers(0, 5), amounts, st.floats(-1, 1), st.integers(0, 1000),
    ),
    max_size=60,
)  # fmt: skip


@given(voices, st.floats(0, 1))
def test_a_weight_never_leaves_its_bounds(heard: Sequence[Voice], base: float) -> None:
    value = learned(heard)
    assert -1.0 <= value <= 1.0
    assert 0.0 <= effective_weight(base, value) <= 1.0


@given(voices, st.integers(1, 200), amounts, st.floats(-1, 1), st.floats(0, 1))
def test_no_organisation_moves_a_weight_by_more_than_its_cap(
    others: Sequence[Voice], accounts: int, said: float, share: float, base: float
) -> None:
    poison = [voice("poison", f"bot-{number}", reward=said * share, said=said) for number in range(accounts)]
    before = effective_weight(base, learned(others))
    after = effective_weight(base, learned([*others, *poison]))
    assert abs(after - before) <= ORGANISATION_CAP + ROUNDING


@given(voices)
def test_the_order_of_voices_does_not_matter(heard: Sequence[Voice]) -> None:
    assert learned(heard) == pytest.approx(learned(heard[::-1]), abs=ROUNDING)


def test_one_actor_teaches_a_share_of_what_the_organisation_may() -> None:
    shouting = voice(reward=1e9)
    assert learned([shouting]) == pytest.approx(ORGANISATION_CAP * ACTOR_SHARE, abs=ROUNDING)
    assert learned([replace(shouting, actor=f"a{number}") for number in range(9)]) == ORGANISATION_CAP


def test_twenty_organisations_of_one_mind_teach_all_there_is() -> None:
    choir = [voice(f"org-{number}", f"a{place}", reward=1e9) for number in range(20) for place in range(3)]
    assert learned(choir) == pytest.approx(1.0, abs=0.001)


def test_contradiction_teaches_nothing() -> None:
    assert learned([voice(reward=0.0, said=12.0)]) == 0.0
    assert learned([voice("acme", reward=3.0), voice("rival", reward=-3.0)]) == 0.0


def test_what_was_learned_is_half_gone_after_a_half_life_of_silence() -> None:
    choir = [voice(f"org-{number}", reward=4.0) for number in range(10)]
    later = [replace(one, age_days=int(HALF_LIFE_DAYS)) for one in choir]
    assert learned(later) == pytest.approx(learned(choir) / 2, abs=ROUNDING)
    assert effective_weight(0.5, 0.4, HALF_LIFE_DAYS) == pytest.approx(effective_weight(0.5, 0.2))


def test_a_lone_verdict_counts_for_half_of_many() -> None:
    assert learned([voice(reward=1.0)]) == pytest.approx(learned([voice(reward=1e9)]) / 2, abs=ROUNDING)
