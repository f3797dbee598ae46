"""Where workers count together: made by their parent, gone with it, or cleared away by the next."""

import os
import subprocess
from pathlib import Path

import pytest

from server.observing.shared_counts import LOCK, VARIABLE, counted_together, is_alive
from sonik.errors import Misconfigured
from sonik.settings import Settings
from sonik.stores.embedded.locks import try_lock


def test_the_directory_is_there_while_workers_count_and_no_longer(home: Path) -> None:
    with counted_together(Settings(home=home)):
        folder = Path(os.environ[VARIABLE])
        assert folder.parent == home.resolve() / "run"
        assert folder.is_dir()
    assert not folder.exists()
    assert VARIABLE not in os.environ


def test_what_a_killed_parent_left_is_cleared_and_what_others_hold_is_not(home: Path) -> None:
    left, held = (home / "run" / f"metrics-1-{name}" for name in ("left", "held"))
    for folder in (left, held):
        folder.mkdir(parents=True)
    with try_lock(held / LOCK), counted_together(Settings(home=home)):
        assert (left.exists(), held.exists()) == (False, True)


def test_a_home_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(Misconfigured, match="count together"), counted_together(Settings(home=file)):
        pytest.fail("nothing can be counted there")


def test_a_process_that_ended_is_not_alive() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert not is_alive(ended.pid)
    assert is_alive(os.getpid())
