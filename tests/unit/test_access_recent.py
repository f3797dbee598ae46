"""What was found a moment ago: it counts for so long, and there is never more of it."""

from dataclasses import dataclass

from sonik.access.recent import Recent


@dataclass(slots=True)
class Ticks:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_was_read_counts_from_when_it_was_read() -> None:
    ticks = Ticks(now=102.0)
    recent: Recent[str, str] = Recent(seconds=5, most=2, monotonic=ticks)
    recent.put("a", "found", read_at=100.0)
    held = []
    for ticks.now in (102.0, 104.9, 105.0):
        held.append(recent.get("a"))
    assert held == ["found", "found", None]


def test_the_oldest_gives_way_and_one_that_is_read_again_is_young() -> None:
    recent: Recent[str, int] = Recent(seconds=5, most=2, monotonic=Ticks())
    for key, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        recent.put(key, value, read_at=0.0)
    assert {key: recent.get(key) for key in "abc"} == {"a": 3, "b": None, "c": 4}
    assert len(recent) == 2


def test_what_was_forgotten_is_not_there() -> None:
    recent: Recent[str, int] = Recent(seconds=5, most=2, monotonic=Ticks())
    recent.put("a", 1, read_at=0.0)
    recent.clear()
    assert (recent.get("a"), len(recent)) == (None, 0)
