"""What came of the calls of each target: how many, how they went, and how long they took."""

from dataclasses import dataclass, field

from rich.table import Table

COLUMNS = ("called", "calls", "ok", "refused", "longest ms", "p95 ms", "breaches")


@dataclass(kw_only=True, slots=True)
class Tally:
    """The calls of one target."""

    target: str
    ok: int = 0
    refused: int = 0
    breaches: int = 0
    milliseconds: list[float] = field(default_factory=list)

    @property
    def calls(self) -> int:
        """How many there were."""
        return len(self.milliseconds)

    def note(self, *, refused: bool, seconds: float, breaches: int) -> None:
        """Count a call."""
        self.milliseconds.append(seconds * 1000)
        self.breaches += breaches
        if refused:
            self.refused += 1
        else:
            self.ok += 1

    def row(self) -> list[str]:
        """Return what the table shows."""
        took = sorted(self.milliseconds) or [0.0]
        numbers = (
            self.calls,
            self.ok,
            self.refused,
            round(took[-1]),
            round(took[int(len(took) * 0.95)]),
            self.breaches,
        )
        return [self.target, *(f"{number:,}" for number in numbers)]


def table(tallies: list[Tally]) -> Table:
    """Return all tallies as a table, with their sum."""
    shown = Table(*COLUMNS, title="random calls")
    for column in shown.columns[1:]:
        column.justify = "right"
    total = Tally(target="all")
    for tally in tallies:
        shown.add_row(*tally.row())
        total.ok, total.refused = total.ok + tally.ok, total.refused + tally.refused
        total.breaches += tally.breaches
        total.milliseconds += tally.milliseconds
    shown.add_section()
    shown.add_row(*total.row())
    return shown
