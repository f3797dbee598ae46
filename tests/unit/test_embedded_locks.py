"""The locks by which processes share one set of servers."""

import dataclasses
import os
import subprocess
from pathlib import Path

import pytest

from sonik.errors import OutOfTime
from sonik.stores.embedded import locks
from sonik.stores.embedded.waiting import Deadline


def test_a_lock_is_held_by_the_process_that_inherited_it(tmp_path: Path) -> None:
    path = tmp_path / "server.lock"
    with locks.try_lock(path) as lock:
        assert lock is not None
        heir = subprocess.Popen(["sleep", "60"], pass_fds=(lock,))
    assert locks.is_held(path)
    heir.kill()
    heir.wait()
    assert not locks.is_held(path)


def test_the_second_taker_gets_none(tmp_path: Path) -> None:
    with locks.try_lock(tmp_path / "lock") as first, locks.try_lock(tmp_path / "lock") as second:
        assert first is not None
        assert second is None


def test_waiting_for_a_lock_ends_at_the_deadline(tmp_path: Path) -> None:
    with (
        locks.try_lock(tmp_path / "lock"),
        pytest.raises(OutOfTime, match=r"after 0\.01 s"),
        locks.hold(tmp_path / "lock", deadline=Deadline(0.01)),
    ):
        pass


def test_looking_at_a_lock_creates_no_file(tmp_path: Path) -> None:
    assert not locks.is_held(tmp_path / "lock")
    assert list(tmp_path.iterdir()) == []


def test_clients_count_until_they_are_released(tmp_path: Path) -> None:
    first, second = locks.enter(tmp_path), locks.enter(tmp_path)
    assert locks.clients(tmp_path) == (os.getpid(), os.getpid())
    first.release()
    assert locks.clients(tmp_path) == (os.getpid(),)
    second.release()
    assert (locks.clients(tmp_path), list(tmp_path.iterdir())) == ((), [])


def test_what_a_killed_client_left_is_swept_away(tmp_path: Path) -> None:
    (tmp_path / "12345-abcd").touch()
    living = locks.enter(tmp_path)
    assert locks.clients(tmp_path) == (os.getpid(),)
    locks.sweep(tmp_path)
    assert list(tmp_path.iterdir()) == [living.path]
    living.release()


def test_the_copy_of_a_forked_child_does_not_end_the_share_of_its_parent(tmp_path: Path) -> None:
    parent = locks.enter(tmp_path)
    child = dataclasses.replace(parent, descriptor=os.dup(parent.descriptor), pid=parent.pid + 1)
    child.release()
    assert not child.held
    assert locks.clients(tmp_path) == (os.getpid(),)
    parent.release()


def test_a_record_counts_only_while_its_process_lives(tmp_path: Path) -> None:
    record = locks.Record(pid=os.getpid(), born=locks.birth(os.getpid()), version="18.4", socket="/run/s")
    locks.write_record(tmp_path, record)
    assert locks.read_record(tmp_path) == record
    assert [path.name for path in tmp_path.iterdir()] == [locks.SERVER_RECORD]


def test_a_record_of_a_recycled_process_number_is_not_believed(tmp_path: Path) -> None:
    locks.write_record(tmp_path, locks.Record(pid=os.getpid(), born="0", version="18.4", socket="/run/s"))
    assert locks.read_record(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"pid": "x", "born": "", "version": "", "socket": ""}'])
def test_a_broken_record_is_no_record(tmp_path: Path, text: str) -> None:
    (tmp_path / locks.SERVER_RECORD).write_text(text)
    assert locks.read_record(tmp_path) is None


def test_a_dead_process_has_no_birth() -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    assert locks.birth(process.pid) == ""
