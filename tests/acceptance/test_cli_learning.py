"""Learning from the shell: how it stands, and what is refused."""

import json
from pathlib import Path

import pytest

from tests.acceptance.test_cli import running_home, said, sonik

__all__ = ["running_home"]


def test_the_shell_learns_and_tells_how_learning_stands(running_home: Path) -> None:
    learned = json.loads(said(sonik(running_home, "learn", "run", "--json")))
    standing = json.loads(said(sonik(running_home, "learn", "status", "--json")))
    assert (learned["status"], learned["summary"]) == ("succeeded", {"traces": 0, "verdicts": 0, "edges": 0})
    assert (standing["runs"], standing["traces_waiting"], standing["traces_lost"]) == ([], 0, 0)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("learn", "revert", "nothing"), "invalid_input: 'nothing' is no id of a run."),
        (("remember", "outcome", "--trace", "0123", "--verdict", "useful"), "not_found: No trace '0123' of yours."),
        (("remember", "note"), "invalid_input: There is nothing to remember."),
        (("recall", "--kind", "gossip"), "invalid_input: No kind 'gossip'."),
        (("insights", "weather"), "invalid_input: No topic 'weather'."),
    ],
)
def test_what_cannot_be_done_is_told_with_the_next_step(running_home: Path, words: tuple[str, ...], told: str) -> None:
    done = sonik(running_home, *words)
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, told)
    assert done.stderr.splitlines()[1]
