"""What may be asked of a replay."""

import pytest

from eval.cli import learning_plan
from eval.learning import Plan
from sonik.errors import InvalidInput


def test_a_replay_is_of_sonik_and_as_long_as_it_is_told_to_be() -> None:
    assert learning_plan("sonik", None) == Plan()
    assert learning_plan("sonik", 300).asks == 300
    with pytest.raises(InvalidInput, match="cannot be replayed on 'bm25'"):
        learning_plan("bm25", None)
